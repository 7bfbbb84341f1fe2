"""Change of runs, spacing, changeovers and moves by one move, and the booking of the plan itself."""

from __future__ import annotations

from jitopt.heuristics._kernels.heijunka_state import (
    AFTER,
    BACK,
    BEFORE,
    BOX,
    CHANGE,
    COLUMN,
    COLUMNS,
    COST,
    COUNT,
    CURRENT,
    HEAD,
    KIND,
    LOAD,
    OUT,
    PLANE,
    PRIOR,
    PRODUCTS,
    ROW,
    RUN,
    SEQUENCE,
    SHIFT,
    SLOTS,
    UNIT_SLOT,
    WEIGHT,
    Floats,
    Ints,
)
from jitopt.jit import in_place

__all__ = ["board_commit", "line_delta", "pair"]


@in_place
def here(ints: Ints, product: int, s: int) -> bool:
    """Tell whether slot s, which may lie outside, builds the product."""
    if s < 0 or s >= ints[SLOTS]:
        return False
    if ints[BOX] == 1:
        return bool(ints[ints[COUNT] + product * ints[SLOTS] + s] > 0)
    return bool(ints[ints[SEQUENCE] + s] == product)


@in_place
def run_breach(length: int, longest: int, shortest: int) -> int:
    """Units by which a run is too long or too short."""
    return max(0, length - longest) + max(0, shortest - length) if length > 0 else 0


@in_place
def toggle(ints: Ints, product: int, s: int) -> tuple[int, int]:
    """Change of (breaches of runs and spacing, set-ups) when a product appears in slot s."""
    run = ints[RUN] + 4 * product
    spacing, longest, shortest = ints[run], ints[run + 1], ints[run + 2]
    left, right = 0, 0
    while here(ints, product, s - left - 1):
        left += 1
    while here(ints, product, s + right + 1):
        right += 1
    setups = (1 if s > 0 and left == 0 else 0) - (1 if right > 0 else 0)
    breach = run_breach(left + 1 + right, longest, shortest)
    breach -= run_breach(left, longest, shortest) + run_breach(right, longest, shortest)
    if spacing > 1:
        before, after = 1, 1
        while before < spacing and not here(ints, product, s - before):
            before += 1
        while after < spacing and not here(ints, product, s + after):
            after += 1
        breach += 2 * spacing - before - after
        if before < spacing and after < spacing:
            breach -= max(0, spacing - before - after)
    return breach, setups


@in_place
def pair(ints: Ints, reals: Floats, cost: int, s: int) -> float:
    """Cost of the changeover from slot s to s + 1, 0 at the ends; `cost` is where the plane of costs begins.

    Slot -1 holds the product built before the first slot, if there is any.
    """
    before = ints[PRIOR] if s < 0 else ints[ints[SEQUENCE] + s]
    if before < 0 or s + 1 >= ints[SLOTS]:
        return 0.0
    after = ints[ints[SEQUENCE] + s + 1]
    if ints[KIND] == 1:
        return float(reals[cost]) if before != after else 0.0
    at = ints[ints[ROW] + before] * ints[COLUMNS] + ints[ints[COLUMN] + after]
    return float(reals[cost + at])


@in_place
def pairs_around(ints: Ints, reals: Floats, cost: int, a: int, b: int) -> float:
    """Cost of the changeovers that touch slot a or b."""
    value = pair(ints, reals, cost, a - 1) + pair(ints, reals, cost, a) + pair(ints, reals, cost, b)
    return value + pair(ints, reals, cost, b - 1) if b > a + 1 else value


@in_place
def exchange_breach(ints: Ints, lose: int, gain: int, a: int, b: int) -> int:
    """Change of runs and spacing by exchanging two units: both are taken out, then put back crosswise."""
    at = ints[SEQUENCE]
    ints[at + a] = -1
    breach = -toggle(ints, lose, a)[0]
    ints[at + b] = -1
    breach += toggle(ints, lose, b)[0] - toggle(ints, gain, b)[0]
    ints[at + b] = lose
    breach += toggle(ints, gain, a)[0]
    ints[at + a], ints[at + b] = lose, gain
    return breach


