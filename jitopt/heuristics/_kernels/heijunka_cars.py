"""Kernels of `heijunka_cars`: annealing over exchanges, reflections and insertions of a sequence.

Symbols: n slots; R ratio rules, each a row of `rules`; `carry[c, r]` is 1 if units of class c count for rule r.
Of rule r, `held[BEFORE, r, t]` units that count lie before slot t, `held[LOAD, r, w]` in the window that starts at w;
`held[GAIN, r, t]` and `held[LOSS, r, t]` say what one unit less or more at t changes, in multiples of its price.
`free`: slots that may change; `last`: of the block of free slots that a slot lies in; `waits`: waiting times.
A reflection or an insertion leaves every window inside its segment as full as another one was: only
windows across its two ends are looked at, however long it is (Estellon, Gardi & Nouioua 2008).
Warmth times a waiting time drawn outside decides what is accepted: only products and comparisons.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

MODULUS = 2147483647

VALUE, BEST, DICE, STEP, TARGET = range(5)
"""Entries of `state`: cost now, cost of the best sequence, random seed, steps done, cost at which to end."""

NEAR = 48
"""Longest segment that is reflected or shifted."""

REFLECT, INSERT = 15, 40
"""Of 100 proposals so many are reflections, and so many less the former insertions; the others are exchanges."""

ROUND = 256
"""Steps between two changes of the warmth."""


MOST, LENGTH, PRICE, EXCESS = range(4)
"""Columns of `rules`: units allowed, window, price, and 1 if units above count, 0 if windows above do."""

BEFORE, LOAD, GAIN, LOSS = range(4)
"""Tables of `held`; see the module."""


@in_place
def draw(state: Any, among: int) -> int:
    """Return a whole number below `among` (Lehmer's generator, Park and Miller 1988)."""
    state[DICE] = (state[DICE] * 48271) % MODULUS
    return int(state[DICE] % among)


@in_place
def breach(rules: Any, r: int, units: int) -> int:
    """Return what a window of rule r costs, in multiples of its price."""
    over = units - rules[r, MOST]
    if over <= 0:
        return 0
    return int(over) if rules[r, EXCESS] else 1


@in_place
def weigh(rules: Any, held: Any, r: int, begin: int, end: int) -> None:
    """Compute gain and loss of the slots from `begin` to before `end` anew."""
    n, q, p = held.shape[2] - 1, rules[r, LENGTH], rules[r, MOST]
    for t in range(max(0, begin), min(n, end)):
        gain = loss = 0
        for w in range(max(0, t - q + 1), min(t, n - q) + 1):
            units = held[LOAD, r, w]
            if rules[r, EXCESS]:
                gain += 1 if units > p else 0
                loss += 1 if units >= p else 0
            else:
                gain += 1 if units == p + 1 else 0
                loss += 1 if units == p else 0
        held[GAIN, r, t] = gain
        held[LOSS, r, t] = loss


@in_place
def count(rules: Any, carry: Any, held: Any, sequence: Any, first: int, last: int) -> None:
    """Bring `before`, `load`, `gain` and `loss` up to date after a change of the slots `first` to `last`."""
    n = len(sequence)
    for r in range(len(rules)):
        for t in range(first, last + 1):
            held[BEFORE, r, t + 1] = held[BEFORE, r, t] + carry[sequence[t], r]
        q = rules[r, LENGTH]
        for w in range(max(0, first - q + 1), min(last, n - q) + 1):
            held[LOAD, r, w] = held[BEFORE, r, w + q] - held[BEFORE, r, w]
        weigh(rules, held, r, first - q + 1, last + q)


@in_place
def total(rules: Any, held: Any) -> int:
    """Return the cost of the sequence from its loads."""
    found = 0
    for r in range(len(rules)):
        for w in range(held.shape[2] - 1 - rules[r, LENGTH] + 1):
            found += breach(rules, r, held[LOAD, r, w]) * rules[r, PRICE]
    return found


@in_place
def keep(sequence: Any, best: Any) -> None:
    """Take the sequence as the best."""
    for t in range(len(sequence)):
        best[t] = sequence[t]


@in_place
def begin(rules: Any, carry: Any, held: Any, sequence: Any, best: Any, state: Any) -> None:
    """Fill all that is carried along from the sequence, and take it as the best."""
    count(rules, carry, held, sequence, 0, len(sequence) - 1)
    state[VALUE] = total(rules, held)
    state[BEST] = state[VALUE]
    keep(sequence, best)


# --- what a change would cost ----------------------------------------------------------------------


@in_place
def one_more(rules: Any, r: int, units: int, more: int) -> int:
    """Return what a window costs more with `more` (1 or -1) units."""
    p = rules[r, MOST]
    if more > 0:
        return 1 if (units >= p if rules[r, EXCESS] else units == p) else 0
    return -1 if (units > p if rules[r, EXCESS] else units == p + 1) else 0


@in_place
def swap_near(rules: Any, held: Any, r: int, i: int, j: int, more: int) -> int:
    """Return what `more` units at i and as many less at j change, i < j closer than a window: those with one of them."""
    n, q = held.shape[2] - 1, rules[r, LENGTH]
    found = 0
    for w in range(max(0, i - q + 1), min(i, n - q, j - q) + 1):
        found += one_more(rules, r, held[LOAD, r, w], more)
    for w in range(max(0, j - q + 1, i + 1), min(j, n - q) + 1):
        found += one_more(rules, r, held[LOAD, r, w], -more)
    return int(found * rules[r, PRICE])


@in_place
def swap_cost(rules: Any, carry: Any, held: Any, sequence: Any, i: int, j: int) -> int:
    """Return what an exchange of the units at i < j changes."""
    a, b = sequence[i], sequence[j]
    found = 0
    for r in range(len(rules)):
        more = carry[b, r] - carry[a, r]
        if more == 0:
            continue
        if j - i < rules[r, LENGTH]:
            found += swap_near(rules, held, r, i, j, more)
        elif more > 0:
            found += (held[LOSS, r, i] - held[GAIN, r, j]) * rules[r, PRICE]
        else:
            found += (held[LOSS, r, j] - held[GAIN, r, i]) * rules[r, PRICE]
    return int(found)


@in_place
def reflect_cost(rules: Any, held: Any, i: int, j: int) -> int:
    """Return what turning the slots i to j round changes: windows across an end see the units of the other end."""
    n, found = held.shape[2] - 1, 0
    for r in range(len(rules)):
        q = rules[r, LENGTH]
        for k in range(1, min(q, j - i + 1)):
            change = held[BEFORE, r, j + 1] - held[BEFORE, r, j + 1 - k] - held[BEFORE, r, i + k] + held[BEFORE, r, i]
            if change == 0:
                continue
            left, right = i + k - q, j - k + 1
            if left >= 0:
                units = held[LOAD, r, left]
                found += (breach(rules, r, units + change) - breach(rules, r, units)) * rules[r, PRICE]
            if right + q <= n:
                units = held[LOAD, r, right]
                found += (breach(rules, r, units - change) - breach(rules, r, units)) * rules[r, PRICE]
    return int(found)


@in_place
def shifted(held: Any, r: int, t: int, i: int, j: int, source: int) -> int:
    """Return whether the unit that slot t has after an insertion counts; see `insert_near`."""
    s = t
    if i <= t <= j:
        if source == j:
            s = j if t == i else t - 1
        else:
            s = i if t == j else t + 1
    return int(held[BEFORE, r, s + 1] - held[BEFORE, r, s])


@in_place
def insert_near(rules: Any, held: Any, r: int, i: int, j: int, source: int) -> int:
    """Return what an insertion within fewer slots than a window changes, window by window."""
    n, q, found = held.shape[2] - 1, rules[r, LENGTH], 0
    for w in range(max(0, i - q + 1), min(j, n - q) + 1):
        units = 0
        for t in range(w, w + q):
            units += shifted(held, r, t, i, j, source)
        found += breach(rules, r, units) - breach(rules, r, held[LOAD, r, w])
    return int(found * rules[r, PRICE])


@in_place
def insert_left(rules: Any, held: Any, r: int, i: int, j: int) -> int:
    """Return what bringing the unit at j to i changes: windows with i, and those with j and the slot behind it."""
    n, q, found = held.shape[2] - 1, rules[r, LENGTH], 0
    own = held[BEFORE, r, j + 1] - held[BEFORE, r, j]
    for w in range(max(0, i - q + 1), min(i, n - q) + 1):
        found += breach(rules, r, held[BEFORE, r, w + q - 1] - held[BEFORE, r, w] + own)
        if w < i:
            found -= breach(rules, r, held[LOAD, r, w])
    for w in range(max(0, j - q + 1), min(j, n - q) + 1):
        if w > j - q + 1:
            found += breach(rules, r, held[BEFORE, r, w + q] - held[BEFORE, r, w - 1] - own)
        found -= breach(rules, r, held[LOAD, r, w])
    return int(found * rules[r, PRICE])


@in_place
def insert_right(rules: Any, held: Any, r: int, i: int, j: int) -> int:
    """Return what bringing the unit at i to j changes: windows with the slot before i, and those with j."""
    n, q, found = held.shape[2] - 1, rules[r, LENGTH], 0
    own = held[BEFORE, r, i + 1] - held[BEFORE, r, i]
    for w in range(max(0, i - q + 1), min(i, n - q) + 1):
        if w < i:
            found += breach(rules, r, held[BEFORE, r, w + q + 1] - held[BEFORE, r, w] - own)
        found -= breach(rules, r, held[LOAD, r, w])
    for w in range(max(0, j - q + 1), min(j, n - q) + 1):
        found += breach(rules, r, held[BEFORE, r, w + q] - held[BEFORE, r, w + 1] + own)
        if w > j - q + 1:
            found -= breach(rules, r, held[LOAD, r, w])
    return int(found * rules[r, PRICE])


@in_place
def insert_cost(rules: Any, held: Any, i: int, j: int, source: int) -> int:
    """Return what bringing the unit at `source`, one end of the slots i to j, to the other end changes."""
    found = 0
    for r in range(len(rules)):
        if j - i < rules[r, LENGTH]:
            found += insert_near(rules, held, r, i, j, source)
        elif source == j:
            found += insert_left(rules, held, r, i, j)
        else:
            found += insert_right(rules, held, r, i, j)
    return int(found)


# --- doing it ----------------------------------------------------------------------------------


@in_place
def swap(rules: Any, carry: Any, held: Any, sequence: Any, i: int, j: int) -> None:
    """Exchange the units at i < j."""
    n = len(sequence)
    a, b = sequence[i], sequence[j]
    sequence[i], sequence[j] = b, a
    for r in range(len(rules)):
        more = carry[b, r] - carry[a, r]
        if more == 0:
            continue
        q = rules[r, LENGTH]
        for t in range(i + 1, j + 1):
            held[BEFORE, r, t] += more
        for w in range(max(0, i - q + 1), min(i, n - q) + 1):
            held[LOAD, r, w] += more
        for w in range(max(0, j - q + 1), min(j, n - q) + 1):
            held[LOAD, r, w] -= more
        weigh(rules, held, r, i - q + 1, i + q)
        weigh(rules, held, r, max(i + q, j - q + 1), j + q)


@in_place
def reflect(rules: Any, carry: Any, held: Any, sequence: Any, i: int, j: int) -> None:
    """Turn the slots i to j round."""
    a, b = i, j
    while a < b:
        kept = sequence[a]
        sequence[a] = sequence[b]
        sequence[b] = kept
        a += 1
        b -= 1
    count(rules, carry, held, sequence, i, j)


@in_place
def insert(rules: Any, carry: Any, held: Any, sequence: Any, i: int, j: int, source: int) -> None:
    """Bring the unit at `source`, one end of the slots i to j, to the other end."""
    kept = sequence[source]
    if source == j:
        for t in range(j, i, -1):
            sequence[t] = sequence[t - 1]
        sequence[i] = kept
    else:
        for t in range(i, j):
            sequence[t] = sequence[t + 1]
        sequence[j] = kept
    count(rules, carry, held, sequence, i, j)


# --- the walk ------------------------------------------------------------------------------------


@in_place
def accepted(waits: Any, state: Any, change: int, warmth: float) -> bool:
    """Tell whether a change is taken: what does not worsen always, the rest with probability exp(-change / warmth)."""
    if change <= 0:
        return True
    return bool(change < warmth * waits[draw(state, len(waits))])


@in_place
def segment(
    rules: Any,
    carry: Any,
    free: Any,
    last: Any,
    waits: Any,
    held: Any,
    sequence: Any,
    state: Any,
    warmth: float,
    kind: int,
) -> int:
    """Propose a reflection or an insertion; return what it changed."""
    i = free[draw(state, len(free))]
    j = i + 1 + draw(state, NEAR)
    if j > last[i]:
        return 0
    if kind < REFLECT:
        change = reflect_cost(rules, held, i, j)
        if not accepted(waits, state, change, warmth):
            return 0
        reflect(rules, carry, held, sequence, i, j)
        return change
    source = j if draw(state, 2) == 0 else i
    change = insert_cost(rules, held, i, j, source)
    if not accepted(waits, state, change, warmth):
        return 0
    insert(rules, carry, held, sequence, i, j, source)
    return change


@in_place
def exchange(rules: Any, carry: Any, free: Any, waits: Any, held: Any, sequence: Any, state: Any, warmth: float) -> int:
    """Propose an exchange of two units of different classes; return what it changed."""
    i = free[draw(state, len(free))]
    j = free[draw(state, len(free))]
    if sequence[i] == sequence[j]:
        return 0
    if i > j:
        i, j = j, i
    change = swap_cost(rules, carry, held, sequence, i, j)
    if not accepted(waits, state, change, warmth):
        return 0
    swap(rules, carry, held, sequence, i, j)
    return change


@in_place
def anneal(
    rules: Any,
    carry: Any,
    free: Any,
    last: Any,
    waits: Any,
    held: Any,
    sequence: Any,
    best: Any,
    state: Any,
    warmth: float,
    cooling: float,
    steps: int,
) -> float:
    """Do some steps, or fewer if the target is reached; return the warmth at the end."""
    for _ in range(steps):
        kind = draw(state, 100)
        if kind < INSERT:
            state[VALUE] += segment(rules, carry, free, last, waits, held, sequence, state, warmth, kind)
        else:
            state[VALUE] += exchange(rules, carry, free, waits, held, sequence, state, warmth)
        state[STEP] += 1
        if state[STEP] % ROUND == 0:
            warmth *= cooling
        if state[VALUE] < state[BEST]:
            state[BEST] = state[VALUE]
            keep(sequence, best)
            if state[BEST] <= state[TARGET]:
                break
    return warmth
