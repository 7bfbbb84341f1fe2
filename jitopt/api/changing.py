"""Set a plan beside the one in force: what changes, and how few changes will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from jitopt.arguments import check_instance, plan_of
from jitopt.errors import InputError
from jitopt.problems.base import Instance, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.engine.result import Result
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.slot_changes import SlotChanges
    from jitopt.problems.kanban import Kanban
    from jitopt.problems.kanban.changes import Changes

__all__ = ["changes", "resize"]


@overload
def changes(
    instance: Kanban,
    result: Result[Any] | Plan | Mapping[str, Any],
    before: Kanban | Result[Any] | Plan | Mapping[str, Any] | None = None,
) -> Changes: ...


@overload
def changes(
    instance: Heijunka,
    result: Result[Any] | Plan | Mapping[str, Any],
    before: Result[Any] | Plan | Mapping[str, Any] | None = None,
) -> SlotChanges: ...


def changes(
    instance: Kanban | Heijunka,
    result: Result[Any] | Plan | Mapping[str, Any],
    before: Kanban | Result[Any] | Plan | Mapping[str, Any] | None = None,
) -> Changes | SlotChanges:
    """List what a plan changes of the one in force, with the reasons: loops of a kanban, slots of a heijunka.

    Of a kanban, loops that are kept though they should change are listed too.

    Parameters
    ----------
    instance, result
        The question (a kanban in the form of loops), and the answer in hand (a result, a plan, or a
        result file's data).
    before
        The result or plan that is in force, for an instance that does not tell it (`resize` and
        `relevel` put a price or a cap on changes as well). Of a kanban also the instance for which
        the cards in force were decided: then the inputs that changed are among the reasons.

    Raises
    ------
    InputError
        If no plan in force is told, or the plan is not one of the instance.
    """
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.heijunka.slot_changes import slot_changes
    from jitopt.problems.kanban.changes import changes as compared

    if isinstance(instance, Heijunka):
        old = None if before is None else plan_of(instance, before, "compare with")
        return slot_changes(instance, plan_of(instance, result, "compare"), old)
    _check_kanban("changes", instance)
    found: Any = plan_of(instance, result, "compare")
    if before is not None and not isinstance(before, Instance):
        present: Any = plan_of(instance, before, "compare with")
        return compared(_resized(instance, present, 0.0, None), found)
    if before is not None:
        _check_kanban("changes", before)
    return compared(instance, found, before)


def resize(
    instance: Kanban,
    result: Result[Any] | Plan | Mapping[str, Any],
    *,
    price: float = 0.0,
    at_most: int | None = None,
) -> Kanban:
    """Return a kanban instance with the cards of an earlier plan as those in force, for the next solve.

    Parameters
    ----------
    instance
        What is asked now, in the form of loops.
    result
        The plan in force (a result, a plan, or a result file's data). Loops that the instance no
        longer has are left out.
    price
        Of a card put in or taken out [money, in the objective of a day].
    at_most
        Cards put in or taken out; None: no cap.

    Raises
    ------
    InputError
        For another problem or form, or a price or cap that cannot be.
    """
    _check_kanban("resize", instance)
    return _resized(instance, plan_of(instance, result, "resize"), price, at_most)


def _resized(instance: Kanban, plan: Any, price: float, at_most: int | None) -> Kanban:
    from jitopt.problems.kanban.changes import resize as resized

    return resized(instance, plan, price, at_most)


def _form(instance: Kanban) -> str:
    return "options" if instance.options is not None else "a line"


def _check_kanban(call: str, instance: Any) -> None:
    check_instance(call, instance)
    if instance.problem != "kanban" or instance.loops is None:
        raise InputError(
            f"{call} takes a kanban instance in the form of loops",
            value=instance.problem if instance.problem != "kanban" else f"the form of {_form(instance)}",
            remedy="describe `loops` with `containers` (docs/problems/kanban.md, the three forms)",
        )
