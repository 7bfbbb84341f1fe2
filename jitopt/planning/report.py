"""What a plan leaves in its folder besides the results of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.formats.csv_text import guarded_csv
from jitopt.formats.strict_json import layout
from jitopt.planning.cards import cards_html
from jitopt.planning.decided import tables
from jitopt.planning.indicators import costs, indicators, limits, notes, stock
from jitopt.planning.obstacles import obstacles
from jitopt.planning.resizing import changes_of, gone
from jitopt.planning.store import slug
from jitopt.planning.summary import summary
from jitopt.planning.taken import decisions_data

if TYPE_CHECKING:
    from jitopt.planning.chain import Outcome, PlantPlan
    from jitopt.planning.store import Store

__all__ = ["FORMAT", "plan_data", "write_report"]

FORMAT = "jitopt-plan/1"


def plan_data(plan: PlantPlan) -> dict[str, Any]:
    """Return a plan as plain data: the same for the same plan, however it was come by."""
    return {
        "format": FORMAT,
        "plant": {"name": plan.plant.name, "sha256": plan.plant.sha256()},
        "status": plan.status,
        "day": plan.day,
        "steps": [_step(plan, outcome) for outcome in plan.outcomes],
        "not_run": list(plan.not_run),
        "taken_back": [found.to_dict() for found in plan.tries],
        "decisions": decisions_data(plan.decisions),
        "costs_per_day": costs(plan),
        "indicators": indicators(plan),
        "service": None if plan.service is None else plan.service.to_dict(),
        "obstacles": [obstacle.to_dict() for obstacle in obstacles(plan)],
        "changes": _changes(plan),
        "limits": [limit.to_dict() for limit in limits(plan)],
        "lines": [
            {
                "line": load.line,
                "load": float(load.load),
                "minutes_short": max(0.0, float(load.work - load.minutes)),
                "epei_days": None if load.epei is None else float(load.epei),
            }
            for load in plan.analysis.lines.values()
        ],
        "notes": notes(plan),
        "warnings": [finding.to_dict() for finding in plan.warnings],
        "left_out": [finding.to_dict() for finding in plan.left_out],
    }


def _changes(plan: PlantPlan) -> dict[str, Any] | None:
    found = changes_of(plan)
    if found is None:
        return None
    before = stock(plan, found.in_force)
    return {**found.to_dict(), "no_more": gone(plan), "indicators_before": before}


def _step(plan: PlantPlan, outcome: Outcome) -> dict[str, Any]:
    result = outcome.result
    checked = result.plan is not None and plan.judged[outcome.name].feasible
    return {
        "step": outcome.name,
        "problem": outcome.problem,
        "instance": f"{slug(outcome.name)}.instance.json",
        "result": f"{slug(outcome.name)}.result.json",
        "sha256": result.instance_sha256,
        "status": result.status,
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
        "proof": result.proof,
        "terms": dict(result.terms),
        "checked": checked,
        "reasons": [dict(reason) for reason in result.reasons],
    }


def write_report(plan: PlantPlan, store: Store) -> tuple[str, ...]:
    """Write the tables, the cards, the summary and the whole plan; return the files of the folder."""
    for name, columns in tables(plan).items():
        store.write(f"{name}.csv", guarded_csv(columns))
    if plan.decisions.cards:
        store.write("cards.html", cards_html(plan))
    store.write("plan.json", layout(plan_data(plan)) + "\n")
    store.write("summary.md", summary(plan))
    return store.close()
