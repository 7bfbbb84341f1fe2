"""Kernels of `heijunka_paint`, the walk: which moves are proposed, which are taken.

Symbols as in `heijunka_paint_moves`. Of 1000 proposals `mix[k]` less `mix[k - 1]` are of kind k:
0 exchange of any two units, 1 of one colour, 2 of one kind (`kind[c]`: what class c carries of the dearest rules),
3 near each other; 4 reflection of some slots, 5 of whole runs of a colour; 6 insertion near by,
7 beside a unit of the same colour; 8 rotation of some slots, 9 of whole runs. Warmth times a waiting time drawn
outside decides what is accepted: only products and comparisons. A run that becomes too long is never accepted.
"""

from __future__ import annotations

from typing import Any

from jitopt.heuristics._kernels.heijunka_paint_moves import BEST, CHANGE, FIRST, LIMIT, STEP, TARGET, VALUE
from jitopt.jit import in_place, twin

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
"""Slots looked at to find a unit of a kind."""


@in_place
def accepted(waits: Any, state: Any, change: float, warmth: float) -> bool:
    """Tell whether a change is taken: what does not worsen always, the rest with probability exp(-change / warmth)."""
    if change <= 0.0:
        return True
    return bool(change < warmth * waits[draw(state, len(waits))])


@in_place
def too_long(shade: Any, sequence: Any, state: Any, t: int) -> bool:
    """Tell whether slot t lies in a run that is too long."""
    return run_length(shade, sequence, state, t) > state[LIMIT]


@in_place
def partner(own: Any, sequence: Any, state: Any, i: int) -> int:
    """Return a slot whose unit is of the same sort as that at i, but of another class; i if none is found."""
    first = state[FIRST]
    for _ in range(TRIES):
        j = first + draw(state, len(sequence) - first)
        if own[sequence[j]] == own[sequence[i]] and sequence[j] != sequence[i]:
            return int(j)
    return i


@in_place
def propose_exchange(
    rules: Any, carry: Any, shade: Any, kind: Any, prices: Any, waits: Any, held: Any, sequence: Any, state: Any,
    warmth: float, sort: int,
) -> bool:  # fmt: skip
    """Propose an exchange; tell whether it was made."""
    first = state[FIRST]
    i = first + draw(state, len(sequence) - first)
    if sort == 1:
        j = partner(shade, sequence, state, i)
    elif sort == 2:
        j = partner(kind, sequence, state, i)
    elif sort == 3:
        j = min(len(sequence) - 1, i + 1 + draw(state, NEAR))
    else:
        j = first + draw(state, len(sequence) - first)
    if sequence[i] == sequence[j]:
        return False
    if i > j:
        i, j = j, i
    change = swap_cost(rules, carry, shade, prices, held, sequence, state, i, j)
    if not accepted(waits, state, change, warmth):
        return False
    exchange(sequence, i, j)
    if shade[sequence[i]] != shade[sequence[j]] and (
        too_long(shade, sequence, state, i) or too_long(shade, sequence, state, j)
    ):
        exchange(sequence, i, j)
        return False
    swap(rules, carry, held, sequence, i, j)
    return True


@in_place
def run_begin(shade: Any, sequence: Any, state: Any, t: int) -> int:
    """Return the first slot of the run of a colour that slot t lies in."""
    while t > state[FIRST] and shade[sequence[t - 1]] == shade[sequence[t]]:
        t -= 1
    return t


@in_place
def run_end(shade: Any, sequence: Any, t: int) -> int:
    """Return the last slot of the run of a colour that slot t lies in."""
    while t + 1 < len(sequence) and shade[sequence[t + 1]] == shade[sequence[t]]:
        t += 1
    return t


@in_place
def propose_reflection(
    rules: Any, carry: Any, shade: Any, prices: Any, waits: Any, held: Any, sequence: Any, state: Any,
    warmth: float, runs: bool,
) -> bool:  # fmt: skip
    """Propose a reflection; tell whether it was made."""
    first = state[FIRST]
    i = first + draw(state, len(sequence) - first)
    if runs:
        j = min(len(sequence) - 1, i + draw(state, FAR))
        i, j = run_begin(shade, sequence, state, i), run_end(shade, sequence, j)
    else:
        j = i + 1 + draw(state, NEAR)
    if j >= len(sequence) or i >= j:
        return False
    change = reflect_cost(rules, shade, prices, held, sequence, state, i, j)
    if not accepted(waits, state, change, warmth):
        return False
    reflect(sequence, i, j)
    if too_long(shade, sequence, state, i) or too_long(shade, sequence, state, j):
        reflect(sequence, i, j)
        return False
    count(rules, carry, held, sequence, i, j)
    return True


@in_place
def propose_rotation(
    rules: Any, carry: Any, shade: Any, prices: Any, waits: Any, held: Any, sequence: Any, state: Any,
    warmth: float, sort: int,
) -> bool:  # fmt: skip
    """Propose an insertion or another rotation; tell whether it was made."""
    first, slots = state[FIRST], len(sequence)
    i = first + draw(state, slots - first)
    c, j = i, i
    if sort == 6:
        j = i + 1 + draw(state, NEAR)
        c = i + 1 if draw(state, 2) == 0 else j
    elif sort == 7:
        t = partner(shade, sequence, state, i)
        if t > i:
            c, j = i + 1, t
        else:
            i, c, j = t, i, i
    elif sort == 8:
        c = i + 1 + draw(state, NEAR)
        j = c + draw(state, NEAR)
    else:
        i = run_begin(shade, sequence, state, i)
        c = run_end(shade, sequence, min(slots - 1, i + draw(state, NEAR))) + 1
        j = run_end(shade, sequence, min(slots - 1, c + draw(state, NEAR)))
    if j >= slots or c <= i or c > j:
        return False
    change = rotate_cost(rules, shade, prices, held, sequence, state, i, c, j)
    if not accepted(waits, state, change, warmth):
        return False
    rotate(sequence, i, c, j)
    if (
        too_long(shade, sequence, state, i)
        or too_long(shade, sequence, state, j)
        or too_long(shade, sequence, state, i + j - c)
    ):
        rotate(sequence, i, i + j + 1 - c, j)
        return False
    count(rules, carry, held, sequence, i, j)
    return True


@in_place
def anneal(
    rules: Any, carry: Any, shade: Any, kind: Any, prices: Any, mix: Any, waits: Any, held: Any, sequence: Any,
    best: Any, state: Any, warmth: float, steps: int,
) -> None:  # fmt: skip
    """Do some steps, or fewer if the target is reached."""
    for _ in range(steps):
        throw, sort = draw(state, 1000), 0
        while throw >= mix[sort]:
            sort += 1
        if sort < 4:
            done = propose_exchange(rules, carry, shade, kind, prices, waits, held, sequence, state, warmth, sort)
        elif sort < 6:
            done = propose_reflection(rules, carry, shade, prices, waits, held, sequence, state, warmth, sort == 5)
        else:
            done = propose_rotation(rules, carry, shade, prices, waits, held, sequence, state, warmth, sort)
        if done:
            state[VALUE] += state[CHANGE]
        state[STEP] += 1
        if state[VALUE] < state[BEST]:
            state[BEST] = state[VALUE]
            for t in range(len(sequence)):
                best[t] = sequence[t]
            if state[BEST] <= state[TARGET]:
                break
