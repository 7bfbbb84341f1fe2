"""What is in the way of a plan: the limit that is too small, what it has, what it would need, for what.

The needs are the least that any choice leaves: each supplier comes as suits the one limit best,
each loop takes the container that suits it best. So a limit below them is too small by itself; one
above them clashes with others, and the cheapest way out says which gives way.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.planning.racks import limit_needs
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.planning.chain import Outcome, PlantPlan

__all__ = ["Obstacle", "obstacles"]


@dataclass(frozen=True)
class Obstacle:
    """A limit that the cheapest way out of a step moves.

    step: without a plan. kind: "rack", "dock" or "limit". name: id. available, needed: in `unit`,
    needed at least. asked: by how much the way out moves it. head: columns of `rows`, what needs
    it, most first.
    """

    step: str
    kind: str
    name: str
    available: Fraction
    needed: Fraction
    asked: float
    unit: str
    head: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def short(self) -> Fraction:
        """By how much the limit is too small by itself, 0 where it is not."""
        return max(Fraction(0), self.needed - self.available)

    @property
    def remark(self) -> str:
        """What the count leaves out, "" where it tells all."""
        if not self.short:
            return "They would fit, but other limits stand in the way of these choices."
        if self.asked > self.short:
            return "Other limits stand in the way of these choices, so the way out asks for more."
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Return the obstacle as plain data."""
        return {
            "step": self.step,
            "kind": self.kind,
            "name": self.name,
            "available": float(self.available),
            "needed_at_least": float(self.needed),
            "unit": self.unit,
            "needs": [dict(zip(self.head, row, strict=True)) for row in self.rows],
        }


def obstacles(plan: PlantPlan) -> list[Obstacle]:
    """Return the limits that stand in the way of the steps without a plan; other rules tell enough by themselves."""
    found = []
    for outcome in plan.outcomes:
        if outcome.result.plan is None:
            for rule, name, asked in _limits_of(outcome):
                obstacle = _obstacle(plan, outcome, rule, name, asked)
                if obstacle is not None:
                    found.append(obstacle)
    return found


def _limits_of(outcome: Outcome) -> Iterator[tuple[str, str, float]]:
    for reason in outcome.result.reasons:
        for member in reason.get("members", ()):
            yield reason["rule"], member, reason.get("short_by") or 0.0


def _obstacle(plan: PlantPlan, outcome: Outcome, rule: str, name: str, asked: float) -> Obstacle | None:
    kind = (outcome.problem, rule)
    if kind == ("delivery", "limit"):
        return _of_deliveries(plan, outcome, name, asked)
    if kind == ("delivery", "dock"):
        return _dock(outcome, name, asked)
    return _shared(outcome, name, asked) if kind == ("kanban", "limit") else None


def _of_deliveries(plan: PlantPlan, outcome: Outcome, limit: str, asked: float) -> Obstacle | None:
    """Count what each part takes of a limit when its supplier comes as suits this limit best."""
    instance: Any = outcome.instance
    table = instance.limits
    if table is None or limit not in table.limit:
        return None
    found = limit_needs(plan.plant, plan.analysis, plan.decisions, limit)
    needed = sum((need.amount for need in found), Fraction(0))
    rows = tuple((need.part, need.supplier, need.frequency, _plain(need.amount)) for need in found)
    kind, name, unit = _told(limit)
    head = ("part", "supplier", "frequency", unit or "takes")
    available = exact(table.capacity[table.limit.index(limit)])
    return Obstacle(outcome.name, kind, name, available, needed, asked, unit, head, rows)


def _plain(value: Fraction) -> float:
    return int(value) if value.denominator == 1 else float(value)


def _told(limit: str) -> tuple[str, str, str]:
    """Return kind, name and unit of a limit of the kanban step."""
    rack = limit.removeprefix("rack ")
    return ("rack", rack, "positions") if rack != limit else ("limit", limit, "")


def _dock(outcome: Outcome, dock: str, asked: float) -> Obstacle:
    """Count the deliveries of a day when each truck comes as seldom as its suppliers may."""
    instance: Any = outcome.instance
    rows: list[tuple[Any, ...]] = []
    for stop in instance.stops:
        if dock not in stop.docks:
            continue
        menus = [instance.choices.get(supplier, frozenset(instance.menu)) for supplier in stop.suppliers]
        names = frozenset(instance.menu).intersection(*menus) or frozenset(instance.menu)
        least = min((row for row in instance.menu.values() if row.name in names), key=lambda row: row.per_day)
        rows.append((stop.name, ", ".join(stop.suppliers), least.name, least.per_day))
    rows.sort(key=lambda row: (-row[-1], row[0]))
    needed = sum((row[-1] for row in rows), Fraction(0))
    told = tuple((*row[:-1], _plain(row[-1])) for row in rows)
    head = ("truck of", "suppliers", "frequency", "deliveries a day")
    return Obstacle(outcome.name, "dock", dock, instance.slots[dock], needed, asked, "deliveries a day", head, told)


def _shared(outcome: Outcome, limit: str, asked: float) -> Obstacle:
    """Count what each loop takes of a limit with its least cards, in the container that takes least."""
    instance: Any = outcome.instance
    rows: list[tuple[Any, ...]] = []
    for row, loop in enumerate(instance.loops.loop):
        options = []
        for at in instance.rows_of[loop]:
            container = instance.containers.container[at]
            cards = max(instance.needed(loop, container), instance.loop_data[loop].minimum)
            each = sum((part for name, part in instance.pairs[loop, container].uses if name == limit), Fraction(0))
            options.append((cards * each, cards, container))
        amount, cards, container = min(options)
        if amount:
            rows.append((loop, instance.loops.part[row], container, cards, amount))
    rows.sort(key=lambda row: (-row[-1], row[0]))
    needed = sum((row[-1] for row in rows), Fraction(0))
    kind, name, unit = _told(limit)
    told = tuple((*row[:-1], _plain(row[-1])) for row in rows)
    head = ("loop", "part", "container", "cards", "takes")
    return Obstacle(outcome.name, kind, name, instance.capacity[limit], needed, asked, unit, head, told)
