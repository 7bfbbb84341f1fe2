"""Delivery plans evaluated straight from the definitions; see `jitopt.testing.naive`.

Cards and cycles are counted up, not computed by a formula: C is raised until C intervals cover the
lead time, N until N containers cover the need. The quantile of the normal distribution comes from
numerical integration in decimals, by halving.
"""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jitopt.testing._definitions import NaiveEvaluation, number

if TYPE_CHECKING:
    from jitopt.testing._definitions import Broken

__all__ = ["evaluate"]

Data = dict[str, Any]


def evaluate(data: Data, plan: Data) -> NaiveEvaluation:
    """Evaluate a plan (as plain data) of a delivery instance (as plain data)."""
    if data.get("policy") == "strict_cyclic":
        return _cyclic(data, plan)
    suppliers = _records(data["suppliers"])
    parts = [part for part in _records(data["parts"]) if part["demand"] > 0]
    needed = {part["supplier"] for part in parts}
    menu = {row["frequency"]: row for row in _records(data["frequencies"])}
    chosen: dict[str, str] = {}
    for row in plan["deliveries"]:
        name, frequency = row.get("supplier"), row.get("frequency")
        if name not in needed or frequency not in menu or name in chosen:
            return NaiveEvaluation(None)
        chosen[name] = frequency
    runs: dict[str, set[str]] = {}
    for supplier in suppliers:
        name = supplier["supplier"]
        if name in needed:
            if name not in chosen:
                return NaiveEvaluation(None)
            if supplier.get("cluster") is not None:
                runs.setdefault(supplier["cluster"], set()).add(chosen[name])
    if any(len(frequencies) > 1 for frequencies in runs.values()):
        return NaiveEvaluation(None)
    active = [supplier for supplier in suppliers if supplier["supplier"] in needed]
    world = _World(data, active, parts, {name: menu[frequency] for name, frequency in chosen.items()}, chosen)
    return NaiveEvaluation(world.terms(), world.broken())


def _records(table: Data | None) -> list[Data]:
    if table is None:
        return []
    rows = len(next(iter(table.values())))
    return [{name: values[row] for name, values in table.items()} for row in range(rows)]


def _of(record: Data, name: str) -> Fraction:
    value = record.get(name)
    return Fraction(0) if value is None else number(value)


class _World:
    """Everything a plan in the menu form means, looked up by loops."""

    def __init__(self, data: Data, suppliers: list[Data], parts: list[Data], rhythm: Data, chosen: Data) -> None:
        self.data, self.suppliers, self.parts, self.rhythm, self.chosen = data, suppliers, parts, rhythm, chosen

    def per_day(self, supplier: str) -> Fraction:
        """Deliveries of a supplier per day."""
        row = self.rhythm[supplier]
        return Fraction(int(row["deliveries"]), int(row["days"]))

    def interval(self, supplier: str) -> Fraction:
        """Days between two deliveries."""
        return 1 / self.per_day(supplier)

    def covered(self, part: Data) -> Fraction:
        """Days that the cards of a part must cover."""
        supplier = next(s for s in self.suppliers if s["supplier"] == part["supplier"])
        interval, later = self.interval(part["supplier"]), 0
        while later * interval < _of(supplier, "lead_time"):
            later += 1
        return interval + later * interval

    def uneven(self, part: Data) -> Fraction:
        """Safety stock against uneven demand."""
        if part.get("service") is None or part["service"] == 0.5:
            return Fraction(0)
        with localcontext() as context:
            context.prec = 40
            square = _of(part, "demand_sd") ** 2 * self.covered(part)
            root = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
            return Fraction(_quantile(str(part["service"])) * root)

    def cards(self, part: Data) -> int:
        """Cards of a part: as many containers as it takes to cover the need."""
        need = number(part["demand"]) * (self.covered(part) + _of(part, "safety")) + self.uneven(part)
        pack = number(part["pack"])
        count = max(0, int(need / pack) - 2)
        while count * pack < need:
            count += 1
        return count

    def stops(self) -> dict[tuple[str, str], list[str]]:
        """Suppliers that come together, by kind and name."""
        found: dict[tuple[str, str], list[str]] = {}
        for supplier in self.suppliers:
            cluster = supplier.get("cluster")
            key = ("supplier", supplier["supplier"]) if cluster is None else ("cluster", cluster)
            found.setdefault(key, []).append(supplier["supplier"])
        return found

    def holder(self, kind: str, name: str) -> Data:
        """Return the row of a cluster or supplier."""
        return next(row for row in _records(self.data[f"{kind}s"]) if row[kind] == name)

    def terms(self) -> dict[str, Fraction]:
        """Return every term of the objective."""
        found = dict.fromkeys(("delivery", "holding", "lines", "cards", "change"), Fraction(0))
        for (kind, name), members in self.stops().items():
            found["delivery"] += number(self.holder(kind, name)["delivery_cost"]) * self.per_day(members[0])
        for part in self.parts:
            demand, supplier = number(part["demand"]), part["supplier"]
            stock = demand * self.interval(supplier) / 2 + demand * _of(part, "safety") + self.uneven(part)
            found["holding"] += number(part["holding_cost"]) * stock
            found["lines"] += _of(part, "line_cost") * self.per_day(supplier)
            found["cards"] += _of(part, "card_cost") * self.cards(part)
        found["change"] = number((self.data.get("current") or {}).get("price", 0)) * self.changed()
        return found

    def changed(self) -> int:
        """Count suppliers with another frequency than today."""
        current = (self.data.get("current") or {}).get("deliveries")
        return sum(self.chosen.get(row["supplier"], row["frequency"]) != row["frequency"] for row in _records(current))

    def broken(self) -> Broken:
        """Return the amount by which each rule is broken."""
        found: Broken = {}
        for supplier in self.suppliers:
            name = supplier["supplier"]
            rows = [row["frequency"] for row in _records(self.data.get("allowed")) if row["supplier"] == name]
            if rows and self.chosen[name] not in rows:
                found["menu", (name,)] = Fraction(1)
        self._trucks(found)
        self._docks(found)
        for place in _records(self.data.get("storage")):
            taken = sum(self.cards(part) for part in self.parts if part.get("storage") == place["storage"])
            _note(found, ("storage", (place["storage"],)), Fraction(taken), number(place["capacity"]))
        for limit in _records(self.data.get("limits")):
            load = _of(limit, "taken")
            for use in _records(self.data.get("uses")):
                at = self.chosen.get(use["supplier"])
                if use["limit"] == limit["limit"] and at is not None and use.get("frequency") in (None, at):
                    load += number(use["amount"])
            _note(found, ("limit", (limit["limit"],)), load, number(limit["capacity"]))
        cap = (self.data.get("current") or {}).get("at_most")
        if cap is not None:
            _note(found, ("change", ()), Fraction(self.changed()), Fraction(cap))
        return found

    def _trucks(self, found: Broken) -> None:
        for (kind, name), members in self.stops().items():
            truck = self.holder(kind, name).get("truck")
            if truck is None:
                continue
            limits = next(row for row in _records(self.data["trucks"]) if row["truck"] == truck)
            for measure in ("weight", "cube"):
                load = Fraction(0)
                for part in self.parts:
                    if part["supplier"] in members:
                        load += number(part["demand"]) * self.interval(part["supplier"]) * _of(part, measure)
                if limits.get(measure) is not None:
                    _note(found, (f"truck_{measure}", (name,)), load, number(limits[measure]))

    def _docks(self, found: Broken) -> None:
        for dock in _records(self.data.get("docks")):
            load = Fraction(0)
            for members in self.stops().values():
                visited = [s for s in self.suppliers if s["supplier"] in members and s.get("dock") == dock["dock"]]
                if visited:
                    load += self.per_day(members[0])
            _note(found, ("dock", (dock["dock"],)), load, number(dock["slots"]))


