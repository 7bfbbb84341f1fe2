"""Contributions to what neighbouring slots cost: ratio rules by windows, changeovers and colours by pairs, moves."""

from __future__ import annotations

import itertools
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.base import exact
from jitopt.problems.figures import counted
from jitopt.problems.heijunka.contributions import Contributions, Place, slots_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jitopt.problems.heijunka.contributions import Reading
    from jitopt.problems.heijunka.instance import Objective, RatioRule

__all__ = ["excesses", "look_changeover", "look_colours", "look_moves", "look_ratio", "windows"]


def look_ratio(reading: Reading, term: Objective) -> Contributions:
    """Tell which ratio rules are broken, and in which windows."""
    factor, largest = exact(term.weight), term.measure.startswith("max")
    profile: list[Fraction | int] = [0] * len(reading.slots)
    values: list[Fraction] = []
    who, where = [], []
    for rule in reading.instance.ratio_rules:
        if not rule.priced_by(term.term):
            continue
        loads = _loads(reading, rule)
        found = [(start, load, factor * rule.weight * _power(load - rule.at_most, term.measure))
                 for start, load in excesses(reading, rule, loads)]  # fmt: skip
        prices = [value for _, _, value in found]
        if not any(prices):
            continue
        values += prices
        total = max(prices) if largest else sum(prices, Fraction(0))
        worst = max(load for _, load, _ in found)
        text = f"{rule.ratio}: {counted(len(found), 'window')} above {rule.at_most} in any {rule.in_any}, worst {worst}"
        who.append(Place((rule.ratio,), max(1, found[0][0]), _last(reading, rule, found[-1][0]), float(total), text))
        where += windows(reading, rule, found, largest)
        _share(profile, reading, rule, found, loads, largest)
    value = max(values, default=Fraction(0)) if largest else sum(values, Fraction(0))
    return Contributions(value, who, where, [float(one) for one in profile] if values else [0.0] * len(profile))


def _loads(reading: Reading, rule: RatioRule) -> list[int]:
    carriers = set(rule.products)
    return [sum(units for row, units in slot.items() if row in carriers) for slot in reading.slots]


def excesses(reading: Reading, rule: RatioRule, loads: Sequence[int] | None = None) -> Iterator[tuple[int, int]]:
    """Yield first slot and load of each window above the rule's limit; slot 0 is what was built before slot 1."""
    loads = _loads(reading, rule) if loads is None else loads
    before = [int(row in rule.products) for row in reading.instance.previous_rows] if rule.open else []
    sums = [0, *itertools.accumulate([*before, *loads])]
    end = len(sums) - 1
    starts = range(max(0, len(before) - rule.in_any + 1), end) if rule.open else range(end - rule.in_any + 1)
    for start in starts:
        load = sums[min(start + rule.in_any, end)] - sums[start]
        if load > rule.at_most:
            yield start - len(before) + 1, load


def _last(reading: Reading, rule: RatioRule, start: int) -> int:
    return min(start + rule.in_any - 1, len(reading.slots))


def windows(
    reading: Reading, rule: RatioRule, found: Iterable[tuple[int, int, Fraction]], largest: bool = False
) -> list[Place]:
    """Merge the windows of a rule that overlap into one place each, with the worst load."""
    places: list[Place] = []
    group: list[tuple[int, int, Fraction]] = []
    for window in [*found, None]:
        if group and (window is None or window[0] > _last(reading, rule, group[-1][0])):
            first, last = max(1, group[0][0]), _last(reading, rule, group[-1][0])
            load = max(load for _, load, _ in group)
            value = max(v for *_, v in group) if largest else sum((v for *_, v in group), Fraction(0))
            text = f"{slots_text(first, last)}: {rule.ratio} {load} of at most {rule.at_most} in any {rule.in_any}"
            text += f" ({counted(len(group), 'window')})"
            places.append(Place((rule.ratio,), first, last, float(value), text))
            group = []
        if window is not None:
            group.append(window)
    return places


def _share(
    profile: list[Fraction | int],
    reading: Reading,
    rule: RatioRule,
    found: list[tuple[int, int, Fraction]],
    loads: list[int],
    largest: bool,
) -> None:
    """Put what a window costs on its units with the option, in equal shares; of a maximum, all of it on each."""
    sums = [0, *itertools.accumulate(loads)]
    rise: dict[int, Fraction] = defaultdict(Fraction)
    for start, _, value in found:
        first, last = max(1, start), _last(reading, rule, start)
        inside = sums[last] - sums[first - 1]
        if largest:
            for slot in range(first, last + 1):
                if loads[slot - 1] or not inside:
                    profile[slot - 1] = max(profile[slot - 1], value)
        elif not inside:
            profile[first - 1] += value
        else:
            rise[first] += value / inside
            rise[last + 1] -= value / inside
    level, at = Fraction(0), 1
    for slot in sorted(rise):
        if level:
            for between in range(at, slot):
                if loads[between - 1]:
                    profile[between - 1] += level * loads[between - 1]
        level, at = level + rise[slot], slot


