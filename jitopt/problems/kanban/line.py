"""The line form of a kanban instance: stations in series, and what may wait between them.

Parts pass the stations in order, each a single server that works first come first served. Between
them stand buffers (`blocking` "after_service"), or cards limit what each stage ("kanban") or the
whole line ("conwip") holds; with "base_stock" every order calls at every stage at once. How many
places or cards is decided. What they give is simulated: on the sample that `sample` names, made of
independent replications, which is the same for everybody who asks.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from jitopt.problems.base import (
    AboveZero,
    AllAboveZero,
    Amount,
    Identifiers,
    Numbers,
    OptionalAboveZero,
    OptionalNumbers,
    Strict,
    as_tuple,
)
from jitopt.problems.variates import Distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_PLACES", "Demand", "Line", "Sample", "Size", "Target"]

MOST_STATIONS = 200
"""A line may have so many stations."""

MOST_PLACES = 10**6
"""A buffer or loop may have so many places or cards."""

MOST_WORK = 4 * 10**9
"""A sample may have so many operations, stations x parts x replications."""

Place = Annotated[int, Field(ge=0, le=MOST_PLACES)]
Places = Annotated[tuple[Place, ...], BeforeValidator(as_tuple)]
Kind = Literal["deterministic", "exponential", "gamma", "lognormal", "uniform"]
Kinds = Annotated[tuple[Kind, ...], BeforeValidator(as_tuple)]
Share = Annotated[float, Field(gt=0, lt=1)]

REPLICATIONS = 128, 64
"""Replications of a sample where none are named: of a saturated line, of one with orders."""

PARTS = 16_384
"""Parts of each replication of a saturated line: with 128 replications the standard error of the throughput
of exponential lines is 0.03 to 0.07 %, and the first parts weigh less than 0.02 %."""

ROOMY, LONGEST = 50, 4
"""Places or cards in all from which replications grow in proportion, for full lines change slowly; up to so many
times. With thousands of places the first parts weigh up to 0.1 % even so."""

ORDERS, WARM_UP = 8192, 1024
"""Orders of each replication, and those before them that are not counted, where the load is light."""

LONGEST_WARM_UP = 16_384
"""Orders not counted where the load is heaviest."""


class Demand(Strict):
    """Orders for finished parts; an order that finds none waits (backorders).

    rate: orders per unit of time. distribution, cv: of the time between two orders [exponential, 1].
    """

    rate: AboveZero
    distribution: Kind = "exponential"
    cv: Amount = 1.0


class Target(Strict):
    """What is to be reached on the sample: one of the two.

    fill_rate: share of the orders that find a finished part. throughput: parts per unit of time.
    """

    fill_rate: Share | None = None
    throughput: AboveZero | None = None


class Sample(Strict):
    """The sample on which a plan is judged; what is not named follows from the line.

    seed: of its random numbers [None: that of the plan, else 0]. replications: independent runs.
    parts: counted in each (orders, where there is demand). warm_up: orders before them that are not
    counted (only where there is demand).
    """

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    replications: Annotated[int, Field(ge=2, le=100_000)] | None = None
    parts: Annotated[int, Field(ge=1, le=10**8)] | None = None
    warm_up: Annotated[int, Field(ge=0, le=10**8)] | None = None


class Size(NamedTuple):
    """A sample with nothing left open; see `Sample`."""

    seed: int
    replications: int
    parts: int
    warm_up: int

    @property
    def length(self) -> int:
        """Parts of each replication, counted or not."""
        return self.parts + self.warm_up


class Line(Strict):
    """A line of stations.

    station: names, in the order of the flow [None: "1", "2", ...]. rate or time: parts per unit of time,
    or mean time of a part. distribution: of its time [None: exponential]; cv: its coefficient of variation
    [None: 1; not read for exponential and deterministic]. mtbf, mttr: mean working time between two
    breakdowns and mean time of a repair, both exponential; the part at work waits [None: none].
    blocking: "after_service" (buffers, of places between two stations), "kanban" (cards for each stage),
    "conwip" (cards for the line), "base_stock" (stock for each stage). total_buffer, total_cards: places
    or cards in all, at most. cost: of a place or card [None: 1]. minimum: places or cards at least [None:
    no place, one card]; maximum: at most. demand: orders [None: the line is saturated, it always has work,
    and room for what is finished]. target: to be reached at least cost. sample: on which a plan is judged.
    """

    station: Identifiers | None = None
    rate: AllAboveZero | None = None
    time: AllAboveZero | None = None
    distribution: Kinds | None = None
    cv: OptionalNumbers | None = None
    mtbf: OptionalAboveZero | None = None
    mttr: OptionalAboveZero | None = None
    blocking: Literal["after_service", "kanban", "conwip", "base_stock"] = "after_service"
    total_buffer: Place | None = None
    total_cards: Place | None = None
    cost: Numbers | None = None
    minimum: Places | None = None
    maximum: Places | None = None
    demand: Demand | None = None
    target: Target | None = None
    sample: Sample | None = None

    @property
    def stations(self) -> int:
        """Number of stations, M."""
        return len(self.rate or self.time or ())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The stations by name."""
        return self.station or tuple(str(number + 1) for number in range(self.stations))

    @property
    def decided(self) -> int:
        """How many numbers a plan has: M - 1 buffers, M stages, or one line."""
        return {"after_service": self.stations - 1, "conwip": 1}.get(self.blocking, self.stations)

    @property
    def word(self) -> Literal["place", "card"]:
        """What is counted: places of buffers, or cards."""
        return "place" if self.blocking == "after_service" else "card"

    @cached_property
    def places(self) -> tuple[str, ...]:
        """Where the places or cards of a plan are, by name."""
        if self.blocking == "conwip":
            return ("the line",)
        if self.word == "card":
            return self.names
        return tuple(f"{self.names[j]} to {self.names[j + 1]}" for j in range(self.stations - 1))

    @property
    def total(self) -> int | None:
        """Places or cards in all, at most."""
        return self.total_buffer if self.blocking == "after_service" else self.total_cards

    @cached_property
    def lows(self) -> tuple[int, ...]:
        """Fewest places or cards."""
        return self.minimum or (0 if self.blocking == "after_service" else 1,) * self.decided

    @cached_property
    def service(self) -> tuple[Distribution, ...]:
        """The distribution of the time of a part at each station, without breakdowns."""
        means = tuple(1.0 / rate for rate in self.rate) if self.rate else (self.time or ())
        kinds = self.distribution or ("exponential",) * self.stations
        spreads = self.cv or (None,) * self.stations
        return tuple(
            Distribution(kind, mean, 1.0 if cv is None else cv)
            for kind, mean, cv in zip(kinds, means, spreads, strict=True)
        )

    @cached_property
    def breakdowns(self) -> tuple[tuple[float, float] | None, ...]:
        """Mean working time between two breakdowns and mean repair of each station, None where it has none."""
        absent = (None,) * self.stations
        pairs = zip(self.mtbf or absent, self.mttr or absent, strict=True)
        return tuple(None if between is None or repair is None else (between, repair) for between, repair in pairs)

    @cached_property
    def times(self) -> tuple[float, ...]:
        """Mean time of a part at each station, with its breakdowns: t (1 + mttr / mtbf)."""
        return tuple(
            law.mean * (1 + (down[1] / down[0] if down else 0.0))
            for law, down in zip(self.service, self.breakdowns, strict=True)
        )

    @cached_property
    def spreads(self) -> tuple[float, ...]:
        """Squared coefficient of variation of those times (Hopp and Spearman, Factory Physics, chapter 8)."""
        found = []
        for law, down in zip(self.service, self.breakdowns, strict=True):
            squared = law.variance() / law.mean**2
            if down:
                up = down[0] / (down[0] + down[1])
                squared += 2 * up * (1 - up) * down[1] / law.mean
            found.append(squared)
        return tuple(found)

    @cached_property
    def between(self) -> Distribution | None:
        """The distribution of the time between two orders."""
        demand = self.demand
        return None if demand is None else Distribution(demand.distribution, 1.0 / demand.rate, demand.cv)

    @property
    def load(self) -> float:
        """Utilisation of the busiest station by the orders, rho; 1 for a saturated line."""
        return 1.0 if self.demand is None else self.demand.rate * max(self.times)

    def counts(self) -> dict[str, int]:
        """Return the counts that say how large the line is: its stations, and the operations of its sample."""
        size = self.size()
        return {"stations": self.stations, "operations": self.stations * size.length * size.replications}

    def size(self, seed: int | None = None) -> Size:
        """Return the sample: as named, the rest by rule. seed: where none is named [None: 0]."""
        given, (replications, parts, warm_up) = self.sample or Sample(), self._usual()
        return Size(
            _first(given.seed, seed, 0),
            _first(given.replications, replications),
            _first(given.parts, parts),
            _first(given.warm_up, warm_up),
        )

    def _usual(self) -> tuple[int, int, int]:
        """Return replications, parts and warm-up of a sample where none are named.

        Roomy lines change slowly; variable times take more parts to the same precision. With orders, the
        line forgets its start in about cv^2 / (1 - rho)^2 of them.
        """
        spread = max([1.0, *self.spreads])
        if self.demand is None:
            roomy = min(float(LONGEST), max(1.0, (self.total or 0) / ROOMY))
            return REPLICATIONS[0], int(PARTS * min(16.0, spread * roomy)), 0
        memory = 4 * spread / max(1 - self.load, 0.01) ** 2
        warm_up = int(min(LONGEST_WARM_UP, max(WARM_UP, memory)))
        return REPLICATIONS[1], max(ORDERS, 4 * warm_up), warm_up


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


