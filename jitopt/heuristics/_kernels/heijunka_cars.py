"""Kernels of `heijunka_cars`: what a sequence of classes carries along, and what changes of it would cost.

Symbols: n slots; R ratio rules, each a row of `rules`; `carry[c, r]` is 1 if units of class c count for rule r.
Of rule r, `held[HAS, r, t]` is -1 if the unit at t counts, else 0 (as a mask of bits); `held[LOAD, r, w]` units count
in the window that starts at w; `held[GAIN, r, t]` and `held[LOSS, r, t]` say what one unit less or more at t changes.
`turn[r, b, t]` is what it costs that the unit at t counts (b = 1) or does not (b = 0): 0 for what it does already.
`hot`: how many windows are above their rule, and a list of them; `place`: where in that list a window stands.
All costs are multiples of the unit of price.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

MOST, LENGTH, PRICE, EXCESS = range(4)
"""Columns of `rules`: units allowed, window, price, and 1 if units above count, 0 if windows above do."""

HAS, LOAD, GAIN, LOSS = range(4)
"""Tables of `held`; see the module."""

VALUE, BEST, DICE, STEP, TARGET = range(5)
"""Entries of `state`: cost now, cost of the best sequence, random seed, steps done, cost at which to end."""


@in_place
def breach(rules: Any, r: int, units: int) -> int:
    """Return what a window of rule r costs, in multiples of its price."""
    over = units - rules[r, MOST]
    if over <= 0:
        return 0
    return int(over) if rules[r, EXCESS] else 1


@in_place
def above(rules: Any, r: int, over: int) -> int:
    """Return 1 if a window `over` units above its rule costs less with one unit less."""
    return 1 if (over > 0 if rules[r, EXCESS] else over == 1) else 0


@in_place
def full(rules: Any, r: int, over: int) -> int:
    """Return 1 if a window `over` units above its rule costs more with one unit more."""
    return 1 if (over >= 0 if rules[r, EXCESS] else over == 0) else 0


@in_place
def mark(rules: Any, held: Any, hot: Any, place: Any, r: int, w: int) -> None:
    """Keep the list of windows above their rule after a change of the load of a window."""
    n = held.shape[2]
    over, at = held[LOAD, r, w] > rules[r, MOST], place[r, w]
    if over and at == 0:
        hot[0] += 1
        hot[hot[0]] = r * n + w
        place[r, w] = hot[0]
    elif at > 0 and not over:
        last = hot[hot[0]]
        hot[at] = last
        place[last // n, last % n] = at
        place[r, w] = 0
        hot[0] -= 1


@in_place
def price(held: Any, turn: Any, r: int, t: int) -> None:
    """Set what a change of the unit at t costs, from gain and loss."""
    has = held[HAS, r, t]
    turn[r, 0, t] = -(held[GAIN, r, t] & has)
    turn[r, 1, t] = held[LOSS, r, t] & ~has


@in_place
def count(rules: Any, held: Any, turn: Any, hot: Any, place: Any, r: int, first: int, last: int) -> None:
    """Bring load, gain, loss and costs of a rule up to date after a change of the slots `first` to `last`."""
    n, p, q, cost = held.shape[2], rules[r, MOST], rules[r, LENGTH], rules[r, PRICE]
    units = 0
    begin, end = max(0, first - q + 1), min(last, n - q)
    for w in range(begin, end + 1):
        if w == begin:
            for t in range(w, w + q):
                units -= held[HAS, r, t]
        else:
            units += held[HAS, r, w - 1] - held[HAS, r, w + q - 1]
        if held[LOAD, r, w] != units:
            held[LOAD, r, w] = units
            mark(rules, held, hot, place, r, w)
    gain = loss = 0
    begin, end = max(0, first - q + 1), min(n - 1, last + q - 1)
    # Windows enter from the right as the slot moves on, and leave to the left.
    for w in range(max(0, begin - q + 1), end + 1):
        if w <= n - q:
            gain += above(rules, r, held[LOAD, r, w] - p)
            loss += full(rules, r, held[LOAD, r, w] - p)
        if w < begin:
            continue
        held[GAIN, r, w], held[LOSS, r, w] = gain * cost, loss * cost
        price(held, turn, r, w)
        if w - q + 1 >= 0:
            gain -= above(rules, r, held[LOAD, r, w - q + 1] - p)
            loss -= full(rules, r, held[LOAD, r, w - q + 1] - p)


@in_place
def flip(rules: Any, held: Any, turn: Any, hot: Any, place: Any, r: int, t: int) -> None:
    """Let the unit at t count for rule r, or no longer."""
    n, p, q, cost = held.shape[2], rules[r, MOST], rules[r, LENGTH], rules[r, PRICE]
    more = -1 if held[HAS, r, t] else 1
    held[HAS, r, t] = -1 if more > 0 else 0
    for w in range(max(0, t - q + 1), min(t, n - q) + 1):
        over = held[LOAD, r, w] - p
        held[LOAD, r, w] += more
        if (over > 0) != (over + more > 0):
            mark(rules, held, hot, place, r, w)
        gain = above(rules, r, over + more) - above(rules, r, over)
        loss = full(rules, r, over + more) - full(rules, r, over)
        if gain != 0 or loss != 0:
            for near in range(w, w + q):
                held[GAIN, r, near] += gain * cost
                held[LOSS, r, near] += loss * cost
                price(held, turn, r, near)
    price(held, turn, r, t)


@in_place
def put(rules: Any, carry: Any, held: Any, turn: Any, hot: Any, place: Any, sequence: Any, t: int, unit: int) -> None:
    """Build a unit of another class at t."""
    old = sequence[t]
    sequence[t] = unit
    for r in range(len(rules)):
        if carry[old, r] != carry[unit, r]:
            flip(rules, held, turn, hot, place, r, t)


@in_place
def swap(rules: Any, carry: Any, held: Any, turn: Any, hot: Any, place: Any, sequence: Any, i: int, j: int) -> None:
    """Exchange the units at i and j."""
    first, second = sequence[i], sequence[j]
    put(rules, carry, held, turn, hot, place, sequence, i, second)
    put(rules, carry, held, turn, hot, place, sequence, j, first)


@in_place
def reflect(rules: Any, carry: Any, held: Any, turn: Any, hot: Any, place: Any, sequence: Any, i: int, j: int) -> None:
    """Turn the slots i to j round."""
    a, b = i, j
    while a < b:
        kept = sequence[a]
        sequence[a] = sequence[b]
        sequence[b] = kept
        a += 1
        b -= 1
    for r in range(len(rules)):
        for t in range(i, j + 1):
            held[HAS, r, t] = -carry[sequence[t], r]
        count(rules, held, turn, hot, place, r, i, j)


@in_place
def keep(sequence: Any, best: Any) -> None:
    """Take the sequence as the best."""
    for t in range(len(sequence)):
        best[t] = sequence[t]


@in_place
def begin(
    rules: Any, carry: Any, held: Any, turn: Any, hot: Any, place: Any, sequence: Any, best: Any, state: Any
) -> None:
    """Fill all that is carried along from the sequence, and take it as the best."""
    n, found = len(sequence), 0
    for r in range(len(rules)):
        for t in range(n):
            held[HAS, r, t] = -carry[sequence[t], r]
        count(rules, held, turn, hot, place, r, 0, n - 1)
        for w in range(n - rules[r, LENGTH] + 1):
            found += breach(rules, r, held[LOAD, r, w]) * rules[r, PRICE]
    state[VALUE] = found
    state[BEST] = found
    keep(sequence, best)


# --- what a change would cost ----------------------------------------------------------------------


@in_place
def swap_near(rules: Any, held: Any, r: int, i: int, j: int, more: int) -> int:
    """Return what `more` units at i and as many less at j change, where i < j lie within a window."""
    n, q = held.shape[2], rules[r, LENGTH]
    found = 0
    for w in range(max(0, i - q + 1), min(i, n - q, j - q) + 1):
        found += breach(rules, r, held[LOAD, r, w] + more) - breach(rules, r, held[LOAD, r, w])
    for w in range(max(0, j - q + 1, i + 1), min(j, n - q) + 1):
        found += breach(rules, r, held[LOAD, r, w] - more) - breach(rules, r, held[LOAD, r, w])
    return int(found * rules[r, PRICE])


@in_place
def swap_cost(rules: Any, carry: Any, held: Any, turn: Any, sequence: Any, i: int, j: int) -> int:
    """Return what an exchange of the units at i < j changes."""
    a, b = sequence[i], sequence[j]
    found = 0
    for r in range(len(rules)):
        more = carry[b, r] - carry[a, r]
        if more == 0:
            continue
        if j - i < rules[r, LENGTH]:
            found += swap_near(rules, held, r, i, j, more)
        else:
            found += turn[r, carry[b, r], i] + turn[r, carry[a, r], j]
    return int(found)


@in_place
def reflect_cost(rules: Any, held: Any, i: int, j: int) -> int:
    """Return what turning the slots i to j round changes.

    Windows inside the segment are as full as others were: those across an end see the units of the other end.
    """
    n, found = held.shape[2], 0
    for r in range(len(rules)):
        q, more, change = rules[r, LENGTH], 0, 0
        for k in range(1, min(q, j - i + 1)):
            more += held[HAS, r, i + k - 1] - held[HAS, r, j + 1 - k]
            if more == 0:
                continue
            left, right = i + k - q, j - k + 1
            if left >= 0:
                units = held[LOAD, r, left]
                change += breach(rules, r, units + more) - breach(rules, r, units)
            if right + q <= n:
                units = held[LOAD, r, right]
                change += breach(rules, r, units - more) - breach(rules, r, units)
        found += change * rules[r, PRICE]
    return int(found)
