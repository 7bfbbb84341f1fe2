"""`summary.md`: what was decided, at what cost, how good it is, what binds next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jitopt.network import critical_suppliers
from jitopt.planning.decided import card_rows
from jitopt.planning.indicators import costs, indicators, limits, notes, stock
from jitopt.planning.obstacles import obstacles
from jitopt.planning.resizing import change_rows, changes_of
from jitopt.planning.service import told_service
from jitopt.planning.solving import PROVEN
from jitopt.problems.figures import counted, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jitopt.planning.chain import Outcome, PlantPlan
    from jitopt.planning.indicators import Limit
    from jitopt.planning.obstacles import Obstacle
    from jitopt.planning.service import Service

__all__ = ["REPAIR", "summary"]

MOST = 12
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")
LATE = 0.9

REPAIR = "The cost of a way out is no money: it is how far each limit moves, in per cent of it, added up."

UNITS = {
    "cost_per_day": ("cost a day", "money"),
    "truck_runs_per_day": ("truck runs a day", ""),
    "cards": ("cards in circulation", ""),
    "working_capital": ("working capital (value of mean stock)", "money"),
    "working_capital_all_full": ("value of all containers full", "money"),
    "inventory_turns_per_year": ("inventory turns a year", ""),
    "days_of_cover": ("days of cover", "days"),
}


def plain(value: Any) -> str:
    """Return a value as it stands in Markdown; text of the tables is never taken as markup."""
    if value is None:
        return "-"
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
    return SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]], most: int = MOST, where: str = "") -> list[str]:
    found = [list(row) for row in rows]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in found[:most]]
    if len(found) > most:
        lines += ["", f"... and {len(found) - most} more{f', in {where}' if where else ''}."]
    return [*lines, ""]


def summary(plan: PlantPlan) -> str:
    """Return the summary of a plan as Markdown. The same plan gives the same text."""
    lines = [f"# Plan of {plain(plan.plant.name)}", "", _verdict(plan), ""]
    lines += _left_out(plan)
    lines += _steps(plan)
    lines += _why_not(plan)
    lines += _taken_back(plan)
    lines += _indicators(plan)
    lines += _changes(plan)
    lines += _service(plan)
    lines += _limits(plan)
    lines += _decisions(plan)
    lines += _risks(plan)
    lines += _warnings(plan)
    return "\n".join(lines).rstrip() + "\n"


def _verdict(plan: PlantPlan) -> str:
    checked = [outcome for outcome in plan.outcomes if outcome.result.plan is not None]
    told = {
        "planned": f"Planned: {counted(len(checked), 'decision')}, each checked rule by rule in exact arithmetic.",
        "infeasible": "No plan was found in this order of decisions: one cannot be made within what those "
        "before it left. What is in the way stands below.",
        "no_plan": "No plan was found in the time given for one of the decisions.",
        "interrupted": "Interrupted: what was decided until then stands below.",
    }[plan.status]
    if plan.not_run:
        told += f" Not decided: {', '.join(plain(name) for name in plan.not_run)}."
    return "".join([told, *(f"\n\n**Warning:** {plain(note)}." for note in notes(plan))])


def _left_out(plan: PlantPlan) -> list[str]:
    if not plan.left_out:
        return []
    lines = ["## Left out", "", f"Of the tables {counted(len(plan.left_out), 'row')} cannot be planned as written:", ""]
    for finding in plan.left_out:
        what = "its cell was emptied" if finding.keeps and finding.column != "product" else "left out"
        what = "the mean of the other days counts" if finding.keeps and finding.column == "product" else what
        why = " (it rests on a row that was left out)" if finding.follows else ""
        lines.append(f"* {plain(finding.source.rpartition('/')[2])}, {plain(finding.where)}: {plain(finding.rule)}"
                     f" (got {plain(finding.value)}); {what}{why}. Remedy: {plain(finding.remedy)}.")  # fmt: skip
    return [*lines, ""]


def _gap(outcome: Outcome) -> str:
    gap = outcome.result.gap
    if gap is None:
        return "no bound"
    return "0 % (proven best)" if gap <= PROVEN else f"at most {rounded(100 * gap, 2)} %"


def _steps(plan: PlantPlan) -> list[str]:
    rows = []
    for outcome in plan.outcomes:
        result = outcome.result
        unit = {"sourcing": f"money in {counted(len(plan.plant.days), 'day')}", "heijunka": "deviation"}
        told = unit.get(outcome.problem, "money a day")
        rows.append([outcome.name, result.status, result.objective, told, result.bound, _gap(outcome), result.proof])
    head = ["decision", "status", "objective", "unit", "bound", "away from the bound", "proof"]
    lines = ["## What was decided, and how good it is", "", *_table(head, rows, most=100)]
    cut = [plain(outcome.name) for outcome in plan.outcomes if outcome.result.stopped_by == "time_limit"]
    if cut:
        lines += [f"Cut off by the time limit, more time may find better: {', '.join(cut)}.", ""]
    return lines


def _why_not(plan: PlantPlan) -> list[str]:
    lines: list[str] = []
    found = obstacles(plan)
    for outcome in plan.outcomes:
        result = outcome.result
        if result.plan is not None:
            continue
        lines += [f"## Why there is no plan for {plain(outcome.name)}", ""]
        if not result.reasons:
            lines += [f"The search ended by {plain(result.stopped_by)} without a plan and without a proof.", ""]
            continue
        lines += ["The cheapest way out that was found, all of it together:", ""]
        lines += [_reason(reason) for reason in result.reasons]
        lines += ["", REPAIR, ""]
        for obstacle in found:
            if obstacle.step == outcome.name:
                lines += _obstacle(obstacle)
    return lines


def _reason(reason: Mapping[str, Any]) -> str:
    cost = reason.get("cost")
    told = "" if cost is None else f", at {rounded(cost, 6)} {plain(reason.get('cost_unit') or '')}".rstrip()
    return f"* {plain(reason.get('remedy'))}{told}. ({plain(reason.get('text'))})"


def _obstacle(obstacle: Obstacle) -> list[str]:
    what = "Limit" if obstacle.kind == "limit" else obstacle.kind.capitalize()
    has, needs = (f"{plain(float(value))} {obstacle.unit}".rstrip() for value in (obstacle.available, obstacle.needed))
    lines = [f"{what} {plain(obstacle.name)} has {has}. Its users need at least {needs}:", ""]
    lines += _table(obstacle.head, obstacle.rows, most=30)
    return [*lines, obstacle.remark, ""] if obstacle.remark else lines


def _room(limit: Limit) -> str:
    """Say what is left of a limit into which the smallest container, or the next delivery, does not fit."""
    left = limit.capacity - limit.used
    if left <= 0:
        return ""
    told = f" ({rounded(left, 4)} of {rounded(limit.capacity, 6)} {limit.unit} left"
    return f"{told}, the next step takes {rounded(limit.step, 4)})" if limit.step > left else f"{told})"


def _taken_back(plan: PlantPlan) -> list[str]:
    """Tell what was tried and taken back."""
    if not plan.tries:
        return []
    lines = ["## Steps taken back", ""]
    for number, found in enumerate(plan.tries, 1):
        short = "; ".join(plain(reason.get("remedy")) for reason in found.reasons)
        lines.append(
            f"{number}. {plain(found.failed)} had no plan{f' ({short})' if short else ''}: "
            f"{plain(found.why) if found.why else 'nothing else is tried'}."
        )
    return [*lines, ""]


def _indicators(plan: PlantPlan) -> list[str]:
    found = indicators(plan)
    rows: list[list[Any]] = []
    for name, value in found.items():
        if name.startswith("dock_load: "):
            rows.append([f"load of dock {name.removeprefix('dock_load: ')}", f"{100 * value:.1f} %", ""])
        else:
            rows.append([UNITS[name][0], float(value), UNITS[name][1]])
    lines = ["## Indicators", "", *_table(["indicator", "value", "unit"], rows, most=100)] if rows else []
    paid = sorted(costs(plan).items(), key=lambda entry: -entry[1])
    if paid:
        lines += ["Paid a day for:", "", *_table(["what", "money a day"], paid, most=30)]
    return lines


def _changes(plan: PlantPlan) -> list[str]:
    """Tell what becomes of the cards in force."""
    found = changes_of(plan)
    if found is None:
        return []
    lines = ["## Against the cards in force", "", f"{found.summary}.", ""]
    before, after = stock(plan, found.in_force), stock(plan, plan.decisions.cards)
    rows = [[UNITS[name][0], before.get(name), value] for name, value in after.items()]
    lines += _table(["at the demand of this plan", "cards in force", "planned"], rows)
    told = [[row["loop"], row["action"], _held(row, "_before"), _held(row, ""), row["reason"]]
            for row in sorted(change_rows(plan), key=lambda row: -row["put_in"] - row["taken_out"])]  # fmt: skip
    head = ["loop", "action", "in force", "planned", "why"]
    return lines + _table(head, told, where="changes.csv") if told else lines


def _held(row: Mapping[str, Any], when: str) -> str:
    container, cards = row[f"container{when}"], row[f"cards{when}"]
    return f"{cards} {container}" if container is not None and cards else "-"


def _service(plan: PlantPlan) -> list[str]:
    """Tell what the cards give when they are simulated."""
    if plan.service is None:
        left = bool(plan.decisions.cards) and plan.status != "interrupted"
        return ["The cards were not simulated: the time was over.", ""] if left else []
    lines = ["## What service the cards give", "", f"{told_service(plan.service)}.", ""]
    lines += [f"* {plain(loop.loop)}: {plain(loop.text)}." for loop in plan.service.weak[:MOST]]
    if len(plan.service.weak) > MOST:
        lines.append(f"* ... and {len(plan.service.weak) - MOST} more, in service.csv.")
    if plan.service.spare:
        names = ", ".join(plain(name) for name in plan.service.spare[:MOST])
        more = f" and {len(plan.service.spare) - MOST} more" if len(plan.service.spare) > MOST else ""
        lines += ["", f"Would keep their target with one card fewer: {names}{more}."]
    lines += _racks(plan.service)
    told = plan.service.simulation.evidence
    how = f"Simulated loop by loop, {told['replications']} runs of {told['days']:g} days; every loop is in service.csv."
    return [*lines, *([""] if lines[-1] else []), how, ""]


def _racks(service: Service) -> list[str]:
    """Tell how full the racks are, against all cards on full containers."""
    if not service.racks:
        return []
    rows = [[rack.rack, rack.positions, rack.cards, rack.mean, rack.often, rack.almost] for rack in service.racks]
    head = ["rack", "positions", "cards", "taken on average", "in 95 % of the time at most", "in 99.9 %"]
    return ["", "How full the racks are, where every card has its position:", "", *_table(head, rows)]


def _limits(plan: PlantPlan) -> list[str]:
    found = limits(plan)
    if not found:
        return []
    tight = [f"{limit.kind} {plain(limit.name)}{_room(limit)}" for limit in found if limit.tight]
    lines = ["## What binds, and what would bind next", ""]
    lines.append(f"Full, or nearly so: {', '.join(tight)}." if tight else "No limit is tight.")
    loose = [limit for limit in found if not limit.tight and limit.share > 0]
    if loose:
        first = max(loose, key=lambda limit: limit.share)
        growth = float(1 / first.share - 1)
        what = f"{first.kind} {plain(first.name)}"
        lines.append(f"The next to bind as demand grows: {what}, full at about {rounded(100 * growth, 2)} % more.")
    ranked = sorted(found, key=lambda limit: -limit.share)
    rows = [
        [
            limit.kind,
            limit.name,
            float(limit.used),
            float(limit.capacity),
            limit.unit,
            f"{100 * float(limit.share):.1f} %",
        ]
        for limit in ranked
    ]
    return [*lines, "", *_table(["limit", "of", "used", "capacity", "unit", "load"], rows)]


def _decisions(plan: PlantPlan) -> list[str]:
    lines: list[str] = []
    plant, decisions = plan.plant, plan.decisions
    if decisions.awards:
        spend: dict[str, float] = {}
        count: dict[str, int] = {}
        for (supplier, part), share in decisions.awards.items():
            price = plant.quote[supplier, part]["price"]
            spend[supplier] = spend.get(supplier, 0.0) + float(share * plan.analysis.need(part)) * price
            count[supplier] = count.get(supplier, 0) + 1
        rows = [
            [name, count[name], spend[name], decisions.frequencies.get(name), plant.supplier[name]["on_time"]]
            for name in sorted(spend, key=lambda name: (-spend[name], name))
        ]
        head = ["supplier", "parts", "spend a day", "delivers", "on time"]
        lines += ["## Suppliers", "", *_table(head, rows, most=30, where="sourcing.csv and delivery.csv")]
    rows = [
        [row["loop"], row["part"], row["from"], row["to"], row["quantity"], row["cards"], row["cycle"]]
        for row in sorted(card_rows(plan), key=lambda row: (-row["cards"], row["loop"]))
    ]
    if rows:
        head = ["loop", "part", "from", "to", "in a container", "cards", "cycle"]
        lines += ["## Most cards", "", *_table(head, rows, where="kanban.csv; cards.html prints them")]
    for outcome in plan.outcomes:
        if outcome.problem == "heijunka" and outcome.result.plan is not None:
            lines += _levelled(plan, outcome)
    return lines


def _levelled(plan: PlantPlan, outcome: Outcome) -> list[str]:
    sequence = getattr(outcome.result.plan, "sequence", None)
    lines = [f"## {plain(outcome.name)}, day {plan.day}", ""]
    if sequence:
        shown = " ".join(plain(product) for product in sequence[:40])
        more = f" ... {len(sequence) - 40} more" if len(sequence) > 40 else ""
        return [*lines, shown + more, ""]
    rows = outcome.result.plan.to_rows() if outcome.result.plan is not None else {}
    return lines + _table(list(rows), zip(*rows.values(), strict=True), where="the CSV of this decision")


def _risks(plan: PlantPlan) -> list[str]:
    lines: list[str] = []
    late = [
        [name, row["on_time"], sum(1 for supplier, _ in plan.decisions.awards if supplier == name)]
        for name, row in plan.plant.supplier.items()
        if row["on_time"] is not None and row["on_time"] < LATE
    ]
    if late:
        lines += [f"Suppliers that are on time less than {100 * LATE:.0f} % of the time:", ""]
        lines += _table(["supplier", "on time", "parts awarded"], late)
    critical = critical_suppliers(plan.analysis.graph)
    if critical:
        lines += ["Suppliers that alone quote a part, and the products that stop without them:", ""]
        rows = [[entry.supplier, ", ".join(entry.parts[:6]), len(entry.products)] for entry in critical]
        lines += _table(["supplier", "parts", "products"], rows)
    loops = {row["part"] for row in plan.plant.rows("loops")}
    unfit = [[item.item, "; ".join(item.reasons)] for item in plan.analysis.items.values()
             if item.item in loops and not item.pull]  # fmt: skip
    if unfit:
        lines += ["In a loop, though they do not suit pull:", "", *_table(["item", "why"], unfit)]
    return ["## What to watch", "", *lines] if lines else []


def _warnings(plan: PlantPlan) -> list[str]:
    if not plan.warnings:
        return []
    told = [f"* {plain(finding.text)}" for finding in plan.warnings]
    return ["## Suspicious figures", "", *told, ""]
