"""A plan of a line put to the test on fresh paths: whether it keeps its target, and whether one card fewer would.

A plan that is the best of many on its own sample is flattered by it. Here it meets paths that no search
has seen, and with it every plan that has one place or card fewer somewhere. Each question is answered
yes or no at the level asked for, or named undecided where the paths do not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import ValidationError

from jitopt.errors import InputError
from jitopt.problems.estimates import LEVEL, Estimate, estimate, ratio
from jitopt.problems.kanban import KanbanPlan
from jitopt.problems.kanban.line_judge import decided, misfit
from jitopt.problems.wording import explain_validation
from jitopt.simulation.line_paths import Paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.kanban import Kanban
    from jitopt.problems.kanban.line import Line

__all__ = ["Confirmation", "Fewer", "Verdict", "confirm"]

Verdict = Literal["kept", "missed", "undecided"]
"""Of a target: kept or missed at the level asked for, or not decided by the paths."""

Answer = tuple[Estimate, Verdict, int]
"""What a plan reaches, whether that keeps the target, and the paths it took to tell."""

ROUNDS = 5
"""Times that a question which is still open is asked, on as many paths as before and as many again."""

APART = 1_000_003
"""What the seed of fresh paths is away from that of the plan's sample, by round."""


class Fewer(NamedTuple):
    """A plan with one place or card fewer. place: where, by name. left: how many are left there."""

    place: str
    left: int
    reached: Estimate
    verdict: Verdict


class Confirmation(NamedTuple):
    """What fresh paths say of a plan.

    plan: that was tested. measure: "fill_rate" or "throughput". target: to be reached. reached: by the
    plan. verdict: whether it keeps the target. fewer: the same with one fewer, place by place; a place
    that is at its least is left out. level: of every single verdict. paths: replications used for the
    plan. raised: places or cards added until the target was kept, less those that proved to be too many.
    """

    plan: KanbanPlan
    measure: str
    target: float
    reached: Estimate
    verdict: Verdict
    fewer: tuple[Fewer, ...]
    level: float
    paths: int
    raised: int = 0

    @property
    def fewest(self) -> bool | None:
        """Whether the plan keeps the target and no plan with one fewer does; None where undecided."""
        verdicts = [one.verdict for one in self.fewer]
        if self.verdict == "missed" or "kept" in verdicts:
            return False
        return None if "undecided" in (self.verdict, *verdicts) else True

    def to_dict(self) -> dict[str, Any]:
        """Return the verdicts as plain data; each estimate is {mean, half_width, level}."""
        fewer = [one._asdict() | {"reached": one.reached.to_dict()} for one in self.fewer]
        told = {"plan": self.plan.to_dict(), "reached": self.reached.to_dict(), "fewer": fewer, "fewest": self.fewest}
        return self._asdict() | told

    def sentences(self) -> list[str]:
        """Return the verdicts in words."""
        word = {"fill_rate": "of the orders served at once", "throughput": "parts per unit of time"}[self.measure]
        said = {"kept": "keeps", "missed": "misses", "undecided": "may or may not keep"}
        head = (
            f"the plan {said[self.verdict]} {self.target:g} {word}: {_told(self.reached)} on {self.paths} fresh paths"
        )
        found = [f"{head}, at {self.level:.0%} confidence"]
        for one in self.fewer:
            text = {"missed": "rejected", "kept": "would do as well", "undecided": "undecided"}[one.verdict]
            found.append(f"{one.place} with {one.left}: {text} ({_told(one.reached)})")
        return found


def _told(found: Estimate) -> str:
    return f"{found.mean:.6g} ± {found.half_width:.2g}"


def confirm(
    instance: Kanban,
    plan: Any,
    *,
    level: float = LEVEL,
    replications: int | None = None,
    seed: int | None = None,
    strengthen: bool = False,
    threads: int = 1,
) -> Confirmation:
    """Test a plan of a line with a target on paths that no search has seen.

    Parameters
    ----------
    instance
        A kanban instance with a line and a target.
    plan
        Its plan: a `KanbanPlan`, a result, the data of either, or the places or cards along the flow.
    level
        Confidence of every single verdict. Where a question is asked again on more paths, the error is shared out.
    replications
        Paths of the first round [None: as many as the instance's sample has].
    seed
        Of the paths [None: far from that of the plan's sample].
    strengthen
        Add a place or card where it gains most, as long as the plan does not keep the target at the level; take
        away what proves to be too much.
    threads
        That draw and run; they change no number.

    Raises
    ------
    InputError
        For an instance without a line or target, or a plan that does not fit it.
    """
    line, read = _read(instance, plan)
    if not 0.5 < level < 1:
        raise InputError("the level must lie between 0.5 and 1", value=level, remedy="take 0.95")
    own = line.size(read.sample.seed if read.sample else None)
    test = _Test(line, own.replications if replications is None else max(2, replications), level, threads)
    first = own.seed + APART if seed is None else seed
    chosen, raised = tuple(decided(line, read) or ()), 0
    (found,) = test.ask([chosen], first)
    while strengthen and found[1] != "kept" and (more := _more(line, chosen)):
        raised += 1
        first += APART * ROUNDS  # A plan that is chosen by its luck on these paths meets others.
        chosen = test.best(more, first)
        (found,) = test.ask([chosen], first + APART)
    fewer = _fewer(test, chosen, first)
    while strengthen and (spare := [one for one in fewer if one[1][1] == "kept"]):
        chosen, found = max(spare, key=lambda one: one[1][0].mean)
        raised -= 1
        fewer = _fewer(test, chosen, first)
    told = tuple(_told_of(line, chosen, plan, reached, verdict) for plan, (reached, verdict, _) in fewer)
    kept = instance.plan_type.model_validate({"buffers" if line.word == "place" else "cards": list(chosen)})
    return Confirmation(kept, test.measure, test.target, found[0], found[1], told, level, found[2], raised)


