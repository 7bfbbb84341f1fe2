"""A formulation's build, start and extract looked at without solving, in a process of its own.

The process takes a job on standard input and prints what it found: solver libraries that do not
bear each other are thus never loaded into the calling process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt import registry
from jitopt.errors import NotApplicableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jitopt.problems.base import Instance, Plan

__all__ = ["Finding", "inspect"]

NOISE = 3e-7
"""Solvers miss integers by about this; `extract` has to bear it."""

Finding = dict[str, Any]
"""Of one instance: {"applicable": bool, "reason": str, "faults": [str, ...]}."""


def inspect(method: registry.Method, cases: Iterable[tuple[Instance[Any], Plan | None]]) -> list[Finding]:
    """Build each instance and hand a plan over as a start; return what was found.

    Parameters
    ----------
    method
        The formulation.
    cases
        Instances, each with a feasible plan or None.

    Raises
    ------
    RuntimeError
        If the process ends in an error that is no finding.
    """
    job = {
        **registry.handed_on(),
        "method": method.name,
        "cases": [[instance.to_dict(), plan.to_dict() if plan is not None else None] for instance, plan in cases],
    }
    done = subprocess.run(
        [sys.executable, "-c", "from jitopt.testing._inspection import main; main()"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(registry.import_path())},
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{method.name} could not be inspected:\n{done.stderr.strip()}")
    found: list[Finding] = json.loads(done.stdout)
    return found


def main() -> None:
    """Serve the job on standard input."""
    job = json.load(sys.stdin)
    registry.take_over(job)
    method = registry.method(job["method"])
    with redirect_stdout(sys.stderr):
        findings = [_inspect(method, instance, plan) for instance, plan in job["cases"]]
    json.dump(findings, sys.stdout)


@dataclass(frozen=True)
class Variable:
    """A variable of a model, whatever the technology. key: tells it from the others."""

    name: str
    key: int
    low: float | None
    high: float | None
    whole: bool

    @property
    def bounded(self) -> bool:
        """True when both bounds are finite."""
        return self.low is not None and self.high is not None and -1e300 < self.low <= self.high < 1e300


def _inspect(method: registry.Method, data: Any, plan_data: Any) -> Finding:
    from jitopt.problems import parse_instance

    instance = parse_instance(data)
    formulation = method.load()
    try:
        model = formulation.build(instance)
        view = TECHNOLOGIES[method.technology](model)
        faults = _faults(formulation, instance, model, view, data, plan_data)
    except NotApplicableError as error:
        return {"applicable": False, "reason": str(error), "faults": []}
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        faults = [f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"]
    return {"applicable": True, "reason": "", "faults": faults[:5]}


def _faults(formulation: Any, instance: Any, model: Any, view: Any, data: Any, plan_data: Any) -> list[str]:
    """Look at build, and with a plan at start and extract."""
    faults = [f"the variable {v.name} has no finite bounds" for v in view.variables if not v.bounded]
    again = type(view)(formulation.build(instance))
    if [(v.low, v.high, v.whole) for v in again.variables] != [(v.low, v.high, v.whole) for v in view.variables]:
        faults.append("build gives another model the second time")
    if instance.to_dict() != data:
        faults.append("build changes the instance")
    if plan_data is not None and not faults:
        plan = instance.plan_type.model_validate(plan_data)
        values = {view.key(variable): float(value) for variable, value in formulation.start(instance, model, plan)}
        faults = _start_faults(view.variables, values) or _value_faults(instance, plan, view.completed(values))
        if not faults and all(v.key in values for v in view.variables):
            faults = _reading_faults(instance, plan, formulation, model, view, values)
    return faults


def _start_faults(variables: list[Variable], values: dict[int, float]) -> list[str]:
    """Check that a start gives every integer variable a whole value within its bounds."""
    faults = []
    for v in variables:
        value = values.get(v.key)
        if value is None:
            if v.whole:
                faults.append(f"start gives no value for the integer variable {v.name}")
        elif v.whole and value != round(value):
            faults.append(f"start gives {value} for the integer variable {v.name}")
        elif v.low is not None and v.high is not None and not v.low - 1e-6 <= value <= v.high + 1e-6:
            faults.append(f"start gives {value} for {v.name}, bounded by {v.low} and {v.high}: it cuts a plan off")
    return faults


def _value_faults(instance: Any, plan: Any, value: float | None) -> list[str]:
    """Check that the model lets an optimal plan pass, at its value and at no lower one."""
    asked = instance.evaluate(plan).objective
    if value is None:
        return [f"the model does not let the start pass, an optimal plan of {asked}"]
    if abs(value - asked) > 1e-6 * max(1.0, abs(asked)):
        return [f"the model values the start, an optimal plan of {asked}, at {value}"]
    return []


def _reading_faults(instance: Any, plan: Any, formulation: Any, model: Any, view: Any, values: Any) -> list[str]:
    """Check that `extract` reads a start back as its equal, also with a solver's noise on it."""
    whole = {v.key for v in view.variables if v.whole}
    asked = instance.evaluate(plan).objective
    for noise in (0.0, NOISE, -NOISE):
        shaken = {key: value + noise * (key in whole) for key, value in values.items()}
        found = instance.evaluate(formulation.extract(instance, model, _reader(view, shaken)))
        if found.violations:
            return [f"extract of a start gives a plan that breaks a rule: {found.violations[0].message}"]
        if abs(found.objective - asked) > 1e-6 * max(1.0, abs(asked)):
            return [f"extract of a start gives a plan of {found.objective}, the start has {asked}"]
    return []


