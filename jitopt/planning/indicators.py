"""What a plan amounts to: costs a day, stock, turns, truck runs, cards; and which limits bind.

Mean stock of a loop is N Q - D (L + R) + D R / 2, never below D R / 2: what its cards hold beyond
the demand they wait for, and half of what a delivery brings; N - 1 cards count where a card leaves
with the empty container. Working capital is its value; turns
are the value used in a year over it; days of cover its value over that of a day's need.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.planning.analysis import unit_cost
from jitopt.problems.base import exact
from jitopt.problems.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.planning.chain import PlantPlan

__all__ = ["Limit", "costs", "indicators", "limits", "notes", "stock"]

TIGHT = Fraction(995, 1000)


@dataclass(frozen=True)
class Limit:
    """A limit and how much of it the plan takes.

    kind: "line", "rack", ... name: id. used, capacity: in `unit`. step: the least that can be taken
    more, as by a card of the smallest container; 0 where any amount can be.
    """

    kind: str
    name: str
    used: Fraction
    capacity: Fraction
    unit: str
    step: Fraction = Fraction(0)

    @property
    def share(self) -> Fraction:
        """Share of the capacity that is taken."""
        return self.used / self.capacity if self.capacity else Fraction(1)

    @property
    def tight(self) -> bool:
        """True when nothing more fits in, or nearly nothing."""
        return self.used + self.step > self.capacity or self.share >= TIGHT

    def to_dict(self) -> dict[str, Any]:
        """Return the limit as plain data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "used": float(self.used),
            "capacity": float(self.capacity),
            "unit": self.unit,
            "step": float(self.step),
            "share": float(self.share),
            "tight": self.tight,
        }


def limits(plan: PlantPlan) -> list[Limit]:
    """Return every limit of the plant that the plan can be held against, the tightest first."""
    found = [
        Limit("line", load.line, load.work, load.minutes, "minutes a day") for load in plan.analysis.lines.values()
    ]
    for add in (_sourcing, _delivery, _kanban):
        found += add(plan)
    return sorted(found, key=lambda limit: (not limit.tight, -limit.share, limit.kind, limit.name))


def _sourcing(plan: PlantPlan) -> list[Limit]:
    plant, awards = plan.plant, plan.decisions.awards
    units: dict[str, Fraction] = {}
    found = []
    for (supplier, part), share in sorted(awards.items()):
        amount = share * plan.analysis.need(part)
        units[supplier] = units.get(supplier, Fraction(0)) + amount
        capacity = plant.quote[supplier, part]["capacity"]
        if capacity:
            found.append(Limit("quote", f"{supplier} for {part}", amount, exact(capacity), "units a day"))
    for supplier, amount in units.items():
        capacity = plant.supplier[supplier]["capacity"]
        if capacity:
            found.append(Limit("supplier", supplier, amount, exact(capacity), "units a day"))
    return found


def _evidence(plan: PlantPlan, name: str) -> tuple[Any, dict[str, Any]]:
    outcome = plan.outcome(name)
    if outcome is None or outcome.result.plan is None:
        return None, {}
    return outcome.instance, plan.judged[name].evidence


def _delivery(plan: PlantPlan) -> list[Limit]:
    instance, evidence = _evidence(plan, "delivery")
    if instance is None:
        return []
    found = []
    for dock, slots in instance.slots.items():
        suppliers = [stop.suppliers for stop in instance.stops if dock in stop.docks]
        used = sum((_runs(plan, names) for names in suppliers), Fraction(0))
        more = [step for names in suppliers if (step := _oftener(plan, instance, names))]
        found.append(Limit("dock", dock, used, slots, "deliveries a day", min(more, default=Fraction(0))))
    for stop, fill in evidence.get("truck_fill", {}).items():
        found.append(Limit("truck", stop, exact(fill), Fraction(1), "share of a full truck"))
    return found


def _runs(plan: PlantPlan, suppliers: tuple[str, ...]) -> Fraction:
    row = plan.plant.frequency[plan.decisions.frequencies[suppliers[0]]]
    return Fraction(row["deliveries"], row["days"])


def _oftener(plan: PlantPlan, instance: Any, suppliers: tuple[str, ...]) -> Fraction | None:
    """Return by how many deliveries a day the next frequency of a truck lies above its own, None if none does."""
    now = _runs(plan, suppliers)
    menus = [instance.choices.get(supplier, frozenset(instance.menu)) for supplier in suppliers]
    names = frozenset(instance.menu).intersection(*menus)
    return min((step for name in names if (step := instance.menu[name].per_day - now) > 0), default=None)


UNITS = {"cards": "cards", "floor": "m2", "working capital": "money, all containers full"}


