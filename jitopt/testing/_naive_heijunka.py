"""Heijunka plans evaluated straight from the definitions; see `jitopt.testing._definitions`."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from jitopt.testing import _naive_box
from jitopt.testing._definitions import Broken, NaiveEvaluation, column, number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["evaluate"]

Data = dict[str, Any]
Slots = list[dict[str, int]]


def evaluate(data: Data, plan: Data) -> NaiveEvaluation:
    """Evaluate the plan of a heijunka instance, both as plain data."""
    slots, broken = _slots(data, plan)
    if slots is None:
        return NaiveEvaluation(None, broken)
    for rule in (_demand, _capacity, _ratios, _distances, _colour_runs, _kept):
        broken |= rule(data, slots)
    if "box" in data:
        broken |= _naive_box.broken(data, slots)
    words = [row["term"] for row in data["objective"]]
    terms: dict[str, Fraction] = {}
    for row in data["objective"]:
        word, measure = row["term"], row.get("measure", "sum_squared")
        name = word if words.count(word) == 1 else f"{word}_{measure}"
        deviations = _TERMS[word](data, slots)
        terms[name] = number(row.get("weight", 1)) * _measure(deviations, measure)
    price = number((data.get("current") or {}).get("price", 0))
    if price:
        terms["moves"] = price * _moves(data, slots)
    return NaiveEvaluation(terms, broken)


def _slots(data: Data, plan: Data) -> tuple[Slots | None, Broken]:
    products, units = data["products"]["product"], sum(data["products"]["demand"])
    if "box" not in data:
        sequence = plan.get("sequence")
        if sequence is None:
            return None, {("shape", ()): Fraction(1)}
        strangers = [product for product in sequence if product not in products]
        if strangers:
            return None, {("shape", (strangers[0],)): Fraction(len(strangers))}
        if len(sequence) != units:
            return None, {("demand", ()): Fraction(abs(len(sequence) - units))}
        return [{product: 1} for product in sequence], {}
    if plan.get("buckets") is None:
        return None, {("shape", ()): Fraction(1)}
    slots: Slots = [{} for _ in range(data["box"]["buckets"])]
    for row in plan["buckets"]:
        wrong = row["product"] not in products or row["bucket"] > len(slots) or row["quantity"] % 1
        if wrong:
            return None, {("shape", (row["product"],)): Fraction(1)}
        if row["quantity"]:
            slot = slots[row["bucket"] - 1]
            slot[row["product"]] = slot.get(row["product"], 0) + int(row["quantity"])
    return slots, {}


# --- the rules -----------------------------------------------------------------------------


def _demand(data: Data, slots: Slots) -> Broken:
    broken: Broken = {}
    for product, demand in zip(data["products"]["product"], data["products"]["demand"], strict=True):
        built = sum(slot.get(product, 0) for slot in slots)
        if built != demand:
            broken["demand", (product,)] = Fraction(abs(built - demand))
    return broken


def _capacity(data: Data, slots: Slots) -> Broken:
    limit = data["box"]["capacity"] if "box" in data else 1
    over = max(sum(slot.values()) for slot in slots) - limit
    return {("capacity", ()): Fraction(over)} if over > 0 else {}


def _rules_of_ratio(
    data: Data, hard: bool, priority: str | None = None
) -> list[tuple[str, int, int, Fraction, set[str], bool]]:
    """Return (id, at most, in any, weight, products, open) of the hard or the priced ratio rules."""
    table = data.get("ratios") or {"ratio": []}
    options = data.get("options") or {"product": [], "ratio": []}
    found = []
    for row, ratio in enumerate(table["ratio"]):
        if column(table, "hard", False)[row] == hard and priority in (None, column(table, "priority", None)[row]):
            carriers = {p for p, r in zip(options["product"], options["ratio"], strict=True) if r == ratio}
            weight = number(column(table, "weight", 1)[row])
            opened = column(table, "open", False)[row]
            found.append((ratio, table["at_most"][row], table["in_any"][row], weight, carriers, opened))
    return found


def _excesses(data: Data, slots: Slots, at_most: int, in_any: int, products: set[str], opened: bool) -> list[int]:
    """Return the units above the limit in every full window, or in every window with a unit of the plan."""
    found = []
    before: Slots = [{product: 1} for product in data.get("previous") or []] if opened else []
    line = before + slots
    for first in range(len(line)):
        window = line[first : first + in_any]
        if len(window) < in_any and not opened:
            continue
        if first + len(window) <= len(before):
            continue
        load = sum(units for slot in window for product, units in slot.items() if product in products)
        found.append(max(0, load - at_most))
    return found


def _ratios(data: Data, slots: Slots) -> Broken:
    broken: Broken = {}
    for ratio, at_most, in_any, _, products, opened in _rules_of_ratio(data, hard=True):
        worst = max(_excesses(data, slots, at_most, in_any, products, opened), default=0)
        if worst:
            broken["ratio", (ratio,)] = Fraction(worst)
    return broken


def _distances(data: Data, slots: Slots) -> Broken:
    broken: Broken = {}
    table = data["products"]
    spacings, longest, shortest = (
        column(table, name, default) for name, default in (("spacing", 1), ("longest_run", None), ("shortest_run", 1))
    )
    for row, product in enumerate(table["product"]):
        built = [s for s, slot in enumerate(slots) if product in slot]
        gap = min((b - a for a in built for b in built if b > a), default=spacings[row])
        if gap < spacings[row]:
            broken["spacing", (product,)] = Fraction(spacings[row] - gap)
        runs = _run_lengths(["x" if product in slot else " " for slot in slots])
        if runs and longest[row] is not None and max(runs) > longest[row]:
            broken["longest_run", (product,)] = Fraction(max(runs) - longest[row])
        if runs and min(runs) < shortest[row]:
            broken["shortest_run", (product,)] = Fraction(shortest[row] - min(runs))
    return broken


def _run_lengths(marks: list[str]) -> list[int]:
    return [len(run) for run in "".join(marks).split()]


def _current(data: Data) -> Slots | None:
    """Return the current plan over the slots it covers."""
    current = data.get("current")
    if current is None:
        return None
    if "box" not in data:
        units = sum(data["products"]["demand"])
        return [{product: 1} for product in (current.get("sequence") or [])[:units]]
    slots: Slots = [{} for _ in range(data["box"]["buckets"])]
    table = current["buckets"]
    for bucket, product, quantity in zip(table["bucket"], table["product"], table["quantity"], strict=True):
        if bucket <= len(slots) and quantity:
            slots[bucket - 1][product] = quantity
    return slots


def _kept(data: Data, slots: Slots) -> Broken:
    broken: Broken = {}
    current = _current(data) or []
    frozen = data.get("frozen", 0)
    for s in range(frozen):
        if slots[s] != current[s]:
            broken["frozen", ()] = Fraction(frozen - s)
            break
    fixed = data.get("fixed") or {"position": [], "product": []}
    for position, product in zip(fixed["position"], fixed["product"], strict=True):
        if product not in slots[position - 1]:
            broken["fixed", (str(position), product)] = Fraction(1)
    limit = (data.get("current") or {}).get("at_most")
    if limit is not None and _moves(data, slots) > limit:
        broken["moves", ()] = Fraction(_moves(data, slots) - limit)
    return broken


def _moves(data: Data, slots: Slots) -> int:
    moved = 0
    for old, new in zip(_current(data) or [], slots, strict=False):
        for product in new:
            moved += max(0, new[product] - old.get(product, 0))
    return moved


# --- the terms: lists of (weight, deviation) -------------------------------------------------

Deviations = list[tuple[Fraction, Fraction]]


def _measure(deviations: Deviations, measure: str) -> Fraction:
    if measure == "sum_violated":
        return sum((w for w, v in deviations if v > 0), Fraction(0))
    powers = [w * (v * v if measure.endswith("squared") else abs(v)) for w, v in deviations]
    return max(powers, default=Fraction(0)) if measure.startswith("max") else sum(powers, Fraction(0))


def _rate(data: Data, slots: Slots) -> Deviations:
    table = data["products"]
    found = []
    for product, demand, weight in zip(table["product"], table["demand"], column(table, "weight", 1), strict=True):
        for s in range(1, len(slots) + 1):
            built = sum(slot.get(product, 0) for slot in slots[:s])
            found.append((number(weight), built - Fraction(demand * s, len(slots))))
    return found


def _usage(data: Data, slots: Slots) -> Deviations:
    bill, table = data["bill"], data["products"]
    uses = {
        (product, part): number(quantity)
        for product, part, quantity in zip(bill["product"], bill["part"], bill["quantity"], strict=True)
    }
    parts = data.get("parts") or {"part": [], "weight": []}
    weights = dict(zip(parts["part"], parts["weight"], strict=True))
    found = []
    for part in dict.fromkeys(bill["part"]):
        total = sum(
            (demand * uses.get((product, part), Fraction(0)))
            for product, demand in zip(table["product"], table["demand"], strict=True)
        )
        for s in range(1, len(slots) + 1):
            used = sum(
                (
                    units * uses.get((product, part), Fraction(0))
                    for slot in slots[:s]
                    for product, units in slot.items()
                ),
                Fraction(0),
            )
            found.append((number(weights.get(part, 1)), used - total * Fraction(s, len(slots))))
    return found


def _ratio(data: Data, slots: Slots, priority: str | None = None) -> Deviations:
    return [
        (weight, Fraction(excess))
        for _, at_most, in_any, weight, products, opened in _rules_of_ratio(data, False, priority)
        for excess in _excesses(data, slots, at_most, in_any, products, opened)
    ]


def _colours(data: Data, slots: Slots) -> list[str | None]:
    colour = dict(zip(data["products"]["product"], column(data["products"], "colour", None), strict=True))
    return [colour[product] for slot in slots for product in slot]


def _colour_runs(data: Data, slots: Slots) -> Broken:
    limit = data.get("longest_colour_run")
    if limit is None:
        return {}
    colours = _colours(data, slots)
    runs = [
        end - first
        for first in range(len(colours))
        for end in range(first + 1, len(colours) + 1)
        if len(set(colours[first:end])) == 1
    ]
    return {("colour_run", ()): Fraction(max(runs) - limit)} if max(runs) > limit else {}


def _colour_changes(data: Data, slots: Slots) -> Deviations:
    colours = _colours(data, _with_previous(data, slots))
    return [(Fraction(1), Fraction(1)) for a, b in pairwise(colours) if a != b]


def _with_previous(data: Data, slots: Slots) -> Slots:
    if "box" in data:
        return [dict.fromkeys(data["previous"], 1), *slots] if "previous" in data else slots
    before: Slots = [{product: 1} for product in data.get("previous") or []]
    return before[-1:] + slots


def _work_times(data: Data, slots: Slots) -> list[tuple[Fraction, Fraction, Fraction]]:
    """Return (weight, overload, idle time) of every station and slot, by the clock of a worker.

    Unit s is launched at (s - 1) takts; it is in the station from then on for the station's length. The
    worker takes it up as soon as both are there, and lets it go when it is done or leaves.
    """
    table, takt = data["stations"], number(data["takt"])
    given = data.get("work") or {"product": [], "station": [], "minutes": []}
    minutes = {
        (product, station): number(value)
        for product, station, value in zip(given["product"], given["station"], given["minutes"], strict=True)
    }
    found = []
    for station, length, weight in zip(table["station"], table["length"], column(table, "weight", 1), strict=True):
        free = Fraction(0)
        for s, slot in enumerate(slots):
            launched, work = s * takt, minutes.get((min(slot), station), Fraction(0))
            wanted = max(free, launched) + work
            free = min(wanted, launched + number(length))
            waits = max(Fraction(0), launched + takt - free)
            found.append((number(weight), wanted - free, waits))
    return found


def _overload(data: Data, slots: Slots) -> Deviations:
    return [(weight, overload) for weight, overload, _ in _work_times(data, slots)]


def _idle(data: Data, slots: Slots) -> Deviations:
    return [(weight, idle) for weight, _, idle in _work_times(data, slots)]


def _changeover(data: Data, slots: Slots) -> Deviations:
    table = data.get("changeovers")
    pairs = list(pairwise(_with_previous(data, slots)))
    if table is None:
        return [(Fraction(1), Fraction(1)) for before, after in pairs for product in after if product not in before]
    costs = {
        (before, after): number(cost)
        for before, after, cost in zip(table["before"], table["after"], table["cost"], strict=True)
    }
    return [(Fraction(1), costs.get((min(before), min(after)), Fraction(0))) for before, after in pairs]


_TERMS: dict[str, Callable[[Data, Slots], Deviations]] = {
    "rate": _rate,
    "usage": _usage,
    "ratio": _ratio,
    "high_ratio": lambda data, slots: _ratio(data, slots, "high"),
    "low_ratio": lambda data, slots: _ratio(data, slots, "low"),
    "changeover": _changeover,
    "colour_changes": _colour_changes,
    "overload": _overload,
    "idle": _idle,
    "volume": _naive_box.volume,
    "epei": _naive_box.epei,
}
