"""The judge of heijunka plans: every rule and every term, recomputed in exact arithmetic.

Works on integers over a common denominator, in time linear in the units built and the part
usages they cause: between two units of a product its deviation is an arithmetic sequence, whose
sums are closed forms.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from jitopt.problems.base import Evaluation, Violation, evaluation, unpriced
from jitopt.problems.figures import counted
from jitopt.problems.heijunka.box_judge import box_rules, epei, volume
from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan, Measure, Objective, RatioRule
from jitopt.problems.heijunka.levels import deviations
from jitopt.problems.heijunka.work import measure_work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["evaluate", "read_slots", "term_name"]

Slots = list[dict[int, int]]
"""Units of each product row, slot by slot."""


def evaluate(instance: Heijunka, plan: object) -> Evaluation:
    """Judge `plan`: recompute objective and terms, and name every broken rule.

    A plan whose shape or ids are wrong cannot be priced: its objective is None.
    """
    if not isinstance(plan, HeijunkaPlan):
        plan = HeijunkaPlan.model_validate(plan)
    slots, violations = read_slots(instance, plan)
    if slots is None:
        return unpriced(violations)
    presence = _presence(instance, slots)
    violations += _demand(instance, slots, presence)
    violations += _rules(instance, slots, presence)
    violations += _colour_runs(instance, slots)
    terms: dict[str, Fraction] = {}
    for term in instance.objective:
        if term.term == "rate":
            value = _rate(instance, slots, presence, term.measure)
        else:
            value = _OTHERS[term.term](instance, slots, term)
        terms[term_name(instance, term.term, term.measure)] = Fraction(repr(term.weight)) * value
    if instance.current and instance.current.price:
        terms["moves"] = Fraction(repr(instance.current.price)) * moves(instance, slots)
    return evaluation(terms, violations, {"arithmetic": "exact", "slots": len(slots)})


def term_name(instance: Heijunka, term: str, measure: str) -> str:
    """Return the key of a term: its word, with the measure when the word appears twice."""
    twice = sum(other.term == term for other in instance.objective) > 1
    return f"{term}_{measure}" if twice else term


def read_slots(instance: Heijunka, plan: HeijunkaPlan) -> tuple[Slots | None, list[Violation]]:
    """Bring the plan into slots; a plan of wrong shape gives None and the reason."""
    if instance.box is None:
        if plan.sequence is None:
            return None, [Violation("shape", (), 'the plan has no "sequence"', 1.0)]
        known = instance.index
        unknown = (
            [product for product in plan.sequence if product not in known] if set(plan.sequence) - set(known) else []
        )
        if unknown:
            text = f"the sequence holds {unknown[0]!r}, which is not a product"
            return None, [Violation("shape", (unknown[0],), text, float(len(unknown)))]
        off = len(plan.sequence) - instance.units
        if off:
            text = f"the sequence has {counted(len(plan.sequence), 'unit')}, the demand is {instance.units}"
            return None, [Violation("demand", (), text, float(abs(off)))]
        # One mapping for all the slots of a product: a million units take no more than a million references.
        single = {product: {row: 1} for product, row in instance.index.items()}
        return [single[product] for product in plan.sequence], []
    return _read_buckets(instance, plan)


def _read_buckets(instance: Heijunka, plan: HeijunkaPlan) -> tuple[Slots | None, list[Violation]]:
    if plan.buckets is None:
        return None, [Violation("shape", (), 'the plan has no "buckets"', 1.0)]
    slots: Slots = [{} for _ in range(instance.slots)]
    for row in plan.buckets:
        if row.product not in instance.index or row.bucket > instance.slots:
            text = f"bucket {row.bucket} with {row.product!r} does not exist"
            return None, [Violation("shape", (row.product,), text, 1.0)]
        if row.quantity != int(row.quantity):
            text = f"bucket {row.bucket} holds {counted(row.quantity, 'unit')} of {row.product!r}: units are whole"
            return None, [Violation("shape", (row.product,), text, 1.0)]
        if row.quantity:
            slot = slots[row.bucket - 1]
            product = instance.index[row.product]
            slot[product] = slot.get(product, 0) + int(row.quantity)
    return slots, []


def _presence(instance: Heijunka, slots: Slots) -> list[list[int]]:
    """Return the slots (from 1) that build each product, ascending."""
    found: list[list[int]] = [[] for _ in instance.products.product]
    if instance.box is None:
        for position, (row,) in enumerate(slots, 1):
            found[row].append(position)
        return found
    for position, slot in enumerate(slots, 1):
        for row in slot:
            found[row].append(position)
    return found


def _demand(instance: Heijunka, slots: Slots, presence: list[list[int]]) -> list[Violation]:
    built = [
        len(positions) if instance.box is None else sum(slots[position - 1][row] for position in positions)
        for row, positions in enumerate(presence)
    ]
    return [
        Violation(
            "demand",
            (product,),
            f"{counted(built[row], 'unit')} of {product} instead of {demand}",
            abs(built[row] - demand),
        )
        for row, (product, demand) in enumerate(zip(instance.products.product, instance.products.demand, strict=True))
        if built[row] != demand
    ]


# --- the rules -----------------------------------------------------------------------------


def _rules(instance: Heijunka, slots: Slots, presence: list[list[int]]) -> list[Violation]:
    found = _capacity(instance, slots) + box_rules(instance, slots, presence) if instance.box else []
    for rule in instance.ratio_rules:
        if rule.hard:
            found += _hard_ratio(instance, rule, slots)
    products = instance.products
    if products.spacing or products.longest_run or products.shortest_run:
        # In the order in which the products are built first, as the plan is read.
        for row in sorted((row for row, at in enumerate(presence) if at), key=lambda row: presence[row][0]):
            found += _product_rules(instance, row, presence[row])
    return found + _kept(instance, slots)


def _capacity(instance: Heijunka, slots: Slots) -> list[Violation]:
    over = [(sum(slot.values()) - instance.capacity, position) for position, slot in enumerate(slots, 1)]
    worst, position = max(over)
    if worst <= 0:
        return []
    text = f"bucket {position} holds {counted(instance.capacity + worst, 'unit')}, its capacity is {instance.capacity}"
    return [Violation("capacity", (), text, worst)]


def _hard_ratio(instance: Heijunka, rule: RatioRule, slots: Slots) -> list[Violation]:
    worst, breaches, where = 0, 0, 0
    for start, excess in _excess(instance, rule, slots):
        breaches += 1
        if excess > worst:
            worst, where = excess, start
    if not worst:
        return []
    last = min(where + rule.in_any - 1, len(slots))
    text = (
        f"{counted(rule.at_most + worst, 'unit')} with {rule.ratio} in slots {where} to {last}, "
        f"at most {rule.at_most} in any {rule.in_any}; {counted(breaches, 'window')} above it"
    )
    return [Violation("ratio", (rule.ratio,), text, worst)]


def _excess(instance: Heijunka, rule: RatioRule, slots: Slots) -> Iterator[tuple[int, int]]:
    """Yield first slot and excess of each window above the rule's limit; slot 0 is what was built before slot 1."""
    products = set(rule.products)
    loads = [sum(quantity for row, quantity in slot.items() if row in products) for slot in slots]
    if rule.open:
        yield from _open_excess(rule, [int(row in products) for row in instance.previous_rows], loads)
        return
    if rule.in_any > len(loads):
        return
    load = sum(loads[: rule.in_any])
    for start in range(len(loads) - rule.in_any + 1):
        if start:
            load += loads[start + rule.in_any - 1] - loads[start - 1]
        if load > rule.at_most:
            yield start + 1, load - rule.at_most


