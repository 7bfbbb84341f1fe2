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

REFLECT, INSERT, ROTATE = 15, 30, 45
"""Of 100 proposals those below the first are reflections, below the second insertions, below the third exchanges of
neighbouring segments; the others exchange two units."""

GUIDED = 50
"""Of 100 changes so many begin in a window above its rule."""

ROUND = 256
"""Steps between two changes of the warmth."""


MOST, LENGTH, PRICE, EXCESS = range(4)
"""Columns of `rules`: units allowed, window, price, and 1 if units above count, 0 if windows above do."""

BEFORE, LOAD, GAIN, LOSS, PLACE = range(5)
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
def fill(rules: Any, held: Any, hot: Any, r: int, w: int, units: int) -> None:
    """Set the load of a window and keep the list of those above their rule."""
    held[LOAD, r, w] = units
    above, place = units > rules[r, MOST], held[PLACE, r, w]
    if above and place < 0:
        hot[0] += 1
        hot[hot[0]] = r * held.shape[2] + w
        held[PLACE, r, w] = hot[0]
    elif place >= 0 and not above:
        last = hot[hot[0]]
        hot[place] = last
        held[PLACE, last // held.shape[2], last % held.shape[2]] = place
        held[PLACE, r, w] = -1
        hot[0] -= 1


@in_place
def count(rules: Any, carry: Any, held: Any, hot: Any, sequence: Any, first: int, last: int) -> None:
    """Bring `before`, `load`, `gain` and `loss` up to date after a change of the slots `first` to `last`."""
    n = len(sequence)
    for r in range(len(rules)):
        for t in range(first, last + 1):
            held[BEFORE, r, t + 1] = held[BEFORE, r, t] + carry[sequence[t], r]
        q = rules[r, LENGTH]
        for w in range(max(0, first - q + 1), min(last, n - q) + 1):
            fill(rules, held, hot, r, w, held[BEFORE, r, w + q] - held[BEFORE, r, w])
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
def begin(rules: Any, carry: Any, held: Any, hot: Any, sequence: Any, best: Any, state: Any) -> None:
    """Fill all that is carried along from the sequence, and take it as the best."""
    count(rules, carry, held, hot, sequence, 0, len(sequence) - 1)
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
    """Return what `more` units at i and as many less at j change, where i < j lie within a window."""
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
def turned(held: Any, r: int, t: int, i: int, m: int, j: int) -> int:
    """Return the units that count before slot t once the slots i to m have changed places with m + 1 to j."""
    if t <= i or t > j:
        return int(held[BEFORE, r, t])
    second = j - m
    if t <= i + second:
        return int(held[BEFORE, r, i] + held[BEFORE, r, m + 1 + t - i] - held[BEFORE, r, m + 1])
    return int(held[BEFORE, r, j + 1] - held[BEFORE, r, m + 1] + held[BEFORE, r, t - second])


@in_place
def rotate_cost(rules: Any, held: Any, i: int, m: int, j: int) -> int:
    """Return what the exchange of two neighbouring segments, i to m and m + 1 to j, changes.

    Windows within a segment stay as they are: those across the two ends and across the seam change.
    """
    n, found = held.shape[2] - 1, 0
    for r in range(len(rules)):
        q, change = rules[r, LENGTH], 0
        seen = -1
        for end in (i, i + j - m, j + 1):
            for w in range(max(seen + 1, end - q + 1), min(end - 1, n - q) + 1):
                units = turned(held, r, w + q, i, m, j) - turned(held, r, w, i, m, j)
                change += breach(rules, r, units)
            seen = max(seen, min(end - 1, n - q))
        seen = -1
        for end in (i, m + 1, j + 1):
            for w in range(max(seen + 1, end - q + 1), min(end - 1, n - q) + 1):
                change -= breach(rules, r, held[LOAD, r, w])
            seen = max(seen, min(end - 1, n - q))
        found += change * rules[r, PRICE]
    return int(found)


# --- doing it ----------------------------------------------------------------------------------


@in_place
def swap(rules: Any, carry: Any, held: Any, hot: Any, sequence: Any, i: int, j: int) -> None:
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
            fill(rules, held, hot, r, w, held[LOAD, r, w] + more)
        for w in range(max(0, j - q + 1), min(j, n - q) + 1):
            fill(rules, held, hot, r, w, held[LOAD, r, w] - more)
        weigh(rules, held, r, i - q + 1, i + q)
        weigh(rules, held, r, max(i + q, j - q + 1), j + q)


@in_place
def turn(sequence: Any, i: int, j: int) -> None:
    """Turn the slots i to j round."""
    while i < j:
        kept = sequence[i]
        sequence[i] = sequence[j]
        sequence[j] = kept
        i += 1
        j -= 1


@in_place
def reflect(rules: Any, carry: Any, held: Any, hot: Any, sequence: Any, i: int, j: int) -> None:
    """Turn the slots i to j round, and what is carried along."""
    turn(sequence, i, j)
    count(rules, carry, held, hot, sequence, i, j)


@in_place
def rotate(rules: Any, carry: Any, held: Any, hot: Any, sequence: Any, i: int, m: int, j: int) -> None:
    """Exchange two neighbouring segments, i to m and m + 1 to j: each turned round, then both together."""
    turn(sequence, i, m)
    turn(sequence, m + 1, j)
    turn(sequence, i, j)
    count(rules, carry, held, hot, sequence, i, j)


# --- the walk ------------------------------------------------------------------------------------


@in_place
def accepted(waits: Any, state: Any, change: int, warmth: float) -> bool:
    """Tell whether a change is taken: what does not worsen always, the rest with probability exp(-change / warmth)."""
    if change <= 0:
        return True
    return bool(change < warmth * waits[draw(state, len(waits))])


@in_place
def pick(rules: Any, held: Any, hot: Any, free: Any, last: Any, state: Any) -> int:
    """Return a slot to change: often one in a window above its rule, else any."""
    if hot[0] > 0 and draw(state, 100) < GUIDED:
        window = hot[1 + draw(state, hot[0])]
        slot = window % held.shape[2] + draw(state, rules[window // held.shape[2], LENGTH])
        if last[slot] >= 0:
            return int(slot)
    return int(free[draw(state, len(free))])


@in_place
def segment(
    rules: Any,
    carry: Any,
    free: Any,
    last: Any,
    waits: Any,
    held: Any,
    hot: Any,
    sequence: Any,
    state: Any,
    warmth: float,
    kind: int,
) -> int:
    """Propose a reflection or an insertion; return what it changed."""
    i = pick(rules, held, hot, free, last, state)
    j = i + 1 + draw(state, NEAR)
    if j > last[i]:
        return 0
    if kind < REFLECT:
        change = reflect_cost(rules, held, i, j)
        if not accepted(waits, state, change, warmth):
            return 0
        reflect(rules, carry, held, hot, sequence, i, j)
        return change
    m = i + draw(state, j - i)
    if kind < INSERT:
        m = i if m % 2 else j - 1
    change = rotate_cost(rules, held, i, m, j)
    if not accepted(waits, state, change, warmth):
        return 0
    rotate(rules, carry, held, hot, sequence, i, m, j)
    return change


@in_place
def exchange(
    rules: Any,
    carry: Any,
    free: Any,
    last: Any,
    waits: Any,
    held: Any,
    hot: Any,
    sequence: Any,
    state: Any,
    warmth: float,
) -> int:
    """Propose an exchange of two units of different classes; return what it changed."""
    i = pick(rules, held, hot, free, last, state)
    j = free[draw(state, len(free))]
    if sequence[i] == sequence[j]:
        return 0
    if i > j:
        i, j = j, i
    change = swap_cost(rules, carry, held, sequence, i, j)
    if not accepted(waits, state, change, warmth):
        return 0
    swap(rules, carry, held, hot, sequence, i, j)
    return change


@in_place
def anneal(
    rules: Any,
    carry: Any,
    free: Any,
    last: Any,
    waits: Any,
    held: Any,
    hot: Any,
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
        if kind < ROTATE:
            state[VALUE] += segment(rules, carry, free, last, waits, held, hot, sequence, state, warmth, kind)
        else:
            state[VALUE] += exchange(rules, carry, free, last, waits, held, hot, sequence, state, warmth)
        state[STEP] += 1
        if state[STEP] % ROUND == 0:
            warmth *= cooling
        if state[VALUE] < state[BEST]:
            state[BEST] = state[VALUE]
            keep(sequence, best)
            if state[BEST] <= state[TARGET]:
                break
    return warmth
