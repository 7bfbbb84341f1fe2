"""Instances made to order: seeded, feasible by construction, every feature an option.

A generator first draws a hidden plan and then sets the limits around it, so that an instance
always has a plan, and a tight one when the options ask for it. The hidden plan and its value
travel with the instance as `known`; where the construction gives the optimum in closed form, it
is told with its reason.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.generators.options import OPTIONS

if TYPE_CHECKING:
    from jitopt.problems.base import Instance

__all__ = ["OPTIONS", "generate", "random_small"]


def generate(problem: str, *, seed: int, **options: Any) -> Instance[Any]:
    """Generate an instance.

    Parameters
    ----------
    problem
        "heijunka", "kanban" or "sourcing".
    seed
        Of the random numbers, an integer >= 0: the same seed and options give the same instance.
    **options
        Any of `OPTIONS[problem]`; what is not given has its default.

    Returns
    -------
    Instance
        Feasible; `known` holds the hidden plan unless the option `known` is False.

    Raises
    ------
    InputError
        For an unknown problem or option, or a value out of its range.

    Examples
    --------
    >>> generate("heijunka", seed=1, products=3, units=6, mix="even").units
    6
    """
    if problem not in OPTIONS:
        raise InputError(f"the problem must be one of {', '.join(OPTIONS)}", value=problem, remedy="correct the word")
    module = importlib.import_module(f"jitopt.generators.{problem}")
    found: Instance[Any] = module.generate(_seed(seed), _complete(problem, options))
    return found


def random_small(problem: str, seed: int) -> Instance[Any]:
    """Draw a tiny instance with a random mixture of all features, feasible or not.

    Small enough for `jitopt.testing.brute_force`: that is what it is for. About one in six has no
    plan. Ids are awkward on purpose.

    Parameters
    ----------
    problem
        "heijunka", "kanban" or "sourcing".
    seed
        An integer >= 0.

    Raises
    ------
    InputError
        For an unknown problem or a negative seed.
    """
    if problem not in OPTIONS:
        raise InputError(f"the problem must be one of {', '.join(OPTIONS)}", value=problem, remedy="correct the word")
    module = importlib.import_module(f"jitopt.generators.small_{problem}")
    found: Instance[Any] = module.random_small(_seed(seed))
    return found


def _seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError("the seed must be a whole number >= 0", value=seed, remedy="write one")
    return seed


def _complete(problem: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return every option with its value, refusing what is unknown or of the wrong type."""
    known = OPTIONS[problem]
    complete = {name: default for name, (default, _) in known.items()}
    for name, value in options.items():
        if name not in known:
            raise InputError(
                f"the {problem} generator has no option of this name",
                value=name,
                remedy=f"use one of {', '.join(known)}",
            )
        complete[name] = _typed(name, value, known[name][0])
    return complete


def _typed(name: str, value: Any, default: Any) -> Any:
    """Return the value in the type of the default, refusing another type and negative numbers."""
    kind = type(default)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise InputError(
            f"the option {name} must be of the type {kind.__name__}", value=value, remedy=f"write it like {default!r}"
        )
    if kind in (int, float) and not 0 <= value <= 10**7:
        raise InputError(f"the option {name} must be between 0 and 10,000,000", value=value, remedy="correct it")
    return value
