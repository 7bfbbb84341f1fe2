"""Which inputs changed between two instances of kanban, and which of them a loop's cards hang on.

A change is named when the loop would want other cards had this input alone stayed as it was. Where
none does by itself (each is hidden by rounding), all that changed are named together.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jitopt.problems.base import exact
from jitopt.problems.figures import amount
from jitopt.problems.kanban.alone import fewest
from jitopt.problems.kanban.instance import Pair, loop_of

if TYPE_CHECKING:
    from jitopt.problems.kanban.instance import Kanban

__all__ = ["Inputs"]

FIELDS: dict[str, tuple[str, Any, str]] = {
    "demand": ("demand", 0, " a day"),
    "demand_sd": ("standard deviation of demand", 0, ""),
    "lead_time": ("lead time", 0, " days"),
    "lead_time_sd": ("standard deviation of the lead time", 0, " days"),
    "interval": ("interval", 0, " days"),
    "yield": ("yield", 1, ""),
    "safety": ("safety", None, ""),
    "service": ("service", None, ""),
    "signal": ("signal", "first_piece", ""),
    "minimum": ("minimum", 1, " cards"),
    "maximum": ("maximum", None, " cards"),
    "holding_cost": ("holding cost", 0, ""),
    "shortage_cost": ("shortage cost", None, ""),
}
"""Column of the loops: what it is called, what an empty cell means, its unit."""

MENU: dict[str, tuple[str, str]] = {
    "quantity": ("units in the container", ""),
    "card_cost": ("cost of a card", ""),
    "handling_cost": ("cost of handling a container", ""),
}

Row = dict[str, Any]


class Inputs:
    """The inputs of two instances, loop by loop."""

    before: Kanban
    after: Kanban

    def __init__(self, before: Kanban, after: Kanban) -> None:
        self.before, self.after = before, after

    @cached_property
    def _rows(self) -> tuple[dict[str, Row], dict[str, Row]]:
        return _loops(self.before), _loops(self.after)

    @cached_property
    def _menus(self) -> tuple[dict[tuple[str, str], Row], dict[tuple[str, str], Row]]:
        return _menu(self.before), _menu(self.after)

    def capacity(self, limit: str) -> Fraction | None:
        """Return the capacity a limit had before, None where there was none."""
        return self.before.capacity.get(limit)

    def told(self, name: str, container: str) -> list[str]:
        """Return the changed inputs on which a loop's wish for cards of a container hangs, in words."""
        was, now = (rows.get(name) for rows in self._rows)
        if was is None or now is None:
            return ["the loop is new"]
        old, new = (menu.get((name, container)) for menu in self._menus)
        if old is None or new is None:
            return [f"{container} is new on its menu"]
        both_was, both_now = was | old, now | new
        changed = [field for field in both_now if both_now[field] != both_was[field]]
        serves = self.after.serves
        wish = _wish(both_now, serves)
        decisive = [field for field in changed if _wish(both_now | {field: both_was[field]}, serves) != wish]
        if not decisive and _wish(both_was, serves) != wish:
            decisive = changed
        return [_words(field, both_was[field], both_now[field]) for field in decisive]


def _wish(row: Row, serves: bool) -> int | None:
    """Return the cards a loop would take by itself."""
    table: Any = _OneLoop({name: row[name] for name in FIELDS})
    quantity, card_cost, handling = (exact(row[name]) for name in MENU)
    zero = Fraction(0)
    pair = Pair(quantity, zero, zero, ()) if serves else Pair(quantity, card_cost, handling, ())
    return fewest(loop_of(table, 0, serves), pair)


class _OneLoop:
    """A table of one loop."""

    def __init__(self, row: Row) -> None:
        for name, value in row.items():
            setattr(self, name, (value,))


def _loops(instance: Kanban) -> dict[str, Row]:
    table = instance.loops
    if table is None:
        return {}
    columns = {name: getattr(table, name) for name in FIELDS}
    return {
        loop: {name: _filled(column, row, FIELDS[name][1]) for name, column in columns.items()}
        for row, loop in enumerate(table.loop)
    }


def _menu(instance: Kanban) -> dict[tuple[str, str], Row]:
    table = instance.containers
    if table is None:
        return {}
    columns = {name: getattr(table, name) for name in MENU}
    return {
        key: {name: _filled(column, row, 0) for name, column in columns.items()}
        for row, key in enumerate(zip(table.loop, table.container, strict=True))
    }


def _filled(column: Any, row: int, default: Any) -> Any:
    value = column[row] if column else None
    return default if value is None else value


def _words(field: str, was: Any, now: Any) -> str:
    name, unit = (FIELDS[field][0], FIELDS[field][2]) if field in FIELDS else MENU[field]
    return f"{name} {_figure(was)} -> {_figure(now)}{unit}"


def _figure(value: Any) -> str:
    return "none" if value is None else value if isinstance(value, str) else amount(value)
