"""Lot sizes of signal kanbans on machines whose minutes for setting up are short.

A part with container Q and a lot of k containers is set up D / (k Q) times a day, which takes s D / (k Q) of the
minutes that the run time leaves. Its cards are trigger and lot:

    L_k = L + (s + k Q p) / M        r_k = ceil((D L_k + SS) / Q)        N_k = r_k + k

with setup s and time of a unit p [minutes], M minutes of the machine a day, L the rest of the lead time [days]. Mean
stock is r_k Q - D L_k + k Q / 2, for the lot arrives as a whole. Small lots need few cards and many setups. Each
container and lot is an option of an ordinary `kanban` instance, the minutes of a machine and the positions of a rack
its limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.frames import to_frame
from jitopt.problems.base import exact
from jitopt.problems.figures import counted, rounded, told
from jitopt.problems.kanban.instance import Kanban
from jitopt.problems.kanban.lot_tables import (
    LotContainers,
    LotMachines,
    LotParts,
    LotRacks,
    cell,
    check_references,
    lot_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jitopt.problems.kanban.instance import KanbanPlan

__all__ = ["LotOption", "LotSizing", "lot_sizing"]

LONGEST = 20
"""A lot lasts at most so many days of demand, where the part does not say more or less."""

MOST_OPTIONS = 1_000_000
"""More options than this are refused: most often a unit was not converted."""

MILLION = 10**6
"""Minutes and costs are written in millionths, so that every method finds a common unit of them."""

ZERO = Fraction(0)


@dataclass(frozen=True)
class LotOption:
    """A container and lot of a part.

    lot: containers made at once. trigger: containers left when the lot is asked for. cards: trigger and lot. units:
    of the lot. every: days between two setups. minutes: a day spent on its setups. cost: [money per day].
    """

    part: str
    container: str
    lot: int
    trigger: int
    cards: int
    units: Fraction
    every: Fraction
    minutes: Fraction
    cost: Fraction


@dataclass(frozen=True)
class LotSizing:
    """Lot sizes to decide. instance: of `kanban`, for `jitopt.solve`. options: its rows, in their order."""

    instance: Kanban
    options: tuple[LotOption, ...]

    def lots(self, plan: KanbanPlan) -> list[LotOption]:
        """Return what a plan of the instance chooses for each part.

        Raises
        ------
        InputError
            For a row that is none of the options.
        """
        by_key = {(option.part, option.container, option.cards): option for option in self.options}
        found = []
        for row in plan.loops:
            option = by_key.get((row.loop, row.container, row.cards))
            if option is None:
                raise InputError(
                    "the plan is not one of these lots", place="/loops",
                    value=f"{row.loop}, {row.container}, {row.cards}", remedy="give a plan of this very instance",
                )  # fmt: skip
            found.append(option)
        return found

    def to_frame(self, plan: KanbanPlan, like: object = None) -> Any:
        """Return the lots of a plan as a data frame; `like` as in `Plan.to_frame`."""
        rows = self.lots(plan)
        names = ("part", "container", "lot", "trigger", "cards", "units", "every", "minutes", "cost")
        columns = {name: [getattr(row, name) for row in rows] for name in names}
        plain = {name: [float(v) if isinstance(v, Fraction) else v for v in column] for name, column in columns.items()}
        return to_frame(plain, like)


def lot_sizing(parts: Any, containers: Any, machines: Any, racks: Any = None, *, name: str = "lot sizes") -> LotSizing:
    """Return the lot sizes of signal kanbans as a `kanban` instance of options.

    Parameters
    ----------
    parts, containers, machines, racks
        Tables, as data frames or mappings of columns; see `jitopt.problems.kanban.lot_tables`.
    name
        Of the instance.

    Returns
    -------
    LotSizing
        The instance, and what stands behind its options. Costs are written in millionths; so are the minutes of an
        option, rounded down, that lots which fill a machine exactly fit.

    Raises
    ------
    InputError
        For a table that is wrong, or a machine whose run time leaves no minutes to set up.

    Source: batch sizing under changeover capacity as in Smalley, Creating Level Pull (signal kanban); the cards of a
    signal kanban, Monden, Toyota Production System. Options make it a multiple-choice problem, solved exactly.

    Examples
    --------
    >>> sizing = lot_sizing(
    ...     {"part": ["A", "B"], "machine": ["M", "M"], "demand": [100, 50], "run": [2, 2], "setup": [30, 30]},
    ...     {"part": ["A", "B"], "container": ["box", "box"], "quantity": [10, 10], "card_cost": [1, 1]},
    ...     {"machine": ["M"], "minutes": [400]},
    ... )
    >>> sizing.instance.limits.capacity
    (100.0,)
    """
    told_parts = lot_table(LotParts, parts, "parts")
    told_containers = lot_table(LotContainers, containers, "containers")
    told_machines = lot_table(LotMachines, machines, "machines")
    told_racks = lot_table(LotRacks, {"rack": [], "positions": []} if racks is None else racks, "racks")
    check_references(told_parts, told_containers, told_machines, told_racks)
    capacity = _minutes(told_parts, told_machines)
    options: list[LotOption] = []
    for row in range(told_parts.rows()):
        options += _options(told_parts, row, told_containers, capacity[told_parts.machine[row]][0])
        if len(options) > MOST_OPTIONS:
            raise InputError(
                f"there are more than {MOST_OPTIONS} lots to choose from", place="/parts/demand",
                remedy="check that demand and quantity are in the same unit; lower `longest`",
            )  # fmt: skip
    return LotSizing(_instance(name, told_parts, told_racks, options, capacity), tuple(options))


def _minutes(parts: LotParts, machines: LotMachines) -> dict[str, tuple[Fraction, Fraction]]:
    """Return the minutes of each machine a day, and those that its run time leaves."""
    found = {}
    for row, machine in enumerate(machines.machine):
        runs = cell(machines.uptime, row, Fraction(1)) * exact(machines.minutes[row])
        mine = [part for part, name in enumerate(parts.machine) if name == machine]
        left = runs - sum((exact(parts.demand[part]) * exact(parts.run[part]) for part in mine), ZERO)
        if mine and left <= 0:
            raise InputError(
                f"the run time of machine {machine!r} leaves no minutes to set up", place=f"/machines/minutes/{row}",
                value=machines.minutes[row], remedy=f"add more than {rounded(-left, 6)} minutes a day",
            )  # fmt: skip
        found[machine] = (runs, left)
    return found


def _options(parts: LotParts, row: int, containers: LotContainers, minutes: Fraction) -> list[LotOption]:
    found = [
        option
        for at, part in enumerate(containers.part)
        if part == parts.part[row]
        for option in _lots(parts, row, containers, at, minutes)
    ]
    if not (parts.rack and parts.rack[row] is not None):
        found = _worth(found)
    if not found:
        raise InputError(
            "the least lot lasts longer than the longest", place=f"/parts/minimum/{row}", value=parts.part[row],
            remedy="raise `longest` or lower `minimum`",
        )  # fmt: skip
    return found


def _lots(parts: LotParts, row: int, containers: LotContainers, at: int, minutes: Fraction) -> Iterator[LotOption]:
    demand, run, setup = (exact(column[row]) for column in (parts.demand, parts.run, parts.setup))
    wait, stock = cell(parts.lead_time, row), cell(parts.safety_stock, row)
    holding, price = cell(parts.holding_cost, row), cell(parts.setup_cost, row)
    quantity, card = exact(containers.quantity[at]), cell(containers.card_cost, at)
    least = int(cell(parts.minimum, row, Fraction(1)))
    # One container may always be a lot, however long it lasts.
    most = max(1, math.floor(demand * cell(parts.longest, row, Fraction(LONGEST)) / quantity))
    if most - least > MOST_OPTIONS:
        raise InputError(
            f"a lot of the part {parts.part[row]!r} has up to {counted(most, 'container')}",
            place=f"/parts/demand/{row}", value=parts.demand[row],
            remedy="check that demand and quantity are in the same unit; lower `longest`",
        )  # fmt: skip
    for lot in range(least, most + 1):
        units = lot * quantity
        during = demand * (wait + (setup + units * run) / minutes)
        trigger = math.ceil((during + stock) / quantity)
        a_day = demand / units
        mean = trigger * quantity - during + units / 2
        cost = card * (trigger + lot) + holding * mean + price * a_day
        yield LotOption(
            parts.part[row],
            containers.container[at],
            lot,
            trigger,
            trigger + lot,
            units,
            1 / a_day,
            setup * a_day,
            cost,
        )


def _worth(options: list[LotOption]) -> list[LotOption]:
    """Return the options but those that cost no less and take no fewer minutes than another, in their order."""
    kept: set[int] = set()
    least: Fraction | None = None
    for at in sorted(range(len(options)), key=lambda at: (options[at].minutes, options[at].cost)):
        if least is None or options[at].cost < least:
            least = options[at].cost
            kept.add(at)
    return [option for at, option in enumerate(options) if at in kept]


def _millionths(count: int) -> int | float:
    return told(Fraction(count, MILLION))


def _instance(
    name: str,
    parts: LotParts,
    racks: LotRacks,
    options: list[LotOption],
    capacity: Mapping[str, tuple[Fraction, Fraction]],
) -> Kanban:
    row_of = {name: row for row, name in enumerate(parts.part)}
    # Rounded down: what fits to the last digit must not be refused for the writing of a third.
    uses: list[tuple[int, str, int | float]] = []
    for row, option in enumerate(options):
        part = row_of[option.part]
        if option.minutes:
            uses.append((row, f"setup {parts.machine[part]}", _millionths(math.floor(option.minutes * MILLION))))
        rack = parts.rack[part] if parts.rack else None
        if rack is not None:
            uses.append((row, f"rack {rack}", option.cards))
    limits = {f"setup {machine}": _millionths(math.ceil(left * MILLION)) for machine, (_, left) in capacity.items()}
    limits |= {f"rack {rack}": places for rack, places in zip(racks.rack, racks.positions, strict=True)}
    taken = {limit for _, limit, _ in uses}
    limits = {limit: most for limit, most in limits.items() if limit in taken}
    data: dict[str, Any] = {
        "problem": "kanban",
        "name": name,
        "options": {
            "loop": [option.part for option in options],
            "container": [option.container for option in options],
            "cards": [option.cards for option in options],
            "cost": [_millionths(round(option.cost * MILLION)) for option in options],
        },
    }
    if limits:
        data["limits"] = {"limit": list(limits), "capacity": list(limits.values())}
        data["uses"] = {key: [use[at] for use in uses] for at, key in enumerate(("option", "limit", "amount"))}
    return Kanban.parse(data)
