"""Kernel of one kanban loop: a container is opened, its card leaves, goes round, comes back full.

Container i is wanted at need[i], when the one before it is used up, and opened at opened[i], as
soon as one is there. Card i leaves at left[i], and comes back with a full container at back[i].
What is opened i-th is what came back (i - stocked)-th, of `stocked` full containers at the start.
Times are in days; all variates are handed in. Within `TIE` of each other two moments are one.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import kernel

TIE = 1e-9
"""Days within which two moments count as one: sums of floats differ by less, clocks by more."""

SHARED, INDEPENDENT, SERVER = 0, 1, 2
"""What delays are: of a collection (or a day) and without overtaking; of each card; work of one server."""

BACKORDER, LOST, STOP, ORDER = 0, 1, 2, 3
"""What a need does that finds nothing: waits, and the next ones too; goes elsewhere; stops the
clock of the needs; or (ORDER) waits, and is ordered for at once although no card is free."""

TIME, TAKEN, ON_TIME, MISSED, SHORT, WAITED, CYCLES, COVERED, STOCK, AWAY, IN_USE, MOST = range(12)
"""Measures: columns of the output. Sums over the time measured; MOST: largest stock."""

MEASURES = 12


@kernel
def collected(moment: float, phase: float, interval: float, often: float) -> int:
    """Return the number of the round (phase + j x interval) that takes a card released at a moment."""
    j = int((moment - phase) * often)
    if j < 0:
        j = 0
    while phase + j * interval < moment - TIE:
        j += 1
    return j


@kernel
def come_back(
    moment: float, last: float, number: int, delay: Any, phase: float, interval: float, often: float, supply: int
) -> float:
    """Return when the card released at a moment is back, the n-th of all; last: when the one before is."""
    at = moment
    key = int(moment)
    if interval > 0.0:
        key = collected(moment, phase, interval, often)
        at = phase + key * interval
        if at < moment:
            at = moment
    if supply != SHARED:
        key = number
    if key > len(delay) - 1:
        key = len(delay) - 1
    if supply == SERVER:
        at = max(at, last)
    at += delay[key]
    return max(at, last) if supply == SHARED else at


@kernel
def insert(back: Any, number: int, at: float) -> None:
    """Put a return among the earlier ones, in the order of time."""
    j = number
    while j > 0 and back[j - 1] > at:
        back[j] = back[j - 1]
        j -= 1
    back[j] = at


@kernel
def run_path(
    gap: Any, first: float, delay: Any, phase: float, interval: float, often: float, supply: int,
    stocked: int, empty: bool, shortage: int, end: float, need: Any, opened: Any, left: Any, back: Any, missed: Any,
) -> tuple[int, int, int, float]:  # fmt: skip
    """Fill the moments of a path; return how many were opened, came back and missed, and where it ends.

    gap: days that each container lasts. first: when the first is wanted. delay: see `SHARED`.
    stocked: full containers at the start. empty: cards leave with the last piece. missed: pairs of
    moments from which to which nothing was there, of needs that went elsewhere.
    """
    t = first
    count = 0
    away = 0
    lost = 0
    last = -1.0
    while count + lost < len(gap) and t < end:
        length = gap[count + lost]
        if empty and away == count:
            left[away] = t if count == 0 else max(t, opened[count - 1])
            last = come_back(left[away], last, away, delay, phase, interval, often, supply)
            insert(back, away, last)
            away += 1
        ready = -1.0
        if count >= stocked:
            ready = back[count - stocked] if count - stocked < away else end + 1.0
        if shortage == LOST and ready > t + TIE:
            missed[lost, 0] = t
            missed[lost, 1] = min(ready, t + length)
            lost += 1
            t += length
            continue
        need[count] = t
        opened[count] = max(t, ready) if ready > t + TIE else t
        if not empty:
            left[away] = opened[count]
            last = come_back(left[away], last, away, delay, phase, interval, often, supply)
            insert(back, away, last)
            away += 1
        t = (opened[count] if shortage == STOP else t) + length
        count += 1
    return count, away, lost, min(t, end)


@kernel
def run_orders(
    gap: Any, first: float, delay: Any, phase: float, interval: float, often: float, supply: int,
    stocked: int, end: float, need: Any, opened: Any, left: Any, back: Any,
) -> tuple[int, float]:  # fmt: skip
    """Fill the moments of a path on which every need is ordered for at once; see `run_path`."""
    t = first
    count = 0
    last = -1.0
    while count < len(gap) and t < end:
        need[count] = t
        left[count] = t
        last = come_back(t, last, count, delay, phase, interval, often, supply)
        insert(back, count, last)
        t += gap[count]
        count += 1
    for i in range(count):
        opened[i] = need[i]
        if i >= stocked and back[i - stocked] > need[i] + TIE:
            opened[i] = back[i - stocked]
    return count, min(t, end)


@kernel
def clipped(begin: float, until: float, warm_up: float, end: float) -> float:
    """Return how much of a time lies within what is measured."""
    return max(0.0, min(until, end) - max(begin, warm_up))


@kernel
def measure_stock(
    opened: Any, count: int, back: Any, away: int, stocked: int, warm_up: float, end: float, width: int,
    levels: Any, out: Any,
) -> None:  # fmt: skip
    """Add up the full containers on hand over time, and how long each number of them stood there."""
    now = 0.0
    level = stocked
    i = 0
    a = 0
    while now < end:
        then = end
        step = 0
        if i < count and opened[i] < then:
            then = opened[i]
            step = -1
        if a < away and back[a] < end and back[a] <= then:
            then = back[a]
            step = 1
        span = then - max(now, warm_up)
        if span > 0.0:
            # What comes and goes at one moment makes levels that no time is spent at.
            out[STOCK] += level * span
            levels[level // width] += span
            out[MOST] = max(out[MOST], float(level))
        if step == 0:
            break
        if step > 0:
            a += 1
        else:
            i += 1
        level += step
        now = then


@kernel
def measure_needs(
    need: Any, opened: Any, count: int, missed: Any, lost: int, warm_up: float, end: float, out: Any
) -> None:
    """Count the containers that were there when they were wanted, and the time without any."""
    before = 0.0
    for i in range(count):
        if need[i] >= warm_up:
            out[TAKEN] += 1.0
            if opened[i] <= need[i]:
                out[ON_TIME] += 1.0
            else:
                out[WAITED] += opened[i] - need[i]
        if opened[i] > need[i]:
            # Needs that wait together lack the same time: it counts once.
            out[SHORT] += clipped(max(need[i], before), opened[i], warm_up, end)
        before = opened[i]
    for i in range(lost):
        if missed[i, 0] >= warm_up:
            out[MISSED] += 1.0
        out[SHORT] += clipped(missed[i, 0], missed[i, 1], warm_up, end)


@kernel
def measure_rounds(
    need: Any, count: int, stocked: int, delay: Any, phase: float, interval: float, warm_up: float, end: float, out: Any
) -> None:
    """Count the rounds, and those that covered the need until the next round's containers come.

    Every card that was released is taken along, so that `stocked` full ones stand against it.
    """
    at = phase + delay[0]
    taken = 0
    wanted = 0
    for j in range(len(delay) - 1):
        now = phase + j * interval
        at = max(at, now + interval + delay[j + 1])
        if at >= end:
            break
        while taken < count and need[taken] <= now + TIE:
            taken += 1
        while wanted < count and need[wanted] < at - TIE:
            wanted += 1
        if now >= warm_up:
            out[CYCLES] += 1.0
            if wanted - taken <= stocked:
                out[COVERED] += 1.0


@kernel
def measure_cover(need: Any, count: int, stocked: int, delay: Any, warm_up: float, end: float, out: Any) -> None:
    """Count the releases of cards, and those whose need until they are back was covered."""
    at = -1.0
    for i in range(count):
        key = min(int(need[i]), len(delay) - 1)
        at = max(at, need[i] + delay[key])
        if at >= end:
            break
        if need[i] >= warm_up:
            out[CYCLES] += 1.0
            if i + stocked >= count or need[i + stocked] >= at - TIE:
                out[COVERED] += 1.0


@kernel
def measure_cards(
    left: Any, back: Any, away: int, opened: Any, count: int, empty: bool, warm_up: float, end: float, out: Any
) -> None:
    """Add up the times that cards are on their way, and that containers in use hold theirs."""
    for i in range(away):
        # Sums over all cards do not ask which of them overtook which.
        out[AWAY] += clipped(left[i], end, warm_up, end) - clipped(back[i], end, warm_up, end)
    if empty:
        for i in range(count):
            out[IN_USE] += clipped(opened[i], left[i + 1] if i + 1 < away else end, warm_up, end)
        out[IN_USE] += clipped(0.0, left[0] if away > 0 else end, warm_up, end)


@kernel
def run_loop(
    gap: Any, first: Any, delay: Any, phase: Any, interval: float, often: float, supply: int, cards: int,
    empty: bool, shortage: int, warm_up: float, end: float, width: int, out: Any, levels: Any,
    need: Any, opened: Any, left: Any, back: Any, missed: Any,
) -> None:  # fmt: skip
    """Run every replication (row) of a loop; add its measures to `out`, times by stock to `levels`."""
    stocked = cards - 1 if empty else cards
    for r in range(len(gap)):
        row = out[r]
        if shortage == ORDER:
            count, until = run_orders(
                gap[r], first[r], delay[r], phase[r], interval, often, supply, stocked, end, need, opened, left, back
            )
            away = count
            lost = 0
        else:
            count, away, lost, until = run_path(
                gap[r], first[r], delay[r], phase[r], interval, often, supply, stocked, empty, shortage, end,
                need, opened, left, back, missed,
            )  # fmt: skip
        row[TIME] += max(0.0, until - warm_up)
        measure_stock(opened, count, back, away, stocked, warm_up, until, width, levels[r], row)
        measure_needs(need, opened, count, missed, lost, warm_up, until, row)
        measure_cards(left, back, away, opened, count, empty, warm_up, until, row)
        if supply == SHARED and shortage in (BACKORDER, ORDER):
            if interval > 0.0:
                measure_rounds(need, count, stocked, delay[r], phase[r], interval, warm_up, until, row)
            else:
                measure_cover(need, count, stocked, delay[r], warm_up, until, row)
        else:
            row[CYCLES] = row[TAKEN] + row[MISSED]
            row[COVERED] = row[ON_TIME]


@kernel
def run_cover(
    gap: Any, first: Any, delay: Any, phase: Any, interval: float, stocked: int, warm_up: float, end: float,
    out: Any, need: Any,
) -> None:  # fmt: skip
    """Measure only what other numbers of cards would cover, where needs do not depend on the cards."""
    for r in range(len(gap)):
        t = first[r]
        count = 0
        while count < len(gap[r]) and t < end:
            need[count] = t
            t += gap[r, count]
            count += 1
        until = min(t, end)
        out[r, TIME] += max(0.0, until - warm_up)
        if interval > 0.0:
            measure_rounds(need, count, stocked, delay[r], phase[r], interval, warm_up, until, out[r])
        else:
            measure_cover(need, count, stocked, delay[r], warm_up, until, out[r])