def _open_excess(rule: RatioRule, before: list[int], loads: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the same for every window that has a slot of the plan: it may begin before and end behind it."""
    sums = [0, *itertools.accumulate(before + loads)]
    for start in range(max(0, len(before) - rule.in_any + 1), len(sums) - 1):
        load = sums[min(start + rule.in_any, len(sums) - 1)] - sums[start]
        if load > rule.at_most:
            yield start - len(before) + 1, load - rule.at_most


def _colour_runs(instance: Heijunka, slots: Slots) -> list[Violation]:
    """Check the longest run of one colour."""
    limit = instance.longest_colour_run
    if limit is None:
        return []
    colours = [instance.colours[next(iter(slot))] for slot in slots]
    worst, first, position = 0, 0, 1
    for _, run in itertools.groupby(colours):
        length = sum(1 for _ in run)
        if length > worst:
            worst, first = length, position
        position += length
    if worst <= limit:
        return []
    text = f"{counted(worst, 'consecutive slot')} from slot {first} have one colour, longest_colour_run is {limit}"
    return [Violation("colour_run", (), text, worst - limit)]


def _product_rules(instance: Heijunka, row: int, positions: list[int]) -> list[Violation]:
    """Check spacing and run length of one product, given the slots that build it."""
    found = []
    product = instance.products.product[row]
    spacing = instance.spacing_of(row)
    gap, at = min(((b - a, a) for a, b in itertools.pairwise(positions)), default=(spacing, 0))
    if gap < spacing:
        text = f"{product} is built in slots {at} and {at + gap}, its spacing is {spacing}"
        found.append(Violation("spacing", (product,), text, spacing - gap))
    runs = list(_runs(positions))
    longest = instance.longest_run_of(row)
    most, at = max(runs)
    if longest is not None and most > longest:
        text = f"{product} is built in {counted(most, 'consecutive slot')} from slot {at}, longest_run is {longest}"
        found.append(Violation("longest_run", (product,), text, most - longest))
    shortest = instance.shortest_run_of(row)
    least, at = min(runs)
    if least < shortest:
        text = f"{product} is built in {counted(least, 'consecutive slot')} from slot {at}, shortest_run is {shortest}"
        found.append(Violation("shortest_run", (product,), text, shortest - least))
    return found


def _runs(positions: list[int]) -> Iterator[tuple[int, int]]:
    """Yield length and first slot of each run of consecutive slots."""
    start = previous = positions[0]
    for position in positions[1:]:
        if position != previous + 1:
            yield previous - start + 1, start
            start = position
        previous = position
    yield previous - start + 1, start


def _kept(instance: Heijunka, slots: Slots) -> list[Violation]:
    """Check what must stay: frozen slots, fixed slots, the cap on moves."""
    found = []
    current = instance.current_slots
    if instance.frozen and current is not None:
        changed = [s for s in range(instance.frozen) if slots[s] != current[s]]
        if changed:
            text = f"the frozen slots differ from the current plan, first in slot {changed[0] + 1}"
            # The frozen slots are a prefix: to free one frees all behind it.
            found.append(Violation("frozen", (), text, instance.frozen - changed[0]))
    if instance.fixed:
        for position, product in zip(instance.fixed.position, instance.fixed.product, strict=True):
            if instance.index[product] not in slots[position - 1]:
                text = f"slot {position} does not build {product}"
                found.append(Violation("fixed", (str(position), product), text, 1.0))
    if instance.current and instance.current.at_most is not None:
        moved = moves(instance, slots)
        if moved > instance.current.at_most:
            text = f"{counted(moved, 'unit')} differ from the current plan, the cap is {instance.current.at_most}"
            found.append(Violation("moves", (), text, moved - instance.current.at_most))
    return found


def moves(instance: Heijunka, slots: Slots) -> int:
    """Count units that stand in a covered slot where the current plan does not have them."""
    moved = 0
    for new, old in zip(slots, instance.current_slots or (), strict=False):
        moved += sum(max(0, quantity - old.get(row, 0)) for row, quantity in new.items())
    return moved


# --- the terms -----------------------------------------------------------------------------


def _rate(instance: Heijunka, slots: Slots, presence: list[list[int]], measure: Measure) -> Fraction:
    """Deviation of cumulative production X_is from d_i s/S, over products and slots."""
    demands = instance.products.demand
    if instance.box is None:
        return _gather(deviations(zip(instance.weights, demands, presence, strict=True), len(slots), measure), measure)
    values = (
        weight * _deviation([(at, slots[at - 1][row]) for at in presence[row]], demand, len(slots), measure)
        for row, (weight, demand) in enumerate(zip(instance.weights, demands, strict=True))
    )
    return _gather(values, measure)


def _usage(instance: Heijunka, slots: Slots, term: Objective) -> Fraction:
    """Deviation of cumulative usage U_ls from N_l s/S, over parts and slots."""
    measure = term.measure
    parts = list(instance.usage.values())
    scales = [lcm(*(quantity.denominator for _, quantity in users)) for _, users in parts]
    used_by: dict[int, list[tuple[int, int]]] = {}
    for part, (_, users) in enumerate(parts):
        for row, per_unit in users:
            used_by.setdefault(row, []).append((part, int(per_unit * scales[part])))
    steps: list[list[tuple[int, int]]] = [[] for _ in parts]
    for position, slot in enumerate(slots, 1):
        for row, quantity in slot.items():
            for part, used in used_by.get(row, ()):
                steps[part].append((position, quantity * used))
    totals = [0] * len(parts)
    for row, demand in enumerate(instance.products.demand):
        for part, used in used_by.get(row, ()):
            totals[part] += demand * used
    power = 2 if measure.endswith("squared") else 1
    values = (
        weight * _deviation(steps[part], totals[part], len(slots), measure) / scales[part] ** power
        for part, (weight, _) in enumerate(parts)
    )
    return _gather(values, measure)


def _gather(values: Iterable[Fraction], measure: Measure) -> Fraction:
    return max(values, default=Fraction(0)) if measure.startswith("max") else sum(values, Fraction(0))


def _deviation(steps: list[tuple[int, int]], total: int, slots: int, measure: Measure) -> Fraction:
    """Measure v_s = X_s - total*s/slots for s = 1..slots, X jumping by `steps` (slot, amount).

    Between two jumps the numerators X*slots - s*total form an arithmetic sequence.
    """
    value = 0
    level, start = 0, 1
    for position, amount in [*steps, (slots + 1, 0)]:
        if position > start:
            value = _add_segment(value, level * slots, total, start, position - 1, measure)
        level, start = level + amount, position
    return Fraction(value, slots**2 if measure.endswith("squared") else slots)


def _add_segment(value: int, level: int, total: int, first: int, last: int, measure: Measure) -> int:
    """Add (or take the maximum with) the numerators level - s*total for s = first..last."""
    if measure == "max_absolute":
        return max(value, abs(level - first * total), abs(level - last * total))
    if measure == "max_squared":
        return max(value, (level - first * total) ** 2, (level - last * total) ** 2)
    count = last - first + 1
    sum_s = (first + last) * count // 2
    if measure == "sum_squared":
        sum_s2 = last * (last + 1) * (2 * last + 1) // 6 - (first - 1) * first * (2 * first - 1) // 6
        return value + count * level**2 - 2 * level * total * sum_s + total**2 * sum_s2
    # Absolute values: the numerators fall with s; split where they turn negative.
    turn = min(last, max(first - 1, level // total if total else last))
    upper = turn - first + 1
    sum_upper = (first + turn) * upper // 2
    above = upper * level - total * sum_upper
    below = (count - upper) * level - total * (sum_s - sum_upper)
    return value + above - below


def _ratio(instance: Heijunka, slots: Slots, term: Objective) -> Fraction:
    """Excess of each window above its rule's limit, over the rules that the term prices."""
    values: list[Fraction] = []
    for rule in instance.ratio_rules:
        if rule.priced_by(term.term):
            values += (rule.weight * _power(excess, term.measure) for _, excess in _excess(instance, rule, slots))
    return _gather(values, term.measure)


def _power(value: Fraction | int, measure: Measure) -> Fraction:
    if measure == "sum_violated":
        return Fraction(1)
    return Fraction(value) ** 2 if measure.endswith("squared") else Fraction(value)


def _changeover(instance: Heijunka, slots: Slots, term: Objective) -> Fraction:
    """Cost between neighbouring slots: by pair in a sequence, 1 per set-up in a box."""
    costs, measure = instance.changeover_cost, term.measure
    values: list[Fraction] = []
    for before, after in itertools.pairwise(_after_previous(instance, slots)):
        if costs is None:
            values += (Fraction(1) for row in after if row not in before)
        else:
            pair = (next(iter(before)), next(iter(after)))
            values.append(_power(costs.get(pair, Fraction(0)), measure))
    return _gather(values, measure)


def _colour_changes(instance: Heijunka, slots: Slots, term: Objective) -> Fraction:
    """Count the neighbouring slots of different colours."""
    colours = [instance.colours[next(iter(slot))] for slot in _after_previous(instance, slots)]
    return _gather([Fraction(1) for a, b in itertools.pairwise(colours) if a != b], term.measure)


def _work(instance: Heijunka, slots: Slots, term: Objective) -> Fraction:
    """Overload or idle time of the workers of all stations."""
    return measure_work(instance, [next(iter(slot)) for slot in slots], term)


def _after_previous(instance: Heijunka, slots: Slots) -> Slots:
    """Return the slots behind what was built right before them: of a box everything in the bucket before."""
    if instance.box is not None:
        return [dict.fromkeys(instance.previous_rows, 1), *slots] if instance.previous is not None else slots
    return [{row: 1} for row in instance.previous_rows[-1:]] + slots


_OTHERS = {
    "usage": _usage,
    "ratio": _ratio,
    "high_ratio": _ratio,
    "low_ratio": _ratio,
    "changeover": _changeover,
    "colour_changes": _colour_changes,
    "overload": _work,
    "idle": _work,
    "volume": volume,
    "epei": epei,
}
"""How each term but "rate" is measured."""
