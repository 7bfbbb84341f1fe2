"""What must hold between the tables of a value stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.problems.base import Table

if TYPE_CHECKING:
    from jitopt.simulation.stream import ValueStream

__all__ = ["check_stream"]


def check_stream(stream: ValueStream) -> None:
    """Refuse tables whose rows do not fit together, with the place, the value, the rule and the remedy."""
    for name in type(stream).model_fields:
        table = getattr(stream, name)
        if isinstance(table, Table):
            table.check(f"/{name}")
