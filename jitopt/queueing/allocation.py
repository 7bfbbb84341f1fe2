"""Where to put the places of a saturated exponential line: allocations ranked by their exact throughput.

Differences between good allocations are often smaller than what any affordable simulation resolves;
the Markov chain tells them apart. Small cases are enumerated, which proves the optimum. In larger ones
exchanges of places end in an allocation that no exchange improves (throughput is concave in the
buffers, Meester and Shanthikumar 1990, so that such an end is nearly always an optimum).
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, NamedTuple

from jitopt.queueing.blocking import state_count, throughput
from jitopt.queueing.labels import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Allocation", "Allocator", "allocate"]

TIE = 1e-9
"""Relative difference of throughputs below which they are the same: the chain's accuracy."""

Places = tuple[int, ...]


class Allocation(NamedTuple):
    """Buffers and their exact throughput.

    proven: every allocation was looked at. looked: how many chains were solved.
    """

    buffers: Places
    throughput: float
    proven: bool
    looked: int


def allocate(rates: Sequence[float], places: int, stop: Callable[[], bool] = lambda: False) -> Allocation:
    """Return the best allocation of `places` found before `stop` says so.

    rates: of the exponential stations. Enumerated where that takes at most `Allocator.ENOUGH` states in all.

    Raises
    ------
    InputError
        As `blocking.throughput`; for fewer than 2 stations or places below 0.
    """
    require(len(rates) >= 2, "an allocation needs two stations", len(rates))
    require(places >= 0, "the places must be at least 0", places)
    found = Allocator(tuple(rates), places)
    found.climb(found.even(), stop)
    proven = found.enumerable() and found.enumerate(stop)
    return Allocation(found.best, found.value(found.best), proven, len(found.known))


class Allocator:
    """Allocations of a line between limits, with what is known of their throughput.

    low, high: places of each buffer at least and at most.
    """

    rates: tuple[float, ...]
    places: int
    low: tuple[int, ...]
    high: tuple[int, ...]
    mirrored: bool

    ENOUGH = 2_000_000
    """States of all chains together up to which allocations are enumerated: some seconds."""

    def __init__(
        self, rates: tuple[float, ...], places: int, low: Places | None = None, high: Places | None = None
    ) -> None:
        self.rates, self.places = rates, places
        count = len(rates) - 1
        self.low = low or (0,) * count
        self.high = tuple(min(most, places) for most in (high or (places,) * count))
        self.mirrored = rates == rates[::-1]
        self.known: dict[Places, float] = {}
        self.best: Places = self.even()

    def value(self, buffers: Places) -> float:
        """Return the exact throughput of an allocation, solving its chain once."""
        key = min(buffers, buffers[::-1]) if self.mirrored else buffers
        if key not in self.known:
            self.known[key] = throughput(self.rates, key)
        return self.known[key]

    def even(self) -> Places:
        """Return an even allocation within the limits: place by place to the emptiest buffer, the middle first."""
        count = len(self.low)
        found = list(self.low)
        spare = min(self.places, sum(self.high)) - sum(found)
        order = sorted(range(count), key=lambda place: abs(2 * place - count + 1))
        while spare > 0:
            place = min((p for p in order if found[p] < self.high[p]), key=lambda p: found[p])
            rest = sorted({found[p] for p in order if found[p] > found[place]} | {self.high[place]})
            level = [p for p in order if found[p] == found[place] and found[p] < self.high[p]]
            step = max(1, min(rest[0] - found[place], spare // len(level)))
            for p in level[: max(1, spare // step)]:
                found[p] += min(step, self.high[p] - found[p])
            spare = min(self.places, sum(self.high)) - sum(found)
        return tuple(found)

    def climb(self, start: Places, stop: Callable[[], bool]) -> bool:
        """Exchange places between buffers while that gains; tell whether no exchange gains any more.

        Exchanges of several places come first where buffers are large.
        """
        here, value = start, self.value(start)
        self._keep(here)
        step = max(1, max(self.high, default=1) // 8)
        while not stop():
            better = None
            for there in self._exchanges(here, step):
                if stop():
                    return False
                gained = self.value(there)
                if gained > value * (1 + TIE):
                    better, value = there, gained
                    break
            if better is not None:
                here = better
                self._keep(here)
            elif step > 1:
                step //= 2
            else:
                return True
        return False

    def _exchanges(self, buffers: Places, step: int) -> Iterator[Places]:
        """Yield the allocations with `step` places moved, between near buffers first."""
        count = len(buffers)
        pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
        for giver, taker in sorted(pairs, key=lambda pair: abs(pair[0] - pair[1])):
            if buffers[giver] - step >= self.low[giver] and buffers[taker] + step <= self.high[taker]:
                found = list(buffers)
                found[giver] -= step
                found[taker] += step
                yield tuple(found)

    def enumerable(self) -> bool:
        """Tell whether looking at every allocation is a matter of seconds."""
        count = len(self.low)
        number = comb(self.places - sum(self.low) + count - 1, count - 1)
        return number * state_count(self.even()) <= self.ENOUGH

    def enumerate(self, stop: Callable[[], bool]) -> bool:
        """Look at every allocation of all places; tell whether none was left out."""
        for buffers in self._all():
            if stop():
                return False
            self.value(buffers)
            self._keep(buffers)
        return True

    def _all(self) -> Iterator[Places]:
        """Yield the allocations that use all places, or as many as there is room for."""
        count, places = len(self.low), min(self.places, sum(self.high))
        ends = [(sum(self.low[p:]), sum(self.high[p:])) for p in range(count + 1)]

        def rest(place: int, left: int) -> Iterator[Places]:
            if place == count:
                yield ()
                return
            least = max(self.low[place], left - ends[place + 1][1])
            most = min(self.high[place], left - ends[place + 1][0])
            for here in range(least, most + 1):
                for others in rest(place + 1, left - here):
                    yield (here, *others)

        yield from rest(0, places)

    def ties(self) -> list[Places]:
        """Return the allocations known to have the best throughput, mirror images included."""
        top = self.value(self.best) * (1 - TIE)
        found = {buffers for buffers, value in self.known.items() if value >= top}
        if self.mirrored:
            found |= {buffers[::-1] for buffers in found}
        return sorted(buffers for buffers in found if self._fits(buffers))

    def _fits(self, buffers: Places) -> bool:
        return all(low <= b <= high for low, b, high in zip(self.low, buffers, self.high, strict=True))

    def _keep(self, buffers: Places) -> None:
        if self.value(buffers) > self.value(self.best) * (1 + TIE):
            self.best = buffers
