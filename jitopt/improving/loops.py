"""What would improve kanban loops: formulas with the input improved, solved anew.

Loops that share no limit and no cap on changes are solved by themselves, exactly. Others are solved anew
together, those first that gain most by themselves; the interval of the cost is that of the bounds.
"""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.api import solve
from jitopt.arguments import plan_of
from jitopt.engine.result import Result
from jitopt.errors import InputError
from jitopt.improving.levers import KINDS, Improvement, Improvements, Lever, ranked
from jitopt.problems.base import exact
from jitopt.problems.estimates import Estimate
from jitopt.problems.kanban import Kanban  # noqa: TC001 - the class of a field of a NamedTuple
from jitopt.problems.kanban.alone import Choice, alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.problems.kanban import KanbanPlan

__all__ = ["Change", "improve_loops", "weigh"]

ZERO = Fraction(0)
DAY = 1.0
POINT = 0.01
PROVEN = 1e-9
LEAST = 0.5
"""Seconds that a solve gets at least."""

Cards = dict[str, tuple[str, int]]


class Change(NamedTuple):
    """A lever and the instance it leads to. note: what else is to be said of it."""

    lever: Lever
    instance: Kanban
    note: str = ""


def improve_loops(
    instance: Kanban,
    result: Any = None,
    *,
    kinds: Sequence[str],
    values: Mapping[str, float] | None = None,
    by: str = "process",
    time_limit: float = 60.0,
    seed: int = 0,
    threads: int | None = None,
) -> Improvements:
    """Rank the improvements of a kanban instance; see `jitopt.improvements`.

    by: "process" improves all loops that a process (a supplier) supplies at once, "loop" one by one.
    """
    if instance.loops is None:
        raise InputError(
            "improvements are asked of kanban loops",
            value="options" if instance.options is not None else "a line",
            remedy="describe `loops` with `containers`, or a value stream",
        )
    if by not in ("process", "loop"):
        raise InputError("loops are improved by process or by loop", value=by, remedy='write by="process"')
    changes, notes = _changes(instance, kinds, by)
    return weigh(
        instance, result, changes, values=values, notes=notes, time_limit=time_limit, seed=seed, threads=threads
    )


def weigh(
    instance: Kanban,
    result: Any,
    changes: Sequence[Change],
    *,
    values: Mapping[str, float] | None,
    notes: list[str],
    time_limit: float,
    seed: int = 0,
    threads: int | None = None,
) -> Improvements:
    """Solve each changed instance and rank what it changes. result: of the instance, None: not solved yet.

    Compared is what would be in the long run: prices and caps of changing the cards in force are left out.
    """
    if instance.current is not None:
        start = None if result is None else plan_of(instance, result, "improve")
        instance, result = _settled(instance), None
        changes = [change._replace(instance=_settled(change.instance)) for change in changes]
    else:
        start = None
    until = time.monotonic() + time_limit
    settings: dict[str, Any] = {"seed": seed, "threads": threads}
    here = {name: alone(instance, name) for name in instance.names}
    coupled = bool(instance.capacity)
    if result is None:
        free = not coupled and None not in here.values()
        result = _plan(instance, here) if free else solve(instance, start=start, time_limit=time_limit / 2, **settings)
    plan: Any = plan_of(instance, result, "improve")
    base = _Figures(instance, plan, values, _bound(result) if coupled else _total(here))
    rough = [(change, _alone(instance, change.instance, here)) for change in changes]
    rough.sort(key=lambda entry: _total(entry[1]))
    rows, late = [], 0
    for number, (change, there) in enumerate(rough):
        left = until - time.monotonic()
        if not coupled:
            after = _Figures(change.instance, _plan(change.instance, there), values, _total(there))
        elif left > 0:
            share = max(LEAST, left / (len(rough) - number))
            found = solve(change.instance, start=plan, time_limit=min(left, share), **settings)
            # The plan of before is a start that keeps every rule, so that there always is a plan.
            after = _Figures(change.instance, found.plan or plan, values, _bound(found))
        else:
            late += 1
            saved = Estimate(_total(there) - _total(here), 0.0, 1.0)
            rows.append(Improvement(change.lever, {"cost": saved}, {}, "alone", change.note))
            continue
        rows.append(_row(change, base, after))
    if late:
        notes.append(f"{late} improvements were not solved anew, the time was over: each loop by itself")
    return ranked(instance.name, base.measures(), rows, notes, {"loops": len(instance.names), "coupled": coupled})


def _bound(result: Any) -> float | None:
    """Return what no plan costs less than: of an optimal result its own cost, None where nothing is known."""
    known = isinstance(result, Result)
    return (result.objective if result.status == "optimal" else result.bound) if known else None


def _settled(instance: Kanban) -> Kanban:
    return instance.replace(current=None)


