"""Compiled local search for heijunka: proposals, acceptance and the keeping of the best plan.

Every step is one proposal: an exchange of two units, a short segment turned round or rotated, or, in
a box, a unit put into another bucket. Its exact change is evaluated, and it is taken by the rule
of simulated annealing, in the lexicographic order of (amount of broken hard rules, objective).
"""

from __future__ import annotations

from jitopt.heuristics._kernels.heijunka_state import (
    AFTER,
    BACK,
    BEST,
    BEST_HARD,
    BEST_PLAN,
    BEST_STEP,
    BOX,
    CAPACITY,
    CARRY,
    CHILL,
    CHILLS,
    COOLING,
    COST,
    DEVIATION,
    FAMILY,
    FREE,
    FREES,
    GROUPS,
    HARD,
    HEAD,
    HOT,
    HOT_LIST,
    ITEMS,
    LOAD,
    MOVES_OF,
    OBJECTIVE,
    OPEN,
    OUT,
    PEAKS,
    PENALTY,
    PLANE,
    PRICE,
    PROBE,
    PRODUCTS,
    REACH,
    REACHES,
    ROOM,
    RULE,
    RULE_PRICE,
    RULES,
    SAMPLE,
    SAMPLES,
    SCALE,
    SEED,
    SEED_2,
    SEQUENCE,
    SLOTS,
    SOFTEST,
    STALE,
    START,
    STATIONS,
    STEP,
    TARGET,
    TOP,
    TOTAL,
    UNIT_PRODUCT,
    UNIT_SLOT,
    UNITS,
    WARMTH,
    WEIGHT,
    WHERE_ROW,
    WHERE_SLOT,
    WINDOW,
    Floats,
    Ints,
)
from jitopt.jit import in_place, twin

__all__ = ["improve"]

_terms = twin("jitopt.heuristics._kernels.heijunka_terms", __name__)
commit = _terms.commit
evaluate = _terms.evaluate
peak_cost = _terms.peak_cost
power = _terms.power
pair = twin("jitopt.heuristics._kernels.heijunka_line", __name__).pair

LOOKS = 8
"""Slots at which is looked for an overload, before any slot is taken."""

Move = tuple[int, int, int, int]
"""(lose, gain, a, b) as in `heijunka_terms`; lose = gain is no move."""


@in_place
def draw(ints: Ints) -> int:
    """Return a random integer in 0..2147483561: two multiplicative generators combined (L'Ecuyer 1988)."""
    ints[SEED] = ints[SEED] * 40014 % 2147483563
    ints[SEED_2] = ints[SEED_2] * 40692 % 2147483399
    return int((ints[SEED] - ints[SEED_2]) % 2147483562)


@in_place
def partner_slot(ints: Ints, a: int) -> int:
    """Return a slot to exchange with slot a: at a distance from the table, or any that may change."""
    gap = ints[ints[REACH] + draw(ints) % ints[REACHES]]
    if gap == 0:
        return int(ints[ints[FREE] + draw(ints) % ints[FREES]])
    if draw(ints) % 2 == 0:
        gap = -gap
    b = a + gap
    if b < 0 or b >= ints[SLOTS]:
        b = a - gap
    if b < 0 or b >= ints[SLOTS] or ints[ints[OPEN] + b] == 0:
        return a
    return int(b)


@in_place
def broken_slot(ints: Ints) -> int:
    """Return a slot of a random broken window, rather one that carries its option."""
    slots = ints[SLOTS]
    window = ints[ints[HOT_LIST] + draw(ints) % ints[HOT]]
    r, first = window // slots, window % slots
    span = ints[ints[RULE] + 3 * r + 1]
    s = first + draw(ints) % span
    if ints[BOX] == 0:
        for _ in range(3):
            if ints[ints[CARRY] + ints[ints[SEQUENCE] + s] * ints[RULES] + r] == 1:
                break
            s = first + draw(ints) % span
    return int(s)


@in_place
def overloaded_slot(ints: Ints, otherwise: int) -> int:
    """Return a slot that overloads a worker, or one of the two before it; `otherwise` after a few vain looks."""
    slots = ints[SLOTS]
    for _ in range(LOOKS):
        k, s = draw(ints) % ints[STATIONS], draw(ints) % slots
        move = ints[ints[MOVES_OF] + k * (ints[PRODUCTS] + 1) + ints[ints[SEQUENCE] + s]]
        if ints[ints[START] + k * (slots + 1) + s] + move > ints[ints[ROOM] + k]:
            return max(0, int(s) - draw(ints) % 3)
    return otherwise


