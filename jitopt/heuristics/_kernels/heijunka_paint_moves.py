"""Kernels of `heijunka_paint`, the moves: what exchanges, reflections and rotations change, and doing them.

The line is what was built before, then the plan, then slots that nothing is built in. All tables are flat. Rules stand
in order of their tiers, dearest first: those of tier k are `ends[k]` to `ends[k + 1] - 1`. Of R rules and W slots of
a row, `before[r * W + t]` units that count for rule r lie before slot t of the line, `load[r * W + w]` in the window
that begins at w; `near[(t * R + r) * 2]` windows would cost one less with one unit less at t, the entry behind it one
more with one unit more. `carry[c * R + r]` is 1 if class c counts for rule r; `shade[c]` is its colour. `prices[r]`
is what an excess costs in the search, `prices[R]` what a colour change costs.
A rotation brings the slots c to j before the slots i to c - 1; an insertion is one with a part of one slot. Both it
and a reflection leave the windows inside a part as full as they were: only windows across a cut are looked at,
however long the parts are (Estellon, Gardi & Nouioua 2008).
Each change is told twice: in the prices of the search, and in `state[CHANGE]` in the objective's own. Tiers are gone
through from the dearest on, and a change that is above `most` after one of them is not looked at further: cheaper
tiers are not to make up for it. `state[CHANGE]` then says nothing.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place, inlined, inner

MODULUS = 2147483647

VALUE, BEST, DICE, STEP, TARGET, CHANGE, FIRST, LIMIT, PAINT, ORIGIN, RULES, WIDTH, LINE, TIERS, PAINTED, FOCUS = range(
    16
)
"""Entries of `state`: objective now and of the best sequence, random seed, steps done, objective at which to end,
what a proposal changes, first slot of the line that may change, longest run of a colour, price of a colour change,
first slot of the line that is part of the plan, number of rules, entries of a table's row, slots of the line, number
of tiers, tier of the colour changes, tier that is searched in."""

WAITS = 1 << 12
"""Waiting times to draw from."""

MOST, LENGTH, LOW, HIGH, PRICE = range(5)
"""Columns of `rules`: units allowed, window, first and last begin of a window that counts, price of an excess."""

COLUMNS = 5


@inlined
def draw(state: Any, among: int) -> int:
    """Return a whole number below `among` (Lehmer's generator, Park and Miller 1988; its upper digits)."""
    dice = (state[DICE] * 48271) % MODULUS
    state[DICE] = dice
    return (dice * among) >> 31


# --- what is carried along -----------------------------------------------------------------------


@inner
def weigh(rules: Any, load: Any, near: Any, state: Any, r: int, first: int, last: int) -> None:
    """Compute `near` of the slots `first` to `last` anew: sums over the windows with a slot, slid along."""
    own = r * COLUMNS
    p, q, low, high = rules[own + MOST], rules[own + LENGTH], rules[own + LOW], rules[own + HIGH]
    row, pair = r * state[WIDTH], 2 * state[RULES]
    first, last = max(0, first), min(state[LINE] - 1, last)
    gain = loss = 0
    for w in range(max(low, first - q + 1), min(first, high) + 1):
        units = load[row + w]
        gain += 1 if units > p else 0
        loss += 1 if units >= p else 0
    at = first * pair + 2 * r
    near[at] = gain
    near[at + 1] = loss
    for t in range(first + 1, last + 1):
        if low <= t <= high:
            units = load[row + t]
            gain += 1 if units > p else 0
            loss += 1 if units >= p else 0
        if low <= t - q <= high:
            units = load[row + t - q]
            gain -= 1 if units > p else 0
            loss -= 1 if units >= p else 0
        at += pair
        near[at] = gain
        near[at + 1] = loss


@inner
def count(
    rules: Any, carry: Any, before: Any, load: Any, near: Any, sequence: Any, state: Any, first: int, last: int
) -> None:
    """Bring all tables up to date after a change of order of the slots `first` to `last`."""
    width, many = state[WIDTH], state[RULES]
    for r in range(many):
        row, own = r * width, r * COLUMNS
        units = before[row + last + 1] - before[row + first]
        if units == 0 or units == last + 1 - first:
            continue
        units = before[row + first]
        for t in range(first, last + 1):
            units += carry[sequence[t] * many + r]
            before[row + t + 1] = units
        q = rules[own + LENGTH]
        for w in range(max(rules[own + LOW], first - q + 1), min(last, rules[own + HIGH]) + 1):
            load[row + w] = before[row + w + q] - before[row + w]
        weigh(rules, load, near, state, r, first - q + 1, last + q - 1)


@in_place
def begin(
    rules: Any, carry: Any, shade: Any, before: Any, load: Any, near: Any, sequence: Any, best: Any, state: Any
) -> None:
    """Fill all that is carried along from the sequence, and take it as the best."""
    slots, width, many, total = state[LINE], state[WIDTH], state[RULES], 0
    for r in range(many):
        row, own = r * width, r * COLUMNS
        q = rules[own + LENGTH]
        for t in range(width - 1):
            before[row + t + 1] = before[row + t] + (carry[sequence[t] * many + r] if t < slots else 0)
        for w in range(rules[own + LOW], rules[own + HIGH] + 1):
            units = before[row + w + q] - before[row + w]
            load[row + w] = units
            total += max(0, units - rules[own + MOST]) * rules[own + PRICE]
        weigh(rules, load, near, state, r, 0, slots - 1)
    for t in range(1, slots):
        if t >= state[ORIGIN] and shade[sequence[t]] != shade[sequence[t - 1]]:
            total += state[PAINT]
    state[VALUE] = total
    state[BEST] = total
    for t in range(slots):
        best[t] = sequence[t]


@inlined
def over(units: int, most: int) -> int:
    """Return the excess of a window."""
    return units - most if units > most else 0


@inner
def run_length(shade: Any, sequence: Any, state: Any, t: int) -> int:
    """Return how long the run of a colour is that slot t of the plan lies in, or one more than the limit."""
    colour, limit, origin, slots = shade[sequence[t]], state[LIMIT], state[ORIGIN], state[LINE]
    a = b = t
    while a > origin and b - a < limit and shade[sequence[a - 1]] == colour:
        a -= 1
    while b + 1 < slots and b - a < limit and shade[sequence[b + 1]] == colour:
        b += 1
    return int(b - a + 1)


# --- exchanges -----------------------------------------------------------------------------------


@inner
def swap_colours(shade: Any, sequence: Any, slots: int, i: int, j: int) -> int:
    """Return by how many colour changes an exchange of the units at i < j changes the line."""
    a, b = shade[sequence[i]], shade[sequence[j]]
    if a == b:
        return 0
    found = 0
    if i > 0:
        other = shade[sequence[i - 1]]
        found += (1 if other != b else 0) - (1 if other != a else 0)
    if j > i + 1:
        other = shade[sequence[i + 1]]
        found += (1 if other != b else 0) - (1 if other != a else 0)
        other = shade[sequence[j - 1]]
        found += (1 if other != a else 0) - (1 if other != b else 0)
    if j + 1 < slots:
        other = shade[sequence[j + 1]]
        found += (1 if other != a else 0) - (1 if other != b else 0)
    return found


@inner
def swap_near(rules: Any, load: Any, state: Any, r: int, i: int, j: int, more: int) -> int:
    """Return what `more` units at i and as many less at j change, i < j closer than a window: windows with one."""
    own, row, found = r * COLUMNS, r * state[WIDTH], 0
    p, q, low, high = rules[own + MOST], rules[own + LENGTH], rules[own + LOW], rules[own + HIGH]
    for w in range(max(low, i - q + 1), min(i, j - q, high) + 1):
        units = load[row + w]
        found += over(units + more, p) - over(units, p)
    for w in range(max(low, j - q + 1, i + 1), min(j, high) + 1):
        units = load[row + w]
        found += over(units - more, p) - over(units, p)
    return found


@inner
def swap_cost(
    rules: Any, ends: Any, carry: Any, shade: Any, prices: Any, load: Any, near: Any, sequence: Any, state: Any,
    most: float, i: int, j: int,
) -> float:  # fmt: skip
    """Return what an exchange of the units at i < j changes."""
    many = state[RULES]
    painted = swap_colours(shade, sequence, state[LINE], i, j)
    old, new, at_i, at_j = sequence[i] * many, sequence[j] * many, i * 2 * many, j * 2 * many
    true, found = painted * state[PAINT], 0.0
    for tier in range(state[TIERS]):
        if tier == state[PAINTED]:
            found += painted * prices[many]
        for r in range(ends[tier], ends[tier + 1]):
            more = carry[new + r] - carry[old + r]
            if more == 0:
                continue
            if j - i < rules[r * COLUMNS + LENGTH]:
                change = swap_near(rules, load, state, r, i, j, more)
            elif more > 0:
                change = near[at_i + 2 * r + 1] - near[at_j + 2 * r]
            else:
                change = near[at_j + 2 * r + 1] - near[at_i + 2 * r]
            true += change * rules[r * COLUMNS + PRICE]
            found += change * prices[r]
        if found > most:
            break
    state[CHANGE] = true
    return found


@inner
def swap(rules: Any, carry: Any, before: Any, load: Any, near: Any, sequence: Any, state: Any, i: int, j: int) -> None:
    """Bring the tables up to date after an exchange of the units at i < j."""
    many, width = state[RULES], state[WIDTH]
    old, new = sequence[j] * many, sequence[i] * many
    for r in range(many):
        more = carry[new + r] - carry[old + r]
        if more == 0:
            continue
        own, row = r * COLUMNS, r * width
        q, low, high = rules[own + LENGTH], rules[own + LOW], rules[own + HIGH]
        for t in range(row + i + 1, row + j + 1):
            before[t] += more
        for w in range(row + max(low, i - q + 1), row + min(i, high) + 1):
            load[w] += more
        for w in range(row + max(low, j - q + 1), row + min(j, high) + 1):
            load[w] -= more
        if j - i < 2 * q:
            weigh(rules, load, near, state, r, i - q + 1, j + q - 1)
        else:
            weigh(rules, load, near, state, r, i - q + 1, i + q - 1)
            weigh(rules, load, near, state, r, j - q + 1, j + q - 1)


@inlined
def exchange(sequence: Any, i: int, j: int) -> None:
    """Exchange the units at i and j in the sequence alone."""
    kept = sequence[i]
    sequence[i] = sequence[j]
    sequence[j] = kept


# --- reflections -----------------------------------------------------------------------------------


@inlined
def differ(shade: Any, sequence: Any, slots: int, a: int, b: int) -> int:
    """Return 1 if the units at a and b have different colours; 0 if one of the two does not exist."""
    if a < 0 or b >= slots:
        return 0
    return 1 if shade[sequence[a]] != shade[sequence[b]] else 0


@inner
def reflect_rule(rules: Any, before: Any, load: Any, state: Any, r: int, i: int, j: int) -> int:
    """Return what turning the slots i to j round changes for a rule: windows across an end see the other end."""
    own, row, change = r * COLUMNS, r * state[WIDTH], 0
    low_end, high_end = before[row + i], before[row + j + 1]
    if high_end == low_end or high_end - low_end == j + 1 - i:
        return 0
    p, q, low, high = rules[own + MOST], rules[own + LENGTH], rules[own + LOW], rules[own + HIGH]
    for k in range(1, min(q, j - i + 1)):
        more = high_end - before[row + j + 1 - k] - before[row + i + k] + low_end
        if more == 0:
            continue
        w = i + k - q
        if low <= w <= high:
            units = load[row + w]
            change += over(units + more, p) - over(units, p)
        w = j - k + 1
        if low <= w <= high:
            units = load[row + w]
            change += over(units - more, p) - over(units, p)
    return change


@inner
def reflect_cost(
    rules: Any, ends: Any, shade: Any, prices: Any, before: Any, load: Any, sequence: Any, state: Any,
    most: float, i: int, j: int,
) -> float:  # fmt: skip
    """Return what turning the slots i to j round changes."""
    slots = state[LINE]
    painted = differ(shade, sequence, slots, i - 1, j) - differ(shade, sequence, slots, i - 1, i)
    painted += differ(shade, sequence, slots, i, j + 1) - differ(shade, sequence, slots, j, j + 1)
    true, found = painted * state[PAINT], 0.0
    for tier in range(state[TIERS]):
        if tier == state[PAINTED]:
            found += painted * prices[state[RULES]]
        for r in range(ends[tier], ends[tier + 1]):
            change = reflect_rule(rules, before, load, state, r, i, j)
            true += change * rules[r * COLUMNS + PRICE]
            found += change * prices[r]
        if found > most:
            break
    state[CHANGE] = true
    return found


@inner
def reflect(sequence: Any, i: int, j: int) -> None:
    """Turn the slots i to j of the sequence round."""
    a, b = i, j
    while a < b:
        exchange(sequence, a, b)
        a += 1
        b -= 1


# --- rotations -------------------------------------------------------------------------------------


@inlined
def turned(before: Any, row: int, i: int, c: int, j: int, t: int) -> int:
    """Return how many units that count lie before slot t once the slots c to j come before the slots i to c - 1."""
    if t <= i or t > j:
        return before[row + t]
    behind = j + 1 - c
    if t <= i + behind:
        return before[row + i] + before[row + c + t - i] - before[row + c]
    return before[row + t - behind] + before[row + j + 1] - before[row + c]


@inner
def across(rules: Any, before: Any, load: Any, state: Any, r: int, i: int, c: int, j: int, new: bool) -> int:
    """Return the excess of the windows across a cut, as they are or, if `new`, after the rotation.

    A window across x begins before x and ends at or behind it; windows with all the slots i to j stay as they are.
    """
    own, row, found = r * COLUMNS, r * state[WIDTH], 0
    p, q, low, high = rules[own + MOST], rules[own + LENGTH], rules[own + LOW], rules[own + HIGH]
    middle = i + j + 1 - c if new else c
    w = max(low, i - q + 1)
    last = min(j, high)
    while w <= last:
        if w >= i and w < middle - q + 1:
            w = middle - q + 1
            continue
        if w >= middle and w >= i and w < j - q + 2:
            w = j - q + 2
            continue
        if j + 1 - q <= w <= i:
            w = i + 1
            continue
        if new:
            found += over(turned(before, row, i, c, j, w + q) - turned(before, row, i, c, j, w), p)
        else:
            found += over(load[row + w], p)
        w += 1
    return found


@inner
def rotate_cost(
    rules: Any, ends: Any, shade: Any, prices: Any, before: Any, load: Any, sequence: Any, state: Any,
    most: float, i: int, c: int, j: int,
) -> float:  # fmt: skip
    """Return what bringing the slots c to j before the slots i to c - 1 changes."""
    slots, width = state[LINE], state[WIDTH]
    painted = differ(shade, sequence, slots, i - 1, c) + differ(shade, sequence, slots, i, j)
    painted += differ(shade, sequence, slots, c - 1, j + 1) - differ(shade, sequence, slots, i - 1, i)
    painted -= differ(shade, sequence, slots, c - 1, c) + differ(shade, sequence, slots, j, j + 1)
    true, found = painted * state[PAINT], 0.0
    for tier in range(state[TIERS]):
        if tier == state[PAINTED]:
            found += painted * prices[state[RULES]]
        for r in range(ends[tier], ends[tier + 1]):
            units = before[r * width + j + 1] - before[r * width + i]
            if units == 0 or units == j + 1 - i:
                continue
            change = across(rules, before, load, state, r, i, c, j, True)
            change -= across(rules, before, load, state, r, i, c, j, False)
            true += change * rules[r * COLUMNS + PRICE]
            found += change * prices[r]
        if found > most:
            break
    state[CHANGE] = true
    return found


@inner
def rotate(sequence: Any, i: int, c: int, j: int) -> None:
    """Bring the slots c to j of the sequence before the slots i to c - 1: each part is turned round, then both."""
    if c == j:
        kept = sequence[j]
        for t in range(j, i, -1):
            sequence[t] = sequence[t - 1]
        sequence[i] = kept
    elif c == i + 1:
        kept = sequence[i]
        for t in range(i, j):
            sequence[t] = sequence[t + 1]
        sequence[j] = kept
    else:
        reflect(sequence, i, c - 1)
        reflect(sequence, c, j)
        reflect(sequence, i, j)
