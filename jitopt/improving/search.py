"""The fewest cards of a value stream that hold: every demand is served to the target on a sample of runs.

Runs of the same seed share their random numbers, so that more cards are seen to serve no worse but for
the rare cases in which a shared machine is set up in another order. All loops are scaled down together
as far as the target holds, then lowered one by one, dearest first, until one card fewer in any loop breaks
the target on the sample. That is a local optimum under these random numbers, no proof.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jitopt.simulation.stream import ValueStream
    from jitopt.simulation.stream_runs import Runs

__all__ = ["Search", "least_cards", "with_cards"]

MOST_DOUBLINGS = 12

Cards = tuple[int, ...]


def with_cards(stream: ValueStream, cards: Sequence[int]) -> ValueStream:
    """Return the stream with so many cards of each loop."""
    return stream.replace(loops={**stream.loops.model_dump(), "cards": tuple(cards)})


def least_cards(stream: ValueStream) -> Cards:
    """Return how many cards each loop needs to work at all: one, and a whole lot where it is released together."""
    return tuple(max(1, lot or 1) for lot in stream.loops.lot or (None,) * len(stream.loops.loop))


class Search:
    """A search for the fewest cards of one stream on one sample.

    run: runs a stream on the sample. target: share of the units asked for that are there at once, of every
    demand. order: rows of the loops, those first whose cards are worth most.
    """

    stream: ValueStream
    run: Callable[[ValueStream], Runs]
    target: float
    order: list[int]
    least: Cards

    def __init__(
        self, stream: ValueStream, run: Callable[[ValueStream], Runs], target: float, order: Sequence[int]
    ) -> None:
        self.stream, self.run, self.target = stream, run, target
        self.order = [row for row in order if stream.loops.kind[row] != "co_product"]
        self.least = least_cards(stream)
        self.runs: dict[Cards, Runs] = {}

    def at(self, cards: Cards) -> Runs:
        """Return the runs with so many cards."""
        if cards not in self.runs:
            self.runs[cards] = self.run(with_cards(self.stream, cards))
        return self.runs[cards]

    def holds(self, cards: Cards) -> bool:
        """Tell whether every demand is served to the target, on average over the runs."""
        import numpy as np

        service = self.at(cards).demand["service"]
        return bool(np.all(np.nanmean(service, axis=0) >= self.target))

    def from_start(self) -> Cards:
        """Return the fewest cards that hold, from those of the stream: more where they do not, fewer where they do."""
        cards = self._enough(tuple(self.stream.loops.cards))
        return self.lowered(self._scaled(cards))

    def from_cards(self, cards: Cards) -> Cards:
        """Return the fewest cards that hold, from those of a stream that differs a little."""
        return self.lowered(self._enough(cards, gently=True))

    def _enough(self, cards: Cards, gently: bool = False) -> Cards:
        """Return cards that hold: these, or more of all loops."""
        for _ in range(MOST_DOUBLINGS):
            if self.holds(cards):
                return cards
            if self._outlasts(cards):
                break
            cards = tuple(
                max(count + 1, math.ceil(count * (1.05 if gently else 1.5))) if row in self.order else count
                for row, count in enumerate(cards)
            )
        raise InputError(
            "more cards do not reach the target: a machine has too little time, or the runs are too short to tell",
            value=self.target,
            remedy="look at the utilisation of the stations, ask for less, or give more days",
        )

    def _outlasts(self, cards: Cards) -> bool:
        """Tell whether a stock from the start lasts half of the run, so that more of it would prove nothing."""
        runs = self.at(cards)
        used = runs.loops["throughput"].mean(axis=0) * runs.evidence["days"]
        return any(2 * cards[row] * self.stream.loops.quantity[row] > used[row] for row in self.order)

    def _scaled(self, cards: Cards) -> Cards:
        """Return these cards scaled down together as far as the target holds."""
        low, high = 0.0, 1.0
        found = cards
        for _ in range(7):
            middle = (low + high) / 2
            tried = tuple(
                max(self.least[row], math.ceil(count * middle)) if row in self.order else count
                for row, count in enumerate(cards)
            )
            if self.holds(tried):
                high, found = middle, tried
            else:
                low = middle
        return found

    def lowered(self, cards: Cards) -> Cards:
        """Return these cards lowered loop by loop until one fewer in any of them breaks the target."""
        while True:
            before = cards
            for row in self.order:
                cards = self._lowered_one(cards, row)
            if cards == before:
                return cards

    def _lowered_one(self, cards: Cards, row: int) -> Cards:
        """Lower one loop: by one, two, four ... cards while the target holds, then between the last two."""

        def fewer(count: int) -> Cards:
            return (*cards[:row], count, *cards[row + 1 :])

        holds, step, least = cards[row], 1, self.least[row]
        while holds - step >= least and self.holds(fewer(holds - step)):
            holds, step = holds - step, 2 * step
        fails = max(least - 1, holds - step)
        while holds - fails > 1:
            middle = (holds + fails) // 2
            if self.holds(fewer(middle)):
                holds = middle
            else:
                fails = middle
        return fewer(holds)
