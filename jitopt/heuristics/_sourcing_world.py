"""A sourcing instance as flat tables of integers and floats, for the kernels of `sourcing_assign`.

Quantities become whole numbers of a decimal grid unit u = 10**-k, fine enough for every number
of the instance where 64-bit integers allow it, so that the search adds and compares exactly.
Limits that fall between two grid points are rounded to the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from fractions import Fraction
from math import floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from jitopt.problems.base import exact
from jitopt.problems.sourcing import Order, Sourcing, SourcingPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from jitopt.problems.sourcing.instance import Link

__all__ = ["NONE", "Grid", "Stopped", "World", "few", "flatten", "objects", "settings", "watched"]

T = TypeVar("T")

NONE = 1 << 60
"""Stands for "no limit"."""

LARGEST = 10**15
"""Largest sum of quantities, in grid units."""

FAR = 1000
"""A price break (or least order) above this many times the need it serves is left out."""

TOKEN = Fraction(1, 10**8)
"""Least part of a part's need worth an order (where nothing else is said, on a grid that fine)."""

INT, FLOAT = np.int64, np.float64


def _dtype(ints: str, floats: str) -> np.dtype[Any]:
    return np.dtype([(name, INT) for name in ints.split()] + [(name, FLOAT) for name in floats.split()])


LINK = _dtype(
    "supplier part capacity least step ladder required fresh total offer",
    "price extra fixed order_cost least_share used_share most_share defects late",
)
"""fresh: 1 when not in the current award. extra: cost of defects and lateness per grid unit.
least: smallest order. step: orders are whole multiples of it. ladder: its first rung, -1 without.
total: ordered so far (state). offer: the links sorted by supplier; row i is unrelated to link i."""

PART = _dtype(
    "first last storage need least most links ordered stamp seen",
    "holding defects_most late_most scale cost short old_cost old_short",
)
"""first..last: its links. need: demand less initial stock. scale: weight of a missing grid unit."""

SUPPLIER = _dtype(
    "first last capacity ladder required links total goal spread shut stamp seen",
    "fixed charge value cost short old_cost old_short old_value",
)
"""first..last: its rows of link.offer. goal: volume whose price factor a greedy step assumes.
spread: volume over which it spreads the fixed cost `charge`. shut: 1 when not to be used."""

RUNG = _dtype("at last kind", "factor")
"""A price break. last: the end of its ladder. kind: 0 all-units, 1 incremental."""

CELL = _dtype("q best stamp logged old", "")
"""A link in a period (link * periods + period). q: the order. best: in the best plan. logged, old:
the changes of a move, a list of its own."""

SLOT = _dtype("demand stock", "")
"""A part in a period. stock: at the end of it."""

PAD = _dtype("lack room item", "key")
"""Scratch."""

TOP = _dtype(
    "periods parts suppliers links suppliers_least suppliers_most switches_most used switched random "
    "stamp log parts_seen suppliers_seen old_used old_switched breaches new_breaches loose listed shut into "
    "target iteration cycle cycle_start cycle_end cycle_length patience idle fresh given uphill infeasible "
    "saved done",
    "one scale cost short new_cost new_short weight weight_least heat noise best_cost last_cost",
)
"""Counts, limits and the state of the search; one row."""


class World(NamedTuple):
    """The tables and the state of a search. load: units of a supplier in a period."""

    link: Any
    part: Any
    supplier: Any
    rung: Any
    top: Any
    cell: Any
    slot: Any
    load: Any
    pad: Any


@dataclass(frozen=True)
class Grid:
    """What turns grid quantities into a plan and back.

    unit: the grid unit u. pairs: (supplier, part) of each link. multiples: its multiple, exact.
    steps: the multiple in grid units. periods: their number.
    """

    unit: Fraction
    pairs: tuple[tuple[str, str], ...]
    multiples: tuple[Fraction | None, ...]
    steps: tuple[int, ...]
    periods: int

    def plan(self, quantities: Any) -> SourcingPlan:
        """Return the plan of grid quantities, cell by cell."""
        orders = []
        for cell in np.flatnonzero(np.asarray(quantities)):
            link, period = divmod(int(cell), self.periods)
            supplier, part = self.pairs[link]
            for quantity in self._amounts(link, int(quantities[cell])):
                orders.append(Order(supplier=supplier, part=part, period=period + 1, quantity=quantity))
        return SourcingPlan(orders=tuple(orders))

    def _amounts(self, link: int, units: int) -> Iterable[float]:
        """Yield numbers that add up to the quantity; several only where no single one is exact."""
        multiple = self.multiples[link]
        if multiple is None:
            yield float(units * self.unit)
            return
        count = units // self.steps[link]
        while count:
            chunk = count
            while exact(float(chunk * multiple)) != chunk * multiple:
                chunk = (chunk + 1) // 2
            yield float(chunk * multiple)
            count -= chunk

    def cells(self, plan: SourcingPlan) -> Any:
        """Return the grid quantities of a plan (orders of links that are left out are dropped)."""
        index = {pair: link for link, pair in enumerate(self.pairs)}
        found = np.zeros(len(self.pairs) * self.periods, INT)
        for order in plan.orders:
            link = index.get((order.supplier, order.part))
            if link is None or order.period > self.periods:
                continue
            multiple = self.multiples[link]
            amount = exact(order.quantity) / (multiple or self.unit)
            found[link * self.periods + order.period - 1] += round(amount) * (
                1 if multiple is None else self.steps[link]
            )
        return found


