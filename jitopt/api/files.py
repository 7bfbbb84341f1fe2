"""The model of a formulation, in hand or in a file, and result files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.arguments import check_instance, exportable, plan_of
from jitopt.engine.export import export as _export
from jitopt.engine.result import Result
from jitopt.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from jitopt.problems.base import Instance, PlanT

__all__ = ["export", "formulation", "read_result"]


def formulation(name: str) -> registry.Formulation:
    """Return a formulation: its `build(instance)` gives the model object, to read, change or export."""
    return registry.formulation(name)


def export(instance: Instance[Any], method: str, path: str | Path) -> None:
    """Write the model of a formulation for `instance` to `path`; the ending decides the format.

    Parameters
    ----------
    instance
        What is asked.
    method
        A formulation of the instance's problem.
    path
        File to write: .lp or .mps for Pyomo, .pbtxt or .pb for CP-SAT, .pbtxt for MathOpt.

    Raises
    ------
    InputError
        If there is no such formulation, or it cannot be written under this ending.
    JitoptError
        If the model cannot be built.
    """
    check_instance("export", instance)
    _export(instance, exportable(instance, method, path), path)


def read_result(path: str | Path, instance: Instance[PlanT]) -> Result[PlanT]:
    """Read a result file of this instance's problem.

    Parameters
    ----------
    path
        Path, "-" for standard input, or an open file.
    instance
        The instance it answers.

    Raises
    ------
    InputError
        If the file is no result of this problem, or holds a bare plan only.
    """
    from jitopt.formats.results import read_result as read

    check_instance("read_result", instance)
    data = read(path, instance.problem)
    missing = [key for key in ("instance", "method", "status", "proof", "bound") if key not in data]
    if missing:
        raise InputError(
            f'the file holds a plan, but no result: it has no "{missing[0]}"',
            source=str(path),
            remedy='take its plan: jitopt.formats.read_result(path)["plan"]',
        )
    plan_of(instance, data, "read_result") if data["plan"] is not None else None
    return Result.from_dict(data, instance.plan_type)
