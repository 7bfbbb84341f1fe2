"""Checks across the tables of a kanban instance: each refusal names place, value and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.kanban.instance import MOST_CARDS
from jitopt.problems.kanban.line_validation import validate_line

if TYPE_CHECKING:
    from jitopt.problems.kanban.instance import Kanban

__all__ = ["validate"]


def validate(instance: Kanban) -> None:
    """Refuse tables that do not fit together.

    Raises
    ------
    InputError
        For a mixture of the two forms, unequal columns, repeated keys, dangling references, a
        loop without container, contradictory or absurd numbers of cards.
    """
    if instance.line is not None:
        validate_line(instance)
        return
    if instance.objective == "throughput":
        raise InputError(
            "a throughput is asked of a line only", place="/objective", value="throughput", remedy='write "cost"'
        )
    for name in instance.TABLES:
        table = getattr(instance, name)
        if table is not None:
            table.check(f"/{name}")
    _form(instance)
    _references(instance)
    if instance.loops:
        _menus(instance)
        _cards(instance)


def _form(instance: Kanban) -> None:
    """Refuse a mixture of options and loops."""
    plant = ("loops", "containers", "current")
    if instance.options is None:
        for name in plant[:2]:
            if getattr(instance, name) is None or not getattr(instance, name).rows():
                raise InputError(
                    "either options, or loops and containers, or a line are needed",
                    place=f"/{name}",
                    remedy=f"add the table {name}",
                )
        return
    if instance.serves:
        raise InputError(
            "options have a cost and nothing else that could be made small",
            place="/objective",
            value="service",
            remedy="write the expected shortage of each option as its cost, or give loops and containers",
        )
    for name in plant:
        if getattr(instance, name) is not None:
            raise InputError(
                f"options cost what they cost: they leave nothing to {name}",
                place=f"/{name}",
                remedy=f"remove the table {name} or the options",
            )
    if not instance.options.rows():
        raise InputError("at least one option is needed", place="/options", remedy="add a row")


def _references(instance: Kanban) -> None:
    uses, loops = instance.uses, {name: row for row, name in enumerate(instance.names)}
    if uses is not None:
        _form_of_uses(instance)
        uses.check_reference("/uses", "limit", {name: row for row, name in enumerate(instance.capacity)}, "limits")
    if instance.containers:
        instance.containers.check_reference("/containers", "loop", loops, "loops")
    if instance.current:
        instance.current.loops.check("/current/loops")
        instance.current.loops.check_reference("/current/loops", "loop", loops, "loops")
    if uses is None:
        return
    rows = instance.options.rows() if instance.options else 0
    if uses.option and max(uses.option) >= rows:
        row, option = next((row, option) for row, option in enumerate(uses.option) if option >= rows)
        raise InputError(
            f"option must be a row of the options, 0 to {rows - 1}",
            place=f"/uses/option/{row}",
            value=option,
            remedy="correct the row number; the first row is 0",
        )
    if uses.loop:
        uses.check_reference("/uses", "loop", loops, "loops")
    menu = instance.containers
    pairs = set(zip(menu.loop, menu.container, strict=True)) if menu else set()
    for row, container in enumerate(uses.container or ()):
        if uses.loop and container is not None and (uses.loop[row], container) not in pairs:
            raise InputError(
                f"loop {uses.loop[row]!r} has no container of this name",
                place=f"/uses/container/{row}",
                value=container,
                remedy="add it to the containers, correct the name, or write null for every container",
            )


def _form_of_uses(instance: Kanban) -> None:
    """Ask for `option` beside options, for `loop` beside loops."""
    assert instance.uses is not None
    wanted, others = ("option", ("loop", "container")) if instance.options else ("loop", ("option",))
    if getattr(instance.uses, wanted) is None:
        raise InputError(
            f"uses needs the column {wanted!r} here", place="/uses", remedy="add it (see `jitopt schema kanban`)"
        )
    for name in others:
        if getattr(instance.uses, name) is not None:
            raise InputError(
                f"uses has no column {name!r} beside {'options' if instance.options else 'loops'}",
                place=f"/uses/{name}",
                remedy="remove it",
            )


def _menus(instance: Kanban) -> None:
    assert instance.loops is not None
    for row, name in enumerate(instance.loops.loop):
        if not instance.rows_of[name]:
            raise InputError(
                "every loop needs at least one container",
                place=f"/loops/loop/{row}",
                value=name,
                remedy="add a row to the containers",
            )
        loop = instance.loop_data[name]
        if loop.maximum is not None and loop.minimum > loop.maximum:
            raise InputError(
                f"the maximum of loop {name!r} is below its minimum of {loop.minimum} (1 where none is given)",
                place=f"/loops/maximum/{row}",
                value=loop.maximum,
                remedy="raise the maximum or lower the minimum",
            )
        if loop.shortage is None or loop.maximum is not None or instance.serves:
            continue
        for other in instance.rows_of[name]:
            assert instance.containers is not None
            costs = instance.containers.card_cost
            if loop.shortage and not loop.holding and not (costs and costs[other]):
                raise InputError(
                    "a loop with a shortage cost has no best number of cards where cards and stock are free",
                    place=f"/loops/shortage_cost/{row}",
                    value=float(loop.shortage),
                    remedy="give a holding_cost, a card_cost of every container, or a maximum",
                )


def _cards(instance: Kanban) -> None:
    """Refuse needs that no loop has: most often a unit was not converted."""
    assert instance.containers is not None
    table = instance.containers
    for row, name in enumerate(table.loop):
        loop = instance.loop_data[name]
        reach = float(loop.base) + 9 * float(loop.variance) ** 0.5
        if reach > MOST_CARDS * table.quantity[row]:
            raise InputError(
                f"loop {name!r} would need {reach / table.quantity[row]:.3g} cards of {table.container[row]!r}",
                place=f"/containers/quantity/{row}",
                value=table.quantity[row],
                remedy="check the units: demand per day, times in days, quantity in units per container",
            )
