"""What one machine makes in lots: the data of economic lots and product wheels, and the schedules they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from jitopt.errors import InputError
from jitopt.problems.epei import figure, figures
from jitopt.problems.figures import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

__all__ = ["Machine", "Run", "Schedule", "machine"]


@dataclass(frozen=True)
class Machine:
    """Products of one machine, a tuple entry for each.

    minutes: a day that the machine runs. demand: [units per day]. run: [minutes per unit]. setup: [minutes]; of a
    sequence-dependent machine None. setup_cost: [money per setup]. holding_cost: [money per unit and day].
    """

    products: tuple[str, ...]
    minutes: float
    demand: tuple[float, ...]
    run: tuple[float, ...]
    setup: tuple[float, ...]
    setup_cost: tuple[float, ...]
    holding_cost: tuple[float, ...]

    @property
    def load(self) -> tuple[float, ...]:
        """Share of the machine's minutes that the run time of each product takes."""
        return tuple(need * time / self.minutes for need, time in zip(self.demand, self.run, strict=True))

    @property
    def left(self) -> float:
        """Share of the machine's minutes that is left for setting up."""
        return 1 - sum(self.load)

    @property
    def overload(self) -> str:
        """Why nothing can be set up: in words, empty where there are minutes for it."""
        if self.left > 1e-12:
            return ""
        work = self.minutes * sum(self.load)
        return (
            f"the run time of {rounded(work, 6)} minutes a day leaves none of {rounded(self.minutes, 6)} to set up: "
            f"add more than {rounded(max(0.0, work - self.minutes), 6)} minutes, or take work off the machine"
        )


class Run(NamedTuple):
    """A lot. product: its row. begin: of its setup, in the cycle [days]. setup, run: [days]. lot: [units]."""

    product: int
    begin: float
    setup: float
    run: float
    lot: float


class Schedule(NamedTuple):
    """Lots that are repeated for ever. cycle: days until all is repeated. runs: in the order of their begin."""

    cycle: float
    runs: tuple[Run, ...]


def machine(
    available: float | Fraction,
    demand: Sequence[float | Fraction],
    run: Sequence[float | Fraction],
    setup: Sequence[float | Fraction],
    setup_cost: Sequence[float | Fraction] | None = None,
    holding_cost: Sequence[float | Fraction] | None = None,
    *,
    products: Sequence[str] | None = None,
    uptime: float | Fraction = 1,
) -> Machine:
    """Return the data of a machine, checked.

    Raises
    ------
    InputError
        For no product, columns of unequal length, a number out of its range or a name that comes twice.
    """
    count = len(demand)
    if not count:
        raise InputError("there is no product", place="demand", remedy="give the demand of at least one product")
    names = tuple(f"{row + 1}" for row in range(count)) if products is None else tuple(products)
    if len(set(names)) < len(names) or len(names) != count:
        raise InputError(
            "each product has a name of its own", place="products", value=list(names), remedy="give one for each"
        )
    share = figure("uptime", uptime, above=True)
    if share > 1:
        raise InputError("uptime is a share up to 1", place="uptime", value=uptime, remedy="write 85 % as 0.85")
    minutes = figure("available", available, above=True) * share
    nothing = [0] * count
    columns = {
        "run": run,
        "setup": setup,
        "setup_cost": nothing if setup_cost is None else setup_cost,
        "holding_cost": nothing if holding_cost is None else holding_cost,
    }
    needs = tuple(float(value) for value in figures("demand", demand, count, above=True))
    found = {name: tuple(float(value) for value in figures(name, column, count)) for name, column in columns.items()}
    return Machine(names, float(minutes), needs, **found)