@in_place
def propose_exchange(ints: Ints) -> Move:
    """Exchange two units of a sequence."""
    sequence = ints[SEQUENCE]
    a = broken_slot(ints) if ints[HOT] > 0 and draw(ints) % 2 == 0 else int(ints[ints[FREE] + draw(ints) % ints[FREES]])
    if ints[STATIONS] > 0 and draw(ints) % 2 == 0:
        a = overloaded_slot(ints, a)
    b = partner_slot(ints, a)
    for _ in range(2):
        if ints[sequence + a] == ints[sequence + b]:
            b = partner_slot(ints, a)
    if ints[ints[OPEN] + a] == 0:
        b = a
    a, b = min(a, b), max(a, b)
    return int(ints[sequence + a]), int(ints[sequence + b]), a, b


@in_place
def some_unit(ints: Ints, s: int) -> int:
    """Return one of the movable units at the front of a bucket's list, -1 if it has none."""
    unit = ints[ints[HEAD] + s]
    for _ in range(draw(ints) % 6):
        if unit >= 0 and ints[ints[AFTER] + unit] >= 0:
            unit = ints[ints[AFTER] + unit]
    return int(unit)


@in_place
def propose_bucket(ints: Ints) -> Move:
    """Move a unit to another bucket, or exchange two; leaves the units in OUT and BACK."""
    none = int(ints[PRODUCTS])
    unit = -1
    if ints[HOT] > 0 and draw(ints) % 2 == 0:
        unit = some_unit(ints, broken_slot(ints))
    if unit < 0:
        unit = draw(ints) % ints[UNITS]
    a = int(ints[ints[UNIT_SLOT] + unit])
    b = partner_slot(ints, a)
    product, other, partner = int(ints[ints[UNIT_PRODUCT] + unit]), none, -1
    full = ints[ints[LOAD] + b] >= ints[CAPACITY]
    if full or draw(ints) % 2 == 0:
        partner = some_unit(ints, b)
        if partner >= 0:
            other = int(ints[ints[UNIT_PRODUCT] + partner])
    if a == b or product == other or (partner < 0 and full):
        return none, none, a, a
    if a < b:
        ints[OUT], ints[BACK] = unit, partner
        return product, other, a, b
    ints[OUT], ints[BACK] = partner, unit
    return other, product, b, a


@in_place
def accepts(ints: Ints, reals: Floats, hard: int, value: float) -> bool:
    """Decide on a change: hard rules alone until a plan keeps them, then priced with the objective."""
    cost = value + reals[PENALTY] * hard
    if ints[BEST_HARD] > 0:
        cost = float(hard)
    return bool(cost <= 0.0 or cost <= reals[WARMTH] * reals[ints[CHILL] + draw(ints) % ints[CHILLS]])


