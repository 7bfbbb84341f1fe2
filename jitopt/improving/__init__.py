"""What would improve a plant: the worth of a minute less, a point more, a day less; and how work is released.

`improve` asks what cards, stock and working capital would be if a set-up took a minute less, a machine were
up a point more, a step gave a point more good parts, or a lead time were a day shorter. Kanban loops
answer by their formulas, solved anew; value streams by runs with the same random numbers. `compare` holds
push, CONWIP and kanban release against each other on the same demand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.improving.levers import KINDS, Improvement, Improvements, Lever
from jitopt.improving.releases import ReleaseComparison, compare_releases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["KINDS", "Improvement", "Improvements", "Lever", "ReleaseComparison", "compare_releases", "improvements"]


def improvements(
    subject: Any,
    plan: Any = None,
    *,
    kinds: Sequence[str] = KINDS,
    values: Mapping[str, float] | None = None,
    time_limit: float = 60.0,
    **settings: Any,
) -> Improvements:
    """Rank what would improve a plant: fewer cards, less stock, less working capital.

    Parameters
    ----------
    subject
        A kanban instance in the form of loops (exact: formulas, solved anew); a plan of a plant, from
        `jitopt.plan` (exact, through its suppliers and lines); or a `ValueStream` (simulated).
    plan
        Of a kanban instance: its result or plan; None solves it first.
    kinds
        Which improvements: "changeover" (a minute less), "uptime" (a point more), "yield" (a point
        more), "lead_time" (a day less).
    values
        Value of a unit, by loop [money]: for the working capital. A plan of a plant knows them.
    time_limit
        For the whole call [s]. What it leaves no time for is told in the notes.
    settings
        Of loops: `by` ("process" or "loop"), `seed`, `threads`. Of a plan of a plant: `simulate=True` runs its
        value stream instead, with the settings of streams. Of streams: `target` (share of the units
        asked for that are there at once), `groups`, `replications` (of a group), `days`, `warm_up`, `seed`,
        `level`, `threads`, `compiled`.

    Returns
    -------
    Improvements
        A row for each improvement, the best first, with the changes and their intervals.

    Raises
    ------
    InputError
        For another subject, an unknown kind, or a target that cards do not reach.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise InputError("there is no such kind of improvement", value=unknown[0], remedy=f"use {', '.join(KINDS)}")
    from jitopt.planning.chain import PlantPlan
    from jitopt.problems.kanban import Kanban
    from jitopt.simulation.stream import ValueStream

    if isinstance(subject, Kanban):
        from jitopt.improving.loops import improve_loops

        return improve_loops(subject, plan, kinds=kinds, values=values, time_limit=time_limit, **settings)
    if isinstance(subject, PlantPlan):
        from jitopt.improving.plants import improve_plant

        return improve_plant(subject, kinds=kinds, time_limit=time_limit, **settings)
    if isinstance(subject, ValueStream):
        from jitopt.improving.streams import improve_stream

        return improve_stream(subject, kinds=kinds, values=values, time_limit=time_limit, **settings)
    raise InputError(
        "improvements are asked of a kanban instance, a plan of a plant or a value stream",
        value=type(subject).__name__,
        remedy="read one with jitopt.read, make one with jitopt.plan, or write a ValueStream",
    )
