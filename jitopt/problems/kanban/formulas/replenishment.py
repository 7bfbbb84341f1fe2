"""The replenishment time of a card, built of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from jitopt.errors import InputError
from jitopt.problems.figures import rounded
from jitopt.problems.kanban.formulas.count import Number, number, share

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Replenishment", "replenishment_time"]

WAITS = ("post_wait", "epei_wait")
"""The terms that are waits for a fixed round: they make the interval R of a constant cycle."""

WORDS: dict[str, str] = {
    "post_wait": "the card waits in its post for the collection",
    "collection": "the card is carried to the process",
    "gathering": "cards are gathered until a lot is complete",
    "queue": "the lot waits for the machine",
    "epei_wait": "the card waits until the part's turn comes",
    "setup": "the machine is set up",
    "run": "the lot is made",
    "downtime": "the machine stands still meanwhile",
    "inspection": "the lot is released",
    "conveyance": "the container is brought back",
}


@dataclass(frozen=True)
class Replenishment:
    """The time from a card's release to its full container.

    terms: of each part, in the order in which they pass [the unit they were told in].
    """

    terms: Mapping[str, Fraction]

    @property
    def total(self) -> Fraction:
        """Return L + R, what the cards must cover."""
        return sum(self.terms.values(), Fraction(0))

    @property
    def interval(self) -> Fraction:
        """Return R, the waits for a fixed round."""
        return sum((self.terms[name] for name in WAITS if name in self.terms), Fraction(0))

    @property
    def lead_time(self) -> Fraction:
        """Return L, all but the waits for a fixed round."""
        return self.total - self.interval

    def lines(self) -> list[str]:
        """Return the terms as text, one a line."""
        found = [f"replenishment time: {rounded(self.total, 6)}"]
        return found + [f"  {name}: {rounded(time, 6)} ({WORDS[name]})" for name, time in self.terms.items()]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def replenishment_time(
    *,
    post_interval: Number = 0,
    collection: Number = 0,
    gathering: Number = 0,
    queue: Number = 0,
    epei: Number = 0,
    setup: Number = 0,
    run: Number = 0,
    uptime: Number = 1,
    inspection: Number = 0,
    conveyance: Number = 0,
    wait: Literal["longest", "mean"] = "longest",
    scale: Number = 1,
) -> Replenishment:
    """Return the replenishment time of a card, with every part of it.

    Parameters
    ----------
    post_interval
        Between two collections from the card post [time].
    collection
        Of the route that brings the card to the process [time].
    gathering
        Until enough cards for a lot have come together; 0 where a signal kanban asks for the whole lot [time].
    queue
        Wait for the machine, as measured [time].
    epei
        Every part every interval, in place of a queue: the machine comes round to the part so often [time].
    setup, run
        Of the lot [time].
    uptime
        Share of the time the machine runs; setup and run take 1 / uptime as long.
    inspection, conveyance
        Until the lot is released, and until its container is back [time].
    wait
        "longest": a card that has just missed a round waits for a whole one, which the cards of a fixed
        round must cover; "mean": half of it, for Little's law.
    scale
        Units told in one unit of the result, such as 480 for minutes of a working day of eight hours, told in days.

    Raises
    ------
    InputError
        For a value out of its range, or a queue beside an EPEI.

    Source: Monden, Toyota Production System (lead time = processing + waiting + conveyance + kanban collecting time).

    Examples
    --------
    >>> replenishment_time(post_interval=60, collection=10, queue=120, run=220, conveyance=10, scale=480).total
    Fraction(7, 8)
    """
    if wait not in ("longest", "mean"):
        raise InputError("wait is longest or mean", place="wait", value=wait, remedy="write one of them")
    if queue and epei:
        raise InputError(
            "a card waits in a queue or for the part's turn, not both", place="epei", value=epei,
            remedy="tell the queue of a machine that takes what comes, the EPEI of one that goes round",
        )  # fmt: skip
    unit = number("scale", scale, above=True)
    part = Fraction(1) if wait == "longest" else Fraction(1, 2)
    machine = number("setup", setup) + number("run", run)
    terms = {
        "post_wait": number("post_interval", post_interval) * part,
        "collection": number("collection", collection),
        "gathering": number("gathering", gathering),
        "queue": number("queue", queue),
        "epei_wait": number("epei", epei) * part,
        "setup": number("setup", setup),
        "run": number("run", run),
        "downtime": machine / share("uptime", uptime) - machine,
        "inspection": number("inspection", inspection),
        "conveyance": number("conveyance", conveyance),
    }
    return Replenishment({name: time / unit for name, time in terms.items() if time})
