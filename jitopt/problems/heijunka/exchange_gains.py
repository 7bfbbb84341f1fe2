"""What an exchange of two slots would change of each term: all pairs of slots of two products at a time, in floats.

Every term looked at here is a sum or maximum over lines or windows of which an exchange touches a stretch, so that
prefix sums, or running maxima, give each pair in constant time. Candidates only: the judge prices what is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.heijunka.instance import Heijunka, RatioRule

__all__ = ["Gain", "gains", "hard_windows"]

Gain = Callable[[int, int, Any, Any], Any]
"""(i, j, a, b) -> change of the objective for slots a (a column) of product i and b (a row) of product j, a < b."""


def gains(instance: Heijunka, rows: Any) -> tuple[list[Gain], bool]:
    """Return a function for each term that can be told, and whether these are all that count.

    rows: the product row of each slot.
    """
    found: list[Gain] = []
    exact = True
    for term in instance.objective:
        gain: Gain | None = None
        if term.term in ("rate", "usage"):
            gain = _line_gain(instance, rows, term.term, term.measure)
        elif term.measure.startswith("max"):
            pass
        elif term.term in ("ratio", "high_ratio", "low_ratio"):
            priced = [rule for rule in instance.ratio_rules if rule.priced_by(term.term)]
            gain = _window_gain(instance, rows, priced, term.measure)
        elif term.term in ("changeover", "colour_changes"):
            gain = _pair_gain(instance, rows, _pair_costs(instance, term.term, term.measure))
        if gain is None:
            exact = False
        else:
            found.append(_times(gain, term.weight))
    if instance.current is not None and instance.current.price:
        found.append(_times(_move_gain(instance, rows), instance.current.price))
    return found, exact


def hard_windows(instance: Heijunka, rows: Any) -> Gain:
    """Return by how many units windows of hard ratio rules would be further above their limits."""
    hard = [rule.model_copy(update={"weight": 1}) for rule in instance.ratio_rules if rule.hard]
    return _window_gain(instance, rows, hard, "sum_absolute")


def _times(gain: Gain, factor: float) -> Gain:
    return lambda i, j, a, b: factor * gain(i, j, a, b)


# --- lines: rates and usages -----------------------------------------------------------------


def _lines_of(instance: Heijunka, term: str) -> tuple[Any, Any]:
    """Return the weights of a term's lines, and what each product adds to each of them (products x lines)."""
    import numpy as np

    if term == "rate":
        return np.array([float(weight) for weight in instance.weights]), np.eye(len(instance.weights))
    weights = np.array([float(weight) for weight, _ in instance.usage.values()])
    adds = np.zeros((len(instance.weights), len(weights)))
    for line, (_, users) in enumerate(instance.usage.values()):
        for row, quantity in users:
            adds[row, line] = float(quantity)
    return weights, adds


def _line_gain(instance: Heijunka, rows: Any, term: str, measure: str) -> Gain:
    import numpy as np

    weights, adds = _lines_of(instance, term)
    slots = len(rows)
    total = np.array(instance.products.demand, dtype=float) @ adds
    strays = np.cumsum(adds[rows], axis=0).T - np.outer(total, np.arange(1, slots + 1) / slots)

    def price(lines: Any, more: Any) -> Any:
        away = strays[lines] + more[:, None]
        return weights[lines, None] * (away * away if measure.endswith("squared") else abs(away))

    def summed(i: int, j: int, a: Any, b: Any) -> Any:
        lines = np.flatnonzero(adds[i] != adds[j])
        step = (adds[j] - adds[i])[lines]
        change = (price(lines, step) - price(lines, 0 * step)).sum(axis=0)
        before = np.concatenate(([0.0], np.cumsum(change)))
        return before[b] - before[a]

    tops = price(np.arange(len(weights)), 0 * weights).max(axis=1)
    top = tops.max(initial=0.0)

    def largest(i: int, j: int, a: Any, b: Any) -> Any:
        lines = np.flatnonzero(adds[i] != adds[j])
        if not len(lines):
            return np.zeros((len(a), b.shape[-1]))
        others = np.delete(tops, lines).max(initial=0.0)
        old = price(lines, np.zeros(len(lines))).max(axis=0)
        new = price(lines, (adds[j] - adds[i])[lines]).max(axis=0)
        left = np.concatenate(([0.0], np.maximum.accumulate(old)))
        right = np.maximum.accumulate(old[::-1])[::-1]
        inside = _range_largest(new, a, b)
        return np.maximum(np.maximum(others, inside), np.maximum(left[a], right[b])) - top

    return largest if measure.startswith("max") else summed