@in_place
def sequence_delta(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int) -> tuple[int, float]:
    """Change of runs, changeovers and moves by exchanging two units of a sequence."""
    at, current = ints[SEQUENCE], ints[CURRENT]
    breach, value = 0, 0.0
    if ints[ints[RUN] + 4 * lose + 3] + ints[ints[RUN] + 4 * gain + 3] > 0:
        breach = exchange_breach(ints, lose, gain, a, b)
    if ints[KIND] > 0:
        cost = ints[COST]
        powers = cost + 2 * ints[PLANE]
        peaks = reals[WEIGHT + 6] + reals[WEIGHT + 7] > 0.0
        value -= pairs_around(ints, reals, cost, a, b)
        power = -pairs_around(ints, reals, powers, a, b) if peaks else 0.0
        ints[at + a], ints[at + b] = gain, lose
        value += pairs_around(ints, reals, cost, a, b)
        power += pairs_around(ints, reals, powers, a, b) if peaks else 0.0
        ints[at + a], ints[at + b] = lose, gain
        reals[SHIFT + 6] += power
        reals[SHIFT + 7] += power
    moved = 0
    first, second = ints[current + a], ints[current + b]
    if first >= 0:
        moved += (1 if gain != first else 0) - (1 if lose != first else 0)
    if second >= 0:
        moved += (1 if lose != second else 0) - (1 if gain != second else 0)
    ints[CHANGE] = moved
    return breach, value


@in_place
def unit_delta(ints: Ints, product: int, a: int, b: int) -> tuple[int, int, int]:
    """Change of (breaches, set-ups, moves) by taking one unit of a product from bucket a to b."""
    row = product * ints[SLOTS]
    out, to = ints[COUNT] + row + a, ints[COUNT] + row + b
    current = ints[CURRENT] + row
    moved = (1 if ints[to] >= ints[current + b] else 0) - (1 if ints[out] > ints[current + a] else 0)
    breach, setups = 0, 0
    if ints[ints[RUN] + 4 * product + 3] > 0 or ints[KIND] > 0:
        ints[out] -= 1
        if ints[out] == 0:
            change, appear = toggle(ints, product, a)
            breach -= change
            setups -= appear
        if ints[to] == 0:
            change, appear = toggle(ints, product, b)
            breach += change
            setups += appear
        ints[out] += 1
    return breach, setups, moved


@in_place
def line_delta(ints: Ints, reals: Floats, lose: int, gain: int, a: int, b: int) -> tuple[int, float]:
    """Change of (breaches, price of changeovers); leaves the change of moves in CHANGE."""
    if ints[BOX] == 0:
        return sequence_delta(ints, reals, lose, gain, a, b)
    nobody = ints[PRODUCTS]
    breach, setups, moved = 0, 0, 0
    if lose != nobody:
        breach, setups, moved = unit_delta(ints, lose, a, b)
    if gain != nobody:
        more, appear, away = unit_delta(ints, gain, b, a)
        breach += more
        setups += appear
        moved += away
    ints[CHANGE] = moved
    if reals[WEIGHT + 6] + reals[WEIGHT + 7] > 0.0:
        reals[SHIFT + 6] += setups
        reals[SHIFT + 7] += setups
    return breach, setups * reals[ints[COST]]


@in_place
def relink(ints: Ints, unit: int, s: int) -> None:
    """Take a movable unit out of its bucket's list and put it at the head of that of bucket s."""
    before_at, after_at, head_at = ints[BEFORE], ints[AFTER], ints[HEAD]
    before, after = ints[before_at + unit], ints[after_at + unit]
    if before >= 0:
        ints[after_at + before] = after
    else:
        ints[head_at + ints[ints[UNIT_SLOT] + unit]] = after
    if after >= 0:
        ints[before_at + after] = before
    first = ints[head_at + s]
    ints[before_at + unit] = -1
    ints[after_at + unit] = first
    if first >= 0:
        ints[before_at + first] = unit
    ints[head_at + s] = unit
    ints[ints[UNIT_SLOT] + unit] = s


@in_place
def board_commit(ints: Ints, lose: int, gain: int, a: int, b: int) -> None:
    """Book a move in the plan; in a box unit OUT goes from a to b and unit BACK from b to a."""
    if ints[BOX] == 0:
        ints[ints[SEQUENCE] + a] = gain
        ints[ints[SEQUENCE] + b] = lose
        return
    count, load, slots = ints[COUNT], ints[LOAD], ints[SLOTS]
    out, back = ints[OUT], ints[BACK]
    if out >= 0:
        relink(ints, out, b)
        ints[count + lose * slots + a] -= 1
        ints[count + lose * slots + b] += 1
        ints[load + a] -= 1
        ints[load + b] += 1
    if back >= 0:
        relink(ints, back, a)
        ints[count + gain * slots + b] -= 1
        ints[count + gain * slots + a] += 1
        ints[load + b] -= 1
        ints[load + a] += 1
