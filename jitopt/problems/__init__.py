"""What is decided: instance, plan, objective and exact check of every problem. Knows no solver."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.base import Instance

__all__ = ["PROBLEMS", "forced", "instance_type", "parse_instance"]

PROBLEMS: dict[str, tuple[str, str]] = {
    "delivery": ("jitopt.problems.delivery", "Delivery"),
    "heijunka": ("jitopt.problems.heijunka", "Heijunka"),
    "kanban": ("jitopt.problems.kanban", "Kanban"),
    "sourcing": ("jitopt.problems.sourcing", "Sourcing"),
}
"""Module and instance class of each problem, by its word."""


def instance_type(problem: object, source: str = "") -> type[Instance[Any]]:
    """Return the instance class of a problem.

    Raises
    ------
    InputError
        If there is no such problem.
    """
    if not isinstance(problem, str) or problem not in PROBLEMS:
        from jitopt.problems.wording import near

        meant = near(problem, PROBLEMS)
        raise InputError(
            f"the problem must be one of {', '.join(PROBLEMS)}",
            place="/problem",
            value=problem,
            remedy=f'did you mean "{meant}"?' if meant else "use one of these words; others are not in this version",
            source=source,
        )
    module, name = PROBLEMS[problem]
    found: type[Instance[Any]] = getattr(importlib.import_module(module), name)
    return found


def parse_instance(data: Mapping[str, Any], source: str = "", *, checked: bool = False) -> Any:
    """Validate plain data into the instance of the problem it names; see `Instance.parse`."""
    return instance_type(data.get("problem"), source).parse(data, source, checked=checked)


def forced(instance: Instance[Any], choice: Mapping[str, str]) -> Any:
    """Return the instance with a choice forced on it; each problem says what it takes.

    Raises
    ------
    InputError
        When the choice names something the instance does not have.
    """
    module = importlib.import_module(f"{PROBLEMS[instance.problem][0]}.choice")
    return module.force(instance, choice)
