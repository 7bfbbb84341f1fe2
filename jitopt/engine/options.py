"""Solver options: an allow-list per solver, so that no option can name a file or a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jitopt.errors import InputError

__all__ = ["ALLOWED", "check_options"]

ALLOWED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "highs": {
        "presolve": str,
        "mip_heuristic_effort": float,
        "mip_detect_symmetry": bool,
        "mip_heuristic_run_rins": bool,
        "mip_heuristic_run_rens": bool,
        "simplex_strategy": int,
    },
    "cpsat": {
        "linearization_level": int,
        "symmetry_level": int,
        "cp_model_presolve": bool,
        "cp_model_probing_level": int,
        "search_branching": int,
        "optimize_with_core": bool,
        "ignore_subsolvers": list,
    },
    "gscip": {"presolve": str, "cuts": str, "heuristics": str},
}
"""Options a caller may set, with their types, by solver."""


def check_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `solver_options` checked: {solver: {option: value}, "memory_limit_mb": number}.

    Raises
    ------
    InputError
        For an unknown solver or option, or a value of the wrong type.
    """
    found: dict[str, Any] = dict(options or {})
    for solver, values in found.items():
        if solver == "memory_limit_mb":
            if isinstance(values, bool) or not isinstance(values, int | float) or values <= 0:
                raise _refuse(solver, values, "the memory limit must be a number above 0 [MB]", "correct it")
        elif solver not in ALLOWED:
            words = ", ".join([*ALLOWED, "memory_limit_mb"])
            raise _refuse(solver, values, "solver_options are keyed by solver", f"use one of {words}")
        elif not isinstance(values, Mapping):
            raise _refuse(solver, values, "the options of a solver are a mapping", "write {option: value}")
        else:
            for option, value in values.items():
                _check_one(solver, option, value)
    return found


def _check_one(solver: str, option: str, value: Any) -> None:
    kinds = ALLOWED[solver].get(option)
    if kinds is None:
        words = ", ".join(ALLOWED[solver])
        raise _refuse(f"{solver}/{option}", value, "this option may not be set", f"these may: {words}")
    fits = isinstance(value, kinds) or (kinds is float and isinstance(value, int))
    if not fits or (isinstance(value, bool) and kinds is not bool):
        raise _refuse(f"{solver}/{option}", value, "the option has another type", f"give a value of type {kinds}")


def _refuse(place: str, value: Any, rule: str, remedy: str) -> InputError:
    return InputError(rule, place=f"solver_options/{place}", value=value, remedy=remedy)
