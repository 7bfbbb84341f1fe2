"""What the generators of tiny instances share: dice, awkward names, and a second throw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["NAMES", "Dice", "Judged", "draw_until_valid", "matters"]

NAMES = ("A", "b c", "Ω-3", "=1+1", "<i>x</i>", "10", "{0}", "a,b", "x[1]", "naïve", "É", "e")
"""Ids as users write them: spaces, brackets, digits, letters of any alphabet."""

T = TypeVar("T")


class Dice:
    """Random draws from one seeded generator."""

    def __init__(self, seed: int, *throw: int) -> None:
        self.seed = seed
        self.rng: np.random.Generator = np.random.default_rng([seed, *throw])

    @classmethod
    def of(cls, dice: Dice) -> Dice:
        """Return further dice, whose throws leave those of `dice` as they are."""
        found = cls(dice.seed)
        (found.rng,) = dice.rng.spawn(1)
        return found

    def chance(self, share: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < share)

    def pick(self, values: Sequence[T]) -> T:
        """Return one of the values."""
        return values[int(self.rng.integers(len(values)))]

    def integers(self, low: int, high: int, size: int) -> list[int]:
        """Return integers between `low` and `high`, both included."""
        return [int(value) for value in self.rng.integers(low, high, size, endpoint=True)]

    def names(self, pool: Sequence[str], count: int) -> list[str]:
        """Return distinct names in random order."""
        return [pool[row] for row in self.rng.permutation(len(pool))[:count].tolist()]


@dataclass(frozen=True)
class Judged:
    """A random plan: its objective, its objective without the term in question, its broken rules."""

    objective: float
    reduced: float
    broken: frozenset[str]


def matters(rule: str | None, plans: Sequence[Judged]) -> bool:
    """Tell whether the best of some plans is another one when a rule, or a term (None), is left out.

    Without such a choice, most rules of a tiny instance are kept by its optimum anyway, and a
    formulation that forgot one would pass.
    """
    kept = [plan for plan in plans if not plan.broken]
    best = min((plan.objective for plan in kept), default=math.inf)
    if rule is None:
        return bool(kept) and min(kept, key=lambda plan: plan.reduced).objective > best
    return min((plan.objective for plan in plans if plan.broken <= {rule}), default=best) < best


def draw_until_valid(seed: int, draw: Callable[[Dice], T], turn: int = 0) -> T:
    """Draw again, with dice that depend on seed, turn and throw only, until the tables fit together."""
    error: Any = None
    for throw in range(200):
        try:
            return draw(Dice(seed, turn, throw))
        except InputError as refused:
            error = refused
    raise RuntimeError(f"No valid instance in 200 throws; the last was refused: {error}")
