"""Kernels of `heijunka_paint`, the walk: which moves are proposed, which are taken.

Symbols as in `heijunka_paint_moves`. Of 1000 proposals `mix[k]` less `mix[k - 1]` are of kind k:
0 exchange of any two units, 1 of one colour, 2 of one kind (`kind[c]`: what class c carries of the dearest rules),
3 near each other, 4 of a unit in a window that costs; 5 reflection of some slots, 6 of whole runs of a colour;
7 insertion near by, 8 beside a unit of the same colour; 9 rotation of some slots, 10 of whole runs.
Warmth times a waiting time drawn outside is what a move may worsen: it is drawn before the move is looked at. A run
that becomes too long is never accepted.
"""

from __future__ import annotations

from typing import Any

from jitopt.heuristics._kernels.heijunka_paint_moves import (
    BEST,
    CHANGE,
    FIRST,
    FOCUS,
    LIMIT,
    LINE,
    RULES,
    STEP,
    TARGET,
    VALUE,
    WAITS,
)
from jitopt.jit import in_place, inner, twin

__all__ = ["anneal", "begin"]

_moves = twin("jitopt.heuristics._kernels.heijunka_paint_moves", __name__)
begin, count, draw, run_length = _moves.begin, _moves.count, _moves.draw, _moves.run_length
exchange, swap, swap_cost = _moves.exchange, _moves.swap, _moves.swap_cost
reflect, reflect_cost = _moves.reflect, _moves.reflect_cost
rotate, rotate_cost = _moves.rotate, _moves.rotate_cost

NEAR = 48
"""Longest segment of a move that is not made of runs."""

FAR = 240
"""Longest segment of any other move than an exchange."""

TRIES = 12
"""Slots looked at to find a unit of a kind, or one in a window that costs."""


@inner
def too_long(shade: Any, sequence: Any, state: Any, t: int) -> bool:
    """Tell whether slot t lies in a run that is too long."""
    return bool(run_length(shade, sequence, state, t) > state[LIMIT])


@inner
def any_slot(state: Any) -> int:
    """Return a slot that may change."""
    return int(state[FIRST] + draw(state, state[LINE] - state[FIRST]))


@inner
def partner(own: Any, sequence: Any, state: Any, i: int) -> int:
    """Return a slot whose unit is of the same sort as that at i, but of another class; i if none is found."""
    for _ in range(TRIES):
        j = any_slot(state)
        if own[sequence[j]] == own[sequence[i]] and sequence[j] != sequence[i]:
            return j
    return i


@inner
def sore(ends: Any, near: Any, state: Any) -> int:
    """Return a slot in a window that costs, of a rule of the tier that is searched in; any slot if none is found."""
    focus, many = state[FOCUS], state[RULES]
    among = ends[focus + 1] - ends[focus]
    i = any_slot(state)
    if among == 0:
        return i
    r = ends[focus] + draw(state, among)
    for _ in range(TRIES):
        if near[(i * many + r) * 2] > 0:
            return i
        i = any_slot(state)
    return i


@inner
def propose_exchange(
    rules: Any, ends: Any, carry: Any, shade: Any, kind: Any, prices: Any, before: Any, load: Any, near: Any,
    sequence: Any, state: Any, most: float, sort: int,
) -> bool:  # fmt: skip
    """Propose an exchange; tell whether it was made."""
    i = sore(ends, near, state) if sort == 4 else any_slot(state)
    if sort == 1:
        j = partner(shade, sequence, state, i)
    elif sort == 2:
        j = partner(kind, sequence, state, i)
    elif sort == 3:
        j = min(state[LINE] - 1, i + 1 + draw(state, NEAR))
    else:
        j = any_slot(state)
    if sequence[i] == sequence[j]:
        return False
    if i > j:
        i, j = j, i
    if swap_cost(rules, ends, carry, shade, prices, load, near, sequence, state, most, i, j) > most:
        return False
    exchange(sequence, i, j)
    if shade[sequence[i]] != shade[sequence[j]] and (
        too_long(shade, sequence, state, i) or too_long(shade, sequence, state, j)
    ):
        exchange(sequence, i, j)
        return False
    swap(rules, carry, before, load, near, sequence, state, i, j)
    return True