def _fewer(test: _Test, chosen: tuple[int, ...], seed: int) -> list[tuple[tuple[int, ...], Answer]]:
    """Ask of each plan with one place or card fewer."""
    lows = test.line.lows
    plans = [
        tuple(count - (p == j) for p, count in enumerate(chosen)) for j in range(len(chosen)) if chosen[j] > lows[j]
    ]
    return list(zip(plans, test.ask(plans, seed), strict=True)) if plans else []


def _told_of(line: Line, chosen: tuple[int, ...], plan: tuple[int, ...], reached: Estimate, verdict: Verdict) -> Fewer:
    j = next(p for p, (have, left) in enumerate(zip(chosen, plan, strict=True)) if left < have)
    return Fewer(_named(line, j), plan[j], reached, verdict)


class _Test:
    """Questions asked on fresh paths, again on more of them as long as they are open."""

    def __init__(self, line: Line, replications: int, level: float, threads: int) -> None:
        target = line.target
        assert target is not None
        self.line, self.replications, self.level, self.threads = line, replications, level, threads
        self.measure = "throughput" if target.fill_rate is None else "fill_rate"
        self.target = float(target.fill_rate or target.throughput or 0.0)
        # One side of an interval of this level is wrong with a chance of (1 - level) / ROUNDS.
        self._two_sided = 1 - 2 * (1 - level) / ROUNDS

    def _run(self, plans: Sequence[tuple[int, ...]], seed: int, replications: int) -> list[list[tuple[float, float]]]:
        """Return for each plan and replication what was reached, and out of how much."""
        size = self.line.size()._replace(seed=seed, replications=replications)
        runs = Paths(self.line, size, threads=self.threads).run(plans)
        if self.measure == "throughput":
            return [[(float(size.parts), float(end)) for end in ends] for ends in runs.ends]
        return [[(float(size.parts - late), float(size.parts)) for late in row] for row in runs.late]

    def ask(self, plans: Sequence[tuple[int, ...]], seed: int) -> list[Answer]:
        """Return of each plan what it reaches, whether that keeps the target, and the paths that took."""
        seen: list[list[tuple[float, float]]] = [[] for _ in plans]
        found: list[Answer] = [(Estimate(0.0, float("inf")), "undecided", 0)] * len(plans)
        replications = self.replications
        for turn in range(ROUNDS):
            still = [row for row in range(len(plans)) if found[row][1] == "undecided"]
            if not still:
                break
            fresh = self._run([plans[row] for row in still], seed + turn * APART, replications)
            for row, values in zip(still, fresh, strict=True):
                seen[row] += values
                found[row] = (*self._judged(seen[row]), len(seen[row]))
            replications = max(len(seen[row]) for row in still)
        return found

    def _judged(self, values: list[tuple[float, float]]) -> tuple[Estimate, Verdict]:
        sure, told = self._estimate(values, self._two_sided), self._estimate(values, self.level)
        return told, "kept" if sure.low >= self.target else "missed" if sure.high < self.target else "undecided"

    def _estimate(self, values: list[tuple[float, float]], level: float) -> Estimate:
        if self.measure == "throughput":
            return ratio([above for above, _ in values], [below for _, below in values], level)
        return estimate([above / below for above, below in values], level)

    def best(self, plans: Sequence[tuple[int, ...]], seed: int) -> tuple[int, ...]:
        """Return the plan that reaches most for its cost."""
        cost = self.line.cost or (1.0,) * self.line.decided
        base = self._run(plans, seed, self.replications)
        reached = [self._estimate(values, self.level).mean for values in base]
        worst = min(reached)
        prices = [sum(price * count for price, count in zip(cost, plan, strict=True)) for plan in plans]
        least = min(prices)
        rank = max(range(len(plans)), key=lambda row: (reached[row] - worst) / (1 + prices[row] - least))
        return plans[rank]


def _more(line: Line, chosen: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the plans with one place or card more that the limits allow."""
    if line.total is not None and sum(chosen) >= line.total:
        return []
    most = line.maximum or (10**6,) * len(chosen)
    return [
        tuple(count + (p == j) for p, count in enumerate(chosen)) for j in range(len(chosen)) if chosen[j] < most[j]
    ]


def _named(line: Line, j: int) -> str:
    if line.blocking == "conwip":
        return "the line"
    return f"{line.names[j]} to {line.names[j + 1]}" if line.word == "place" else line.names[j]


def _read(instance: Kanban, plan: Any) -> tuple[Line, KanbanPlan]:
    line = instance.line
    if line is None or line.target is None:
        raise InputError("only a line with a target can be confirmed", remedy="add a target to the line")
    plan = plan.get("plan") if isinstance(plan, Mapping) and "plan" in plan else getattr(plan, "plan", plan)
    if not isinstance(plan, Mapping | KanbanPlan | list | tuple):
        raise InputError("a confirmation needs a plan, and there is none", value=type(plan).__name__)
    if isinstance(plan, list | tuple):
        plan = {"buffers" if line.word == "place" else "cards": list(plan)}
    try:
        read = plan if isinstance(plan, KanbanPlan) else KanbanPlan.model_validate(dict(plan))
    except ValidationError as error:
        raise explain_validation(error, KanbanPlan, "plan") from None
    wrong = misfit(line, decided(line, read))
    if wrong is not None:
        raise InputError(wrong.message, place="/plan", value=read.to_dict(), remedy="hand over a plan of this line")
    return line, read