def _range_largest(values: Any, first: Any, behind: Any) -> Any:
    """Return the largest of values[first:behind] for every pair with first < behind (else anything)."""
    import numpy as np

    table = [values]
    while 2 ** len(table) <= len(values):
        half = 2 ** (len(table) - 1)
        shorter = table[-1]
        table.append(np.maximum(shorter, np.concatenate((shorter[half:], np.full(half, -np.inf)))))
    levels = np.array(table)
    length = np.maximum(behind - first, 1)
    level = np.frexp(length)[1] - 1
    return np.maximum(levels[level, first], levels[level, np.maximum(behind - (1 << level), 0)])


# --- windows: ratio rules --------------------------------------------------------------------


def _window_gain(instance: Heijunka, rows: Any, rules: Sequence[RatioRule], measure: str) -> Gain:
    import numpy as np

    ready = []
    for rule in rules:
        carries = np.zeros(len(instance.weights), dtype=int)
        carries[list(rule.products)] = 1
        more, less, first = _window_sums(instance, rule, carries, rows, measure)
        ready.append((float(rule.weight), carries, more, less, first, rule.in_any))

    def gain(i: int, j: int, a: Any, b: Any) -> Any:
        found = np.zeros((len(a), b.shape[-1]))
        for weight, carries, more, less, first, width in ready:
            if carries[i] == carries[j]:
                continue
            at_a, at_b = (more, less) if carries[j] else (less, more)
            last = len(more) - 1

            def between(sums: Any, low: Any, high: Any, first: int = first, last: int = last) -> Any:
                low, high = np.clip(low - first, 0, last), np.clip(high - first + 1, 0, last)
                return sums[np.maximum(low, high)] - sums[low]

            found += weight * between(at_a, a - width + 1, np.minimum(a, b - width))
            found += weight * between(at_b, np.maximum(a + 1, b - width + 1), b)
        return found

    return gain


def _window_sums(instance: Heijunka, rule: RatioRule, carries: Any, rows: Any, measure: str) -> tuple[Any, Any, int]:
    """Return what one unit more, or less, in a window costs, summed up over the windows, and where the first begins."""
    import numpy as np

    slots = len(rows)
    before = carries[list(instance.previous_rows)] if rule.open and instance.previous_rows else np.zeros(0, dtype=int)
    first = max(-len(before), 1 - rule.in_any) if rule.open else 0
    last = slots - 1 if rule.open else slots - rule.in_any
    sums = np.concatenate(([0], np.cumsum(np.concatenate((before, carries[rows])))))
    starts = np.arange(first, last + 1) + len(before)
    loads = sums[np.minimum(starts + rule.in_any, len(sums) - 1)] - sums[starts]

    def price(load: Any) -> Any:
        over = np.maximum(load - rule.at_most, 0)
        return over > 0 if measure == "sum_violated" else over * over if measure.endswith("squared") else over

    now = price(loads).astype(float)
    more, less = (np.concatenate(([0.0], np.cumsum(price(loads + step) - now))) for step in (1, -1))
    return more, less, first


# --- neighbours and moves --------------------------------------------------------------------


def _pair_costs(instance: Heijunka, term: str, measure: str) -> Any:
    import numpy as np

    count = len(instance.weights)
    if term == "colour_changes":
        colours = np.array(instance.colours)
        return (colours[:, None] != colours[None, :]).astype(float)
    if instance.changeover_cost is None:
        return 1.0 - np.eye(count)
    costs = np.zeros((count, count))
    for (before, after), cost in instance.changeover_cost.items():
        costs[before, after] = float(cost)
    return costs * costs if measure.endswith("squared") else costs


def _pair_gain(instance: Heijunka, rows: Any, costs: Any) -> Gain:
    """Cost between neighbours; a row and column of zeros stands for what is not there."""
    import numpy as np

    none = len(costs)
    costs = np.pad(costs, ((0, 1), (0, 1)))
    line = np.concatenate((list(instance.previous_rows[-1:]) or [none], rows, [none])).astype(int)
    left, right = line[:-2], line[2:]

    def put(product: int, slots: Any) -> Any:
        return costs[left[slots], product] + costs[product, right[slots]]

    def gain(i: int, j: int, a: Any, b: Any) -> Any:
        found = (put(j, a) - put(i, a)) + (put(i, b) - put(j, b))
        # Neighbours are each other's neighbours before and behind.
        beside = costs[left[a], j] + costs[j, i] + costs[i, right[b]]
        beside = beside - costs[left[a], i] - costs[i, j] - costs[j, right[b]]
        return np.where(b == a + 1, beside, found)

    return gain


def _move_gain(instance: Heijunka, rows: Any) -> Gain:
    import numpy as np

    stands = np.full(len(rows), -1)
    covered = [next(iter(slot), -1) for slot in instance.current_slots or ()]
    stands[: len(covered)] = covered
    known = stands >= 0

    def gain(i: int, j: int, a: Any, b: Any) -> Any:
        at_a = ((stands[a] != j) * 1.0 - (stands[a] != i)) * known[a]
        return at_a + ((stands[b] != i) * 1.0 - (stands[b] != j)) * known[b]

    return gain