def _note(found: Broken, key: tuple[str, tuple[str, ...]], load: Fraction, limit: Fraction) -> None:
    if load > limit:
        found[key] = load - limit


@lru_cache(maxsize=64)
def _quantile(service: str) -> Decimal:
    """Return z with P(Z <= z) = service, by halving on the Taylor series of the error function."""
    with localcontext() as context:
        context.prec = 60
        low, high = Decimal(0), Decimal(12)
        for _ in range(150):
            middle = (low + high) / 2
            low, high = (middle, high) if _below(middle) < Decimal(service) else (low, middle)
        return low


def _below(z: Decimal) -> Decimal:
    """Return P(Z <= z) = 1/2 + sum of (-1)^k z^(2k+1) / (k! 2^k (2k+1)) / sqrt(2 pi)."""
    total, power, k = z, z, 0
    while abs(power) > Decimal(10) ** -55:
        k += 1
        power *= -z * z / (2 * k)
        total += power / (2 * k + 1)
    return Decimal("0.5") + total / (2 * _pi()).sqrt()


@lru_cache(maxsize=1)
def _pi() -> Decimal:
    """Return pi by Machin's formula, 16 arctan(1/5) - 4 arctan(1/239)."""

    def arctan(x: int) -> Decimal:
        total = term = Decimal(1) / x
        k = 1
        while abs(term) > Decimal(10) ** -(getcontext().prec + 2):
            term /= -x * x
            k += 2
            total += term / k
        return total

    return 16 * arctan(5) - 4 * arctan(239)


def _cyclic(data: Data, plan: Data) -> NaiveEvaluation:
    """Evaluate the strict cyclic form: what a replenishment and a day cost, part by part."""
    parts = _records(data["parts"])
    period = plan.get("base_period")
    every = {row.get("part"): row.get("every") for row in plan["deliveries"]}
    if period is None or len(every) != len(plan["deliveries"]) or None in every.values():
        return NaiveEvaluation(None)
    if set(every) != {part["part"] for part in parts}:
        return NaiveEvaluation(None)
    base = number(period)
    ordering, holding = number(data["major_cost"]) / base, Fraction(0)
    broken: Broken = {}
    for part in parts:
        wait = every[part["part"]] * base
        ordering += number(part["minor_cost"]) / wait
        holding += number(part["holding_cost"]) * number(part["demand"]) * wait / 2
    for part, asked in zip(parts, data["parts"].get("every") or [None] * len(parts), strict=True):
        if asked is not None and every[part["part"]] != asked:
            broken["every", (part["part"],)] = Fraction(abs(every[part["part"]] - asked))
    return NaiveEvaluation({"ordering": ordering, "holding": holding}, broken)
