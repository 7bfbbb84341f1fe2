"""From the tables of a plant to its whole plan: reading, demand analysis, the chain of decisions, reports."""

from __future__ import annotations

import time
from dataclasses import replace
from os.path import realpath
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.planning.analysis import Analysis, analyse, plant_network
from jitopt.planning.formula_audit import audit_formulas
from jitopt.planning.plant import Plant
from jitopt.planning.reading import Reading, read_plant
from jitopt.planning.writing import write_plant

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from jitopt.engine.result import Progress
    from jitopt.planning.chain import PlantPlan

__all__ = [
    "Analysis",
    "Plant",
    "Reading",
    "analyse",
    "audit_formulas",
    "generate_plant",
    "plan",
    "plant_network",
    "read_plant",
    "write_plant",
]


def plan(
    plant: Plant | Reading | Mapping[str, Any] | str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    time_limit: float = 60.0,
    work_limit: float | None = None,
    seed: int = 0,
    threads: int | None = None,
    day: int | None = None,
    skip_bad: bool = False,
    tell: Callable[[str, str], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    began: float | None = None,
) -> PlantPlan:
    """Plan a whole plant: demand analysis, sourcing, delivery, kanban, heijunka of every line.

    Parameters
    ----------
    plant
        A plant, what `read_plant` returned, plain columns, or the path of a folder, .xlsx or .json.
    output
        Folder for results, tables, cards and summary; results of an earlier run that stand there
        are used again where their inputs have not changed. None: nothing is written.
    time_limit
        Wall-clock promise for the whole chain [s], shared by the steps.
    work_limit
        Work of each method of a step (about seconds of one processor); None: 5.
    seed
        Of every random number.
    threads
        Budget over all workers; None: the processors.
    day
        Of the demand table that is levelled; None: its first.
    skip_bad
        Leave out rows that are wrong, and what rests on them, instead of refusing the plant.
    tell
        Called with the name of a step and what became of it.
    progress
        Called with a `Progress` whenever plan or bound of a step improve.
    began
        When the time limit began to run (monotonic clock); None: now.

    Returns
    -------
    PlantPlan
        Legal outcomes are statuses: "planned", "infeasible", "no_plan", "interrupted". The same
        plant, seed and versions give the same plan, unless a step was cut off by the clock.

    Raises
    ------
    InputError
        For tables that are wrong, or an output that cannot be written.
    """
    from jitopt.planning.chain import WORK, run_chain
    from jitopt.planning.report import write_report
    from jitopt.planning.service import told_service
    from jitopt.planning.service_runs import kept_for_service, service_of
    from jitopt.planning.store import Store

    began = time.monotonic() if began is None else began
    reading = _reading(plant, skip_bad)
    if output is not None and reading.path is not None and realpath(output) == realpath(reading.path):
        raise InputError(
            "the plan must not be written over its tables", source=reading.path, remedy="name another folder"
        )
    store = Store(output)
    store.open()
    found = run_chain(
        reading.plant,
        store=store,
        time_limit=time_limit - kept_for_service(reading.plant, time_limit),
        work_limit=WORK if work_limit is None else work_limit,
        seed=seed,
        threads=threads,
        day=day,
        tell=tell,
        progress=progress,
        began=began,
    )
    found = replace(found, warnings=reading.warnings, left_out=reading.left_out)
    if found.status != "interrupted":
        try:
            service = service_of(found, seed=seed, threads=threads, until=began + time_limit)
            found = replace(found, service=service)
        except KeyboardInterrupt:
            found = replace(found, status="interrupted")
    if found.service is not None and tell is not None:
        tell("service", told_service(found.service))
    write_report(found, store)
    return found


def _reading(plant: Any, skip_bad: bool) -> Reading:
    from collections.abc import Mapping

    if isinstance(plant, Reading):
        return plant
    if isinstance(plant, Plant):
        return Reading(plant)
    if isinstance(plant, Mapping):
        from jitopt.planning.reading import plant_of

        return plant_of(plant, "plant", skip_bad=skip_bad)
    if isinstance(plant, str) or hasattr(plant, "__fspath__"):
        return read_plant(plant, skip_bad=skip_bad)
    raise InputError("plan takes a plant", value=type(plant).__name__, remedy="give a path, or a Plant")


def generate_plant(*, seed: int, **options: Any) -> Plant:
    """Generate a plant, feasible by construction; see `jitopt generate plant --list-options`.

    seed: of the random numbers. options: any of `jitopt.generators.plant_options.PLANT_OPTIONS`.
    """
    from jitopt.generators.plant import tables

    return Plant.parse(tables(seed, options))
