"""A lower bound on the cost of a sourcing plan: Lagrangian relaxation of the demands.

Whatever a plan orders of part p, a part u_l <= q_l of it can be told off in proportion so that
exactly the need n_p (demand less initial stock) is covered. Each u_l costs at least the price at
the best factor in reach, plus its part of the fixed costs, each spread over the largest quantity
it can serve. Pricing the needs by multipliers lambda_p leaves one continuous knapsack per
supplier, with its fixed cost, capacity and price breaks; any lambda >= 0 gives a valid bound
(Geoffrion 1974; for facility location Cornuejols, Fisher and Nemhauser 1977).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._sourcing_links import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.sourcing import Sourcing
    from jitopt.problems.sourcing.instance import Link

__all__ = ["Relaxation", "relax"]

Array = Any

SLACK = 2e-9
"""Twice the tolerance within which the judge takes a rule as kept."""

MARGIN = 1e-8
"""Relative margin taken off the bound, against rounding."""


@dataclass
class Relaxation:
    """The relaxation: links sorted by supplier, and the present multipliers.

    need: n_p. supplier, part: of each link. price: c_l, with tiers to be multiplied. extra: all
    other cost per unit. least, most: limits on u_l. start: first link of each supplier with links.
    owner: that supplier. fixed, capacity, forced: of it. break_at, factor: its tiers, a column each.
    cheapest: its lowest price. pick_least, pick_most: how many of them are used. constant: cost
    that no plan avoids. multipliers: lambda_p. bound: best found.
    """

    need: Array
    part: Array
    price: Array
    extra: Array
    least: Array
    most: Array
    start: Array
    owner: Array
    fixed: Array
    capacity: Array
    forced: Array
    break_at: Array
    factor: Array
    cheapest: Array
    pick_least: int
    pick_most: int
    constant: float
    multipliers: Array = None
    bound: float = 0.0
    theta: float = 1.5
    stalled: int = 0

    def begin(self) -> None:
        """Set each multiplier to the part's least cost per unit, and the bound to what they give.

        Fixed costs of suppliers are spread over all they can serve; with these multipliers no
        supplier is worth opening, and the bound is the sum of needs times least cost.
        """
        served = np.minimum(self.capacity, np.add.reduceat(self.most, self.start))
        spread = self.fixed / np.maximum(served, 1e-300)
        factor = np.where(np.isfinite(self.break_at), self.factor, np.inf).min(axis=1)
        cost = self.price * factor[self.owner] + self.extra + spread[self.owner]
        self.multipliers = np.full(len(self.need), np.inf)
        np.minimum.at(self.multipliers, self.part, cost)
        total, _ = self.evaluate()
        self.bound = max(0.0, total - MARGIN * abs(total))

    def evaluate(self) -> tuple[float, Array]:
        """Return the bound at the present multipliers and the uncovered need of each part there."""
        values = np.full(len(self.fixed), np.inf)
        taken = np.zeros(len(self.price))
        for column in range(self.factor.shape[1]):
            value, amount = self._tier(column)
            wins = value < values
            values = np.where(wins, value, values)
            taken = np.where(wins[self.owner], amount, taken)
        chosen = self._chosen(values + self.fixed)
        total = float(self.multipliers @ self.need) + float((values + self.fixed)[chosen].sum()) + self.constant
        covered = np.bincount(self.part, weights=taken * chosen[self.owner], minlength=len(self.need))
        return total, self.need - covered

    def _tier(self, column: int) -> tuple[Array, Array]:
        """Solve the knapsack of every supplier in one of its tiers: value and quantities."""
        factor, target = self.factor[:, column], self.break_at[:, column]
        reduced = self.price * factor[self.owner] + self.extra - self.multipliers[self.part]
        order = np.lexsort((reduced, self.owner))
        cost, width = reduced[order], (self.most - self.least)[order]
        base = np.add.reduceat(self.least, self.start)
        before = np.cumsum(width) - width
        before -= before[self.start][self.owner]
        filler = factor * self.cheapest
        limit = np.where(cost < 0.0, (self.capacity - base)[self.owner], -np.inf)
        fills = (cost >= 0.0) & (cost < filler[self.owner])
        limit = np.where(fills, (np.minimum(target, self.capacity) - base)[self.owner], limit)
        amount = np.empty_like(width)
        amount[order] = np.clip(limit - before, 0.0, width)
        amount += self.least
        bought = np.add.reduceat(amount, self.start)
        value = np.add.reduceat(reduced * amount, self.start) + filler * np.maximum(0.0, target - bought)
        return np.where(np.isfinite(target), value, np.inf), amount

    def _chosen(self, values: Array) -> Array:
        """Choose the suppliers of least value: those forced, those below 0, as many as the counts ask."""
        chosen = self.forced.copy()
        free = np.flatnonzero(~self.forced)
        ranked = free[np.argsort(values[free], kind="stable")]
        count = len(values) - len(free)
        least = min(len(ranked), max(0, self.pick_least - count))
        most = max(least, min(len(ranked), self.pick_most - count))
        negative = int((values[ranked] < 0.0).sum())
        chosen[ranked[: min(most, max(least, negative))]] = True
        return chosen

    def improve(self, target: float) -> bool:
        """Do a subgradient step towards `target` (Held, Wolfe and Crowder 1974); tell whether to go on."""
        total, gap = self.evaluate()
        if total > self.bound + 1e-6 * abs(self.bound):
            self.stalled = 0
        else:
            self.stalled += 1
        self.bound = max(self.bound, total - MARGIN * abs(total))
        if self.stalled >= 15:
            self.theta, self.stalled = self.theta / 2, 0
        norm = float(gap @ gap)
        if norm <= 1e-18 * float(self.need @ self.need) or self.theta < 0.02:
            return False
        step = self.theta * max(target - total, 1e-6 * abs(target)) / norm
        self.multipliers = np.maximum(0.0, self.multipliers + step * gap)
        return True


def relax(instance: Sourcing, stopped: Callable[[], bool] = lambda: False) -> Relaxation | None:
    """Return the relaxation of an instance at its first multipliers; None if nothing must be ordered.

    stopped: asked now and then; `Stopped` is raised if it says so.
    """
    return _Builder(instance, stopped).build()


@dataclass
class _Offer:
    """A link as the relaxation sees it; the names as in `Relaxation`."""

    supplier: int
    part: str
    price: float
    extra: float
    least: float
    most: float


class _Builder:
    """Turns an instance into arrays."""

    def __init__(self, instance: Sourcing, stopped: Callable[[], bool]) -> None:
        self.instance, self.stopped = instance, stopped
        self.periods = len(instance.periods)
        self.rows = {name: row for row, name in enumerate(instance.suppliers.supplier)}
        self.ladders = {(ladder.supplier, ladder.part): ladder for ladder in instance.ladders}
        self.shares = {
            (supplier, part): (float(least or 0), 1.0 if most is None else float(most))
            for part, supplier, least, most in instance.share_rows
        }
        self.required = self._required()
        self.needs = {part: self._need(part) for part in instance.demand}
        self.cheapest = dict.fromkeys(self.rows, np.inf)
        for link in watched(instance.links.values(), stopped):
            ladder = self.ladders.get((link.supplier, link.part))
            price = float(link.price) * (float(ladder.breaks[-1][1]) if ladder else 1.0)
            self.cheapest[link.supplier] = min(self.cheapest[link.supplier], price)

    def build(self) -> Relaxation | None:
        """Return the relaxation, None if there is no need that a link could serve."""
        instance = self.instance
        offers = [offer for link in watched(instance.links.values(), self.stopped) if (offer := self._offer(link))]
        offers.sort(key=lambda offer: offer.supplier)
        if not offers:
            return None
        used = sorted({offer.supplier for offer in offers})
        names = [instance.suppliers.supplier[row] for row in used]
        owner = np.searchsorted(used, [offer.supplier for offer in offers])
        parts = {part: row for row, part in enumerate(dict.fromkeys(offer.part for offer in offers))}
        break_at, factor = self._tiers(names)
        # Suppliers of parts without need can make up the least number without being seen here.
        others = len({supplier for supplier, _ in instance.links}) - len(names)
        found = Relaxation(
            need=np.array([self.needs[part] for part in parts]),
            part=np.array([parts[offer.part] for offer in offers]),
            price=np.array([offer.price for offer in offers]),
            extra=np.array([offer.extra for offer in offers]),
            least=np.array([offer.least for offer in offers]),
            most=np.array([offer.most for offer in offers]),
            start=np.searchsorted(owner, np.arange(len(names))),
            owner=owner,
            fixed=np.array([float(instance.fixed_cost[name]) for name in names]),
            capacity=np.array([_loose(instance.capacity[name]) * self.periods for name in names]),
            forced=np.array([self.required[name] > 0.0 for name in names]),
            break_at=break_at,
            factor=factor,
            cheapest=np.array([self.cheapest[name] for name in names]),
            pick_least=max(0, (instance.suppliers_at_least or 0) - others),
            pick_most=len(names) if instance.suppliers_at_most is None else instance.suppliers_at_most,
            constant=self._constant(),
        )
        found.forced |= np.add.reduceat(found.least, found.start) > 0.0
        found.begin()
        return found

    def _required(self) -> dict[str, float]:
        """Return the least total of each supplier that the required quantities imply."""
        single = dict.fromkeys(self.rows, 0.0)
        whole = dict.fromkeys(self.rows, 0.0)
        for supplier, part, amount in self.instance.required_rows:
            table = whole if part is None else single
            table[supplier] += max(0.0, float(amount) - SLACK * max(1.0, float(amount)))
        return {name: max(single[name], whole[name]) for name in self.rows}

    def _need(self, part: str) -> float:
        """Return the least that must be ordered of a part, less what the judge lets pass."""
        demand = self.instance.demand[part]
        need = float(sum(demand, Fraction(0)) - self.instance.initial[part])
        return max(0.0, need - SLACK * max(1.0, float(max(demand, default=Fraction(0)))))

    def _offer(self, link: Link) -> _Offer | None:
        """Return the link with its cost per unit spread over the most it can serve, None if that is nothing."""
        instance, need = self.instance, self.needs[link.part]
        limits = (link.capacity, instance.capacity[link.supplier], instance.storage[link.part])
        order = min(_loose(limit) for limit in limits)
        least, most = self.shares.get((link.supplier, link.part), (0.0, 1.0))
        most = min(most, self.shares.get((None, link.part), (0.0, 1.0))[1])
        reach = min(order * self.periods, need * min(1.0, most + SLACK))
        if reach <= 0.0:
            return None
        fixed = float(link.fixed_cost)
        if instance.current is not None and (link.supplier, link.part) not in instance.awarded:
            fixed += instance.current.price
        quality = instance.defect_cost * float(link.defects) + instance.late_cost * float(link.late)
        return _Offer(
            supplier=self.rows[link.supplier],
            part=link.part,
            price=float(link.price) * self._factor(link, reach),
            extra=quality + fixed / reach + float(link.order_cost) / min(order, reach),
            least=min(reach, need * max(0.0, least - SLACK)),
            most=reach,
        )

    def _factor(self, link: Link, reach: float) -> float:
        """Return the least factor on the price of u <= reach units: by breaks, and by least orders bought for them."""
        if (link.supplier, None) in self.ladders or self.required[link.supplier] > 0.0:
            smallest = 0.0  # What is bought for a tier or a requirement is counted there.
        else:
            multiple = link.multiple
            smallest = float(-(-link.minimum // multiple) * multiple if multiple else link.minimum) * (1.0 - SLACK)
        ladder = self.ladders.get((link.supplier, link.part))
        if ladder is None:
            return max(1.0, smallest / reach)
        starts = [float(start) * (1.0 - SLACK) for start, _ in ladder.breaks]
        factors = [float(factor) for _, factor in ladder.breaks]
        if self.required[link.supplier] > 0.0:
            return factors[-1]
        if ladder.kind == "all_units":
            return min(f * max(1.0, start / reach, smallest / reach) for start, f in zip(starts, factors, strict=True))
        quantity = max(reach, smallest)
        ends = [*starts[1:], np.inf]
        widths = [max(0.0, min(quantity, end) - start) for start, end in zip(starts, ends, strict=True)]
        return float(sum(width * f for width, f in zip(widths, factors, strict=True)) / reach)

    def _tiers(self, names: list[str]) -> tuple[Array, Array]:
        """Return break and factor of every tier of the suppliers, a column each; absent ones start at infinity."""
        ladders = [self.ladders.get((name, None)) for name in names]
        columns = max(len(ladder.breaks) if ladder else 1 for ladder in ladders)
        break_at = np.full((len(names), columns), np.inf)
        factor = np.ones((len(names), columns))
        for row, (name, ladder) in enumerate(zip(names, ladders, strict=True)):
            breaks = ladder.breaks if ladder else ((Fraction(0), Fraction(1)),)
            for column, (start, value) in enumerate(breaks):
                break_at[row, column] = max(float(start) * (1.0 - SLACK), self.required[name])
                factor[row, column] = float(value)
        return break_at, factor

    def _constant(self) -> float:
        """Return the holding cost of initial stock that no plan can avoid."""
        instance = self.instance
        total = Fraction(0)
        for part, rate in instance.holding_cost.items():
            stock = instance.initial[part]
            for amount in instance.demand[part] if rate and stock else ():
                stock = max(Fraction(0), stock - amount)
                total += rate * stock
        return float(total)


def _loose(limit: Fraction | None) -> float:
    return np.inf if limit is None else float(limit) + SLACK * max(1.0, float(limit))
