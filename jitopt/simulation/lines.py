"""Lines simulated: throughput or service, stock, lead time, utilisation and bottleneck of a plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jitopt import jit
from jitopt.errors import InputError
from jitopt.problems.estimates import LEVEL, Estimate, estimate, ratio
from jitopt.problems.kanban.line_judge import decided, misfit
from jitopt.simulation.line_measures import tally
from jitopt.simulation.line_paths import KERNELS, Paths
from jitopt.simulation.result import Simulation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jitopt.problems.kanban import Kanban, KanbanPlan
    from jitopt.problems.kanban.line import Line, Size
    from jitopt.simulation.line_measures import Tally

    Floats = NDArray[np.float64]
    Measures = dict[str, Estimate]

__all__ = ["simulate_line"]

SMALL = 50_000
"""Operations (stations x parts x replications) that plain Python runs before machine code is made."""


def simulate_line(
    instance: Kanban,
    plan: Any,
    *,
    replications: int | None = None,
    seed: int | None = None,
    parts: int | None = None,
    warm_up: int | None = None,
    level: float = LEVEL,
    threads: int = 1,
    time_limit: float | None = None,
    compiled: bool | None = None,
) -> Simulation:
    """Simulate the plan of a line.

    Parameters
    ----------
    instance
        A kanban instance with a line.
    plan
        Its plan: a `KanbanPlan`, its data, or the places or cards along the flow.
    replications, seed, parts, warm_up
        The sample; what is None is that of the instance and the plan, on which throughput and fill rate
        are those of the judge to the last digit.
    level
        Confidence level of the intervals.
    threads
        That draw and run; they change no number.
    time_limit
        Seconds after which no further replications are begun; the first eight are always run.
    compiled
        Whether by machine code; None: where it is there or worth making. It changes no number.

    Returns
    -------
    Simulation
        measures of a line that always has work: throughput [parts per unit of time], wip [parts], lead_time
        [unit of time]; with orders: fill_rate [share], wait [unit of time, of an order], backorders [orders],
        stock [finished parts], wip [parts], lead_time. Table "stations": utilisation, and with buffers blocked
        and starved [shares of time], with cards cards_free [cards] and stock [finished parts in its store], wip
        [parts in front and at work].

    Raises
    ------
    InputError
        For an instance without a line, or a plan or sample that does not fit it.
    """
    began = time.monotonic()
    line, given = _read(instance, plan)
    seed = given.sample.seed if seed is None and given.sample else seed
    size = _size(line, {"seed": seed, "replications": replications, "parts": parts, "warm_up": warm_up})
    work = size.length * size.replications * line.stations
    machine = (jit.is_cached(KERNELS) or work > SMALL) if compiled is None else compiled
    paths = Paths(line, size, threads=threads, compiled=machine, keep=False)
    found = tally(paths, decided(line, given), None if time_limit is None else began + time_limit)
    if machine:
        jit.mark_cached(KERNELS)
    size = size._replace(replications=found.replications)
    told = _buffers if line.blocking == "after_service" else _cards
    measures, table, bottleneck = told(line, size, found, level)
    evidence = size._asdict() | {"level": level, "kernel": "compiled" if machine else "plain", "method": "recursion"}
    seconds = {"run": time.monotonic() - began}
    return Simulation(instance.name, measures, {"stations": _columns(line, table)}, bottleneck, evidence, seconds)


def _read(instance: Kanban, plan: Any) -> tuple[Line, KanbanPlan]:
    line = instance.line
    if line is None:
        raise InputError("this kanban instance has no line", remedy="simulate an instance of the line form")
    if isinstance(plan, list | tuple):
        plan = {"buffers" if line.word == "place" else "cards": list(plan)}
    read: KanbanPlan = instance.plan_type.model_validate(plan) if isinstance(plan, dict) else plan
    wrong = misfit(line, decided(line, read))
    if wrong is not None:
        raise InputError(wrong.message, place="/plan", value=read.to_dict(), remedy="hand over a plan of this line")
    return line, read


def _size(line: Line, asked: dict[str, int | None]) -> Size:
    """Return the sample, as asked, else that of the line."""
    for name, least in (("seed", 0), ("replications", 2), ("parts", 1), ("warm_up", 0)):
        value = asked[name]
        if value is not None and value < least:
            raise InputError(f"{name} must be at least {least}", value=value, remedy="correct it")
    if asked["warm_up"] and line.demand is None:
        raise InputError(
            "a line that always has work is counted from its first part on",
            value=asked["warm_up"],
            remedy="remove warm_up",
        )
    return line.size()._replace(**{name: value for name, value in asked.items() if value is not None})


def _columns(line: Line, table: dict[str, list[Estimate]]) -> dict[str, list[Any]]:
    """Write estimates as two columns each."""
    found: dict[str, list[Any]] = {"station": list(line.names)}
    for name, column in table.items():
        found[name] = [one.mean for one in column]
        found[f"{name}_half_width"] = [one.half_width for one in column]
    return found


def _over(rows: Floats, time: Floats, level: float) -> list[Estimate]:
    """Return sums over time, station by station. time: [replication], or [station, replication]."""
    return [ratio(row, time if time.ndim == 1 else time[j], level) for j, row in enumerate(rows)]


def _total(rows: Floats, count: int, level: float) -> Estimate:
    """Return the sum over stations for one of `count` parts."""
    return estimate(rows.sum(axis=0) / count, level)


def _buffers(line: Line, size: Size, found: Tally, level: float) -> tuple[Measures, dict[str, list[Estimate]], str]:
    """Measures of a line with buffers: every server works, is blocked or starves."""
    waited, worked, blocked, starved = (found.sums[:, kind] for kind in range(4))
    waited[0] = 0.0  # In front of the first station there is always work, in whatever number.
    inside = waited + worked + blocked
    end = found.ends[-1]
    measures = {
        "throughput": ratio([size.parts] * size.replications, end, level),
        "wip": ratio(inside.sum(axis=0), end, level),
        "lead_time": _total(inside, size.parts, level),
    }
    table = {
        "utilisation": _over(worked, found.ends, level),
        "blocked": _over(blocked, found.ends, level),
        "starved": _over(starved, found.ends, level),
        "wip": _over(inside, end, level),
    }
    rank = _arrows([one.mean for one in table["blocked"]], [one.mean for one in table["starved"]])
    return measures, table, line.names[rank]


def _arrows(blocked: list[float], starved: list[float]) -> int:
    """Return the bottleneck by the rule of arrows (Kuo, Lim and Meerkov 1996).

    From each pair of neighbours an arrow points at the one that holds the other up: downstream where the
    first is blocked more than the second starves. A bottleneck has no arrow that leads away from it; of
    several, the one with the largest differences is the primary one.
    """
    differences = [blocked[j] - starved[j + 1] for j in range(len(blocked) - 1)]
    left, right = [0.0, *differences], [*(-each for each in differences), 0.0]
    ends = [j for j in range(len(blocked)) if left[j] >= 0 and right[j] >= 0]
    return max(ends, key=lambda j: left[j] + right[j])


def _cards(line: Line, size: Size, found: Tally, level: float) -> tuple[Measures, dict[str, list[Estimate]], str]:
    """Measures of a line with cards; the last row of the sums is the customer's."""
    stages, customer = found.sums[:-1], found.sums[-1]
    ahead, waited, worked, free = (stages[:, kind] for kind in range(4))
    over = found.window if line.demand is not None else found.ends[-1]
    stock = [*ahead[1:], customer[0]]
    inside = waited + worked
    after = customer[0] if line.demand is not None else 0.0 * customer[0]
    measures: Measures = {}
    if line.demand is None:
        measures["throughput"] = ratio([size.parts] * size.replications, over, level)
    else:
        measures["fill_rate"] = estimate((size.parts - customer[2]) / size.parts, level)
        measures["wait"] = estimate(customer[1] / size.parts, level)
        measures["backorders"] = ratio(customer[1], over, level)
        measures["stock"] = ratio(customer[0], over, level)
    held = inside.sum(axis=0) + ahead[1:].sum(axis=0) + after
    measures["wip"] = ratio(held, over, level)
    measures["lead_time"] = estimate(held / size.parts, level)
    table = {"utilisation": _over(worked, over, level), "wip": _over(inside, over, level)}
    if line.blocking == "kanban":
        table["cards_free"] = _over(free, over, level)
    if line.blocking != "conwip":
        table["stock"] = [ratio(row, over, level) for row in stock]
    busiest = max(range(line.stations), key=lambda j: table["utilisation"][j].mean)
    return measures, table, line.names[busiest]
