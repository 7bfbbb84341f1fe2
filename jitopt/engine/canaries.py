"""Canaries: tiny models on which solvers are known to err, run through the drivers as any model is.

`python -m jitopt.engine.canaries highs` (or `ortools`) runs those of one solver family and prints
one JSON object per run. Each model comes from a public report of a wrong answer or from measured
traps; the true answers were found by enumeration. A solver version that fails one is not to be
trusted with proofs.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from jitopt.engine.canary_models import CANARIES, Canary
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SETTINGS", "Answer", "Road", "ask", "fault", "fits", "run_family"]

SETTINGS: dict[str, dict[str, tuple[dict[str, Any], ...]]] = {
    "highs": {"pyomo": ({"presolve": "on"}, {"presolve": "off"})},
    "ortools": {"cpsat": ({}, {"cp_model_presolve": False}), "mathopt": ({},)},
}
"""For each family: its technologies, and the solver options that each canary is run with."""

PRECISION = 1e-6
"""Values may differ from the true ones by this, relative to max(1, |value|)."""

LIMIT = 20.0
"""Seconds for one canary."""


@dataclass
class Answer:
    """What a driver made of a canary: outcome as a road tells it, last values, best bound."""

    outcome: str
    message: str = ""
    values: list[float] | None = None
    bound: float | None = None
    seconds: float = 0.0


class Road:
    """A canary in the form of a formulation of one technology."""

    def __init__(self, canary: Canary, technology: str) -> None:
        self.canary = canary
        self._build: Callable[[Canary], tuple[Any, list[Any]]] = _BUILDERS[technology]
        self._variables: list[Any] = []

    def load(self) -> Road:
        """Return itself, as a method returns its module."""
        return self

    def build(self, instance: Any = None, elastic: Any = None) -> Any:
        """Return the model; the instance is not looked at."""
        model, self._variables = self._build(self.canary)
        return model

    def extract(self, instance: Any, model: Any, value: Callable[[Any], float]) -> _Point:
        """Return the values of the variables."""
        return _Point([value(variable) for variable in self._variables])

    def start(self, instance: Any, model: Any, plan: list[float]) -> list[tuple[Any, float]]:
        """Return the values of a start, one for each variable."""
        return list(zip(self._variables, plan, strict=True))


@dataclass
class _Point:
    values: list[float]

    def to_dict(self) -> dict[str, Any]:
        return {"values": self.values}


@dataclass
class _Recorder:
    """Takes the place of the road back to the calling process."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    def send(self, **message: Any) -> None:
        self.messages.append(message)


def fits(canary: Canary, technology: str) -> bool:
    """Tell whether a technology can express the canary at all."""
    if technology != "cpsat":
        return not canary.special
    numbers = [*canary.cost, *canary.lower, *canary.upper, *(c for _, row, _ in canary.rows for c in row)]
    return len(canary.integer) == len(canary.cost) and all(map(math.isfinite, numbers))


def ask(canary: Canary, technology: str, options: dict[str, Any] | None = None, threads: int = 1) -> Answer:
    """Run a canary through the driver of a technology, in this process."""
    from jitopt.engine.worker import Job
    from jitopt.errors import NotApplicableError

    recorder = _Recorder()
    job = Job(
        {
            "id": 0, "method": canary.name, "seed": 0, "threads": threads, "gap": 0.0, "work": None,
            "options": options or {}, "elastic": None, "limit": LIMIT,
        },
        recorder,  # type: ignore[arg-type]
    )  # fmt: skip
    began = time.monotonic()
    try:
        driver = importlib.import_module(f"jitopt.engine.drivers.{technology}_driver")
        answer = Answer(driver.run(Road(canary, technology), None, None, job))
    except NotApplicableError as error:
        answer = Answer("not_applicable", str(error))
    except Exception as error:
        answer = Answer("error", f"{type(error).__name__}: {error}")
    plans = [message["plan"]["values"] for message in recorder.messages if message["type"] == "plan"]
    bounds = [message["value"] for message in recorder.messages if message["type"] == "bound"]
    answer.values = plans[-1] if plans else None
    answer.bound = max(bounds, default=None)
    answer.seconds = time.monotonic() - began
    return answer


def fault(canary: Canary, answer: Answer) -> str:
    """Say what is wrong with an answer; an empty text when nothing is.

    The point is judged in exact arithmetic, integers rounded first.
    """
    told = f"{answer.outcome} {answer.message}".strip()
    refused = answer.outcome in ("not_applicable", "error")
    if canary.refusal == "must":
        return "" if refused else f"it must be refused, not answered ({told})"
    if refused:
        return "" if canary.refusal == "may" else f"no answer: {told}"
    if canary.optimum is None:
        return "" if answer.outcome == "infeasible" else f"it has no solution, the answer is {told}"
    if answer.outcome != "optimal" or answer.values is None:
        return f"the optimum is {canary.optimum:g}, the answer is {told}"
    point, objective = _point(canary, answer.values)
    if point:
        return point
    slack = PRECISION * max(1.0, abs(canary.optimum))
    for word, value in (("objective", objective), ("bound", answer.bound)):
        if value is None or abs(value - canary.optimum) > slack:
            return f"the optimum is {canary.optimum:g}, the {word} told is {value}"
    return ""


