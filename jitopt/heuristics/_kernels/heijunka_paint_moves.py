"""Kernels of `heijunka_paint`, the moves: what exchanges, reflections and rotations change, and doing them.

The line is what was built before, then the plan, then slots that nothing is built in. Of ratio rule r (a row of
`rules`), `held[BEFORE, r, t]` units that count lie before slot t of the line, `held[LOAD, r, w]` in the window that
begins at w; `held[GAIN, r, t]` and `held[LOSS, r, t]` windows would cost one less or more with one unit less or more
at t. `carry[c, r]` is 1 if class c counts for rule r; `shade[c]` is its colour. `prices[r]` is what an excess costs
in the search, `prices[R]` what a colour change costs.
A rotation brings the slots c to j before the slots i to c - 1; an insertion is one with a part of one slot. Both it
and a reflection leave the windows inside a part as full as they were: only windows across a cut are looked at,
however long the parts are (Estellon, Gardi & Nouioua 2008).
Each change is told twice: in the prices of the search, and in `state[CHANGE]` in the objective's own.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

MODULUS = 2147483647

VALUE, BEST, DICE, STEP, TARGET, CHANGE, FIRST, LIMIT, PAINT, ORIGIN = range(10)
"""Entries of `state`: objective now and of the best sequence, random seed, steps done, objective at which to end,
what a proposal changes, first slot of the line that may change, longest run of a colour, price of a colour change,
first slot of the line that is part of the plan."""

MOST, LENGTH, LOW, HIGH, PRICE = range(5)
"""Columns of `rules`: units allowed, window, first and last begin of a window that counts, price of an excess."""

BEFORE, LOAD, GAIN, LOSS = range(4)
"""Tables of `held`; see the module."""


@in_place
def draw(state: Any, among: int) -> int:
    """Return a whole number below `among` (Lehmer's generator, Park and Miller 1988)."""
    state[DICE] = (state[DICE] * 48271) % MODULUS
    return int(state[DICE] % among)


# --- what is carried along -----------------------------------------------------------------------


@in_place
def weigh(rules: Any, held: Any, r: int, first: int, last: int, slots: int) -> None:
    """Compute gain and loss of the slots `first` to `last` anew: sums over the windows with a slot, slid along."""
    p, q, low, high = rules[r, MOST], rules[r, LENGTH], rules[r, LOW], rules[r, HIGH]
    first, last = max(0, first), min(slots - 1, last)
    gain = loss = 0
    for w in range(max(low, first - q + 1), min(first, high) + 1):
        units = held[LOAD, r, w]
        gain += 1 if units > p else 0
        loss += 1 if units >= p else 0
    for t in range(first, last + 1):
        if t > first:
            if low <= t <= high:
                units = held[LOAD, r, t]
                gain += 1 if units > p else 0
                loss += 1 if units >= p else 0
            if low <= t - q <= high:
                units = held[LOAD, r, t - q]
                gain -= 1 if units > p else 0
                loss -= 1 if units >= p else 0
        held[GAIN, r, t] = gain
        held[LOSS, r, t] = loss


@in_place
def count(rules: Any, carry: Any, held: Any, sequence: Any, first: int, last: int) -> None:
    """Bring all tables up to date after a change of order of the slots `first` to `last`."""
    for r in range(len(rules)):
        units = held[BEFORE, r, last + 1] - held[BEFORE, r, first]
        if units == 0 or units == last + 1 - first:
            continue
        for t in range(first, last + 1):
            held[BEFORE, r, t + 1] = held[BEFORE, r, t] + carry[sequence[t], r]
        q = rules[r, LENGTH]
        for w in range(max(rules[r, LOW], first - q + 1), min(last, rules[r, HIGH]) + 1):
            held[LOAD, r, w] = held[BEFORE, r, w + q] - held[BEFORE, r, w]
        weigh(rules, held, r, first - q + 1, last + q - 1, len(sequence))


@in_place
def begin(rules: Any, carry: Any, shade: Any, held: Any, sequence: Any, best: Any, state: Any) -> None:
    """Fill all that is carried along from the sequence, and take it as the best."""
    slots, total = len(sequence), 0
    for r in range(len(rules)):
        q = rules[r, LENGTH]
        for t in range(held.shape[2] - 1):
            held[BEFORE, r, t + 1] = held[BEFORE, r, t] + (carry[sequence[t], r] if t < slots else 0)
        for w in range(rules[r, LOW], rules[r, HIGH] + 1):
            units = held[BEFORE, r, w + q] - held[BEFORE, r, w]
            held[LOAD, r, w] = units
            total += max(0, units - rules[r, MOST]) * rules[r, PRICE]
        weigh(rules, held, r, 0, slots - 1, slots)
    for t in range(1, slots):
        if t >= state[ORIGIN] and shade[sequence[t]] != shade[sequence[t - 1]]:
            total += state[PAINT]
    state[VALUE] = total
    state[BEST] = total
    for t in range(slots):
        best[t] = sequence[t]


@in_place
def over(units: int, most: int) -> int:
    """Return the excess of a window."""
    return int(units - most) if units > most else 0


@in_place
def run_length(shade: Any, sequence: Any, state: Any, t: int) -> int:
    """Return how long the run of a colour is that slot t of the plan lies in, or one more than the limit."""
    colour, limit, origin = shade[sequence[t]], state[LIMIT], state[ORIGIN]
    a = b = t
    while a > origin and b - a < limit and shade[sequence[a - 1]] == colour:
        a -= 1
    while b + 1 < len(sequence) and b - a < limit and shade[sequence[b + 1]] == colour:
        b += 1
    return int(b - a + 1)


# --- exchanges -----------------------------------------------------------------------------------


@in_place
def swap_colours(shade: Any, sequence: Any, i: int, j: int) -> int:
    """Return by how many colour changes an exchange of the units at i < j changes the line."""
    a, b = shade[sequence[i]], shade[sequence[j]]
    if a == b:
        return 0
    found = 0
    if i > 0:
        near = shade[sequence[i - 1]]
        found += (1 if near != b else 0) - (1 if near != a else 0)
    if j > i + 1:
        near = shade[sequence[i + 1]]
        found += (1 if near != b else 0) - (1 if near != a else 0)
        near = shade[sequence[j - 1]]
        found += (1 if near != a else 0) - (1 if near != b else 0)
    if j + 1 < len(sequence):
        near = shade[sequence[j + 1]]
        found += (1 if near != a else 0) - (1 if near != b else 0)
    return found


@in_place
def swap_near(rules: Any, held: Any, r: int, i: int, j: int, more: int) -> int:
    """Return what `more` units at i and as many less at j change, i < j closer than a window: windows with one."""
    p, q, low, high, found = rules[r, MOST], rules[r, LENGTH], rules[r, LOW], rules[r, HIGH], 0
    for w in range(max(low, i - q + 1), min(i, j - q, high) + 1):
        units = held[LOAD, r, w]
        found += over(units + more, p) - over(units, p)
    for w in range(max(low, j - q + 1, i + 1), min(j, high) + 1):
        units = held[LOAD, r, w]
        found += over(units - more, p) - over(units, p)
    return found


@in_place
def swap_cost(
    rules: Any, carry: Any, shade: Any, prices: Any, held: Any, sequence: Any, state: Any, i: int, j: int
) -> float:
    """Return what an exchange of the units at i < j changes."""
    a, b = sequence[i], sequence[j]
    painted = swap_colours(shade, sequence, i, j)
    true, found = painted * state[PAINT], painted * prices[len(rules)]
    for r in range(len(rules)):
        more = carry[b, r] - carry[a, r]
        if more == 0:
            continue
        if j - i < rules[r, LENGTH]:
            change = swap_near(rules, held, r, i, j, more)
        elif more > 0:
            change = held[LOSS, r, i] - held[GAIN, r, j]
        else:
            change = held[LOSS, r, j] - held[GAIN, r, i]
        true += change * rules[r, PRICE]
        found += change * prices[r]
    state[CHANGE] = true
    return float(found)


@in_place
def swap(rules: Any, carry: Any, held: Any, sequence: Any, i: int, j: int) -> None:
    """Bring the tables up to date after an exchange of the units at i < j."""
    a, b = sequence[j], sequence[i]
    for r in range(len(rules)):
        more = carry[b, r] - carry[a, r]
        if more == 0:
            continue
        q, low, high = rules[r, LENGTH], rules[r, LOW], rules[r, HIGH]
        for t in range(i + 1, j + 1):
            held[BEFORE, r, t] += more
        for w in range(max(low, i - q + 1), min(i, high) + 1):
            held[LOAD, r, w] += more
        for w in range(max(low, j - q + 1), min(j, high) + 1):
            held[LOAD, r, w] -= more
        if j - i < 2 * q:
            weigh(rules, held, r, i - q + 1, j + q - 1, len(sequence))
        else:
            weigh(rules, held, r, i - q + 1, i + q - 1, len(sequence))
            weigh(rules, held, r, j - q + 1, j + q - 1, len(sequence))


@in_place
def exchange(sequence: Any, i: int, j: int) -> None:
    """Exchange the units at i and j in the sequence alone."""
    kept = sequence[i]
    sequence[i] = sequence[j]
    sequence[j] = kept


# --- reflections -----------------------------------------------------------------------------------


@in_place
def differ(shade: Any, sequence: Any, a: int, b: int) -> int:
    """Return 1 if the units at a and b have different colours; 0 if one of the two does not exist."""
    if a < 0 or b >= len(sequence):
        return 0
    return 1 if shade[sequence[a]] != shade[sequence[b]] else 0


@in_place
def reflect_cost(rules: Any, shade: Any, prices: Any, held: Any, sequence: Any, state: Any, i: int, j: int) -> float:
    """Return what turning the slots i to j round changes: windows across an end see the units of the other end."""
    painted = differ(shade, sequence, i - 1, j) - differ(shade, sequence, i - 1, i)
    painted += differ(shade, sequence, i, j + 1) - differ(shade, sequence, j, j + 1)
    true, found = painted * state[PAINT], painted * prices[len(rules)]
    for r in range(len(rules)):
        units = held[BEFORE, r, j + 1] - held[BEFORE, r, i]
        if units == 0 or units == j + 1 - i:
            continue
        p, q, low, high, change = rules[r, MOST], rules[r, LENGTH], rules[r, LOW], rules[r, HIGH], 0
        for k in range(1, min(q, j - i + 1)):
            more = held[BEFORE, r, j + 1] - held[BEFORE, r, j + 1 - k] - held[BEFORE, r, i + k] + held[BEFORE, r, i]
            if more == 0:
                continue
            w = i + k - q
            if low <= w <= high:
                change += over(held[LOAD, r, w] + more, p) - over(held[LOAD, r, w], p)
            w = j - k + 1
            if low <= w <= high:
                change += over(held[LOAD, r, w] - more, p) - over(held[LOAD, r, w], p)
        true += change * rules[r, PRICE]
        found += change * prices[r]
    state[CHANGE] = true
    return float(found)


@in_place
def reflect(sequence: Any, i: int, j: int) -> None:
    """Turn the slots i to j of the sequence round."""
    a, b = i, j
    while a < b:
        exchange(sequence, a, b)
        a += 1
        b -= 1


# --- rotations -------------------------------------------------------------------------------------


@in_place
def turned(held: Any, r: int, i: int, c: int, j: int, t: int) -> int:
    """Return how many units that count lie before slot t once the slots c to j come before the slots i to c - 1."""
    if t <= i or t > j:
        return int(held[BEFORE, r, t])
    behind = j + 1 - c
    if t <= i + behind:
        return int(held[BEFORE, r, i] + held[BEFORE, r, c + t - i] - held[BEFORE, r, c])
    return int(held[BEFORE, r, t - behind] + held[BEFORE, r, j + 1] - held[BEFORE, r, c])


@in_place
def across(rules: Any, held: Any, r: int, i: int, c: int, j: int, new: bool) -> int:
    """Return the excess of the windows across a cut, as they are or, if `new`, after the rotation.

    A window across x begins before x and ends at or behind it; windows with all the slots i to j stay as they are.
    """
    p, q, found = rules[r, MOST], rules[r, LENGTH], 0
    low, high = rules[r, LOW], rules[r, HIGH]
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
        units = turned(held, r, i, c, j, w + q) - turned(held, r, i, c, j, w) if new else held[LOAD, r, w]
        found += over(units, p)
        w += 1
    return found


@in_place
def rotate_cost(
    rules: Any, shade: Any, prices: Any, held: Any, sequence: Any, state: Any, i: int, c: int, j: int
) -> float:
    """Return what bringing the slots c to j before the slots i to c - 1 changes."""
    painted = differ(shade, sequence, i - 1, c) + differ(shade, sequence, i, j) + differ(shade, sequence, c - 1, j + 1)
    painted -= differ(shade, sequence, i - 1, i) + differ(shade, sequence, c - 1, c) + differ(shade, sequence, j, j + 1)
    true, found = painted * state[PAINT], painted * prices[len(rules)]
    for r in range(len(rules)):
        units = held[BEFORE, r, j + 1] - held[BEFORE, r, i]
        if units == 0 or units == j + 1 - i:
            continue
        change = across(rules, held, r, i, c, j, True) - across(rules, held, r, i, c, j, False)
        true += change * rules[r, PRICE]
        found += change * prices[r]
    state[CHANGE] = true
    return float(found)


@in_place
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