def _reader(view: Any, values: dict[int, float]) -> Callable[[Any], float]:
    """Return the value of each variable; one that appears in no row is fixed, or at its lower bound."""

    def value(variable: Any) -> float:
        if isinstance(variable, int | float):
            return float(variable)
        if view.key(variable) in values:
            return values[view.key(variable)]
        return float(variable.value if variable.fixed else variable.lb or 0.0)

    return value


# --- the technologies ------------------------------------------------------------------------


class Pyomo:
    """Pyomo models, as the arrays that are handed to the solver."""

    def __init__(self, model: Any) -> None:
        from jitopt.engine.drivers.standard_form import compile_model

        self.form = compile_model(model)
        self.variables = [
            Variable(column.name, id(column), float(low), float(high), bool(whole))
            for column, low, high, whole in zip(
                self.form.columns, self.form.column_lower, self.form.column_upper, self.form.integer, strict=True
            )
        ]

    @staticmethod
    def key(variable: Any) -> int:
        """Return the key of a variable."""
        return id(variable)

    def completed(self, values: dict[int, float]) -> float | None:
        """Return the least objective with the integer variables fixed, None when there is none."""
        form = self.form
        least = _least(form.cost, form.matrix, (form.lower, form.upper), self.variables, values)
        return None if least is None else form.unit * (least + form.offset)


class MathOpt:
    """MathOpt models."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.variables = [
            Variable(v.name, v.id, v.lower_bound, v.upper_bound, v.integer) for v in self.model.variables()
        ]

    @staticmethod
    def key(variable: Any) -> int:
        """Return the key of a variable."""
        return int(variable.id)

    def completed(self, values: dict[int, float]) -> float | None:
        """Return the least objective with the integer variables fixed, None when there is none."""
        column = {v.key: number for number, v in enumerate(self.variables)}
        rows = list(self.model.linear_constraints())
        row = {constraint.id: number for number, constraint in enumerate(rows)}
        matrix = np.zeros((len(rows), len(column)))
        for entry in self.model.linear_constraint_matrix_entries():
            matrix[row[entry.linear_constraint.id], column[entry.variable.id]] = entry.coefficient
        cost = np.zeros(len(column))
        for term in self.model.objective.linear_terms():
            cost[column[term.variable.id]] = term.coefficient
        limits = np.array([r.lower_bound for r in rows]), np.array([r.upper_bound for r in rows])
        least = _least(cost, matrix, limits, self.variables, values)
        return None if least is None else float(getattr(self.model, "unit", 1)) * (least + self.model.objective.offset)


def _least(
    cost: Any, matrix: Any, limits: tuple[Any, Any], variables: list[Variable], values: dict[int, float]
) -> float | None:
    """Minimise cost x within limits of matrix x, integer variables fixed; None when infeasible."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    low = np.array([values[v.key] if v.whole else v.low for v in variables], dtype=float)
    high = np.array([values[v.key] if v.whole else v.high for v in variables], dtype=float)
    rows = [LinearConstraint(matrix, *limits)] if matrix.shape[0] else []
    found = milp(cost, constraints=rows, bounds=Bounds(low, high))
    return float(found.fun) if found.status == 0 and found.fun is not None else None


class CpSat:
    """CP-SAT models: all variables are integer."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.variables = []
        for number, variable in enumerate(model.proto.variables):
            domain = list(variable.domain)
            name = variable.name or f"number {number}"
            self.variables.append(Variable(name, number, float(domain[0]), float(domain[-1]), True))

    @staticmethod
    def key(variable: Any) -> int:
        """Return the key of a variable."""
        return int(variable.index)

    def completed(self, values: dict[int, float]) -> float | None:
        """Return the objective with every variable fixed, None when that breaks a constraint."""
        from ortools.sat.python import cp_model

        fixed = self.model.clone()
        fixed.clear_hints()
        for key, value in values.items():
            fixed.add_hint(fixed.get_int_var_from_proto_index(key), round(value))
        solver = cp_model.CpSolver()
        solver.parameters.fix_variables_to_their_hinted_value = True
        solver.parameters.num_workers = 1
        if solver.solve(fixed) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return float(getattr(self.model, "unit", 1)) * solver.objective_value


TECHNOLOGIES: dict[str, type[Any]] = {"pyomo": Pyomo, "cpsat": CpSat, "mathopt": MathOpt}
