"""A value stream: stations, loops of cards, bill of material, suppliers and customers, as tables.

What `simulate_stream` runs. Time is counted in minutes from the start of the run, quantities in
units of the item, cards in containers. Every loop ends in a supermarket of its own, which is named
like the loop: other loops and customers draw from it. Tables are columns; docs/simulation.md says
how the parts work together and in which order things happen at one moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import ValidationError, model_validator

from jitopt.errors import InputError
from jitopt.problems.base import Identifier, Strict, Table
from jitopt.problems.wording import explain_validation
from jitopt.simulation.stream_tables import (
    Bill,
    Conwip,
    Demand,
    Loops,
    Maintenance,
    Operations,
    Outputs,
    Planning,
    Schedule,
    Setups,
    Shifts,
    Span,
    Stations,
    Suppliers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ValueStream"]

Release = Literal["kanban", "push", "conwip", "hybrid"]


class ValueStream(Strict):
    """A plant or a part of it, to be simulated.

    name: told in messages. day: minutes of a day [default 1440]. cycle: minutes after which
    `shifts` repeat [default: a day]. release: what authorises work. "kanban": the cards of each
    loop. "conwip": the cards of `conwip`; loops from an entry to an exit need none of their own, the
    others keep theirs. "hybrid": both. "push": `planning` and `schedule`; other loops release
    what their material allows, those that need no material keep their cards. planning_interval: minutes between two
    MRP runs [default: a day]. The tables are described by their classes.

    Raises
    ------
    InputError
        From `parse`: with the place, the value, the rule and the remedy.
    """

    name: Identifier = "stream"
    day: Span = 1440.0
    cycle: Span | None = None
    release: Release = "kanban"
    planning_interval: Span | None = None
    loops: Loops
    stations: Stations | None = None
    operations: Operations | None = None
    setups: Setups | None = None
    bill: Bill | None = None
    outputs: Outputs | None = None
    demand: Demand | None = None
    shifts: Shifts | None = None
    maintenance: Maintenance | None = None
    suppliers: Suppliers | None = None
    conwip: Conwip | None = None
    planning: Planning | None = None
    schedule: Schedule | None = None

    @classmethod
    def parse(cls, data: object, source: str = "") -> Self:
        """Validate plain data (tables as mappings of columns) into a stream.

        Raises
        ------
        InputError
            With the place, the value, the rule and the remedy.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise explain_validation(error, cls, source) from None
        except InputError as error:
            raise (error.within(source) if source else error) from None

    def to_dict(self) -> dict[str, Any]:
        """Return the stream as plain data (defaults left out)."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with the named fields changed; a table may be a mapping of columns."""
        data = {name: getattr(self, name) for name in type(self).model_fields} | changes
        plain = {name: value.model_dump() if isinstance(value, Table) else value for name, value in data.items()}
        return type(self).parse(plain)

    def with_column(self, table: str, column: str, values: Mapping[str, float]) -> Self:
        """Return a copy in which a column of a table has new values in the rows named by the table's first key."""
        rows = getattr(self, table).model_dump()
        keys = rows[type(getattr(self, table)).KEY[0]]
        old = rows[column] or (None,) * len(keys)
        rows[column] = tuple(values.get(key, value) for key, value in zip(keys, old, strict=True))
        return self.replace(**{table: rows})

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check what a single field cannot see."""
        from jitopt.simulation.stream_checks import check_stream

        check_stream(self)
        return self