class Lags(NamedTuple):
    """How far the events of a line reach back: what the plan says of its parts, in numbers of jobs.

    Job n of a station is the n-th it works on, from 0. It is made of output n - material[j] of the station
    before (so many stood between them at the start), and needs the place or card that the job n - room[j]
    of the next event frees. Both are at least 0, of each loop one is above 0. What reaches further back
    than the first job holds nothing up.
    """

    material: tuple[int, ...]
    room: tuple[int, ...]


def lags(line: Line, chosen: Sequence[int]) -> Lags:
    """Return the lags of a plan: `chosen` places or cards.

    after_service: material[j] into station j (0 for the first), room[j] behind station j (b + 1 in all with
    the next server; 0 for the last). kanban, base_stock: material[j] into stage j, and at the end what is
    finished at the start; room[j] of the cards of stage j. conwip: room[0] of the cards of the line.
    """
    chosen = tuple(chosen)
    if line.blocking == "after_service":
        full = [places + 1 for places in chosen]
        started = [_level(line, j, room) for j, room in enumerate(full)]
        return Lags((0, *started), (*(room - stock for room, stock in zip(full, started, strict=True)), 0))
    if line.demand is not None:
        return _full(line, chosen)
    if line.blocking == "conwip":
        stocks = _spread(line, chosen[0])
        return Lags((0, *stocks, 0), (chosen[0] - sum(stocks),))
    stocks = [*(_level(line, j, cards) for j, cards in enumerate(chosen[:-1])), 0]
    return Lags((0, *stocks), tuple(cards - stock for cards, stock in zip(chosen, stocks, strict=True)))