@dataclass(frozen=True)
class _Scale:
    """The grid: `down`, `up` and `near` round a fraction to it."""

    factor: Fraction

    def down(self, value: Fraction) -> int:
        top, bottom = self.factor.as_integer_ratio()
        return value.numerator * top // (value.denominator * bottom)

    def up(self, value: Fraction) -> int:
        top, bottom = self.factor.as_integer_ratio()
        return -(-value.numerator * top // (value.denominator * bottom))

    def rate(self, value: Fraction) -> float:
        """Return a value per unit as one per step of the grid."""
        top, bottom = self.factor.as_integer_ratio()
        return value.numerator * bottom / (value.denominator * top)

    def near(self, value: Fraction) -> int:
        return round(value * self.factor)


def settings(world: World, seed: int, cycle_length: int, patience: int) -> None:
    """Set the seed (any integer), the iterations of a cycle and the cycles in vain before the search ends."""
    top = world.top[0]
    top.random = 1 + (seed * 69621 + 12345) % (2**31 - 2)
    top.cycle_length, top.patience = cycle_length, patience


class Stopped(Exception):
    """The caller wants no more."""


def watched(items: Iterable[T], stopped: Callable[[], bool]) -> Iterator[T]:
    """Yield the items; raise `Stopped` once `stopped` says so."""
    for number, item in enumerate(items):
        if number % 1000 == 0 and stopped():
            raise Stopped
        yield item


def few(instance: Sourcing, most: int) -> list[Link]:
    """Return links enough for a first plan: of each part the `most` cheapest, and those that rules name."""
    table = instance.quotes
    codes = {part: code for code, part in enumerate(instance.demand)}
    part = np.array([codes[name] for name in table.part])
    order = np.lexsort((np.array(table.price), part))
    sizes = np.bincount(part, minlength=len(codes))
    rank = np.empty(len(part), INT)
    rank[order] = np.arange(len(part)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    named: set[tuple[str | None, str | None]] = {(s, p) for s, p, _ in instance.required_rows}
    named |= {(s, p) for p, s, least, _ in instance.share_rows if least}
    whole = {s for s, p in named if p is None}
    links = zip(instance.links.items(), rank.tolist(), strict=True)
    return [link for (key, link), place in links if place < most or key in named or key[0] in whole]


def flatten(
    instance: Sourcing, links: Collection[Link] | None = None, stopped: Callable[[], bool] = lambda: False
) -> tuple[World, Grid] | None:
    """Return the instance as arrays with an empty plan, None if a required link can never be used.

    links: those to be used, None for all. stopped: asked now and then; `Stopped` is raised if it says so.
    """
    needs = _needs(instance)
    ladders = _ladders(instance, needs)
    reach = _reach(instance, ladders)
    links, lost = _usable(instance, watched(links or instance.links.values(), stopped), needs, reach)
    if lost:
        return None
    scale = _scale(instance, links, reach, needs)
    tables = _tables(instance, links, ladders, reach, scale, stopped)
    multiples = tuple(link.multiple for link in links)
    grid = Grid(
        unit=1 / scale.factor,
        pairs=tuple((link.supplier, link.part) for link in links),
        multiples=multiples,
        steps=tuple(int(step) for step in tables.link.step),
        periods=len(instance.periods),
    )
    return tables, grid


def objects(world: World) -> World:
    """Return the same world as Python lists and objects, in which the plain kernels run fastest."""

    def convert(table: Any) -> Any:
        names = table.dtype.names
        if names is None:
            return table.tolist()
        row = make_dataclass("Row", names, slots=True)
        return [row(*values) for values in table.tolist()]

    return World(*(convert(table) for table in world))


# --- what can be used ----------------------------------------------------------------------


def _needs(instance: Sourcing) -> dict[str, Fraction]:
    return {
        part: max(Fraction(0), sum(row, Fraction(0)) - instance.initial[part]) for part, row in instance.demand.items()
    }


LadderKey = tuple[str, str | None]
Breaks = dict[LadderKey, tuple[str, list[tuple[Fraction, Fraction]]]]


def _ladders(instance: Sourcing, needs: dict[str, Fraction]) -> Breaks:
    """Return the ladders without breaks that lie absurdly far above what they serve."""
    if not instance.ladders:
        return {}
    served: dict[str, Fraction] = {}
    for supplier, part in instance.links:
        served[supplier] = served.get(supplier, Fraction(0)) + needs[part]
    for supplier, _, amount in instance.required_rows:
        served[supplier] = served.get(supplier, Fraction(0)) + amount
    return {
        (ladder.supplier, ladder.part): (
            ladder.kind,
            [pair for pair in ladder.breaks if pair[0] <= FAR * (served.get(ladder.supplier) or pair[0])],
        )
        for ladder in instance.ladders
    }


def _reach(instance: Sourcing, ladders: Breaks) -> dict[LadderKey, Fraction]:
    """Return the largest break or required quantity of each supplier and link."""
    found = {key: breaks[-1][0] for key, (_, breaks) in ladders.items()}
    for supplier, part, amount in instance.required_rows:
        key = (supplier, part)
        found[key] = max(found.get(key, Fraction(0)), amount)
    return found


def _usable(
    instance: Sourcing, offered: Iterable[Link], needs: dict[str, Fraction], reach: dict[LadderKey, Fraction]
) -> tuple[list[Link], bool]:
    """Return the links that an order can fit into, by part, and whether one that must be used is not."""
    by_part: dict[str, list[Link]] = {part: [] for part in instance.demand}
    for link in offered:
        by_part[link.part].append(link)
    must = {(s, p) for s, p, amount in instance.required_rows if p is not None and amount}
    must |= {(s, p) for p, s, least, _ in instance.share_rows if s is not None and least and needs[p]}
    found: list[Link] = []
    lost = False
    for part, links in by_part.items():
        demand = sum(instance.demand[part], Fraction(0))
        for link in links:
            least = _least(link)
            if not least:
                found.append(link)
                continue
            fits = all(least <= limit for limit in _limits(instance, link))
            useful = demand + _either(reach, link)
            forced = (link.supplier, part) in must or len(links) == 1
            if fits and (forced or least <= FAR * (useful or least)):
                found.append(link)
            else:
                lost = lost or (link.supplier, part) in must
    return found, lost


def _least(link: Link) -> Fraction:
    if link.multiple is None:
        return link.minimum
    return max(1, -(-link.minimum // link.multiple)) * link.multiple


def _limits(instance: Sourcing, link: Link) -> list[Fraction]:
    """Return the limits on a single order of `link` (stock before a delivery is never below 0)."""
    limits = (
        link.capacity, link.maximum, instance.capacity[link.supplier], instance.storage[link.part],
        instance.order_sizes.get((link.supplier, link.part)),
    )  # fmt: skip
    return [limit for limit in limits if limit is not None]


def _either(reach: dict[LadderKey, Fraction], link: Link) -> Fraction:
    zero = Fraction(0)
    return max(reach.get((link.supplier, None), zero), reach.get((link.supplier, link.part), zero))


# --- the grid ------------------------------------------------------------------------------


def _scale(
    instance: Sourcing, links: list[Link], reach: dict[LadderKey, Fraction], needs: dict[str, Fraction]
) -> _Scale:
    """Choose the grid: all decimals of the data, more where shares need them, as int64 allows."""
    largest: dict[str, Fraction] = {}
    for link in links:
        order = _least(link) + (link.multiple or 0)
        if link.part in instance.ratio_sizes:
            order += min((instance.ratio_sizes[link.part].limit, *_limits(instance, link)))
        largest[link.part] = max(largest.get(link.part, Fraction(0)), order)
    demands = sum((sum(row, Fraction(0)) for row in instance.demand.values()), Fraction(0))
    total = demands + sum(reach.values(), Fraction(0)) + sum(largest.values(), Fraction(0))
    total = max(total, *instance.initial.values(), Fraction(1, 10**6))
    most = floor(log10(LARGEST / float(total)))
    digits = max((_decimals(value) for value in _quantities(instance, links)), default=0)
    if instance.shares or instance.part_limits or instance.suppliers_at_least:
        least = min((need for need in needs.values() if need), default=Fraction(1))
        digits = max(digits, floor(11 - log10(float(least))))
    return _Scale(Fraction(10) ** min(digits, most))


def _quantities(instance: Sourcing, links: list[Link]) -> set[Fraction]:
    found: set[Fraction | None] = {amount for row in instance.demand.values() for amount in row}
    found.update(instance.initial.values(), instance.storage.values(), instance.capacity.values())
    for link in links:
        found.update((link.capacity, link.minimum, link.multiple))
    found.update(start for ladder in instance.ladders for start, _ in ladder.breaks)
    found.update(amount for _, _, amount in instance.required_rows)
    return {value for value in found if value is not None}


def _decimals(value: Fraction) -> int:
    """Return the number of decimal places of a decimal fraction."""
    bottom, twos, fives = value.denominator, 0, 0
    while bottom % 2 == 0:
        bottom, twos = bottom // 2, twos + 1
    while bottom % 5 == 0:
        bottom, fives = bottom // 5, fives + 1
    return max(twos, fives)


# --- the tables ----------------------------------------------------------------------------


def _tables(
    instance: Sourcing,
    links: list[Link],
    ladders: Breaks,
    reach: dict[LadderKey, Fraction],
    scale: _Scale,
    stopped: Callable[[], bool],
) -> World:
    suppliers = {name: index for index, name in enumerate(instance.suppliers.supplier)}
    parts = {name: index for index, name in enumerate(instance.demand)}
    rung, ladder_of = _rung_table(ladders, scale)
    link = _link_table(instance, links, watched(links, stopped), (suppliers, parts, ladder_of), reach, scale)
    part, slot = _part_table(instance, link, scale)
    supplier = _supplier_table(instance, link, ladder_of, scale)
    periods, count = len(instance.periods), len(links)
    return World(
        link=link,
        part=part,
        supplier=supplier,
        rung=rung,
        top=_top(instance, count, slot, scale),
        cell=_records(count * periods, CELL),
        slot=slot,
        load=np.zeros(len(suppliers) * periods, INT),
        pad=_records(max(count, len(parts), len(suppliers), periods), PAD),
    )


def _top(instance: Sourcing, links: int, slot: Any, scale: _Scale) -> Any:
    top = _records(1, TOP)
    size = instance.size()
    top.periods, top.parts, top.suppliers, top.links = size["periods"], size["parts"], size["suppliers"], links
    top.suppliers_least = instance.suppliers_at_least or 0
    top.suppliers_most = NONE if instance.suppliers_at_most is None else instance.suppliers_at_most
    cap = instance.current.at_most if instance.current else None
    top.switches_most = NONE if cap is None else cap
    top.one, top.best_cost, top.last_cost = float(scale.factor), np.inf, np.inf
    top.random = top.saved = 1
    top.shut = top.into = -1
    top.scale = 1.0 / max(1.0, float(slot.demand.mean()))
    return top


def _records(rows: int, kind: np.dtype[Any]) -> Any:
    """Return an array of records, all 0 (at least one row, so that kernels see the type)."""
    return np.zeros(max(1, rows), kind).view(np.recarray)


def _rung_table(ladders: Breaks, scale: _Scale) -> tuple[Any, dict[LadderKey, int]]:
    rows: list[tuple[int, int, int, float]] = []
    first: dict[LadderKey, int] = {}
    for key, (kind, breaks) in ladders.items():
        first[key] = len(rows)
        last = len(rows) + len(breaks)
        rows += [(scale.up(start), last, int(kind == "incremental"), float(factor)) for start, factor in breaks]
    table = _records(len(rows), RUNG)
    for row, values in enumerate(rows):
        table[row] = values
    return table, first


def _link_table(
    instance: Sourcing,
    links: list[Link],
    rows: Iterable[Link],
    index: tuple[dict[str, int], dict[str, int], dict[LadderKey, int]],
    reach: dict[LadderKey, Fraction],
    scale: _Scale,
) -> Any:
    suppliers, parts, ladder_of = index
    table = _records(len(links), LINK)
    shares = _shares(instance)
    defect_cost, late_cost = exact(instance.defect_cost), exact(instance.late_cost)
    switch = exact(instance.current.price) if instance.current else Fraction(0)
    demands = {part: sum(row, Fraction(0)) for part, row in instance.demand.items()}
    token = {part: (need or 1) * TOKEN for part, need in _needs(instance).items()}
    tokens = {part: max(1, scale.up(value)) for part, value in token.items()}
    required = {(s, p): amount for s, p, amount in instance.required_rows}
    everyone, pulled = bool(instance.suppliers_at_least), {row[0] for row in instance.part_limit_rows if row[1]}
    for row, link in enumerate(rows):
        key = (link.supplier, link.part)
        step = 1 if link.multiple is None else max(1, scale.near(link.multiple))
        if link.multiple:
            least = step * int(_least(link) / link.multiple)
        else:
            least = scale.up(link.minimum) if link.minimum > token[link.part] else tokens[link.part]
            if everyone or link.part in pulled:
                least = max(least, scale.up(instance.smallest_use[key]))
        largest = demands[link.part] + _either(reach, link) + link.minimum + (link.multiple or 0) + 1
        if link.part in instance.ratio_sizes:
            largest = max(largest, instance.ratio_sizes[link.part].limit)
        capacity = scale.down(min([largest, *_limits(instance, link)]))
        fresh = instance.current is not None and key not in instance.awarded
        extra = defect_cost * link.defects + late_cost * link.late if defect_cost or late_cost else Fraction(0)
        none = (0.0, 0.0, 1.0)
        table[row] = (
            suppliers[link.supplier], parts[link.part], capacity // step * step, least, step,
            ladder_of.get(key, -1), scale.up(required.get(key, Fraction(0))), fresh, 0, 0,
            scale.rate(link.price), scale.rate(extra), float(link.fixed_cost + (switch if fresh else 0)),
            float(link.order_cost), *shares.get(key, shares.get((None, link.part), none)),
            float(link.defects), float(link.late),
        )  # fmt: skip
    return table


def _shares(instance: Sourcing) -> dict[tuple[str | None, str], tuple[float, float, float]]:
    """Return (least share, least share if used, largest share) by (supplier or None, part)."""
    found: dict[tuple[str | None, str], tuple[float, float, float]] = {}
    for part, supplier, least, most in instance.share_rows:
        if supplier is None:
            found[None, part] = (0.0, float(least or 0), 1.0 if most is None else float(most))
    for part, supplier, least, most in instance.share_rows:
        if supplier is not None:
            _, used, every = found.get((None, part), (0.0, 0.0, 1.0))
            found[supplier, part] = (float(least or 0), used, min(every, 1.0 if most is None else float(most)))
    return found


def _part_table(instance: Sourcing, link: Any, scale: _Scale) -> tuple[Any, Any]:
    periods = len(instance.periods)
    table = _records(len(instance.demand), PART)
    limits = {row[0]: row[1:] for row in instance.part_limit_rows}
    demand = np.zeros(len(instance.demand) * periods, INT)
    counts = np.bincount(link.part[: len(link)], minlength=len(instance.demand)) if link.least.any() else table.first
    ends = np.cumsum(counts)
    for row, (part, amounts) in enumerate(instance.demand.items()):
        demand[row * periods : (row + 1) * periods] = [scale.up(amount) for amount in amounts]
        storage = instance.storage[part]
        least, most, defects, late = limits.get(part, (None, None, None, None))
        table.first[row], table.last[row] = ends[row] - counts[row], ends[row]
        table.storage[row] = NONE if storage is None else min(NONE, scale.down(storage))
        table.least[row], table.most[row] = least or 0, NONE if most is None else most
        table.holding[row] = float(instance.holding_cost[part] / scale.factor)
        table.defects_most[row] = 2.0 if defects is None else float(defects)
        table.late_most[row] = 2.0 if late is None else float(late)
    initial = np.array([scale.down(value) for value in instance.initial.values()], INT)
    sums = np.cumsum(demand.reshape(-1, periods), axis=1)
    table.need = np.maximum(0, sums[:, -1] - initial)
    table.scale = 1.0 / np.maximum(1.0, np.where(sums[:, -1] > 0, sums[:, -1] / periods, float(scale.factor)))
    slot = _records(len(demand), SLOT)
    slot.demand, slot.stock = demand, (initial[:, None] - sums).ravel()
    return table, slot


def _supplier_table(instance: Sourcing, link: Any, ladder_of: dict[LadderKey, int], scale: _Scale) -> Any:
    table = _records(instance.suppliers.rows(), SUPPLIER)
    used = link.least > 0
    link.offer[used] = np.flatnonzero(used)[np.argsort(link.supplier[used], kind="stable")]
    counts = np.bincount(link.supplier[used], minlength=instance.suppliers.rows())
    table.last = np.cumsum(counts)
    table.first = table.last - counts
    required = {s: amount for s, p, amount in instance.required_rows if p is None}
    for row, name in enumerate(instance.suppliers.supplier):
        capacity = instance.capacity[name]
        table.capacity[row] = NONE if capacity is None else min(NONE, scale.down(capacity))
        table.ladder[row] = ladder_of.get((name, None), -1)
        table.required[row] = scale.up(required.get(name, Fraction(0)))
        table.fixed[row] = table.charge[row] = float(instance.fixed_cost[name])
    return table
