"""What a plan changes of the cards in force: every loop with its reasons, and those that are no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.planning.steps.kanban import OWN
from jitopt.problems.kanban.changes import Changes, changes

if TYPE_CHECKING:
    from jitopt.planning.chain import PlantPlan

__all__ = ["GONE", "change_rows", "changes_of", "gone"]

GONE = "no plan has this loop now: nothing is asked of it, or another supplier has its part"


def changes_of(plan: PlantPlan) -> Changes | None:
    """Return what a plan changes; None of a plant that tells no cards in force, or without cards."""
    outcome = plan.outcome("kanban")
    instance: Any = outcome.instance if outcome is not None else None
    if outcome is None or outcome.result.plan is None or instance.current is None:
        return None
    return changes(instance, outcome.result.plan)


def gone(plan: PlantPlan) -> list[dict[str, Any]]:
    """Return the rows of the cards in force whose loops the plan does not have; they count towards no cap."""
    known = set(plan.decisions.cards)
    return [row for row in plan.plant.rows("current") if row["cards"] and row["loop"] not in known]


def change_rows(plan: PlantPlan) -> list[dict[str, Any]]:
    """Return a row for every loop that changes, or stays though it should change, as it is written to changes.csv."""
    found = changes_of(plan)
    if found is None:
        return []
    outcome = plan.outcome("kanban")
    assert outcome is not None, "there are changes only of a plan"
    instance: Any = outcome.instance
    table = instance.loops
    at = {loop: row for row, loop in enumerate(table.loop)}
    columns = found.to_rows()
    rows = []
    for number, loop in enumerate(columns["loop"]):
        row = {name: column[number] for name, column in columns.items()}
        place = {"part": table.part[at[loop]], "from": table.process[at[loop]], "to": table.consumer[at[loop]]}
        rows.append({"loop": row.pop("loop"), **place, **row})
    return rows + [_gone_row(plan, row) for row in gone(plan)]


def _gone_row(plan: PlantPlan, row: dict[str, Any]) -> dict[str, Any]:
    names = {told["loop"]: told for told in plan.plant.rows("loops")}
    loop = names.get(row["loop"]) or names[row["loop"].rpartition(" (")[0]]
    told = plan.plant.part.get(loop["part"]) or plan.plant.product[loop["part"]]
    return {
        "loop": row["loop"], "part": loop["part"], "from": loop["from"], "to": loop["to"], "action": "take out",
        "container_before": row["container"] or told["container"] or OWN, "cards_before": row["cards"],
        "container": None, "cards": 0, "put_in": 0, "taken_out": row["cards"], "needed": 0, "reason": GONE,
    }  # fmt: skip
