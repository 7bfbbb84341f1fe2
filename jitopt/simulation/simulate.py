"""From what is asked to the kernel that answers: lines, loops, value streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.problems.kanban import Kanban
from jitopt.simulation.stream import ValueStream

if TYPE_CHECKING:
    from jitopt.simulation.result import Simulation

__all__ = ["simulate_subject"]


def simulate_subject(subject: Any, plan: Any, **settings: Any) -> Simulation:
    """Simulate an instance with its plan, or a value stream; see `jitopt.simulate`.

    settings: replications, seed, days, warm_up, level, threads, time_limit; None: the default of the
    subject's kind.
    """
    told = {name: value for name, value in settings.items() if value is not None}
    if isinstance(subject, ValueStream):
        from jitopt.simulation.stream_runs import simulate_stream

        return simulate_stream(subject, **told)
    if isinstance(subject, Kanban):
        if subject.line is not None:
            from jitopt.simulation.lines import simulate_line

            for name in ("days", "warm_up"):
                if name in told:
                    raise InputError(
                        "a line is run for parts, not for days",
                        place=name,
                        value=told[name],
                        remedy="leave it out, or write parts and warm_up into the line's sample",
                    )
            return simulate_line(subject, plan, **told)
        from jitopt.simulation.loops import simulate_loops

        return simulate_loops(subject, plan, **told)
    kind = getattr(subject, "problem", type(subject).__name__)
    raise InputError(
        "only kanban loops, lines, plants and value streams can be simulated",
        value=kind,
        remedy="simulate the kanban instance of the plant, or the whole plant",
    )
