"""Kernels of lines of stations: sample paths of many designs on the same times, and what holds them up.

Times are drawn elsewhere, one row for each station of a replication. Events have an array each, a row
for each station (finished, or for buffers: left), long enough for all jobs; what lies before the first
job happened at 0. Lags say how many jobs back a part or a place comes from (`problems/kanban/line.py`).
Stations stand in `order`, so that within one job each comes after what it waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.jit import in_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[Any]
    Floats = NDArray[Any]

NEVER = 1 << 60
"""A lag of which nothing comes: no such part or place is waited for."""


@in_place
def buffers(times: Floats, material: Ints, room: Ints, order: Ints, left: Floats, first: int, last: int) -> float:
    """Run jobs `first` to `last` - 1 of a saturated line with blocking after service; return when all are finished.

    times, left: [station, job].
    """
    stations = times.shape[0]
    for n in range(first, last):
        for place in range(stations):
            j = order[place]
            now = 0.0
            if n > 0:
                now = left[j, n - 1]
            if material[j] <= n:
                now = max(now, left[j - 1, n - material[j]])
            now += times[j, n]
            if room[j] <= n:
                now = max(now, left[j + 1, n - room[j]])
            left[j, n] = now
    return float(left[stations - 1, last - 1])


@in_place
def buffers_critical(material: Ints, room: Ints, left: Floats, crossed: Ints, jobs: int) -> None:
    """Walk back from the last event of a run of `buffers` over so many jobs; count how often each buffer held it up.

    crossed: [station], of blocking and starving at the buffer behind it.
    """
    j, n = left.shape[0] - 1, jobs - 1
    while n >= 0:
        if room[j] <= n and left[j + 1, n - room[j]] == left[j, n]:
            crossed[j] += 1
            n -= room[j]
            j += 1
            continue
        before = 0.0
        if n > 0:
            before = left[j, n - 1]
        if material[j] <= n and left[j - 1, n - material[j]] > before:
            n -= material[j]
            j -= 1
        else:
            n -= 1


@in_place
def freed(m: int, caller: int, orders: Floats, released: Floats, served: Floats) -> float:
    """Return when the event happened that frees a card: a release, a delivery, or an order."""
    stations = released.shape[0]
    if caller == stations:
        return float(served[m])
    if caller > stations:
        return float(orders[m])
    return float(released[caller, m])


@in_place
def cards(
    times: Floats,
    orders: Floats,
    material: Ints,
    shipped: int,
    room: Ints,
    caller: Ints,
    order: Ints,
    released: Floats,
    finished: Floats,
    served: Floats,
    warm_up: int,
    first: int,
    last: int,
    most: int,
) -> int:
    """Run jobs `first` to `last` - 1 of a line with cards; return the late orders among them after the warm-up.

    It stops short as soon as more than `most` are late.

    times, released, finished: [station, job]. orders: the moment of each order, empty for a saturated
    line. caller: the station whose release frees the card of each stage, the number of stations where
    it is the customer, one more where every order calls. served: [job].
    """
    stations = times.shape[0]
    late = 0
    for n in range(first, last):
        for place in range(stations + 1):
            j = order[place]
            if j == stations:
                now = 0.0
                if shipped <= n:
                    now = finished[stations - 1, n - shipped]
                if len(orders) > 0:
                    if now > orders[n] and n >= warm_up:
                        late += 1
                    now = max(now, orders[n])
                served[n] = now
                continue
            now = 0.0
            if material[j] <= n:
                now = finished[j - 1, n - material[j]]
            if room[j] <= n:
                now = max(now, freed(n - room[j], caller[j], orders, released, served))
            released[j, n] = now
            if n > 0:
                now = max(now, finished[j, n - 1])
            finished[j, n] = now + times[j, n]
        if late > most:
            break
    return late


@in_place
def cards_critical(
    orders: Floats,
    material: Ints,
    shipped: int,
    room: Ints,
    caller: Ints,
    order: Ints,
    released: Floats,
    finished: Floats,
    served: Floats,
    warm_up: int,
    by_release: Floats,
    by_finish: Floats,
    by_service: Floats,
    held: Floats,
    jobs: int,
) -> None:
    """Trace every late order of a run of `cards` back (of a saturated line the last part), all at once.

    by_release, by_finish: [station, job], by_service: [job]: how many late orders wait for the event,
    0 at first. held: [station], how often want of its cards held a late order up.
    """
    stations = finished.shape[0]
    if len(orders) == 0:
        by_finish[stations - 1, jobs - 1] = 1.0
    for n in range(jobs - 1, -1, -1):
        for place in range(stations, -1, -1):
            j = order[place]
            if j == stations:
                traced_order(n, orders, shipped, finished, warm_up, by_finish, by_service)
            else:
                traced_job(
                    n, j, material[j], room[j], caller[j], released, finished, by_release, by_finish, by_service, held
                )


@in_place
def traced_order(
    n: int,
    orders: Floats,
    shipped: int,
    finished: Floats,
    warm_up: int,
    by_finish: Floats,
    by_service: Floats,
) -> None:
    """Hand what waits for a delivery on to the part that it waits for, if that came after the order."""
    last = finished.shape[0] - 1
    wait = by_service[n]
    if shipped > n or (len(orders) > 0 and finished[last, n - shipped] <= orders[n]):
        return
    if len(orders) > 0 and n >= warm_up:
        wait += 1.0
    by_finish[last, n - shipped] += wait


@in_place
def traced_job(
    n: int,
    j: int,
    material: int,
    room: int,
    caller: int,
    released: Floats,
    finished: Floats,
    by_release: Floats,
    by_finish: Floats,
    by_service: Floats,
    held: Floats,
) -> None:
    """Hand what waits for a job on to what the job waited for: the job before, its part or its card."""
    stations = finished.shape[0]
    if n > 0 and finished[j, n - 1] > released[j, n]:
        by_finish[j, n - 1] += by_finish[j, n]
    else:
        by_release[j, n] += by_finish[j, n]
    wait = by_release[j, n]
    if wait <= 0.0:
        return
    fed = 0.0
    if material <= n:
        fed = finished[j - 1, n - material]
    if room <= n and released[j, n] > fed:
        held[j] += wait
        if caller == stations:
            by_service[n - room] += wait
        elif caller < stations:
            by_release[caller, n - room] += wait
    elif material <= n:
        by_finish[j - 1, n - material] += wait
