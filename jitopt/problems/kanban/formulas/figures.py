"""The figures of loops, out of a table or a kanban instance, for the auditor."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, ValidationError

from jitopt.errors import InputError
from jitopt.frames import columns_of
from jitopt.problems.base import (
    AllAboveZero,
    Identifiers,
    Numbers,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalServices,
    OptionalYields,
    Signals,
    Table,
    exact,
)
from jitopt.problems.kanban.formulas.loops import LoopFigures
from jitopt.problems.wording import explain_validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.kanban.instance import Kanban

__all__ = ["AuditTable", "figures_of_instance", "figures_of_table"]


ZERO = Fraction(0)


class AuditTable(Table):
    """Loops to audit, one a row.

    loop: id. part: what goes round [default: the loop]. demand: D [units per day]. lead_time: L [days].
    quantity: Q [units per container]. interval: R, between two collections or deliveries [days, default 0].
    safety: alpha [default: the house's]. service: probability [default: the house's]. demand_sd: [units per square
    root of a day, default 0]. lead_time_sd: [days, default 0]. yield: good share [default 1]. signal: "first_piece" or
    "empty" [default: not told]. withdrawal_time: the part of L in which a withdrawal card fetches [days, default:
    one card only]. epei: of the machine [days, default: none]. unit_cost: [money per unit, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    part: OptionalIdentifiers | None = None
    demand: Numbers
    lead_time: Numbers
    quantity: AllAboveZero
    interval: OptionalNumbers | None = None
    safety: OptionalNumbers | None = None
    service: OptionalServices | None = None
    demand_sd: OptionalNumbers | None = None
    lead_time_sd: OptionalNumbers | None = None
    yield_: Annotated[OptionalYields | None, Field(alias="yield")] = None
    signal: Signals | None = None
    withdrawal_time: OptionalNumbers | None = None
    epei: OptionalNumbers | None = None
    unit_cost: OptionalNumbers | None = None


def _cell(table: Any, column: str, row: int) -> Any:
    values = getattr(table, column, None)
    return values[row] if values else None


def _number(table: Any, column: str, row: int, default: Fraction = ZERO) -> Fraction:
    value = _cell(table, column, row)
    return default if value is None else exact(value)


def _figures(table: Any, row: int, quantity: Fraction, house: tuple[float, float], good: str) -> dict[str, Any]:
    service = _cell(table, "service", row)
    return {
        "loop": table.loop[row],
        "part": _cell(table, "part", row) or table.loop[row],
        "demand": exact(table.demand[row]),
        "quantity": quantity,
        "lead_time": exact(table.lead_time[row]),
        "interval": _number(table, "interval", row),
        "safety": _number(table, "safety", row, exact(house[0])),
        "service": house[1] if service is None else service,
        "demand_sd": _number(table, "demand_sd", row),
        "lead_time_sd": _number(table, "lead_time_sd", row),
        "good": _number(table, good, row, Fraction(1)),
        "signal": _cell(table, "signal", row),
    }


def figures_of_table(given: Any, house: tuple[float, float] = (0.0, 0.5)) -> list[LoopFigures]:
    """Return the loops of a table: a data frame or a mapping of columns, see `AuditTable`.

    house: safety share and service of loops that tell none.

    Raises
    ------
    InputError
        With column, row, value, rule and remedy.
    """
    try:
        table = AuditTable.model_validate(columns_of(given, "loops"))
    except ValidationError as error:
        raise explain_validation(error, AuditTable, "loops") from None
    table.check("/loops")
    found = []
    for row in range(table.rows()):
        withdrawal, epei = _cell(table, "withdrawal_time", row), _cell(table, "epei", row)
        found.append(
            LoopFigures(
                **_figures(table, row, exact(table.quantity[row]), house, "yield_"),
                withdrawal=None if withdrawal is None else exact(withdrawal),
                epei=None if epei is None else exact(epei),
                value=_number(table, "unit_cost", row),
            )
        )
    return found


def figures_of_instance(
    instance: Kanban, house: tuple[float, float] = (0.0, 0.5), more: Mapping[str, Mapping[str, Any]] | None = None
) -> list[LoopFigures]:
    """Return the loops of a kanban instance, each with the first container of its menu.

    house: as in `figures_of_table`. more: further or other figures of a loop, by its id.

    Raises
    ------
    InputError
        For an instance in another form than that of loops.
    """
    table = instance.loops
    if table is None or instance.containers is None:
        raise InputError(
            "the instance has no loops with demand and lead time, from which formulas compute cards", place="/loops",
            remedy="give an instance in the form of loops, or a table of loops",
        )  # fmt: skip
    found = []
    for row, loop in enumerate(table.loop):
        quantity = exact(instance.containers.quantity[instance.rows_of[loop][0]])
        found.append(LoopFigures(**_figures(table, row, quantity, house, "yield") | dict((more or {}).get(loop, {}))))
    return found