@inner
def run_begin(shade: Any, sequence: Any, state: Any, t: int) -> int:
    """Return the first slot of the run of a colour that slot t lies in."""
    while t > state[FIRST] and shade[sequence[t - 1]] == shade[sequence[t]]:
        t -= 1
    return t


@inner
def run_end(shade: Any, sequence: Any, state: Any, t: int) -> int:
    """Return the last slot of the run of a colour that slot t lies in."""
    while t + 1 < state[LINE] and shade[sequence[t + 1]] == shade[sequence[t]]:
        t += 1
    return t


@inner
def propose_reflection(
    rules: Any, ends: Any, carry: Any, shade: Any, prices: Any, before: Any, load: Any, near: Any, sequence: Any,
    state: Any, most: float, runs: bool,
) -> bool:  # fmt: skip
    """Propose a reflection; tell whether it was made."""
    i = any_slot(state)
    if runs:
        j = min(state[LINE] - 1, i + draw(state, FAR))
        i, j = run_begin(shade, sequence, state, i), run_end(shade, sequence, state, j)
    else:
        j = i + 1 + draw(state, NEAR)
    if j >= state[LINE] or i >= j:
        return False
    if reflect_cost(rules, ends, shade, prices, before, load, sequence, state, most, i, j) > most:
        return False
    reflect(sequence, i, j)
    if too_long(shade, sequence, state, i) or too_long(shade, sequence, state, j):
        reflect(sequence, i, j)
        return False
    count(rules, carry, before, load, near, sequence, state, i, j)
    return True


@inner
def propose_rotation(
    rules: Any, ends: Any, carry: Any, shade: Any, prices: Any, before: Any, load: Any, near: Any, sequence: Any,
    state: Any, most: float, sort: int,
) -> bool:  # fmt: skip
    """Propose an insertion or another rotation; tell whether it was made."""
    slots = state[LINE]
    i = any_slot(state)
    c, j = i, i
    if sort == 7:
        j = i + 1 + draw(state, NEAR)
        c = i + 1 if draw(state, 2) == 0 else j
    elif sort == 8:
        t = partner(shade, sequence, state, i)
        if t > i:
            c, j = i + 1, t
        else:
            i, c, j = t, i, i
    elif sort == 9:
        c = i + 1 + draw(state, NEAR)
        j = c + draw(state, NEAR)
    else:
        i = run_begin(shade, sequence, state, i)
        c = run_end(shade, sequence, state, min(slots - 1, i + draw(state, NEAR))) + 1
        if c < slots:
            j = run_end(shade, sequence, state, min(slots - 1, c + draw(state, NEAR)))
    if j >= slots or c <= i or c > j:
        return False
    if rotate_cost(rules, ends, shade, prices, before, load, sequence, state, most, i, c, j) > most:
        return False
    rotate(sequence, i, c, j)
    if (
        too_long(shade, sequence, state, i)
        or too_long(shade, sequence, state, j)
        or too_long(shade, sequence, state, i + j - c)
    ):
        rotate(sequence, i, i + j + 1 - c, j)
        return False
    count(rules, carry, before, load, near, sequence, state, i, j)
    return True


@in_place
def anneal(
    rules: Any, ends: Any, carry: Any, shade: Any, kind: Any, prices: Any, mix: Any, waits: Any, before: Any,
    load: Any, near: Any, sequence: Any, best: Any, state: Any, warmth: float, steps: int,
) -> None:  # fmt: skip
    """Do some steps, or fewer if the target is reached."""
    for _ in range(steps):
        throw, sort = draw(state, 1000), 0
        while throw >= mix[sort]:
            sort += 1
        most = warmth * waits[draw(state, WAITS)]
        if sort < 5:
            done = propose_exchange(
                rules, ends, carry, shade, kind, prices, before, load, near, sequence, state, most, sort
            )
        elif sort < 7:
            done = propose_reflection(
                rules, ends, carry, shade, prices, before, load, near, sequence, state, most, sort == 6
            )
        else:
            done = propose_rotation(rules, ends, carry, shade, prices, before, load, near, sequence, state, most, sort)
        if done:
            state[VALUE] += state[CHANGE]
        state[STEP] += 1
        if state[VALUE] < state[BEST]:
            state[BEST] = state[VALUE]
            for t in range(state[LINE]):
                best[t] = sequence[t]
            if state[BEST] <= state[TARGET]:
                break