def _full(line: Line, chosen: tuple[int, ...]) -> Lags:
    """Start with orders: every stage has all it may have, finished."""
    if line.blocking == "conwip":
        return Lags((*(0 for _ in range(line.stations)), chosen[0]), (0,))
    return Lags((0, *chosen), (0,) * line.stations)


def _level(line: Line, j: int, room: int) -> int:
    """Return how many of `room` places behind station j hold a part at the start: about as many as in the long run.

    Half of them where the slowest station before and the slowest behind take equally long, every other
    pair rounding up. Otherwise the mean of the exponential law that a queue in heavy traffic follows. It never
    falls, and never by more than one rises, where there is a place more: so more places never hold up a part.
    """
    before, behind = max(line.times[: j + 1]), max(line.times[j + 1 :])
    rows = list(zip(line.times, line.spreads, strict=True))
    spread = max(rows[: j + 1])[1] + max(rows[j + 1 :])[1]
    if before == behind:
        return (room + (j & 1)) // 2
    if not spread:
        return 0 if before > behind else room
    drift = 2 * (before - behind) / (max(before, behind) * spread)
    return int(min(room, max(0.0, math.floor(_truncated(drift, room) + 0.5))))


def _truncated(drift: float, room: int) -> float:
    """Return the mean of a density exp(-drift x) on 0 to `room`."""
    reach = abs(drift) * room
    if reach < 1e-6:
        return room / 2
    low = 1 / abs(drift) - (room / math.expm1(reach) if reach < 700 else 0.0)
    return low if drift > 0 else room - low


def _spread(line: Line, cards: int) -> list[int]:
    """Share the cards of a saturated line evenly among its slowest stations; return those before station 2, 3, ..."""
    slowest = [j for j, time in enumerate(line.times) if time == max(line.times)]
    count = len(slowest)
    shares = [0] * line.stations
    for rank, j in enumerate(slowest):
        shares[j] = cards * (rank + 1) // count - cards * rank // count
    return shares[1:]