class _Figures:
    """Cards, stock, working capital and cost of a plan. bound: no plan costs less, None where not known."""

    def __init__(
        self, instance: Kanban, plan: KanbanPlan, values: Mapping[str, float] | None, bound: float | None
    ) -> None:
        told = instance.evaluate(plan)
        assert told.objective is not None
        self.cost, self.bound = told.objective, bound
        self.cards: Cards = {row.loop: (row.container, row.cards) for row in plan.loops}
        stocks = _stocks(instance, self.cards)
        self.stock = float(sum(stocks.values(), Fraction(0)))
        full = {name: cards * instance.pairs[name, kind].quantity for name, (kind, cards) in self.cards.items()}
        worth = {name: exact((values or {}).get(name, 0.0)) for name in full}
        self.capital = None if values is None else float(sum((full[name] * worth[name] for name in full), ZERO))

    @property
    def count(self) -> int:
        """All cards."""
        return sum(cards for _, cards in self.cards.values())

    @property
    def proven(self) -> bool:
        """True when no plan costs less."""
        return self.bound is not None and self.cost - self.bound <= PROVEN * max(1.0, abs(self.cost))

    @property
    def slack(self) -> float:
        """By how much a better plan may cost less, 0 where nothing is known."""
        return 0.0 if self.bound is None else max(0.0, self.cost - self.bound)

    def measures(self) -> dict[str, Estimate]:
        """Return the figures, exact."""
        found = {"cost": self.cost, "cards": float(self.count), "stock": self.stock}
        if self.capital is not None:
            found["capital"] = self.capital
        return {name: Estimate(value, 0.0, 1.0) for name, value in found.items()}


def _row(change: Change, before: _Figures, after: _Figures) -> Improvement:
    was, now = before.measures(), after.measures()
    changes = {name: Estimate(now[name].mean - was[name].mean, 0.0, 1.0) for name in now}
    basis = "exact" if before.proven and after.proven else "bounded"
    if basis == "bounded":
        # The best costs lie between bound and plan, before and after.
        low, high = changes["cost"].mean - after.slack, changes["cost"].mean + before.slack
        changes["cost"] = Estimate((low + high) / 2, (high - low) / 2, 1.0)
    moved = {
        loop: (before.cards[loop][1], cards)
        for loop, (kind, cards) in after.cards.items()
        if before.cards[loop] != (kind, cards)
    }
    note = change.note
    if changes["cost"].low > 0:
        note = "; ".join([*([note] if note else []), "what was under way stands in stock now"])
    return Improvement(change.lever, changes, moved, basis, note)


def _stocks(instance: Kanban, cards: Cards) -> dict[str, Fraction]:
    """Return the mean stock of each loop [units]: what its cards hold beyond the need, and half of a delivery."""
    table = instance.loops
    assert table is not None
    found = {}
    for row, name in enumerate(table.loop):
        loop = instance.loop_data[name]
        interval = exact((table.interval[row] if table.interval else 0) or 0)
        found[name] = max(ZERO, instance.stock(name, *cards[name]) - loop.during) + loop.demand * interval / 2
    return found


def _alone(before: Kanban, after: Kanban, here: Mapping[str, Choice | None]) -> dict[str, Choice | None]:
    """Return what each loop would choose by itself after a change."""
    return {
        name: here[name] if before.loop_data[name] == after.loop_data[name] else alone(after, name)
        for name in after.names
    }


def _total(choices: Mapping[str, Choice | None]) -> float:
    return float(sum((choice.cost for choice in choices.values() if choice is not None), ZERO))


def _plan(instance: Kanban, choices: Mapping[str, Choice | None]) -> KanbanPlan:
    told = {name: choice for name, choice in choices.items() if choice is not None}
    rows = [{"loop": name, "container": choice.container, "cards": choice.cards} for name, choice in told.items()]
    return instance.plan_type.model_validate({"loops": rows})


# --- the levers -----------------------------------------------------------------------------------


def _changes(instance: Kanban, kinds: Sequence[str], by: str) -> tuple[list[Change], list[str]]:
    table = instance.loops
    assert table is not None
    groups: dict[str, list[int]] = {}
    for row, loop in enumerate(table.loop):
        process = table.process[row] if table.process else None
        groups.setdefault(loop if by == "loop" or process is None else process, []).append(row)
    notes = [
        f"{kind} is no figure of a kanban instance: ask a plan of the plant, or a value stream"
        for kind in ("changeover", "uptime")
        if kind in kinds and tuple(kinds) != KINDS
    ]
    found = []
    for subject, rows in groups.items():
        if "lead_time" in kinds:
            most = float(max(table.lead_time[row] for row in rows))
            if most > 0:
                column = [max(0.0, _less(v, DAY)) if r in rows else v for r, v in enumerate(table.lead_time)]
                found.append(Change(Lever("lead_time", subject, min(DAY, most)), _with(instance, "lead_time", column)))
        shares: Any = getattr(table, "yield")
        good = [1.0 if shares is None or shares[r] is None else shares[r] for r in range(table.rows())]
        if "yield" in kinds and any(good[row] < 1 for row in rows):
            points = min(100 * POINT, 100 * max(1 - good[row] for row in rows))
            column = [min(1.0, _less(v, -POINT)) if r in rows else v for r, v in enumerate(good)]
            found.append(Change(Lever("yield", subject, round(points, 9)), _with(instance, "yield", column)))
    return found, notes


def _less(value: float, step: float) -> float:
    """Return value - step as decimals are subtracted."""
    return float(exact(value) - exact(step))


def _with(instance: Kanban, column: str, values: list[float]) -> Kanban:
    data = instance.to_dict()
    data.pop("known", None)
    data["loops"][column] = values
    return type(instance).parse(data)
