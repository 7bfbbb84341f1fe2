"""A kanban loop as it is simulated, and the loops of a kanban instance with its plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jitopt.errors import InputError
from jitopt.problems.variates import LARGEST_CV, Distribution

if TYPE_CHECKING:
    from jitopt.problems.kanban import Kanban, KanbanPlan

__all__ = ["CardLoop", "card_loops", "lead_time"]


@dataclass(frozen=True)
class CardLoop:
    """One loop of cards between a store and the process that refills it.

    loop: name. cards: N. lasts: how long a container lasts in use [days]; a mean of 0: nothing is
    used. delay: from the round that takes a card, or from its release, to the full container [days].
    interval: R between two rounds [days, 0: cards go at once]. quantity: good units in a container.
    signal: what releases a card. target: service asked for, None where none is. late: share of the
    delays that are longer by late_by [days]. days: good units needed on each of the days that are
    told; where there are any, blocks of them are drawn, and of `lasts` only the mean is read.

    supply: "shared", the cards of a round (of a day, without rounds) have one delay, nothing
    overtakes; "independent", each card has its own; "server", one container after the other, delays
    are its work. shortage: a need that finds nothing waits ("backorder"), goes elsewhere ("lost"), or
    stops the line ("stop"); "order": it waits, and is ordered for at once though no card is free.
    """

    loop: str
    cards: int
    lasts: Distribution
    delay: Distribution
    interval: float = 0.0
    quantity: float = 1.0
    signal: Literal["first_piece", "empty"] = "first_piece"
    target: float | None = None
    late: float = 0.0
    late_by: float = 0.0
    days: tuple[float, ...] = ()
    supply: Literal["shared", "independent", "server"] = "shared"
    shortage: Literal["backorder", "lost", "stop", "order"] = "backorder"

    @property
    def is_random(self) -> bool:
        """True where chance has a part in it."""
        late = self.late > 0 and self.late_by > 0
        uneven = len(set(self.days)) > 1 if self.days else self.lasts.variance() > 0
        return late or uneven or self.delay.variance() > 0


def lead_time(mean: float, deviation: float) -> Distribution:
    """Return a lead time of a mean and standard deviation [days]: normal, or gamma where that would be cut."""
    if not deviation:
        return Distribution("deterministic", mean)
    if not mean:
        # There is no spread about nothing: a delay that is mostly short, and about as long, stands for it.
        return Distribution("exponential", deviation)
    cv = deviation / mean
    return Distribution("normal" if cv <= LARGEST_CV["normal"] / 1.5 else "gamma", mean, cv)


def usage(demand: float, deviation: float, quantity: float) -> Distribution:
    """Return how long a container lasts [days] at a demand [units per day] of a deviation [per root of a day].

    Gamma distributed with the spread that gives the need of a long time its variance, time x
    deviation^2, as the instance has it: cv^2 = deviation^2 / (quantity x demand).
    """
    if not demand:
        return Distribution("deterministic", 0.0)
    mean = quantity / demand
    if not deviation:
        return Distribution("deterministic", mean)
    return Distribution("gamma", mean, deviation / (quantity * demand) ** 0.5)


def card_loops(instance: Kanban, plan: KanbanPlan) -> list[CardLoop]:
    """Return the loops of an instance with the cards of a plan.

    Raises
    ------
    InputError
        For the form of options, which says nothing of demand and time; for a plan that leaves a loop
        out, or takes a container that is not on its menu.
    """
    table: Any = instance.loops
    if table is None:
        raise InputError(
            "only loops with demand and lead time can be simulated; options have neither",
            place="/options",
            remedy="write the loops in the form of loops (docs/problems/kanban.md), or simulate the plant",
        )
    chosen = {row.loop: row for row in plan.loops}
    return [_loop(instance, table, row, name, chosen) for row, name in enumerate(table.loop)]


def _loop(instance: Kanban, table: Any, row: int, name: str, chosen: dict[str, Any]) -> CardLoop:
    entry = chosen.get(name)
    if entry is None or (name, entry.container) not in instance.pairs:
        raise InputError(
            "the plan gives every loop a container of its menu",
            place="/plan/loops",
            value=name if entry is None else f"{name}: {entry.container}",
            remedy="check the plan with jitopt check",
        )

    def told(column: str) -> Any:
        values = getattr(table, column)
        return values[row] if values else None

    deviation, spread = float(told("demand_sd") or 0), float(told("lead_time_sd") or 0)
    share = told("yield")
    good = float(instance.pairs[name, entry.container].quantity) * (1.0 if share is None else share)
    target = told("service")
    if target is None and not deviation and not spread and instance.loop_data[name].asked:
        target = 1.0  # Nothing varies: the cards must cover every need.
    return CardLoop(
        loop=name,
        cards=entry.cards,
        lasts=usage(table.demand[row], deviation, good),
        delay=lead_time(table.lead_time[row], spread),
        interval=float(told("interval") or 0),
        quantity=good,
        signal=told("signal") or "first_piece",
        target=target,
    )
