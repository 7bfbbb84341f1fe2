"""What would improve a planned plant: its cards solved anew with a table improved, deliveries and award as they are.

A supplier's day counts through its cycle A-B-C: a card comes back C = ceil(lead time / interval)
deliveries later. A minute less changeover, or a point more uptime, lets a line set up for every part
in a shorter interval (EPEI); a loop with an interval from that line is taken to follow in the same
proportion. What machines do to each other is not in formulas: for that, simulate a value stream.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.improving.levers import Improvements, Lever
from jitopt.improving.loops import Change, weigh
from jitopt.improving.streams import improve_stream
from jitopt.planning.analysis import unit_cost
from jitopt.planning.numbers import told_down
from jitopt.planning.steps import kanban_instance
from jitopt.planning.steps.decisions import rhythm
from jitopt.planning.value_stream import value_stream
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.planning.chain import Outcome, PlantPlan
    from jitopt.planning.plant import Plant
    from jitopt.simulation.stream import ValueStream

__all__ = ["improve_plant", "stream_of"]

ONE = Fraction(1)
POINT = Fraction(1, 100)

Tables = dict[str, dict[str, list[Any]]]
"""Columns that change, by table."""


def improve_plant(
    plan: PlantPlan,
    *,
    kinds: Sequence[str],
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int | None = None,
    simulate: bool = False,
    **settings: Any,
) -> Improvements:
    """Rank the improvements of a planned plant; see `jitopt.improvements`.

    simulate: run its value stream, with settings as of streams, instead of solving its formulas anew.
    """
    instance: Any = _cards_of(plan).instance
    table = instance.loops
    if simulate:
        return _simulated(plan, kinds=kinds, time_limit=time_limit, seed=seed, threads=threads, **settings)
    if settings:
        raise InputError(
            "this belongs to simulated improvements", value=next(iter(settings)), remedy="add simulate=True"
        )
    values = {loop: float(unit_cost(plan.plant, part)) for loop, part in zip(table.loop, table.part, strict=True)}
    changes: list[Change] = []
    notes: list[str] = []
    for kind in kinds:
        if kind not in SOURCES:
            notes.append("the tables of a plant tell no yield of its steps: ask a value stream")
            continue
        for lever, tables, note in SOURCES[kind](plan):
            changed = kanban_instance(_with(plan.plant, tables), plan.analysis, plan.decisions)
            changes.append(Change(lever, changed, note))
    how: dict[str, Any] = {"time_limit": time_limit, "seed": seed, "threads": threads}
    found = weigh(instance, _cards_of(plan).result, changes, values=values, notes=notes, **how)
    return replace(found, subject=plan.plant.name)


def _cards_of(plan: PlantPlan) -> Outcome:
    """Return the kanban step of a plan that has one."""
    outcome = plan.outcome("kanban")
    if outcome is None or outcome.result.plan is None:
        remedy = "give the plan more time; if it is infeasible, its summary says what is in the way"
        raise InputError("the plan has no cards", value=plan.status, remedy=remedy)
    return outcome


def _simulated(plan: PlantPlan, **settings: Any) -> Improvements:
    """Rank the improvements of the value stream of a plan."""
    stream, values = stream_of(plan)
    return improve_stream(stream, values=values, **settings)


def stream_of(plan: PlantPlan) -> tuple[ValueStream, dict[str, float]]:
    """Return the value stream of a plan, and the value of a unit of each of its loops [money]."""
    _cards_of(plan)
    stream = value_stream(plan.plant, plan.decisions, plan.analysis)
    items = stream.loops.item or stream.loops.loop
    known = plan.plant.part.keys() | plan.plant.product.keys()
    values = {
        loop: float(unit_cost(plan.plant, item)) if item in known else 0.0
        for loop, item in zip(stream.loops.loop, items, strict=True)
        if item is not None
    }
    return stream, values


def _lead_times(plan: PlantPlan) -> Iterator[tuple[Lever, Tables, str]]:
    """A day less from each supplier of the plan, and within the plant from each line or rack."""
    rows = plan.plant.rows("suppliers")
    for at, row in enumerate(rows):
        frequency = plan.decisions.frequencies.get(row["supplier"])
        if frequency is None or not row["lead_time"]:
            continue
        less = min(ONE, exact(row["lead_time"]))
        column = [other["lead_time"] for other in rows]
        column[at] = float(exact(column[at]) - less)
        tables = {"suppliers": {"lead_time": column}}
        was, now = (rhythm(p, row["supplier"], frequency)[1] for p in (plan.plant, _with(plan.plant, tables)))
        note = f"cards come back {now} deliveries later instead of {was}"
        yield Lever("lead_time", row["supplier"], float(less)), tables, note if was != now else NO_EARLIER
    loops = plan.plant.rows("loops")
    for origin in dict.fromkeys(row["from"] for row in loops if row["lead_time"]):
        own = [at for at, row in enumerate(loops) if row["from"] == origin and row["lead_time"]]
        less = min(ONE, max(exact(loops[at]["lead_time"]) for at in own))
        column = [row["lead_time"] for row in loops]
        for at in own:
            column[at] = float(max(Fraction(0), exact(column[at]) - less))
        yield Lever("lead_time", str(origin), float(less)), {"loops": {"lead_time": column}}, ""


NO_EARLIER = "no delivery earlier: the cards come back by the same one"


def _changeovers(plan: PlantPlan) -> Iterator[tuple[Lever, Tables, str]]:
    """A minute less for every changeover of a line."""
    for line, load in plan.analysis.lines.items():
        rows = [row for row in plan.plant.rows("routings") if row["line"] == line and row["changeover"]]
        times = [exact(row["changeover"]) for row in rows]
        if times:
            saved = sum((min(ONE, time) for time in times), Fraction(0))
            lever = Lever("changeover", line, float(min(ONE, max(times))))
            yield from _shorter(plan, lever, load.epei, replace(load, changeovers=load.changeovers - saved).epei)


def _uptimes(plan: PlantPlan) -> Iterator[tuple[Lever, Tables, str]]:
    """A hundredth more minutes of a line."""
    for line, load in plan.analysis.lines.items():
        more = replace(load, minutes=load.minutes * (1 + POINT))
        yield from _shorter(plan, Lever("uptime", line), load.epei, more.epei)


def _shorter(
    plan: PlantPlan, lever: Lever, was: Fraction | None, now: Fraction | None
) -> Iterator[tuple[Lever, Tables, str]]:
    """Shorten the intervals of the loops from a line as its EPEI is shortened."""
    rows = plan.plant.rows("loops")
    own = [at for at, row in enumerate(rows) if row["from"] == lever.subject and row["interval"]]
    if not was or now is None or not own:
        return
    column = [row["interval"] for row in rows]
    for at in own:
        column[at] = told_down(exact(column[at]) * now / was)
    note = f"EPEI {float(was):.4g} -> {float(now):.4g} days; intervals follow"
    yield lever, {"loops": {"interval": column}}, note


SOURCES = {"changeover": _changeovers, "uptime": _uptimes, "lead_time": _lead_times}


def _with(plant: Plant, tables: Tables) -> Plant:
    """Return the plant with columns of its tables changed."""
    data = plant.to_dict()
    return plant.replace(**{name: {**data[name], **columns} for name, columns in tables.items()})
