"""What the CP-SAT formulations share: slacks, clauses with constants, an exact objective in integers.

Part of `heijunka_order_cpsat` and `kanban_options_cpsat`.
Holds: the exact objective as one integer sum, clauses, squares, and the slack of a rule in an elastic model.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any

from ortools.sat.python import cp_model

from jitopt.errors import NotApplicableError
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jitopt.registry import RuleKey

__all__ = ["LARGEST", "Elastic", "Total", "clause", "negated", "squared", "whole"]

LARGEST = 2**53
"""No whole number of a model may be larger: beyond it sums may overflow and values cannot be told as floats."""


def whole(value: int) -> int:
    """Return the bound or coefficient `value`.

    Raises
    ------
    NotApplicableError
        If it is larger than `LARGEST`.
    """
    if abs(value) > LARGEST:
        raise NotApplicableError(f"a whole number of the model would be {float(value):.3g}, more than 2**53")
    return value


def clause(model: Any, literals: Iterable[Any]) -> None:
    """Ask that one of the literals holds; True and False stand for constants."""
    open_literals = []
    for literal in literals:
        if literal is True:
            return
        if literal is not False:
            open_literals.append(literal)
    model.add_bool_or(open_literals)


def negated(literal: Any) -> Any:
    """Return the negation of a literal, which may be True or False."""
    return not literal if isinstance(literal, bool) else ~literal


def squared(model: Any, variable: Any, largest: int) -> Any:
    """Return a new variable equal to the square of `variable`, whose size is at most `largest`."""
    square = model.new_int_var(0, whole(largest**2), "")
    model.add_multiplication_equality(square, [variable, variable])
    return square


class Total:
    """A linear objective with exact coefficients."""

    def __init__(self) -> None:
        self._terms: list[tuple[Fraction, Any, int]] = []
        self._constant = Fraction(0)

    def add(self, coefficient: Fraction, variable: Any, largest: int) -> None:
        """Add `coefficient` x `variable`, whose size is at most `largest`."""
        if coefficient:
            self._terms.append((coefficient, variable, largest))

    def add_constant(self, value: Fraction) -> None:
        """Add a number."""
        self._constant += value

    def minimise(self, model: Any) -> None:
        """Set the objective of `model` in whole numbers, and `model.unit` to what one of them is worth.

        Raises
        ------
        NotApplicableError
            If the whole numbers could exceed `LARGEST`.
        """
        every = [self._constant, *(coefficient for coefficient, _, _ in self._terms)]
        denominator = lcm(*(value.denominator for value in every))
        shared = gcd(*(int(value * denominator) for value in every)) or 1
        model.unit = Fraction(shared, denominator)
        numbers = [int(value / model.unit) for value in every]
        whole(abs(numbers[0]) + sum(abs(n) * size for n, (_, _, size) in zip(numbers[1:], self._terms, strict=True)))
        variables = [variable for _, variable, _ in self._terms]
        model.minimize(cp_model.LinearExpr.weighted_sum(variables, numbers[1:]) + numbers[0])


class Elastic:
    """The slacks of the rules that may be relaxed, and their priced sum.

    Parameters
    ----------
    model
        The CP-SAT model.
    prices
        Price per unit short of each rule that may be relaxed, taken to six significant digits.
        None: no rule may be, and `active` is False.
    """

    def __init__(self, model: Any, prices: Mapping[RuleKey, float] | None) -> None:
        self.active = prices is not None
        self.prices = {key: exact(float(f"{price:.6g}")) for key, price in (prices or {}).items()}
        self.slacks: dict[RuleKey, tuple[Any, int]] = {}
        self.steps: dict[RuleKey, int] = {}
        self._model = model

    def __contains__(self, key: RuleKey) -> bool:
        return key in self.prices

    def slack(self, key: RuleKey, upper: int, steps: int = 1) -> Any:
        """Return the whole slack of rule `key`, between 0 and `upper`; the number 0 for a rule that must be kept.

        steps: how many of the slack's wholes make one unit of the rule, in which it is priced.
        """
        if key not in self.prices or upper <= 0:
            return 0
        if key not in self.slacks:
            self.slacks[key] = (self._model.new_int_var(0, upper, ""), upper)
            self.steps[key] = steps
        return self.slacks[key][0]

    def total(self) -> Total:
        """Return the priced sum of the slacks."""
        total = Total()
        for key, (slack, upper) in self.slacks.items():
            total.add(self.prices[key] / self.steps[key], slack, upper)
        return total
