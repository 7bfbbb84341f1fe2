"""What the Pyomo formulations share: slacks of the rules an elastic model may relax.

Part of `heijunka_cumulative_pyomo` and `kanban_cards_pyomo`.
Holds: the slack of a rule, and the priced sum of slacks that an elastic model minimises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.registry import RuleKey

__all__ = ["Elastic"]


class Elastic:
    """The slacks of the rules that may be relaxed, and their priced sum.

    Parameters
    ----------
    model
        The Pyomo model; it gets the variables `model.slack[0..]`, one for each priced rule, in
        the order of `prices`. A slack that no rule asks for stays at 0.
    prices
        Price per unit short of each rule that may be relaxed. None: no rule may be, and
        `active` is False.
    """

    def __init__(self, model: Any, prices: Mapping[RuleKey, float] | None) -> None:
        self.active = prices is not None
        self.prices = dict(prices or {})
        self._row = {key: row for row, key in enumerate(self.prices)}
        model.slack = pyo.Var(range(len(self.prices)), domain=pyo.Reals, bounds=(0, 0), doc="relaxation of a rule")
        self._model = model

    def __contains__(self, key: RuleKey) -> bool:
        return key in self._row

    def slack(self, key: RuleKey, upper: float, integer: bool = True) -> Any:
        """Return the slack of rule `key`, between 0 and `upper`; the number 0 for a rule that must be kept."""
        if key not in self._row:
            return 0
        variable = self._model.slack[self._row[key]]
        variable.domain = pyo.Integers if integer else pyo.Reals
        variable.setub(max(0, upper))
        return variable

    def objective(self) -> Any:
        """Return the priced sum of the slacks."""
        return sum(price * self._model.slack[row] for row, price in enumerate(self.prices.values()))
