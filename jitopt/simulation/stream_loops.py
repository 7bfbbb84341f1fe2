"""What goes round, laid out in memory: customers, suppliers, loops with their cards, and who draws from whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jitopt.simulation._kernels.plant_fields as f
from jitopt.problems.base import exact
from jitopt.problems.variates import Distribution
from jitopt.simulation.stream_network import column
from jitopt.simulation.stream_sources import bad_units, chances, counts, lateness, times_of

if TYPE_CHECKING:
    from jitopt.simulation.stream_layout import Layout

__all__ = ["add_controls", "add_customers", "add_links", "add_loops", "add_rings", "add_suppliers", "mark_plain"]

OPEN_ENDED = 1024
"""Bars of a distribution of containers that no cards bound; the last stands for all above."""


def add_customers(layout: Layout) -> None:
    """Lay out who takes from the supermarkets, when and how much."""
    table = layout.stream.demand
    if table is None:
        return
    layout.customers = [layout.add_row(f.CUSTOMER) for _ in table.loop]
    for place, row in enumerate(layout.customers):
        loop = table.loop[place]
        grains = layout.network.grains[loop]
        layout.n[row][f.TAKES] = layout.loops[layout.network.index[loop]]
        layout.n[row][f.UNMET_LOST] = int(column(table, "unmet", "backorder")[place] == "lost")
        kind = column(table, "quantity_distribution", "deterministic")[place]
        cv = column(table, "quantity_cv", 1.0)[place]
        varies = kind != "deterministic"
        layout.n[row][f.ORDER_SIZE] = grains if varies else int(exact(table.quantity[place]) * grains)
        sizes = counts(Distribution(kind, table.quantity[place], cv)) if varies else None
        layout.add_source(row, f.SIZE_SOURCE, (9, place), sizes)
        interval = table.interval[place]
        layout.x[row][f.INTERVAL] = interval
        source = layout.add_source(row, f.INTERVAL_SOURCE, (8, place), times_of(table, place, "", interval))
        offset = column(table, "offset", None)[place]
        if interval == 0:
            layout.n[layout.n[row][f.TAKES]][f.SINK] = 1
        elif offset is not None:
            layout.first.append((row, -1, offset))
        else:
            layout.first.append((row, source, 0.0 if source >= 0 else interval))


def add_suppliers(layout: Layout) -> None:
    """Lay out the deliveries, with what each of them brings."""
    table = layout.stream.suppliers
    if table is None:
        return
    for place, name in enumerate(table.supplier):
        row = layout.trucks[name] = layout.add_row(f.TRUCKS)
        every = table.days[place] * layout.stream.day / table.deliveries[place]
        layout.n[row][f.DELAY] = table.delay[place]
        suppliers = column(layout.stream.loops, "supplier", None)
        layout.add_list(row, f.LOADS, [layout.loops[i] for i, other in enumerate(suppliers) if other == name])
        share, mean = column(table, "late", 0.0)[place], column(table, "late_time", 0.0)[place]
        shape = Distribution(
            column(table, "late_distribution", "exponential")[place], mean, column(table, "late_cv", 1.0)[place]
        )
        sample = lateness(share, shape) if share > 0 and mean > 0 else None
        source = layout.add_source(row, f.LATE_SOURCE, (10, place), sample)
        offset = column(table, "offset", None)[place]
        start = every if offset is None else offset
        layout.write(row, {}, {f.EVERY: every, f.SCHEDULED: start})
        layout.first.append((row, source, start))


def add_loops(layout: Layout) -> None:
    """Lay out the loops: sizes, cards and stock at the start, what they do on the way."""
    table, network = layout.stream.loops, layout.network
    for i, row in enumerate(layout.loops):
        name = table.loop[i]
        steps = layout.steps.get(name, [])
        supplier = column(table, "supplier", None)[i]
        layout.write(row, {f.SIZE: network.size[name], f.GRAINS: network.grains[name], f.LEVEL: network.start[name]})
        layout.write(
            row, {f.FIRST_OPERATION: steps[0] if steps else -1, f.WAITING: -1, f.WAITING_LAST: -1, f.MISSED: -1}
        )
        layout.write(row, {f.ON_ORDER: -1, f.ON_ORDER_LAST: -1, f.CARDED: int(name in network.carded)})
        layout.write(row, {f.OPEN: int(name in network.free), f.LOT: column(table, "lot", 1)[i]})
        layout.write(row, {f.TRUCK: -1 if supplier is None else layout.trucks[supplier]})
        layout.n[row][f.FIRST_PIECE] = int(column(table, "signal", "first_piece")[i] == "first_piece")
        layout.n[row][f.USED] = -layout.n[row][f.LEVEL] % layout.n[row][f.SIZE]
        layout.n[row][f.SHELF] = layout.n[row][f.PEAK] = -(-layout.n[row][f.LEVEL] // layout.n[row][f.SIZE])
        if name in network.carded:
            full = layout.n[row][f.LEVEL] // layout.n[row][f.SIZE]
            on_stock = full if layout.n[row][f.FIRST_PIECE] else layout.n[row][f.SHELF]
            cards = table.cards[i] - on_stock
            layout.n[row][f.AUTHORISED] = cards - cards % layout.n[row][f.LOT]
            layout.n[row][f.BOARD] = cards % layout.n[row][f.LOT]
        bounded = max(table.cards[i], layout.n[row][f.SHELF]) + 2
        count = bounded if name in network.carded else max(bounded, OPEN_ENDED)
        layout.write(row, {f.STOCK_BARS: layout.add_room(count), f.STOCK_BARS_COUNT: count})
        layout.write(row, {f.WIP_BARS: layout.add_room(count), f.WIP_BARS_COUNT: count})
        layout.x[row][f.UNIT] = 1.0 / network.grains[name]
        _conveyance(layout, i, row)


def _conveyance(layout: Layout, i: int, row: int) -> None:
    table = layout.stream.loops
    layout.x[row][f.CONVEYANCE] = column(table, "conveyance", 0.0)[i]
    layout.x[row][f.DEPARTURE] = column(table, "departure", 0.0)[i]
    layout.x[row][f.CARD_TIME] = column(table, "card_time", 0.0)[i]
    layout.x[row][f.LOST_SHARE] = column(table, "lost_cards", 0.0)[i]
    layout.x[row][f.TARGET] = -1.0
    bad = column(table, "scrap", 0.0)[i]
    layout.add_source(row, f.CONVEYANCE_SOURCE, (11, i), times_of(table, i, "conveyance", layout.x[row][f.CONVEYANCE]))
    units = layout.network.units(table.loop[i])
    layout.add_source(row, f.SCRAP_SOURCE, (12, i), bad_units(units, bad) if bad > 0 else None)
    layout.add_source(row, f.LOST_SOURCE, (13, i), chances() if layout.x[row][f.LOST_SHARE] > 0 else None)


def add_controls(layout: Layout) -> None:
    """Lay out the cards that go over several loops."""
    entries: dict[str, list[int]] = {}
    exits: dict[str, list[int]] = {}
    spans: dict[str, list[tuple[int, float]]] = {}
    for control in layout.network.controls:
        row = layout.add_row(f.CONTROL_ROW)
        layout.controls.append(row)
        layout.write(row, {f.FREE: control.free, f.ENTRY: layout.loops[layout.network.index[control.entry]]})
        entries.setdefault(control.entry, []).append(row)
        exits.setdefault(control.exit, []).append(row)
        for name, share in control.weights.items():
            spans.setdefault(name, []).append((row, share / layout.network.grains[name]))
    for name, row in zip(layout.stream.loops.loop, layout.loops, strict=True):
        layout.add_list(row, f.ENTRIES, entries.get(name, []))
        layout.add_list(row, f.EXITS, exits.get(name, []))
        found = spans.get(name, [])
        layout.add_list(row, f.SPANS, [control for control, _ in found], [share for _, share in found])


def add_links(layout: Layout) -> None:
    """Lay out who draws from whom, and the order of an MRP run."""
    network = layout.network
    for name, row in zip(layout.stream.loops.loop, layout.loops, strict=True):
        entries: list[int] = []
        amounts: list[float] = []
        for other, need in network.needs[name]:
            entries += [layout.loops[network.index[other]], need]
            amounts += [need / network.size[name], 0.0]
        layout.add_list(row, f.INPUTS, entries, amounts)
        layout.add_list(row, f.USERS, [layout.loops[network.index[user]] for user in network.users[name]])
        given = [(layout.loops[network.index[other]], amount) for other, amount in network.gives[name]]
        layout.add_list(row, f.OUTPUTS, [value for pair in given for value in pair])
        truck = layout.n[row][f.TRUCK]
        if truck >= 0:
            layout.n[row][f.DUE_DELIVERIES] = layout.add_room(layout.n[truck][f.DELAY])
    order = [layout.loops[network.index[name]] for name in network.order]
    layout.add_list(0, f.PLAN_FIRST, order)


def mark_plain(layout: Layout) -> None:
    """Mark the loops whose cards and containers do nothing out of the ordinary, for the short ways."""
    for row in layout.loops:
        n, x = layout.n[row], layout.x[row]
        own = n[f.CARDED] == 1 and n[f.EXITS] == n[f.EXITS_END] and n[f.COLLECTED] == 0 and n[f.LOT] == 1
        n[f.PLAIN_CARDS] = int(own and x[f.LOST_SHARE] == x[f.CARD_TIME] == 0)
        n[f.PLAIN_MOVE] = int(n[f.CONVEYANCE_SOURCE] < 0 and x[f.CONVEYANCE] == x[f.DEPARTURE] == 0)


def add_rings(layout: Layout) -> None:
    """Lay out the lists of what is to be looked at before time passes."""
    for first, rows in ((f.TODO, len(layout.loops)), (f.FEED, len(layout.stations))):
        address = layout.add_room(rows + 1)
        layout.write(0, {first: address, first + 1: address + rows + 1, first + 2: address, first + 3: address})
