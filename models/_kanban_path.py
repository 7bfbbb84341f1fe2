"""The sample path of a line as events and precedences between them.

Part of `kanban_path_pyomo`.
Holds: the drawn times, the precedences for every number of places or cards, and the moments that
events have at the earliest with a given design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jitopt.errors import NotApplicableError
from jitopt.problems.base import exact
from jitopt.problems.kanban.line import lags
from jitopt.problems.kanban.line_sample import SIDE, Streams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jitopt.problems.kanban.instance import Kanban
    from jitopt.problems.kanban.line import Line, Size

__all__ = ["Row", "World", "least_moments", "prepare"]

LARGEST = 20_000
"""Operations of the largest sample that is looked at."""

MOST = 4096
"""Places or cards up to which a design that reaches the target is looked for."""


class Row(NamedTuple):
    """An event comes no earlier than another, some jobs back, plus a time; where at most `most` are chosen at `place`.

    place: None where it holds whatever is chosen.
    """

    event: int
    n: int
    of: int
    job: int
    time: float
    place: int | None
    most: int


class Link(NamedTuple):
    """A precedence for all jobs. lag: of each number chosen at its place, from the least; one where it has none."""

    event: int
    of: int
    place: int | None
    lag: tuple[int, ...]


class World:
    """A line, its sample and its precedences.

    Kinds of events: 0..M-1 the part leaves the station (buffers) or is finished (cards), M..2M-1 it is
    released, 2M it is delivered. low, high: places or cards. least, most: moments of events, by
    replication, kind and job. last: the kind of the last station's.
    """

    def __init__(self, line: Line, size: Size, low: tuple[int, ...], high: tuple[int, ...]) -> None:
        self.line, self.size, self.low, self.high = line, size, low, high
        self.cost = line.cost or (1.0,) * line.decided
        self.last = line.stations - 1
        self.times: list[list[list[float]]] = []
        self.orders: list[list[float]] = []
        for block in range(-(-size.replications // SIDE)):
            self._draw(Streams(line, size.seed, block))
        self.links = self._links()
        self.least: list[list[list[float]]] = []
        self.most: list[list[list[float]]] = []

    def _draw(self, streams: Streams) -> None:
        """Draw the times of a block of replications, and the moments of their orders."""
        import numpy as np

        size = self.size
        times = np.zeros((self.line.stations, size.length, SIDE))
        between = np.zeros((size.length, SIDE))
        streams.service(times)
        streams.between(between)
        for lane in range(min(SIDE, size.replications - len(self.times))):
            self.times.append([station[:, lane].tolist() for station in times])
            if self.line.demand is not None:
                self.orders.append(_summed(between[:, lane].tolist()))

    @property
    def kinds(self) -> int:
        """How many kinds of events there are."""
        return self.line.stations if self.line.word == "place" else 2 * self.line.stations + 1

    def enclose(self) -> None:
        """Find the least and the largest moments of all events."""
        for r in range(self.size.replications):
            self.least.append(least_moments(self, r, self.high))
            self.most.append(least_moments(self, r, self.low))

    def _lag(self, kind: str, index: int) -> tuple[int | None, tuple[int, ...]]:
        """Return the place on which a lag depends and its values; None and one value where on none."""

        def of(chosen: tuple[int, ...]) -> int:
            found: tuple[int, ...] = getattr(lags(self.line, chosen), kind)
            return found[index]

        for p, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            values = tuple(of((*self.low[:p], k, *self.low[p + 1 :])) for k in range(low, high + 1))
            if len(set(values)) > 1:
                return p, values
        return None, (of(self.low),)

    def _links(self) -> list[Link]:
        count, found = self.line.stations, []
        if self.line.word == "place":
            for j in range(count - 1):
                found.append(Link(j + 1, j, *self._lag("material", j + 1)))
                found.append(Link(j, j + 1, *self._lag("room", j)))
            return found
        for j in range(1, count):
            found.append(Link(count + j, j - 1, *self._lag("material", j)))
        found.append(Link(2 * count, count - 1, *self._lag("material", count)))
        frees = {"kanban": [*range(count + 1, 2 * count + 1)], "conwip": [2 * count], "base_stock": []}
        for j, of in enumerate(frees[self.line.blocking]):
            found.append(Link(count + j, of, *self._lag("room", j)))
        return found

    def rows(self) -> int:
        """Return how many precedences there are about."""
        return self.size.length * self.size.replications * sum(len(set(link.lag)) for link in self.links)

    def events(self) -> Iterator[tuple[int, int, int]]:
        """Yield replication, kind and job of every event."""
        for r in range(self.size.replications):
            for e in range(self.kinds):
                for n in range(self.size.length):
                    yield r, e, n

    def counted(self) -> Iterator[tuple[int, int]]:
        """Yield replication and number of every order that counts."""
        if self.line.demand is not None:
            for r in range(self.size.replications):
                for n in range(self.size.warm_up, self.size.length):
                    yield r, n

    def precedences(self, r: int) -> Iterator[Row]:
        """Yield all precedences of a replication but those of service, and then these."""
        cards = self.line.word == "card"
        for link in self.links:
            for lag, count, place in self._steps(link):
                for n in range(lag, self.size.length):
                    # A part that was made of another leaves when its own work is done.
                    time = 0.0 if cards or link.of > link.event else self.times[r][link.event][n]
                    yield Row(link.event, n, link.of, n - lag, time, place, count)
        for j, times in enumerate(self.times[r]):
            for n, time in enumerate(times):
                if n:
                    yield Row(j, n, j, n - 1, time, None, 0)
                if cards:
                    yield Row(j, n, self.line.stations + j, n, time, None, 0)

    def _steps(self, link: Link) -> Iterator[tuple[int, int, int | None]]:
        """Yield each lag with the largest number chosen at which it holds."""
        for step, lag in enumerate(link.lag):
            if step + 1 == len(link.lag) or link.lag[step + 1] != lag:
                yield lag, (0 if link.place is None else self.low[link.place] + step), link.place

    def deliveries(self, r: int) -> Iterator[tuple[int, Row]]:
        """Yield for each order that counts the parts it may be served from."""
        shipped = next(link for link in self.links if link.event == 2 * self.line.stations) if self.orders else None
        for n in range(self.size.warm_up, self.size.length) if shipped else ():
            assert shipped is not None
            for lag, count, place in self._steps(shipped):
                if lag <= n:
                    yield n, Row(shipped.event, n, shipped.of, n - lag, 0.0, place, count)

    def late(self, r: int, n: int, chosen: tuple[int, ...], moments: list[list[float]]) -> bool:
        """Tell whether an order finds no finished part."""
        lag = lags(self.line, chosen).material[self.line.stations]
        return n >= lag and moments[self.last][n - lag] > self.orders[r][n]


def _summed(between: list[float]) -> list[float]:
    found, now = [], 0.0
    for each in between:
        now += each
        found.append(now)
    return found


def least_moments(world: World, r: int, chosen: tuple[int, ...]) -> list[list[float]]:
    """Return when the events of a replication happen at the earliest, job by job, until nothing moves."""
    length, times, cards = world.size.length, world.times[r], world.line.word == "card"
    moments = [[0.0] * length for _ in range(world.kinds)]
    stations = world.line.stations
    active = [
        (link, link.lag[0 if link.place is None else chosen[link.place] - world.low[link.place]])
        for link in world.links
    ]
    for n in range(length):
        for j in range(stations):
            moments[j][n] = times[j][n] + (moments[j][n - 1] if n else 0.0)
        if world.orders:
            moments[2 * stations][n] = world.orders[r][n]
        if world.line.blocking == "base_stock":
            for j in range(stations):
                moments[stations + j][n] = world.orders[r][n]
        moved = True
        while moved:
            moved = False
            for link, lag in active:
                if lag <= n:
                    time = 0.0 if cards or link.of > link.event else times[link.event][n]
                    moved |= _at_least(moments[link.event], n, moments[link.of][n - lag] + time)
            for j in range(stations) if cards else ():
                moved |= _at_least(moments[j], n, moments[stations + j][n] + times[j][n])
    return moments


def _at_least(row: list[float], n: int, value: float) -> bool:
    if value <= row[n]:
        return False
    row[n] = value
    return True


def prepare(instance: Kanban) -> World:
    """Return the world of a line, its places or cards limited to what an optimal design can have.

    Raises
    ------
    NotApplicableError
        For a sample that is too large, or where no design up to MOST reaches the target.
    """
    line = instance.line
    assert line is not None
    size = line.size()
    operations = line.counts()["operations"]
    if operations > LARGEST:
        raise NotApplicableError(
            f"the sample has {operations} operations; the sample-path model is for {LARGEST} at most: name fewer parts"
        )
    low = line.lows
    spare = (line.total if line.total is not None else MOST) - sum(low)
    high = tuple(
        min(most, least + spare) for most, least in zip(line.maximum or (MOST,) * line.decided, low, strict=True)
    )
    if instance.objective == "cost":
        high = _worth(line, size, low, high)
    world = World(line, size, low, high)
    world.enclose()
    return world


def _worth(line: Line, size: Size, low: tuple[int, ...], high: tuple[int, ...]) -> tuple[int, ...]:
    """Return the most of each place that a design can have which costs no more than an even one that does."""
    cost = line.cost or (1.0,) * line.decided
    trial = World(line, size, low, low)
    even = 1
    while True:
        chosen = tuple(min(most, max(least, even)) for least, most in zip(low, high, strict=True))
        trial = World(line, size, chosen, chosen)
        within = line.total is None or sum(chosen) <= line.total
        if within and _reached(trial, chosen):
            break
        if chosen == high or not within:
            return high  # no even design will do; the model decides
        even *= 2
    spare = sum(price * (have - least) for price, have, least in zip(cost, chosen, low, strict=True))
    return tuple(
        most if price <= 0 else min(most, least + int(spare / price + 1e-9))
        for price, least, most in zip(cost, low, high, strict=True)
    )


def _reached(world: World, chosen: tuple[int, ...]) -> bool:
    line, size = world.line, world.size
    assert line.target is not None
    moments = [least_moments(world, r, chosen) for r in range(size.replications)]
    made = size.parts * size.replications
    if line.target.fill_rate is not None:
        late = sum(world.late(r, n, chosen, moments[r]) for r, n in world.counted())
        return late <= int(made * (1 - exact(line.target.fill_rate)))
    assert line.target.throughput is not None
    return sum(one[world.last][-1] for one in moments) <= made / line.target.throughput
