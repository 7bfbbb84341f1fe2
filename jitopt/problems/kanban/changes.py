"""Re-sizing: what a plan changes of the cards in force, loop by loop, with the reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.frames import to_frame
from jitopt.problems.figures import amount, counted
from jitopt.problems.kanban.inputs import Inputs
from jitopt.problems.kanban.reasons import Comparison, LoopChange, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.kanban.instance import Kanban, KanbanPlan

__all__ = ["Changes", "LoopChange", "Reason", "changes", "resize"]

COLUMNS = (
    "loop", "action", "container_before", "cards_before", "container", "cards", "put_in", "taken_out", "needed",
)  # fmt: skip


@dataclass(frozen=True)
class Changes:
    """The differences of a plan to the cards in force.

    loops: those that change, and those that stay though they should change, in the order of the
    instance. changed: cards put in and taken out. at_most: the cap, None without one. price: of a
    card put in or taken out. unchanged: loops that stay as they are and should. in_force:
    container and cards of the loops that have some.
    """

    loops: tuple[LoopChange, ...]
    changed: int
    at_most: int | None
    price: float
    unchanged: int
    in_force: Mapping[str, tuple[str, int]] = field(default_factory=dict, repr=False)

    @property
    def kept(self) -> tuple[LoopChange, ...]:
        """The loops that stay though they should change."""
        return tuple(row for row in self.loops if row.action == "keep")

    @property
    def summary(self) -> str:
        """How much changes, of what is allowed, in one line."""
        cap = f" of at most {self.at_most}" if self.at_most is not None else ""
        paid = f", at {amount(self.price)} each" if self.price else ""
        moved, kept = len(self.loops) - len(self.kept), len(self.kept)
        held = f"; {counted(kept, 'loop')} kept that should change" if kept else ""
        what = "card" if (self.changed, cap) == (1, "") else "cards"
        return f"{self.changed}{cap} {what} put in or taken out{paid}, in {counted(moved, 'loop')}{held}"

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the list as columns, `reason` in words the last."""
        return {name: [getattr(row, name) for row in self.loops] for name in (*COLUMNS, "reason")}

    def to_frame(self, like: object = None) -> Any:
        """Return the list as a data frame; like: a frame, or the name of a library."""
        return to_frame(self.to_rows(), like)

    def to_dict(self) -> dict[str, Any]:
        """Return the list as plain data."""
        return {
            "changed": self.changed,
            "at_most": self.at_most,
            "price": self.price,
            "unchanged": self.unchanged,
            "loops": [asdict(row) | {"reasons": [asdict(reason) for reason in row.reasons]} for row in self.loops],
        }


def changes(instance: Kanban, plan: KanbanPlan, before: Kanban | None = None) -> Changes:
    """Return what a plan changes of the cards in force of an instance, each loop with its reasons.

    plan: it must be priceable (every loop once, on its menu). before: the instance for which the
    cards in force were decided.

    Raises
    ------
    InputError
        If the instance tells no cards in force, or the plan leaves loops out.
    """
    if instance.current is None:
        raise InputError(
            "the instance tells no cards in force",
            place="/current",
            remedy="add them with jitopt.resize(instance, plan), or as the field current",
        )
    choice = {row.loop: (row.container, row.cards) for row in plan.loops}
    odd = [name for name in instance.names if (name, choice.get(name, ("",))[0]) not in instance.pairs]
    if odd:
        raise InputError(
            "the plan decides every loop of the instance, with a container of its menu",
            value=odd[0],
            remedy="hand over the instance and the plan that belong together",
        )
    found = Comparison(instance, choice, Inputs(before, instance) if before is not None else None)
    loops = found.loops()
    unchanged = len(instance.names) - len(loops)
    return Changes(loops, found.changed, found.at_most, float(found.price), unchanged, instance.present)


def resize(instance: Kanban, plan: KanbanPlan, price: float = 0.0, at_most: int | None = None) -> Kanban:
    """Return the instance with the cards of a plan as those in force; loops it does not have are left out.

    price: of a card put in or taken out. at_most: cards put in or taken out, None: no cap.

    Raises
    ------
    InputError
        For the form of options, which has no cards in force, a plan of other loops, or a price or cap that cannot be.
    """
    if instance.loops is None:
        raise InputError(
            "cards in force belong to the form of loops",
            place="/current",
            remedy="describe the loops instead of options",
        )
    rows = [row for row in plan.loops or () if row.loop in instance.loop_data]
    if not rows:
        raise InputError(
            "the plan in force has cards of none of the loops",
            place="/plan/loops",
            value=plan.loops[0].loop if plan.loops else None,
            remedy="hand over the plan of the same loops, with its `loops`",
        )
    loops = {name: [getattr(row, name) for row in rows] for name in ("loop", "container", "cards")}
    changed: Kanban = instance.replace(current={"loops": loops, "price": price, "at_most": at_most})
    return changed
