"""A levelled line in a running plant: score what is there, tell what suppliers feel, level anew after a change."""

from __future__ import annotations

import os  # noqa: TC003 - the type of an argument
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.api import solve
from jitopt.arguments import check_instance, plan_of
from jitopt.engine.result import Result  # noqa: TC001 - the type of a field
from jitopt.errors import InputError
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
from jitopt.problems.heijunka.form import LEVEL
from jitopt.problems.heijunka.relevel import Edit, change_demand
from jitopt.problems.heijunka.score import Score
from jitopt.problems.heijunka.score import score as _score
from jitopt.problems.heijunka.slot_changes import SlotChanges, in_force, slot_changes
from jitopt.problems.heijunka.supplier_usage import Suppliers, SupplierUsage
from jitopt.problems.heijunka.supplier_usage import supplier_usage as _supplier_usage

if TYPE_CHECKING:
    from jitopt.problems.base import Plan

__all__ = ["Releveling", "figure", "relevel", "score", "supplier_usage"]


def score(instance: Heijunka, plan: Plan | Result[Any] | Mapping[str, Any] | Sequence[str], *, most: int = 5) -> Score:
    """Score any sequence or box, whoever made it: every term, every rule, and where it hurts.

    Needs no solver, in time linear in the units built and the part usages they cause (docs/problems/heijunka.md).

    Parameters
    ----------
    instance
        The line: what is to be built, and what counts.
    plan
        A plan, a result, the data of either, or a list of products. Products that the instance does not have, and
        numbers of units other than the demand, are noted and scored as far as meaning allows.
    most
        Places told of each term and rule, the worst first.

    Returns
    -------
    Score
        terms with value, share and places; rules with their breaches; the profile slot by slot.

    Raises
    ------
    InputError
        For an instance of another problem, or what is no plan.
    """
    check_heijunka("score", instance)
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise InputError("most must be a whole number of at least 0", value=most, remedy="correct it")
    return _score(instance, line_plan(instance, plan, "score"), most)


def supplier_usage(
    instance: Heijunka,
    plan: Plan | Result[Any] | Mapping[str, Any] | Sequence[str],
    *,
    period: int | None = None,
    suppliers: Suppliers | None = None,
) -> SupplierUsage:
    """Tell what each supplier feels of a sequence or box: the use of each part, period by period.

    Parameters
    ----------
    instance, plan
        As for `score`.
    period
        Slots in a period; None: a day of a box that has days, else a tenth of the slots.
    suppliers
        Who delivers each part: {part: supplier} or {part: {supplier: share}}. Parts without one are told under None.

    Raises
    ------
    InputError
        If the instance has no bill of material, a period cannot be, or no supplier delivers a part of the bill.
    """
    check_heijunka("supplier_usage", instance)
    return _supplier_usage(instance, line_plan(instance, plan, "supplier_usage"), period, suppliers)


def figure(
    instance: Heijunka,
    plan: Plan | Result[Any] | Mapping[str, Any] | Sequence[str],
    kind: str = "production",
    output: str | os.PathLike[str] | None = None,
) -> str:
    """Draw a plan as SVG; needs the extra `jitopt[figures]` (matplotlib).

    Parameters
    ----------
    instance, plan
        As for `score`.
    kind
        "production": cumulative units of the products against their ideal lines. "deviation": how far they are ahead of
        them. "usage": the same of the use of parts. "box": products by buckets (or positions).
    output
        File to write it to; None: none.

    Returns
    -------
    str
        The SVG. The same input and versions give the same text.

    Raises
    ------
    InputError
        For a kind that is none, usage without a bill of material, a box too large, or a file that cannot be written.
    JitoptError
        If matplotlib is not installed.
    """
    from jitopt.drawing import draw
    from jitopt.formats.atomic import write_text

    check_heijunka("figure", instance)
    text = draw(instance, line_plan(instance, plan, "figure"), kind)
    if output is not None:
        write_text(output, text)
    return text


def check_heijunka(call: str, instance: object) -> None:
    """Refuse what is no heijunka instance."""
    check_instance(call, instance)
    if not isinstance(instance, Heijunka):
        raise InputError(
            f"{call} takes a heijunka instance",
            value=getattr(instance, "problem", None),
            remedy="describe the line as a heijunka instance (docs/problems/heijunka.md)",
        )  # fmt: skip


