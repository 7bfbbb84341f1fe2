"""From a sourcing instance to the tables and the grid that its search works on."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._sourcing_grid import Grid, Scale, scale_of
from jitopt.heuristics._sourcing_links import (
    Breaks,
    LadderKey,
    ladders_of,
    least_order,
    needs_of,
    order_limits,
    reach_of,
    reach_through,
    usable,
    watched,
)
from jitopt.heuristics._sourcing_world import (
    CELL,
    INT,
    LINK,
    NONE,
    PAD,
    PART,
    RUNG,
    SLOT,
    SUPPLIER,
    TOP,
    World,
    records,
)
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from jitopt.problems.sourcing import Sourcing
    from jitopt.problems.sourcing.instance import Link

__all__ = ["flatten"]

TOKEN = Fraction(1, 10**8)
"""Least part of a part's need worth an order (where nothing else is said, on a grid that fine)."""


def flatten(
    instance: Sourcing, links: Collection[Link] | None = None, stopped: Callable[[], bool] = lambda: False
) -> tuple[World, Grid] | None:
    """Return the instance as arrays with an empty plan, None if a required link can never be used.

    links: those to be used, None for all. stopped: asked now and then; `Stopped` is raised if it says so.
    """
    needs = needs_of(instance)
    ladders = ladders_of(instance, needs)
    reach = reach_of(instance, ladders)
    links, lost = usable(instance, watched(links or instance.links.values(), stopped), needs, reach)
    if lost:
        return None
    scale = scale_of(instance, links, reach, needs)
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


def _tables(
    instance: Sourcing,
    links: list[Link],
    ladders: Breaks,
    reach: dict[LadderKey, Fraction],
    scale: Scale,
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
        cell=records(count * periods, CELL),
        slot=slot,
        load=np.zeros(len(suppliers) * periods, INT),
        pad=records(max(count, len(parts), len(suppliers), periods), PAD),
    )


def _top(instance: Sourcing, links: int, slot: Any, scale: Scale) -> Any:
    top = records(1, TOP)
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


def _rung_table(ladders: Breaks, scale: Scale) -> tuple[Any, dict[LadderKey, int]]:
    rows: list[tuple[int, int, int, float]] = []
    first: dict[LadderKey, int] = {}
    for key, (kind, breaks) in ladders.items():
        first[key] = len(rows)
        last = len(rows) + len(breaks)
        rows += [(scale.up(start), last, int(kind == "incremental"), float(factor)) for start, factor in breaks]
    table = records(len(rows), RUNG)
    for row, values in enumerate(rows):
        table[row] = values
    return table, first


def _link_table(
    instance: Sourcing,
    links: list[Link],
    rows: Iterable[Link],
    index: tuple[dict[str, int], dict[str, int], dict[LadderKey, int]],
    reach: dict[LadderKey, Fraction],
    scale: Scale,
) -> Any:
    suppliers, parts, ladder_of = index
    table = records(len(links), LINK)
    shares = _shares(instance)
    defect_cost, late_cost = exact(instance.defect_cost), exact(instance.late_cost)
    switch = exact(instance.current.price) if instance.current else Fraction(0)
    demands = {part: sum(row, Fraction(0)) for part, row in instance.demand.items()}
    token = {part: (need or 1) * TOKEN for part, need in needs_of(instance).items()}
    tokens = {part: max(1, scale.up(value)) for part, value in token.items()}
    required = {(s, p): amount for s, p, amount in instance.required_rows}
    everyone, pulled = bool(instance.suppliers_at_least), {row[0] for row in instance.part_limit_rows if row[1]}
    for row, link in enumerate(rows):
        key = (link.supplier, link.part)
        step = 1 if link.multiple is None else max(1, scale.near(link.multiple))
        if link.multiple:
            least = step * int(least_order(link) / link.multiple)
        else:
            least = scale.up(link.minimum) if link.minimum > token[link.part] else tokens[link.part]
            if everyone or link.part in pulled:
                least = max(least, scale.up(instance.smallest_use[key]))
        largest = demands[link.part] + reach_through(reach, link) + link.minimum + (link.multiple or 0) + 1
        if link.part in instance.ratio_sizes:
            largest = max(largest, instance.ratio_sizes[link.part].limit)
        capacity = scale.down(min([largest, *order_limits(instance, link)]))
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


def _part_table(instance: Sourcing, link: Any, scale: Scale) -> tuple[Any, Any]:
    periods = len(instance.periods)
    table = records(len(instance.demand), PART)
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
    slot = records(len(demand), SLOT)
    slot.demand, slot.stock = demand, (initial[:, None] - sums).ravel()
    return table, slot


def _supplier_table(instance: Sourcing, link: Any, ladder_of: dict[LadderKey, int], scale: Scale) -> Any:
    table = records(instance.suppliers.rows(), SUPPLIER)
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