@in_place
def find_top(ints: Ints, reals: Floats, group: int) -> None:
    """Look for a maximum again, and sum up its powers afresh."""
    slots, scale_of = ints[SLOTS], reals[SCALE + group]
    top, total = 0.0, 0.0
    if group < 4:
        for e in range(ints[ITEMS]):
            scale = reals[ints[PRICE] + 3 * e + 1 + group % 2]
            row = ints[DEVIATION] + e * slots
            for s in range(slots if ints[ints[FAMILY] + e] == group // 2 else 0):
                height = scale * abs(reals[row + s])
                total += power(height / scale_of)
                if height > top:
                    top = height
                    ints[WHERE_ROW + group] = e
                    ints[WHERE_SLOT + group] = s
    elif group < 6:
        for r in range(ints[RULES]):
            scale, limit = reals[ints[RULE_PRICE] + 5 * r + group - 1], ints[ints[RULE] + 3 * r]
            row = ints[WINDOW] + r * slots
            for s in range(row, row + slots if ints[ints[RULE] + 3 * r + 2] == 0 else row):
                height = scale * max(0, ints[s] - limit)
                total += power(height / scale_of)
                top = max(top, height)
    elif ints[BOX] == 1:
        total = reals[TOTAL + group]
        top = 1.0 if total > 0.5 else 0.0
    else:
        for s in range(-1, slots - 1):
            height = pair(ints, reals, ints[COST] + ints[PLANE], s)
            total += power(height / scale_of)
            top = max(top, height)
    ints[STALE + group] = 0
    reals[OBJECTIVE] += peak_cost(reals, group, total) - peak_cost(reals, group, reals[TOTAL + group])
    reals[TOTAL + group] = total
    reals[TOP + group] = top


@in_place
def true_objective(ints: Ints, reals: Floats) -> float:
    """Return the objective with every maximum itself in place of its smooth stand-in."""
    if ints[PEAKS] == 1:
        for group in range(GROUPS):
            if reals[WEIGHT + group] > 0.0 and ints[STALE + group] == 1:
                find_top(ints, reals, group)
    value = float(reals[OBJECTIVE])
    if ints[PEAKS] == 1:
        for group in range(GROUPS):
            if reals[WEIGHT + group] > 0.0:
                top = reals[TOP + group]
                value += reals[WEIGHT + group] * (top * top if group % 2 == 1 else top)
                value -= peak_cost(reals, group, reals[TOTAL + group])
    return value


@in_place
def keep_best(ints: Ints, reals: Floats) -> bool:
    """Keep the plan if it is the best so far; tell whether to return: first feasible plan, or target met."""
    hard, best_hard, best = ints[HARD], ints[BEST_HARD], reals[BEST]
    if hard > best_hard or (hard == best_hard and hard > 0):
        return False
    objective = true_objective(ints, reals)
    if hard == best_hard and objective >= best - 1e-6 * max(1.0, abs(best)):
        return False  # Less than that may be the rounding of many changes, and would keep the search going for ever.
    reals[BEST] = objective
    ints[BEST_HARD] = hard
    ints[BEST_STEP] = ints[STEP]
    source, length = (ints[UNIT_SLOT], ints[UNITS]) if ints[BOX] == 1 else (ints[SEQUENCE], ints[SLOTS])
    for k in range(length):
        ints[ints[BEST_PLAN] + k] = ints[source + k]
    return bool(hard == 0 and (best_hard > 0 or objective <= reals[TARGET]))


@in_place
def segment_move(ints: Ints, reals: Floats) -> bool:
    """Turn a short segment round or rotate it by one: a chain of exchanges, undone if refused."""
    sequence = ints[SEQUENCE]
    length = 3 + draw(ints) % min(13, ints[SLOTS] - 2)
    first = draw(ints) % (ints[SLOTS] - length + 1)
    for s in range(first, first + length):
        if ints[ints[OPEN] + s] == 0:
            return False
    form = draw(ints) % 3
    steps = length // 2 if form == 0 else length - 1
    hard, value = 0, 0.0
    for way in range(2):
        for k in range(steps):
            turn = k if way == 0 else steps - 1 - k
            a = first + turn if form < 2 else first + length - 2 - turn
            b = first + length - 1 - turn if form == 0 else a + 1
            lose, gain = ints[sequence + a], ints[sequence + b]
            if lose != gain:
                more, change = evaluate(ints, reals, lose, gain, a, b)
                commit(ints, reals, lose, gain, a, b)
                hard += more
                value += change
        if way == 0 and accepts(ints, reals, hard, value):
            ints[HARD] += hard
            reals[OBJECTIVE] += value
            return True
    return False


@in_place
def single_move(ints: Ints, reals: Floats) -> bool:
    """Try an exchange of two units or a move of one; while probing only note the size of its change."""
    lose, gain, a, b = propose_bucket(ints) if ints[BOX] == 1 else propose_exchange(ints)
    if lose == gain:
        return False
    hard, value = evaluate(ints, reals, lose, gain, a, b)
    if ints[PROBE] >= 0:
        reals[ints[SAMPLE] + ints[PROBE] % ints[SAMPLES]] = abs(value)
        ints[PROBE] += 1
        return False
    if not accepts(ints, reals, hard, value):
        return False
    commit(ints, reals, lose, gain, a, b)
    ints[HARD] += hard
    reals[OBJECTIVE] += value
    return True


@in_place
def improve(ints: Ints, reals: Floats, steps: int) -> bool:
    """Do some steps; return True, early, when a first feasible plan is found or the target is met.

    Every 256 steps the temperature falls by its factor, and the price of broken rules rises while
    some are broken and falls while none is, which keeps the search at the edge of the feasible.
    """
    segments = ints[BOX] == 0 and ints[SLOTS] >= 4 and ints[PROBE] < 0
    for _ in range(steps):
        ints[STEP] += 1
        if ints[STEP] % 256 == 0:
            reals[WARMTH] *= reals[COOLING]
            if ints[HARD] > 0:
                reals[PENALTY] *= 1.1
            else:
                reals[PENALTY] = max(reals[SOFTEST], reals[PENALTY] / 1.1)
        taken = segment_move(ints, reals) if segments and draw(ints) % 8 == 0 else single_move(ints, reals)
        if taken and keep_best(ints, reals):
            return True
    return False
