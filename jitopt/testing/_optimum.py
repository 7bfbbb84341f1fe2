"""The answer of an enumeration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Optimum"]


@dataclass(frozen=True)
class Optimum:
    """The least objective of an instance (the largest, where it is to be large) and a plan that reaches it.

    value: the judge's exact objective of `plan`. plan: a feasible plan.
    """

    value: Fraction
    plan: Any
