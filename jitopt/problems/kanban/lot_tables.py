"""The tables of lot sizing, validated."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from pydantic import ValidationError

from jitopt.errors import InputError
from jitopt.frames import columns_of
from jitopt.problems.base import (
    AllAboveZero,
    Identifiers,
    Numbers,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalPositives,
    OptionalShares,
    Positives,
    Table,
    exact,
)
from jitopt.problems.wording import explain_validation

__all__ = ["LotContainers", "LotMachines", "LotParts", "LotRacks", "cell", "check_references", "lot_table"]

ZERO = Fraction(0)


class LotParts(Table):
    """What is made in lots.

    part: id. machine: that makes it. demand: D [units per day]. run: p, of a unit [minutes]. setup: s [minutes].
    lead_time: L, all but setup and run of the lot: waiting, conveyance [days, default 0]. safety_stock: SS [units,
    default 0]. holding_cost: of a unit in stock [money per day, default 0]. setup_cost: of a setup, beside its minutes
    [money, default 0]. longest: days of demand that a lot lasts at most [default 20]. minimum: least containers of
    a lot [default 1]. rack: where its containers stand [default: none that is short].
    """

    KEY: ClassVar[tuple[str, ...]] = ("part",)
    part: Identifiers
    machine: Identifiers
    demand: AllAboveZero
    run: Numbers
    setup: Numbers
    lead_time: OptionalNumbers | None = None
    safety_stock: OptionalNumbers | None = None
    holding_cost: OptionalNumbers | None = None
    setup_cost: OptionalNumbers | None = None
    longest: OptionalNumbers | None = None
    minimum: OptionalPositives | None = None
    rack: OptionalIdentifiers | None = None


class LotContainers(Table):
    """Containers each part may have.

    part, container: ids. quantity: Q [units]. card_cost: of a card with its container [money per day, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("part", "container")
    part: Identifiers
    container: Identifiers
    quantity: AllAboveZero
    card_cost: OptionalNumbers | None = None


class LotMachines(Table):
    """The machines. machine: id. minutes: of a day. uptime: share of them that it runs [default 1]."""

    KEY: ClassVar[tuple[str, ...]] = ("machine",)
    machine: Identifiers
    minutes: AllAboveZero
    uptime: OptionalShares | None = None


class LotRacks(Table):
    """The racks. rack: id. positions: containers it holds."""

    KEY: ClassVar[tuple[str, ...]] = ("rack",)
    rack: Identifiers
    positions: Positives


def lot_table(kind: type[Any], given: Any, place: str) -> Any:
    """Return a table of lot sizing, from a data frame or a mapping of columns."""
    try:
        table = kind.model_validate(columns_of(given, place))
    except ValidationError as error:
        raise explain_validation(error, kind, place) from None
    table.check(f"/{place}")
    return table


def check_references(parts: LotParts, containers: LotContainers, machines: LotMachines, racks: LotRacks) -> None:
    """Refuse a part, machine or rack that is in no table, and a part without a container."""
    known = {name: row for row, name in enumerate(parts.part)}
    containers.check_reference("/containers", "part", known, "part", "/parts/part")
    parts.check_reference("/parts", "machine", _rows(machines.machine), "machine", "/machines/machine")
    if parts.rack:
        parts.check_reference("/parts", "rack", _rows(racks.rack), "rack", "/racks/rack")
    bare = next((name for name in parts.part if name not in set(containers.part)), None)
    if bare is not None:
        raise InputError(
            "every part needs a container", place=f"/parts/part/{known[bare]}", value=bare,
            remedy="add a row to the containers",
        )  # fmt: skip


def _rows(column: tuple[str, ...]) -> dict[str, int]:
    return {name: row for row, name in enumerate(column)}


def cell(column: tuple[float | None, ...] | None, row: int, default: Fraction = ZERO) -> Fraction:
    """Return an entry of a column as a fraction; the default where it is not told."""
    value = column[row] if column else None
    return default if value is None else exact(value)
