"""Lines with a constant number of cards in all (CONWIP): mean value analysis, and what bounds every line.

Exact for exponential stations (product form); for others an approximation. By sample paths a kanban
line with cards K_1..K_M never makes more than CONWIP with their sum, so these are bounds there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jitopt.queueing.labels import Kind, positive, require, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ClosedLine", "balanced", "best", "mean_value_analysis", "practical_worst", "worst"]


class ClosedLine(NamedTuple):
    """Long-run figures of a closed line.

    throughput: parts per unit of time. cycle_time: time of a card around the line. parts: mean number
    of parts at each station, waiting or in process. utilisation: of each station.
    """

    throughput: float
    cycle_time: float
    parts: tuple[float, ...]
    utilisation: tuple[float, ...]
    kind: Kind = "exact"


def mean_value_analysis(times: Sequence[float], cards: int) -> ClosedLine:
    """Return the figures of a line of single exponential servers with `cards` cards, raw material at hand.

    times: mean time of each station. Exact (Reiser and Lavenberg 1980): an arriving card sees the
    line as it is with one card fewer.

    Raises
    ------
    InputError
        For no station, a time that is not above 0, or fewer than 1 card.
    """
    _times(times)
    whole(cards, "cards", 1)
    parts = [0.0] * len(times)
    throughput = cycle = 0.0
    for count in range(1, cards + 1):
        waits = [time * (1.0 + there) for time, there in zip(times, parts, strict=True)]
        cycle = sum(waits)
        throughput = count / cycle
        parts = [throughput * wait for wait in waits]
    return ClosedLine(throughput, cycle, tuple(parts), tuple(throughput * time for time in times))


def balanced(stations: int, cards: int, time: float = 1.0) -> ClosedLine:
    """Return the figures of a balanced exponential line: throughput w / (w + M - 1) over the time. Exact.

    Raises
    ------
    InputError
        For fewer than 1 station or card, or a time that is not above 0.
    """
    whole(stations, "stations", 1)
    whole(cards, "cards", 1)
    positive(time, "the time")
    throughput = cards / (cards + stations - 1) / time
    return ClosedLine(throughput, cards / throughput, (cards / stations,) * stations, (throughput * time,) * stations)


def best(times: Sequence[float], cards: int) -> float:
    """Return the largest throughput that any line of these mean times can have with `cards` cards. A bound.

    Raises
    ------
    InputError
        As `mean_value_analysis`.
    """
    _times(times)
    whole(cards, "cards", 1)
    return min(cards / sum(times), 1 / max(times))


def worst(times: Sequence[float]) -> float:
    """Return the least throughput of a line whose cards never stand idle: all cards move as one batch. A bound.

    Raises
    ------
    InputError
        For no station or a time that is not above 0.
    """
    _times(times)
    return 1 / sum(times)


def practical_worst(times: Sequence[float], cards: int) -> float:
    """Return Hopp and Spearman's practical worst throughput: that of a balanced exponential line.

    The line has the bottleneck's rate and the raw time of this one. An approximation for any other line.

    Raises
    ------
    InputError
        As `mean_value_analysis`.
    """
    _times(times)
    whole(cards, "cards", 1)
    critical = sum(times) / max(times)
    return cards / (critical + cards - 1) / max(times)


def _times(times: Sequence[float]) -> None:
    require(len(times) > 0, "a line needs a station", len(times))
    for time in times:
        positive(time, "the time of a station")