def line_plan(instance: Heijunka, plan: object, call: str) -> HeijunkaPlan:
    """Return the plan in whatever was handed over; a list of products is a sequence."""
    if isinstance(plan, Sequence) and not isinstance(plan, str | bytes):
        odd = next((value for value in plan if not isinstance(value, str)), None)
        if odd is not None:
            raise InputError("a sequence is a list of products", value=odd, remedy="write their ids as text")
        plan = {"sequence": list(plan)}
    found = plan_of(instance, plan, call)
    missing = "sequence" if instance.box is None else "buckets"
    if getattr(found, missing) is None:
        raise InputError(
            f"the plan has no {missing!r}: the instance asks for "
            + ("a sequence" if instance.box is None else "a box"),
            place="/plan",
            remedy="hand over the instance and the plan that belong together",
        )
    return found


@dataclass(frozen=True)
class Releveling:
    """A line levelled anew after a change.

    instance: what is asked now; its plan in force is the old one made to fit. edits: what was done to make it fit.
    start: that plan. result: of the solve from it; its plan is never worse than the start, if that keeps the rules.
    changes: what the plan changes of the plan made to fit, slot by slot; None without a plan.
    """

    instance: Heijunka
    edits: tuple[Edit, ...]
    start: HeijunkaPlan
    result: Result[HeijunkaPlan]
    changes: SlotChanges | None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "instance": self.instance.to_dict(),
            "edits": [edit.to_dict() for edit in self.edits],
            "result": self.result.to_dict(),
            "changes": None if self.changes is None else self.changes.to_dict(),
        }


def relevel(
    instance: Heijunka,
    current: Plan | Result[Any] | Mapping[str, Any] | Sequence[str],
    *,
    change: Mapping[str, int] | None = None,
    withdrawn: Sequence[int] = (),
    missing: Mapping[str, int] | None = None,
    frozen: int = 0,
    price: float = 0.0,
    at_most: int | None = None,
    method: str = "auto",
    time_limit: float = 0.9,
    seed: int = 0,
    threads: int | None = None,
) -> Releveling:
    """Level a line anew after a change, from the plan in force.

    Parameters
    ----------
    instance
        The line as it was asked.
    current
        The plan in force: a plan, a result, the data of either, or a list of products.
    change
        Units of products more (or fewer, if negative). Fewer are taken from the end, more put in evenly.
    withdrawn
        Slots of the plan in force whose unit is not built.
    missing
        {part, product or ratio rule (its option): first slot that has it again}. What needs it is put off, everything
        else moves up in its order; the slots before are frozen so.
    frozen
        Leading slots that are built or must stay.
    price
        Of a unit that stands where the plan made to fit has another [cost].
    at_most
        Cap on such units; None: none.
    method, time_limit, seed, threads
        As for `jitopt.solve`; the time is that of the whole call. With "auto" and less than `SHORT` seconds, where no
        exact algorithm suits the instance, the heuristic has all the time: no exact road would come to anything in it.

    Returns
    -------
    Releveling
        The judged plan with its bound (None where nothing is proven), and the changes with their reasons.

    Raises
    ------
    InputError
        For a product, part or slot that does not exist, units that are built already, or a keyword that cannot be.
    """
    began = time.monotonic()
    check_heijunka("relevel", instance)
    plan = line_plan(instance, current, "relevel")
    found = change_demand(instance, plan, change or {}, withdrawn, missing, frozen, price, at_most)
    start = in_force(found.instance)
    if method == "auto" and time_limit < SHORT:
        method = _quick(found.instance)
        if method != "auto":
            threads = 1  # it needs no more, and "auto" has left a warm worker of one thread
    # What telling the changes will take is known from the plan in force.
    scoring = time.monotonic()
    scored = _score(found.instance, start, 0)
    now = time.monotonic()
    left = max(0.05, began + time_limit - now - RESERVE * (now - scoring))
    result = solve(found.instance, method=method, time_limit=left, seed=seed, threads=threads, start=start)
    changes = None if result.plan is None else slot_changes(found.instance, result.plan, start, scored)
    return Releveling(found.instance, found.edits, start, result, changes)


RESERVE = 1.5
"""Time kept for telling the changes, as a multiple of what scoring the plan in force takes."""

SHORT = 5.0
"""Seconds below which levelling anew leaves the exact roads out, unless an exact algorithm suits the instance."""

FEW = 60
"""Up to so many slots the exact roads are worth their while even then."""


def _quick(instance: Heijunka) -> str:
    """Return the method for a short time: "auto" where it ends with an exact algorithm or a special heuristic."""
    pure = instance.forms() - {LEVEL}
    return "auto" if pure or instance.slots <= FEW else "heijunka_level"
