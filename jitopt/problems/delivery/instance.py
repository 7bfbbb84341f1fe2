"""Delivery: how often each supplier delivers, alone or on a milk run.

The menu form chooses for each supplier a frequency "B deliveries every A days" from a menu; the
strict cyclic form chooses a base period T and for each part a whole multiple m_i of it (the joint
replenishment problem). Times are in working days, money is per day.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from jitopt.problems.base import Amount, Instance, Plan, Table, exact
from jitopt.problems.delivery.tables import (
    Allowed,
    Clusters,
    Current,
    Docks,
    Frequencies,
    Limits,
    Parts,
    Storage,
    Suppliers,
    Trucks,
    Uses,
)

__all__ = ["Delivery", "DeliveryPlan", "Frequency", "Line", "Rhythm", "Stop"]


class Rhythm(Plan):
    """How often: a supplier's `frequency`, or, in the strict cyclic form, a part `every` m base periods."""

    supplier: str | None = None
    frequency: str | None = None
    part: str | None = None
    every: Annotated[int, Field(ge=1, le=10**9)] | None = None


class DeliveryPlan(Plan):
    """The rhythm of each supplier, or of each part with the base period [days]."""

    deliveries: Annotated[tuple[Rhythm, ...], Field(strict=False)]
    base_period: Annotated[float, Field(gt=0, le=1e12)] | None = None

    def to_rows(self) -> dict[str, list[Any]]:
        """Return supplier and frequency, or part, multiple and period."""
        rows = self.deliveries
        if self.base_period is None:
            return {"supplier": [row.supplier for row in rows], "frequency": [row.frequency for row in rows]}
        return {
            "part": [row.part for row in rows],
            "every": [row.every for row in rows],
            "period": [self.base_period * (row.every or 0) for row in rows],
        }


class Frequency(NamedTuple):
    """An entry of the menu: B = `deliveries` every A = `days`."""

    name: str
    days: int
    deliveries: int

    @property
    def per_day(self) -> Fraction:
        """Deliveries per day, B/A."""
        return Fraction(self.deliveries, self.days)


class Line(NamedTuple):
    """A part with demand, ready to use; the numbers are exact."""

    part: str
    supplier: str
    demand: Fraction
    pack: Fraction
    holding_cost: Fraction
    line_cost: Fraction
    weight: Fraction
    cube: Fraction
    demand_sd: Fraction
    service: Fraction | None
    safety: Fraction
    storage: str | None
    card_cost: Fraction
    lead_time: Fraction


class Stop(NamedTuple):
    """Who comes together: a milk run, or a supplier on its own; only suppliers with demand.

    name: the cluster or supplier. cost: of a delivery. weight, cube: what its truck carries.
    docks: where it is unloaded. lines: what it brings. cards are counted part by part.
    """

    name: str
    suppliers: tuple[str, ...]
    cluster: bool
    cost: Fraction
    weight: Fraction | None
    cube: Fraction | None
    docks: tuple[str, ...]
    lines: tuple[Line, ...]