def _power(value: int, measure: str) -> int:
    if measure == "sum_violated":
        return 1
    return value * value if measure.endswith("squared") else value


def look_changeover(reading: Reading, term: Objective) -> Contributions:
    """Tell which changes of product cost most, and where; in a box every set-up costs 1."""
    instance, squared = reading.instance, term.measure.endswith("squared")
    costs = instance.changeover_cost
    found: list[tuple[int, tuple[str, ...], Fraction]] = []
    for slot, before, after in _neighbours(reading):
        if instance.box is not None:
            found += [(slot, (reading.name(row),), Fraction(1)) for row in sorted(after) if row not in before]
            continue
        (old,), (new,) = before, after
        cost = costs.get((old, new), Fraction(0)) if costs is not None else Fraction(old != new)
        if cost:
            found.append((slot, (reading.name(old), reading.name(new)), cost**2 if squared else cost))
    return _pairs(reading, term, found, "set-up" if instance.box is not None else "change")


def look_colours(reading: Reading, term: Objective) -> Contributions:
    """Tell where neighbouring slots have different colours."""
    column = reading.instance.products.colour or ()
    found: list[tuple[int, tuple[str, ...], Fraction]] = []
    for slot, before, after in _neighbours(reading):
        old, new = (column[row] if row >= 0 else None for (row,) in (before, after))
        if old != new:
            found.append((slot, (old or "no colour", new or "no colour"), Fraction(1)))
    return _pairs(reading, term, found, "change")


def _neighbours(reading: Reading) -> Iterator[tuple[int, dict[int, int], dict[int, int]]]:
    """Yield slot, what stands before it, and what stands in it.

    Before slot 1 stands the last of `previous`; of a box all of it, which was in the bucket before.
    """
    instance = reading.instance
    before = [{row: 1} for row in instance.previous_rows[-1:]]
    if instance.box is not None:
        before = [dict.fromkeys(instance.previous_rows, 1)] if instance.previous is not None else []
    for slot, (old, new) in enumerate(itertools.pairwise([*before, *reading.slots]), 2 - len(before)):
        yield slot, old, new


def _pairs(
    reading: Reading, term: Objective, found: list[tuple[int, tuple[str, ...], Fraction]], word: str
) -> Contributions:
    factor, largest = exact(term.weight), term.measure.startswith("max")
    profile: list[Fraction | int] = [0] * len(reading.slots)
    groups: dict[tuple[str, ...], list[tuple[int, Fraction]]] = defaultdict(list)
    where = []
    for slot, members, cost in found:
        value = factor * cost
        groups[members].append((slot, value))
        profile[slot - 1] = max(profile[slot - 1], value) if largest else profile[slot - 1] + value
        where.append(Place(members, slot, slot, float(value), f"slot {slot}: {' to '.join(members)}"))
    who = []
    for members, rows in groups.items():
        prices = [value for _, value in rows]
        total = max(prices) if largest else sum(prices, Fraction(0))
        text = f"{' to '.join(members)}: {counted(len(rows), word)}"
        who.append(Place(members, rows[0][0], rows[-1][0], float(total), text))
    values = [factor * cost for *_, cost in found]
    value = max(values, default=Fraction(0)) if largest else sum(values, Fraction(0))
    return Contributions(value, who, where, [float(one) for one in profile])


def look_moves(reading: Reading) -> Contributions:
    """Tell which products stand where the plan in force does not have them, and in which stretches."""
    instance = reading.instance
    price = exact(instance.current.price) if instance.current else Fraction(0)
    by_product: dict[int, list[int]] = defaultdict(list)
    moved = [0] * len(reading.slots)
    for slot, (new, old) in enumerate(zip(reading.slots, instance.current_slots or (), strict=False), 1):
        for row, units in new.items():
            beyond = max(0, units - old.get(row, 0))
            if beyond:
                by_product[row] += [slot] * beyond
                moved[slot - 1] += beyond
    who = [
        Place((reading.name(row),), at[0], at[-1], float(price * len(at)),
              f"{reading.name(row)}: {counted(len(at), 'unit')} where the plan in force has others")
        for row, at in by_product.items()
    ]  # fmt: skip
    where = []
    for high, run in itertools.groupby(enumerate(moved, 1), key=lambda entry: entry[1] > 0):
        stretch = list(run)
        if high:
            units = sum(count for _, count in stretch)
            first, last = stretch[0][0], stretch[-1][0]
            text = f"{slots_text(first, last)}: {counted(units, 'unit')} moved"
            where.append(Place((), first, last, float(price * units), text))
    one = float(price)
    return Contributions(price * sum(moved), who, where, [one * units for units in moved])