def _point(canary: Canary, values: list[float]) -> tuple[str, float]:
    """Return what is wrong with a point, and its objective."""
    whole = {column: round(values[column]) for column in canary.integer}
    if any(abs(values[column] - value) > PRECISION for column, value in whole.items()):
        return f"values that must be whole are not: {values}", math.nan
    x = [Fraction(whole.get(column, Fraction(value))) for column, value in enumerate(values)]
    columns = [(lower, value, upper) for lower, value, upper in zip(canary.lower, x, canary.upper, strict=True)]
    rows = [(lower, _dot(row, x), upper) for lower, row, upper in canary.rows]
    for lower, value, upper in [*columns, *rows]:
        slack = PRECISION * max(1.0, abs(float(value)))
        if not lower - slack <= value <= upper + slack:
            return f"the point told breaks a limit: {values}", math.nan
    return "", float(_dot(canary.cost, x))


def _dot(row: tuple[float, ...], x: list[Fraction]) -> Fraction:
    return sum((exact(c) * value for c, value in zip(row, x, strict=True)), Fraction(0))


def _pyomo(canary: Canary) -> tuple[Any, list[Any]]:
    import pyomo.environ as pyo

    def side(value: float) -> float | None:
        return value if math.isfinite(value) else None

    columns = range(len(canary.cost))
    model = pyo.ConcreteModel()
    model.x = pyo.Var(columns)
    for i in columns:
        model.x[i].domain = pyo.Integers if i in canary.integer else pyo.Reals
        model.x[i].setlb(side(canary.lower[i]))
        model.x[i].setub(side(canary.upper[i]))
    model.objective = pyo.Objective(expr=sum(canary.cost[i] * model.x[i] for i in columns))
    model.rows = pyo.ConstraintList()
    for lower, row, upper in canary.rows:
        model.rows.add((side(lower), sum(row[i] * model.x[i] for i in columns if row[i] != 0), side(upper)))
    return model, [model.x[i] for i in columns]


def _mathopt(canary: Canary) -> tuple[Any, list[Any]]:
    from ortools.math_opt.python import mathopt

    model = mathopt.Model()
    columns = range(len(canary.cost))
    x = [model.add_variable(lb=canary.lower[i], ub=canary.upper[i], is_integer=i in canary.integer) for i in columns]
    for lower, row, upper in canary.rows:
        model.add_linear_constraint(lb=lower, ub=upper, expr=sum(row[i] * x[i] for i in columns if row[i] != 0))
    model.minimize(sum(canary.cost[i] * x[i] for i in columns))
    return model, x


def _cpsat(canary: Canary) -> tuple[Any, list[Any]]:
    from ortools.sat.python import cp_model

    def scaled(row: tuple[float, ...]) -> tuple[list[int], int]:
        by = math.lcm(*(exact(value).denominator for value in row))
        return [int(exact(value) * by) for value in row], by

    costs, unit = scaled(canary.cost)
    model = type("Model", (cp_model.CpModel,), {"unit": Fraction(1, unit)})()
    limits = zip(canary.lower, canary.upper, strict=True)
    x = [model.new_int_var(math.ceil(lower), math.floor(upper), "") for lower, upper in limits]
    for lower, row, upper in canary.rows:
        whole, by = scaled(row)
        total = sum(c * variable for c, variable in zip(whole, x, strict=True))
        if math.isfinite(lower):
            model.add(total >= math.ceil(exact(lower) * by))
        if math.isfinite(upper):
            model.add(total <= math.floor(exact(upper) * by))
    if canary.special == "absolute":
        model.add_abs_equality(x[0], x[1] - 11)
    elif canary.special == "minimum":
        model.add_min_equality(x[0], [x[1] + (1 - x[1]) * 10])
    model.minimize(sum(c * variable for c, variable in zip(costs, x, strict=True)))
    return model, x


_BUILDERS: dict[str, Callable[[Canary], tuple[Any, list[Any]]]] = {
    "pyomo": _pyomo,
    "cpsat": _cpsat,
    "mathopt": _mathopt,
}


def run_family(family: Literal["highs", "ortools"]) -> Iterator[dict[str, Any]]:
    """Run every canary of a family with each of its settings; yield one record per run."""
    for technology, settings in SETTINGS[family].items():
        for canary in CANARIES:
            for options in settings if fits(canary, technology) else ():
                answer = ask(canary, technology, options)
                wrong = fault(canary, answer)
                yield {
                    "canary": canary.name,
                    "technology": technology,
                    "options": options,
                    "ok": not wrong,
                    "fault": wrong,
                    "outcome": answer.outcome,
                    "seconds": round(answer.seconds, 3),
                    "thread": canary.thread,
                }


def main(family: str) -> int:
    """Print the records of a family; return 1 if any run is wrong."""
    if family not in SETTINGS:
        print(f"families: {', '.join(SETTINGS)}", file=sys.stderr)
        return 2
    wrong = False
    for record in run_family(family):  # type: ignore[arg-type]
        wrong = wrong or not record["ok"]
        print(json.dumps(record), flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