class Delivery(Instance[DeliveryPlan]):
    """A delivery instance; see the module and its tables for the symbols.

    policy: "menu" or "strict_cyclic". major_cost: of every joint replenishment [S, money, strict
    cyclic form]. current: the frequencies in force.
    """

    plan_type: ClassVar[type[DeliveryPlan]] = DeliveryPlan
    TABLES: ClassVar[tuple[str, ...]] = (
        "suppliers", "clusters", "parts", "frequencies", "allowed", "trucks", "docks", "storage",
        "limits", "uses",
    )  # fmt: skip

    problem: Literal["delivery"] = "delivery"
    policy: Literal["menu", "strict_cyclic"] = "menu"
    major_cost: Amount = 0.0
    suppliers: Suppliers | None = None
    clusters: Clusters | None = None
    parts: Parts
    frequencies: Frequencies | None = None
    allowed: Allowed | None = None
    trucks: Trucks | None = None
    docks: Docks | None = None
    storage: Storage | None = None
    limits: Limits | None = None
    uses: Uses | None = None
    current: Current | None = None

    @property
    def cyclic(self) -> bool:
        """True in the strict cyclic form."""
        return self.policy == "strict_cyclic"

    @cached_property
    def menu(self) -> dict[str, Frequency]:
        """The frequencies by name."""
        table = self.frequencies
        if table is None:
            return {}
        rows = zip(table.frequency, table.days, table.deliveries, strict=True)
        return {name: Frequency(name, days, deliveries) for name, days, deliveries in rows}

    @cached_property
    def choices(self) -> dict[str, frozenset[str]]:
        """The frequencies of each supplier that the table `allowed` restricts."""
        found: dict[str, set[str]] = {}
        if self.allowed:
            for supplier, frequency in zip(self.allowed.supplier, self.allowed.frequency, strict=True):
                found.setdefault(supplier, set()).add(frequency)
        return {supplier: frozenset(names) for supplier, names in found.items()}

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The parts with demand (menu form)."""
        table = self.parts
        if self.suppliers is None or table.supplier is None or table.pack is None:
            return ()
        lead = column(self.suppliers, "lead_time")
        lead_time = dict(zip(self.suppliers.supplier, lead, strict=True))
        names = ("line_cost", "weight", "cube", "demand_sd", "safety", "card_cost")
        numbers = {name: column(table, name) for name in names}
        services, storages = (getattr(table, name) or (None,) * table.rows() for name in ("service", "storage"))
        return tuple(
            Line(
                part=table.part[row],
                supplier=supplier,
                demand=exact(table.demand[row]),
                pack=exact(table.pack[row]),
                holding_cost=exact(table.holding_cost[row]),
                service=None if services[row] is None else exact(services[row]),
                storage=storages[row],
                lead_time=lead_time[supplier],
                **{name: values[row] for name, values in numbers.items()},
            )
            for row, supplier in enumerate(table.supplier)
            if table.demand[row]
        )

    @cached_property
    def stops(self) -> tuple[Stop, ...]:
        """The milk runs, and the suppliers on their own, that bring parts with demand."""
        table = self.suppliers
        if table is None:
            return ()
        lines: dict[str, list[Line]] = {}
        for line in self.lines:
            lines.setdefault(line.supplier, []).append(line)
        rows: dict[str, list[int]] = {}
        for row, supplier in enumerate(table.supplier):
            if supplier in lines:
                rows.setdefault((table.cluster[row] if table.cluster else None) or supplier, []).append(row)
        return tuple(self._stop(name, found, lines) for name, found in rows.items())

    def _stop(self, name: str, rows: list[int], lines: dict[str, list[Line]]) -> Stop:
        table = self.suppliers
        assert table is not None
        suppliers = tuple(table.supplier[row] for row in rows)
        cluster = bool(table.cluster and table.cluster[rows[0]])
        cost, truck = exact(table.delivery_cost[rows[0]]), table.truck[rows[0]] if table.truck else None
        if cluster:
            assert self.clusters is not None
            run = self.clusters.cluster.index(name)
            cost = exact(self.clusters.delivery_cost[run])
            truck = self.clusters.truck[run] if self.clusters.truck else None
        docks = dict.fromkeys(dock for row in rows if (dock := table.dock[row] if table.dock else None) is not None)
        return Stop(
            name=name,
            suppliers=suppliers,
            cluster=cluster,
            cost=cost,
            weight=self._carries("weight", truck),
            cube=self._carries("cube", truck),
            docks=tuple(docks),
            lines=tuple(line for supplier in suppliers for line in lines[supplier]),
        )

    def _carries(self, name: str, truck: str | None) -> Fraction | None:
        if truck is None or self.trucks is None:
            return None
        values = getattr(self.trucks, name)
        value = values[self.trucks.truck.index(truck)] if values else None
        return None if value is None else exact(value)

    @cached_property
    def slots(self) -> dict[str, Fraction]:
        """Deliveries per day that each dock takes."""
        table = self.docks
        return {} if table is None else dict(zip(table.dock, map(exact, table.slots), strict=True))

    @cached_property
    def positions(self) -> dict[str, Fraction]:
        """Positions of each storage."""
        table = self.storage
        return {} if table is None else dict(zip(table.storage, map(exact, table.capacity), strict=True))

    @cached_property
    def free(self) -> dict[str, Fraction]:
        """What of each limit is left to the suppliers; below 0 where others take too much."""
        table = self.limits
        if table is None:
            return {}
        rows = zip(table.limit, map(exact, table.capacity), column(table, "taken"), strict=True)
        return {limit: capacity - taken for limit, capacity, taken in rows}

    @cached_property
    def takes(self) -> dict[tuple[str, str | None], list[tuple[str, Fraction]]]:
        """Limits and amounts that a supplier takes at a frequency (None: at any)."""
        table = self.uses
        found: dict[tuple[str, str | None], list[tuple[str, Fraction]]] = {}
        if table is not None:
            at = table.frequency or (None,) * table.rows()
            for supplier, frequency, limit, amount in zip(table.supplier, at, table.limit, table.amount, strict=True):
                found.setdefault((supplier, frequency), []).append((limit, exact(amount)))
        return found

    def uses_of(self, supplier: str, frequency: str) -> list[tuple[str, Fraction]]:
        """Return what a supplier takes of the limits at a frequency; a limit may come more than once."""
        return [*self.takes.get((supplier, frequency), ()), *self.takes.get((supplier, None), ())]

    @cached_property
    def present(self) -> dict[str, str]:
        """The current frequency of each supplier that has one."""
        if self.current is None:
            return {}
        return dict(zip(self.current.deliveries.supplier, self.current.deliveries.frequency, strict=True))

    def size(self) -> dict[str, int]:
        """Return the counts that say how large the instance is."""
        if self.cyclic:
            return {"cyclic_parts": self.parts.rows()}
        suppliers = sum(len(stop.suppliers) for stop in self.stops)
        return {
            "suppliers": suppliers,
            "parts": len(self.lines),
            "frequencies": len(self.menu),
            "columns": len(self.stops) * len(self.menu),
        }


def column(table: Table, name: str) -> tuple[Fraction, ...]:
    """Return a column of numbers as fractions, 0 where it or an entry is absent."""
    values: tuple[float | None, ...] = getattr(table, name) or (None,) * table.rows()
    return tuple(Fraction(0) if value is None else exact(value) for value in values)
