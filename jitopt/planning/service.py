"""What the cards of a plan give, in words and as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.problems.figures import counted

if TYPE_CHECKING:
    from jitopt.simulation.result import Simulation

__all__ = ["FullRack", "Service", "WeakLoop", "percent", "told_service"]


class WeakLoop(NamedTuple):
    """A loop that misses its target, or runs short often where it has none.

    asked: target of the service, None: it has none. service, service_half_width, fill_rate, cards: as
    simulated. bare: the cards hold the mean need until they are back, and nothing on top. tried: remedies
    were looked for. more: cards that reach what is asked when added, None where none of those tried do.
    reached: what they give. punctual: what the cards give when no delivery is late, None where none
    is. full: limit that leaves no room for another card.
    """

    loop: str
    asked: float | None
    service: float
    service_half_width: float
    fill_rate: float
    cards: int
    bare: bool
    tried: bool
    more: int | None
    reached: float | None
    punctual: float | None
    full: str | None

    @property
    def text(self) -> str:
        """One sentence: how far it falls short, and what to do."""
        if self.asked is None:
            told = f"{percent(self.fill_rate)} of the containers are there when they are wanted (no target)"
        else:
            spread = percent(self.service_half_width, 2)
            told = f"covers the need in {percent(self.service)} +- {spread} of cases, asked {percent(self.asked)}"
        bare = "; its cards hold the mean need and no more" if self.bare else ""
        return f"{told}{bare}; {', '.join(self._remedies())}" if self.tried else f"{told}{bare}"

    def _remedies(self) -> list[str]:
        found = []
        if self.more is not None and self.reached is not None:
            cards = self.cards + self.more
            full = f" (but {self.full} is full)" if self.full else ""
            found.append(f"{self.more} more ({cards} cards) give {percent(self.reached)}{full}")
        else:
            found.append("more cards alone do not help")
        if self.punctual is not None:
            found.append(f"without late deliveries these cards give {percent(self.punctual)}")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the loop as plain data."""
        return {**self._asdict(), "text": self.text}


class FullRack(NamedTuple):
    """How full a rack is.

    positions: it has. cards: in its loops. mean, often, almost: positions that are taken on average,
    and that are not exceeded in 95 % and 99.9 % of the time, its loops taken as independent.
    """

    rack: str
    positions: int
    cards: int
    mean: float
    often: int
    almost: int


def percent(share: float, digits: int = 1) -> str:
    """Return a share as per cent; what is not whole is never told as 0 or 100 %."""
    value = 100 * share
    told = f"{value:.{digits}f}"
    if float(told) == 100 and value < 100:
        return f"over {100 - 10**-digits:.{digits}f} %"
    return (
        f"under {10**-digits:.{digits}f} %" if float(told) == 0 and value > 0 else f"{told.rstrip('0').rstrip('.')} %"
    )


@dataclass(frozen=True)
class Service:
    """What the cards of a plan give.

    weak: loops that fall short, the weakest first. minutes: of each loop's line. racks: how full they are.
    """

    simulation: Simulation
    weak: tuple[WeakLoop, ...]
    minutes: tuple[float | None, ...]
    racks: tuple[FullRack, ...] = ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Loops by verdict on their target: kept, missed, open; and those without a target."""
        told = self.simulation.tables["loops"]["verdict"]
        return {name: told.count(key) for name, key in (*((k, k) for k in ("kept", "missed", "open")), ("none", None))}

    @cached_property
    def tight(self) -> tuple[str, ...]:
        """Loops that keep their target, and would miss it with one card fewer."""
        return self._with_fewer("missed")

    @cached_property
    def spare(self) -> tuple[str, ...]:
        """Loops that keep their target, and would keep it with one card fewer."""
        return self._with_fewer("kept")

    def _with_fewer(self, verdict: str) -> tuple[str, ...]:
        table = self.simulation.tables["loops"]
        rows = zip(table["loop"], table["verdict"], table["fewer"], strict=True)
        return tuple(loop for loop, now, fewer in rows if now == "kept" and fewer == verdict)

    def columns(self) -> dict[str, list[Any]]:
        """Return the loops as the columns of service.csv."""
        table = self.simulation.tables["loops"]
        found = {name: [_short(value) for value in column] for name, column in table.items()}
        short = [
            None if m is None or s is None else _short(m * s) for m, s in zip(self.minutes, table["short"], strict=True)
        ]
        return {**found, "short_minutes_per_day": short}

    def to_dict(self) -> dict[str, Any]:
        """Return the service as plain data: the same for the same plan, whichever twin of the kernel ran."""
        told = self.simulation.evidence
        return {
            "measures": {name: value.to_dict() for name, value in self.simulation.measures.items()},
            **{name: told[name] for name in ("replications", "days", "warm_up", "seed", "level")},
            "loops": self.counts,
            "tight": list(self.tight),
            "spare": list(self.spare),
            "weak": [loop.to_dict() for loop in self.weak],
            "racks": [rack._asdict() for rack in self.racks],
        }


def told_service(service: Service) -> str:
    """Say in a line what the cards give."""
    fill, counts = service.simulation.measures["fill_rate"], service.counts
    told = f"{percent(fill.mean)} +- {percent(fill.half_width, 2)} of the containers are there when they are wanted"
    asked = sum(counts.values()) - counts["none"]
    if asked:
        told += f"; of {counted(asked, 'loop')} with a target {counts['kept']} keep it, {counts['missed']} miss it"
        told += f", for {counts['open']} the runs do not tell" if counts["open"] else ""
    if counts["kept"]:
        told += f"; with one card fewer {len(service.tight)} of the {counts['kept']} would miss it"
    return told


def _short(value: Any) -> Any:
    """Return a figure with the digits a simulation can tell."""
    return float(f"{value:.6g}") if isinstance(value, float) else value