def _kanban(plan: PlantPlan) -> list[Limit]:
    instance, _ = _evidence(plan, "kanban")
    if instance is None:
        return []
    used = dict.fromkeys(instance.capacity, Fraction(0))
    least: dict[str, Fraction] = {}
    for loop, (container, cards) in plan.decisions.cards.items():
        for limit, amount in instance.pairs[loop, container].uses:
            used[limit] += amount * cards
            if amount:
                least[limit] = min(amount, least.get(limit, amount))
    found = []
    for name, capacity in instance.capacity.items():
        rack = name.removeprefix("rack ") if name.startswith("rack ") else ""
        kind, unit = ("rack", "positions") if rack else ("plant", UNITS.get(name, ""))
        found.append(Limit(kind, rack or name, used[name], capacity, unit, least.get(name, Fraction(0))))
    if instance.current is not None and instance.current.at_most is not None:
        changed = sum(instance.changed(loop, *chosen) for loop, chosen in plan.decisions.cards.items())
        cap = Fraction(instance.current.at_most)
        found.append(Limit("plant", "changes", Fraction(changed), cap, "cards put in or taken out", Fraction(1)))
    return found


def notes(plan: PlantPlan) -> list[str]:
    """Return what a plan cannot hold although every step has one: lines with more work than minutes."""
    return [
        f"line {load.line} has more work than minutes ({100 * float(load.load):.1f} %): "
        f"{rounded(load.work - load.minutes, 6)} minutes a day are missing; its sequence cannot be built in the day"
        for load in plan.analysis.lines.values()
        if load.work > load.minutes
    ]


def costs(plan: PlantPlan) -> dict[str, float]:
    """Return what the plan costs a day, by what it is paid for; stock is counted with the cards."""
    found: dict[str, float] = {}
    sourcing, delivery, kanban = (plan.result(name) for name in ("sourcing", "delivery", "kanban"))
    if sourcing is not None and sourcing.plan is not None:
        days = len(plan.plant.days)
        found |= {f"sourcing: {term}": value / days for term, value in sourcing.terms.items() if value}
    loops = kanban is not None and kanban.plan is not None
    if delivery is not None and delivery.plan is not None:
        with_cards = ("delivery", "lines") if loops else tuple(delivery.terms)
        found |= {f"delivery: {term}": delivery.terms[term] for term in with_cards if delivery.terms.get(term)}
    if kanban is not None and loops:
        found |= {f"kanban: {term}": value for term, value in kanban.terms.items() if value}
    return found


def indicators(plan: PlantPlan) -> dict[str, float]:
    """Return the indicators of a plan; those of steps that were not taken are left out.

    The cost a day is told of a whole plan only: part of it would look like a saving.
    """
    found: dict[str, float] = {}
    day = costs(plan)
    if day and plan.status == "planned":
        found["cost_per_day"] = sum(day.values())
    instance, _ = _evidence(plan, "delivery")
    if instance is not None:
        found["truck_runs_per_day"] = float(sum((_runs(plan, s.suppliers) for s in instance.stops), Fraction(0)))
    for limit in limits(plan):
        if limit.kind == "dock":
            found[f"dock_load: {limit.name}"] = float(limit.share)
    if plan.decisions.cards:
        found |= stock(plan, plan.decisions.cards)
    return found


def stock(plan: PlantPlan, cards: Mapping[str, tuple[str, int]]) -> dict[str, float]:
    """Return what so many cards of each loop mean for stock, at the demand and deliveries of the plan.

    cards: container and cards of loops. Those of a container that is no longer on a loop's menu
    count as cards only; nothing else is known of them.
    """
    instance, _ = _evidence(plan, "kanban")
    # What is bought passes through several loops: it is counted once, where it is bought.
    use = sum(
        (
            unit_cost(plan.plant, part) * plan.analysis.need(part) * share
            for (_, part), share in plan.decisions.awards.items()
        ),
        Fraction(0),
    )
    stock = full = Fraction(0)
    table = instance.loops
    for row, loop in enumerate(table.loop):
        container, count = cards.get(loop, ("", 0))
        if (loop, container) not in instance.pairs:
            continue
        data = instance.loop_data[loop]
        half = data.demand * exact((table.interval[row] if table.interval else 0) or 0) / 2
        value = unit_cost(plan.plant, table.part[row])
        stock += value * (max(Fraction(0), instance.stock(loop, container, count) - data.during) + half)
        full += value * count * instance.pairs[loop, container].quantity
    year = plan.plant.cost["days_per_year"]
    found = {
        "cards": float(sum(count for _, count in cards.values())),
        "working_capital": float(stock),
        "working_capital_all_full": float(full),
    }
    if use and stock:
        found |= {"inventory_turns_per_year": float(use * year / stock), "days_of_cover": float(stock / use)}
    return found
