"""What a MathOpt formulation of sourcing stands on: a model that carries its variables.

Part of `sourcing_quantity_mathopt`.
Holds: no constraint: the model object with its variables q, n, y, w, z, ... by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ortools.math_opt.python import mathopt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._sourcing import Data, RuleKey
    from ._sourcing_rules import Slack

__all__ = ["SourcingModel", "link_row"]

Cell = tuple[int, int]


class Handles:
    """The variables of a model by their indices, under the letters of the formulation, and its data."""

    def attach(self, data: Data, slacks: Mapping[RuleKey, Slack]) -> None:
        """Begin without variables."""
        self.data, self.slacks, self.unit = data, slacks, data.unit
        self.q: dict[Cell, Any] = {}
        self.n: dict[Cell, Any] = {}
        self.y: dict[Cell, Any] = {}
        self.w: dict[int, Any] = {}
        self.z: dict[int, Any] = {}
        self.k: dict[int, Any] = {}
        self.c: dict[int, Any] = {}
        self.total: dict[int, Any] = {}
        self.received: dict[Cell, Any] = {}
        self.served: dict[tuple[int, int, int], Any] = {}
        self.x: dict[tuple[int, int, int], Any] = {}
        self.v: dict[Cell, Any] = {}
        self.ordered: dict[int, Any] = {}
        self.relaxation: list[Any] = []


SourcingModel: Any = type("SourcingModel", (Handles, mathopt.Model), {})
"""A MathOpt model, whose own class takes no attributes, with its variables at hand."""


def link_row(m: Any, variable: Any, most: float, switch: Any) -> None:
    """Add variable <= most * switch: the bulk of the rows, so without building an expression."""
    row = m.add_linear_constraint(ub=0.0)
    row.set_coefficient(variable, 1.0)
    row.set_coefficient(switch, -most)
