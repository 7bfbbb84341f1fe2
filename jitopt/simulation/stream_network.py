"""What flows between the loops of a value stream: grains, needs, controls, targets of an MRP."""

from __future__ import annotations

import math
from fractions import Fraction
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.problems.base import exact

if TYPE_CHECKING:
    from jitopt.simulation.stream import ValueStream

__all__ = ["Control", "Network", "column"]


class Control(NamedTuple):
    """Cards over several loops.

    free: at the start. weights: cards that a unit of a loop in the span holds.
    """

    entry: str
    exit: str
    free: int
    weights: dict[str, float]


class Network:
    """Stocks and flows of a stream, exactly.

    index: place of a loop. grains: of a unit. size, start: of a full container and of the stock at the
    start [grains]. needs: (source, grains) a container takes. gives: (co-product, grains) a container gives. users: who
    draws from a supermarket. order: from the customers back. carded: loops whose cards authorise.
    free: loops that need no authorisation. targets: echelon stocks of MRP [grains].
    """

    names: tuple[str, ...]
    index: dict[str, int]
    quantity: dict[str, Fraction]
    users: dict[str, list[str]]
    outputs: list[tuple[Any, Any, Fraction]]
    order: list[str]
    cycle: float
    grains: dict[str, int]
    size: dict[str, int]
    start: dict[str, int]
    needs: dict[str, list[tuple[str, int]]]
    controls: list[Control]
    targets: dict[str, float]
    carded: set[str]

    def __init__(self, stream: ValueStream) -> None:
        self.stream = stream
        self.names = stream.loops.loop
        self.index = {name: place for place, name in enumerate(self.names)}
        self.quantity = {name: exact(value) for name, value in zip(self.names, stream.loops.quantity, strict=True)}
        self.ratios: dict[str, dict[str, Fraction]] = {name: {} for name in self.names}
        for loop, source, ratio in rows_of(stream.bill, "loop", "source", "quantity"):
            self.ratios[loop][source] = exact(ratio)
        self.users = {name: [user for user in self.names if name in self.ratios[user]] for name in self.names}
        self.outputs = [
            (loop, other, exact(ratio)) for loop, other, ratio in rows_of(stream.outputs, "loop", "output", "quantity")
        ]
        self.order = self._order()
        self.cycle = stream.cycle or stream.day
        self.calendars: dict[str, list[tuple[float, float]]] = {}
        for name, start, end in rows_of(stream.shifts, "calendar", "start", "end"):
            self.calendars.setdefault(name, []).append((start, end))
        self._release()
        initial = self._initial()
        self.grains = {name: self._grains(name, initial[name]) for name in self.names}
        self.size = {name: int(self.quantity[name] * self.grains[name]) for name in self.names}
        self.start = {name: int(initial[name] * self.grains[name]) for name in self.names}
        self.needs = {
            name: [
                (source, int(ratio * self.quantity[name] * self.grains[source]))
                for source, ratio in self.ratios[name].items()
            ]
            for name in self.names
        }
        self.gives: dict[str, list[tuple[str, int]]] = {name: [] for name in self.names}
        for loop, other, ratio in self.outputs:
            self.gives[loop].append((other, int(ratio * self.quantity[loop] * self.grains[other])))
        self.controls = [self._control(place, initial) for place in range(len(self.spans))]
        self.targets = self._targets() if stream.release == "push" else {}

    def units(self, loop: str) -> int:
        """Return the whole units of a full container, at least 1."""
        return max(1, int(self.quantity[loop]))

    def _order(self) -> list[str]:
        """Return the loops from the customers back."""
        graph: dict[str, set[str]] = {name: set(self.users[name]) for name in self.names}
        for loop, other, _ in self.outputs:
            graph[loop].add(other)
        return list(TopologicalSorter(graph).static_order())

    def _release(self) -> None:
        """Tell which loops are authorised by their cards, which by others, and which by nothing."""
        stream = self.stream
        made = {name for name, kind in zip(self.names, stream.loops.kind, strict=True) if kind != "co_product"}
        self.free: set[str] = set()
        self.spans: list[tuple[str, str, int, dict[str, Fraction]]] = []
        if stream.release in ("conwip", "hybrid") and stream.conwip is not None:
            for entry, leave, cards in zip(stream.conwip.entry, stream.conwip.exit, stream.conwip.cards, strict=True):
                self.spans.append((entry, leave, cards, self._span(entry, leave)))
        if stream.release == "push":
            planned = set(stream.planning.loop if stream.planning else ())
            planned |= set(stream.schedule.loop if stream.schedule else ())
            self.free = {name for name in made if self.ratios[name] and name not in planned}
            self.carded = made - self.free - planned
        else:
            spanned = {name for *_, span in self.spans for name in span}
            self.free = spanned if stream.release == "conwip" else set()
            self.carded = made - self.free

    def _span(self, entry: str, leave: str) -> dict[str, Fraction]:
        """Return the loops from an entry to an exit, with the units of each in a unit of the exit."""
        below = {entry}
        for name in reversed(self.order):
            if below & set(self.ratios[name]):
                below.add(name)
        need = {leave: Fraction(1)}
        for name in self.order:
            for source, ratio in self.ratios[name].items():
                if name in need and source in below:
                    need[source] = need.get(source, Fraction(0)) + need[name] * ratio
        return {name: value for name, value in need.items() if name in below}

    def _initial(self) -> dict[str, Fraction]:
        """Return the stock of each supermarket at the start [units]."""
        table = self.stream.loops
        given = column(table, "initial", None)
        exits: dict[str, int] = {}
        if self.stream.release == "conwip":
            for _, leave, cards, _ in self.spans:
                exits[leave] = min(cards, exits.get(leave, cards))
        found = {}
        for place, name in enumerate(self.names):
            full = 0 if name in self.free and self.stream.release == "conwip" else table.cards[place]
            full = 0 if table.kind[place] == "co_product" else exits.get(name, full)
            found[name] = self.quantity[name] * full if given[place] is None else exact(given[place])
        return found

    def _grains(self, name: str, initial: Fraction) -> int:
        """Return into how many grains a unit is divided, so that everything is whole."""
        amounts = [self.quantity[name], initial]
        amounts += [self.ratios[user][name] * self.quantity[user] for user in self.users[name]]
        amounts += [ratio * self.quantity[loop] for loop, other, ratio in self.outputs if other == name]
        demand = self.stream.demand
        if demand is not None:
            shapes = column(demand, "quantity_distribution", "deterministic")
            rows = zip(demand.loop, demand.quantity, shapes, strict=True)
            amounts += [exact(value) for loop, value, kind in rows if loop == name and kind == "deterministic"]
        return math.lcm(*(amount.denominator for amount in amounts))

    def _control(self, place: int, initial: dict[str, Fraction]) -> Control:
        entry, leave, cards, span = self.spans[place]
        held = sum((initial[name] / units for name, units in span.items()), Fraction(0)) / self.quantity[leave]
        weights = {name: float(1 / (units * self.quantity[leave])) for name, units in span.items()}
        return Control(entry, leave, cards - math.ceil(held), weights)

    def rates(self) -> dict[str, float]:
        """Return what the demand needs of each loop [units per minute]."""
        found = dict.fromkeys(self.names, 0.0)
        demand = self.stream.demand
        if demand is not None:
            calendars = column(demand, "calendar", None)
            for place, loop in enumerate(demand.loop):
                if demand.interval[place] > 0:
                    spans = self.calendars.get(calendars[place], [(0.0, self.cycle)])
                    share = sum(end - start for start, end in spans) / self.cycle
                    found[loop] += demand.quantity[place] / demand.interval[place] * share
        for name in self.order:
            for source, ratio in self.ratios[name].items():
                found[source] += found[name] * float(ratio)
        return found

    def _targets(self) -> dict[str, float]:
        """Return the echelon stock each planned loop is ordered up to [grains]."""
        table = self.stream.planning
        if table is None:
            return {}
        place = {name: row for row, name in enumerate(table.loop)}
        forecast, safety = column(table, "forecast", None), column(table, "safety", 0.0)
        rates = self.rates()
        every = self.stream.planning_interval or self.stream.day
        ahead: dict[str, float] = {}
        kept: dict[str, float] = {}
        for name in self.order:
            row = place.get(name)
            users = self.users[name]
            ahead[name] = max((ahead[user] for user in users), default=0.0)
            kept[name] = sum(kept[user] * float(self.ratios[user][name]) for user in users)
            if row is not None:
                ahead[name] += table.lead_time[row]
                kept[name] += safety[row]
                if forecast[row] is not None:
                    rates[name] = forecast[row] / self.stream.day
        return {name: (rates[name] * (ahead[name] + every) + kept[name]) * self.grains[name] for name in place}


def column(table: Any, name: str, default: Any) -> list[Any]:
    """Return a column, with the default where nothing is written."""
    values = getattr(table, name, None)
    if values is None:
        return [default] * table.rows()
    return [default if value is None else value for value in values]


def rows_of(table: Any, *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table row by row; none where there is no table."""
    return [] if table is None else list(zip(*(getattr(table, name) for name in names), strict=True))
