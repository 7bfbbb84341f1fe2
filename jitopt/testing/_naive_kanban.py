"""Kanban plans evaluated straight from the definitions; see `jitopt.testing._definitions`.

The cards a loop needs are counted up, one by one, until the need is covered with the probability
asked for; the expected shortage is integrated.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

from jitopt.testing._definitions import Broken, NaiveEvaluation, column, number

__all__ = ["evaluate"]

Data = dict[str, Any]
ZERO = Fraction(0)


def evaluate(data: Data, plan: Data) -> NaiveEvaluation:
    """Evaluate the plan of a kanban instance, both as plain data."""
    broken: Broken = {}
    options = data.get("options")
    menu = options or data["containers"]
    for name in dict.fromkeys(menu["loop"]):
        if sum(row["loop"] == name for row in plan["loops"]) != 1:
            broken["loop", (name,)] = Fraction(1)
    for row in plan["loops"]:
        fits = [
            menu["container"][k] == row["container"] and (options is None or options["cards"][k] == row["cards"])
            for k, name in enumerate(menu["loop"])
            if name == row["loop"]
        ]
        if not fits:
            broken["loop", (row["loop"],)] = Fraction(1)
        elif not any(fits):
            broken["menu", (row["loop"],)] = Fraction(1)
    if broken:
        return NaiveEvaluation(None, broken)
    if options:
        return _options(data, plan)
    return _loops(data, [_Loop(data, row) for row in plan["loops"]], broken)


def _loops(data: Data, loops: list[_Loop], broken: Broken) -> NaiveEvaluation:
    for loop in loops:
        broken |= {(rule, (loop.name,)): amount for rule, amount in loop.breaches().items() if amount > 0}
    for limit, capacity in _capacities(data).items():
        load = sum((loop.cards * loop.takes(limit) for loop in loops), ZERO)
        if load > capacity:
            broken["limit", (limit,)] = load - capacity
    current = data.get("current") or {}
    changed = sum((loop.changed() for loop in loops), ZERO)
    if current.get("at_most") is not None and changed > current["at_most"]:
        broken["change", ()] = changed - current["at_most"]
    if data.get("objective") == "service":
        return NaiveEvaluation({"shortage": sum((loop.term("shortage") for loop in loops), ZERO)}, broken)
    terms = {name: sum((loop.term(name) for loop in loops), ZERO) for name in _Loop.TERMS}
    return NaiveEvaluation(terms | {"change": number(current.get("price", 0)) * changed}, broken)


def _capacities(data: Data) -> dict[str, Fraction]:
    table = data.get("limits")
    return {} if table is None else dict(zip(table["limit"], map(number, table["capacity"]), strict=True))


def _options(data: Data, plan: Data) -> NaiveEvaluation:
    options = data["options"]
    broken: Broken = {}
    keys = list(zip(options["loop"], options["container"], options["cards"], strict=True))
    rows = [keys.index((row["loop"], row["container"], row["cards"])) for row in plan["loops"]]
    uses = data.get("uses") or {"option": [], "limit": [], "amount": []}
    for limit, capacity in _capacities(data).items():
        taken = zip(uses["option"], uses["limit"], uses["amount"], strict=True)
        load = sum((number(amount) * rows.count(option) for option, name, amount in taken if name == limit), ZERO)
        if load > capacity:
            broken["limit", (limit,)] = load - capacity
    return NaiveEvaluation({"cost": sum((number(options["cost"][row]) for row in rows), ZERO)}, broken)


class _Loop:
    """One loop of a plan, asked for what the definitions ask."""

    TERMS = ("cards", "holding", "handling", "shortage")

    def __init__(self, data: Data, row: Data) -> None:
        self.data, self.name, self.container, self.cards = data, row["loop"], row["container"], row["cards"]
        self.place = data["loops"]["loop"].index(self.name)
        pairs = list(zip(data["containers"]["loop"], data["containers"]["container"], strict=True))
        self.pair = pairs.index((self.name, self.container))

    def given(self, name: str, default: Any = 0) -> Any:
        """Return an entry of the loop; `default` where there is none."""
        return column(self.data["loops"], name, default)[self.place]

    def value(self, name: str, default: Any = 0) -> Fraction:
        """Return a number of the loop."""
        return number(self.given(name, default))

    def container_value(self, name: str) -> Fraction:
        """Return a number of the container."""
        return number(column(self.data["containers"], name, 0)[self.pair])

    @property
    def stock(self) -> Fraction:
        """Units that cover demand: a container whose card leaves only when it is empty covers none while it is used."""
        used_up = 1 if self.given("signal", "first_piece") == "empty" else 0
        return Fraction(self.cards - used_up) * self.container_value("quantity")

    @property
    def days(self) -> Fraction:
        """Days to be covered."""
        return self.value("lead_time") + self.value("interval")

    @property
    def variance(self) -> Fraction:
        """Variance of the need, in units squared."""
        of_demand = self.days * self.value("demand_sd") * self.value("demand_sd")
        of_time = self.value("lead_time_sd") * self.value("demand")
        return (of_demand + of_time * of_time) / self.value("yield", 1) / self.value("yield", 1)

    def needed(self) -> int:
        """Count cards until they cover the need."""
        priced = self.given("shortage_cost", None) is not None or self.data.get("objective") == "service"
        if priced and self.given("safety", None) is None and self.given("service", None) is None:
            return 0
        goal = self.value("demand") * self.days / self.value("yield", 1) * (1 + self.value("safety"))
        cards, size = 0, self.container_value("quantity")
        while not _covers(cards * size - goal, self.variance, self.given("service", 0.5)):
            cards += 1
        return cards + int(self.given("signal", "first_piece") == "empty")

    def breaches(self) -> dict[str, Fraction]:
        """Return by how much the rules of the loop are broken, 0 or less where kept."""
        most = self.given("maximum", None)
        return {
            "cards_needed": Fraction(self.needed() - self.cards),
            "minimum": Fraction(self.given("minimum", 1) - self.cards),
            "maximum": ZERO if most is None else Fraction(self.cards - most),
        }

    def takes(self, limit: str) -> Fraction:
        """Return what one card takes of a limit."""
        uses = self.data.get("uses")
        if uses is None:
            return ZERO
        fitting = zip(uses["loop"], column(uses, "container", None), uses["limit"], uses["amount"], strict=True)
        return sum(
            (
                number(amount)
                for loop, container, name, amount in fitting
                if loop == self.name and container in (None, self.container) and name == limit
            ),
            ZERO,
        )

    def changed(self) -> Fraction:
        """Count the cards put in and taken out."""
        table = (self.data.get("current") or {}).get("loops")
        if table is None:
            return ZERO
        if self.name not in table["loop"]:
            return Fraction(self.cards)
        row = table["loop"].index(self.name)
        before = {table["container"][row]: table["cards"][row]}
        after = {self.container: self.cards}
        return Fraction(sum(abs(after.get(key, 0) - before.get(key, 0)) for key in {*before, *after}))

    def term(self, name: str) -> Fraction:
        """Return a term of the objective."""
        if name == "cards":
            return self.container_value("card_cost") * Fraction(self.cards)
        if name == "holding":
            return self.value("holding_cost") * max(ZERO, self.stock - self.value("demand") * self.days)
        if name == "handling":
            return self.container_value("handling_cost") * self.value("demand") / self.container_value("quantity")
        weight = self.value("shortage_cost", 1 if self.data.get("objective") == "service" else 0)
        if not weight:
            return ZERO
        mean = self.value("demand") * self.days / self.value("yield", 1)
        return weight * _short(self.stock - mean, self.variance)


@lru_cache(maxsize=100_000)
def _covers(surplus: Fraction, variance: Fraction, service: float) -> bool:
    """Tell whether a normal deviation of this variance stays within the surplus as often as asked."""
    from scipy.stats import norm

    if not variance or service == 0.5:
        return surplus >= 0
    return bool(norm.cdf(float(surplus) / math.sqrt(variance)) >= service)


@lru_cache(maxsize=100_000)
def _short(surplus: Fraction, variance: Fraction) -> Fraction:
    """Integrate the probability that a normal deviation exceeds the surplus by more than t, over t > 0."""
    from scipy.integrate import quad
    from scipy.stats import norm

    if not variance:
        return max(ZERO, -surplus)
    spread = math.sqrt(variance)
    start = float(surplus) / spread
    middle = max(start, 0.0)
    found = quad(norm.sf, start, middle, epsabs=0, epsrel=1e-13)[0] if start < 0 else 0.0
    found += quad(norm.sf, middle, middle + 12, epsabs=0, epsrel=1e-13)[0]
    return Fraction(spread * found)
