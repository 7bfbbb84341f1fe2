"""Do the tables of a plant fit together? Each check looks at the whole draft and names rows."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jitopt.network import cycle_of
from jitopt.planning.findings import CELLS
from jitopt.planning.tables import COSTS, REQUIRED, REQUIRED_COSTS, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from jitopt.planning.draft import Draft, Row
    from jitopt.planning.findings import Finding

__all__ = ["fit", "whole_plant"]

REFERENCES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("suppliers", "truck", ("trucks",)),
    ("suppliers", "dock", ("docks",)),
    ("suppliers", "cluster", ("clusters",)),
    ("clusters", "truck", ("trucks",)),
    ("parts", "storage", ("racks",)),
    ("products", "line", ("lines",)),
    ("products", "storage", ("racks",)),
    ("quotes", "supplier", ("suppliers",)),
    ("quotes", "part", ("parts",)),
    ("bill", "product", ("products",)),
    ("bill", "part", ("parts", "products")),
    ("demand", "product", ("products",)),
    ("routings", "product", ("products",)),
    ("routings", "line", ("lines",)),
    ("loops", "part", ("parts", "products")),
    ("loops", "from", ("suppliers", "lines", "racks")),
    ("loops", "to", ("lines", "racks")),
    ("allowed", "supplier", ("suppliers",)),
    ("allowed", "frequency", ("frequencies",)),
    ("packs", "part", ("parts", "products")),
    ("packs", "container", ("containers",)),
)
"""Table, column, and the tables in one of which its value must stand."""


def fit(draft: Draft, told: Container[Any] = ()) -> list[Finding]:
    """Return every row that does not fit to the others, as the first check says that has something new to tell.

    told: keys of the findings that are known already.
    """
    for check in CHECKS:
        found = [finding for finding in check(draft) if finding.key not in told]
        if found:
            return found
    return []


def readable(draft: Draft) -> list[Finding]:
    """Return what can be said of keys and references while some tables cannot be read."""
    found = [finding for finding in _unique(draft) if finding.table not in draft.unread]
    return found + [finding for finding in _references(draft) if not finding.follows]


def whole_plant(draft: Draft) -> list[Finding]:
    """Return what is missing for any plan at all; it follows where rows were left out that would have told it."""
    told = {row.get("cost") for row in draft.rows("costs")}
    written = {str(row.cells.get("cost")).strip() for row in draft.sheets["costs"].rows}
    found = [
        replace(
            draft.finding("costs", None, "cost", f"the plant needs the row {name!r}", f"add it: {COSTS[name]}"),
            follows=name in written,
        )
        for name in REQUIRED_COSTS
        if name not in told
    ]
    if not any(row.get("quantity") for row in draft.rows("demand")):
        rule, remedy = "nothing is demanded", "write the demand of a product"
        lost = len(draft.rows("demand")) < len(draft.sheets["demand"].rows)
        found.append(replace(draft.finding("demand", None, "quantity", rule, remedy), follows=lost))
    rule, remedy = "no sound row is left in the table", "correct the rows that were left out"
    return found + [
        replace(draft.finding(table, None, "", rule, remedy), follows=True)
        for table in REQUIRED
        if not draft.rows(table)
    ]


def _unique(draft: Draft) -> list[Finding]:
    found = []
    for table, kind in TABLES.items():
        first: dict[tuple[Any, ...], int] = {}
        label = " and ".join(kind.KEY)
        for row in draft.rows(table):
            key = tuple(row.get(name) for name in kind.KEY)
            if key in first:
                rule = f"each {label} may appear only once; row {first[key]} has it already"
                value = key[0] if len(key) == 1 else " / ".join(map(str, key))
                found.append(draft.finding(table, row, kind.KEY[-1], rule, "remove or rename the repeated row", value))
            first.setdefault(key, row.number)
    return found


def _references(draft: Draft) -> list[Finding]:
    known = {table: draft.keys(table) for table in TABLES if len(TABLES[table].KEY) == 1}
    found = []
    references = REFERENCES
    if "containers" in draft.sheets:
        references += (("parts", "container", ("containers",)), ("products", "container", ("containers",)))
    for table, column, targets in references:
        if table in draft.unread or draft.unread.intersection(targets):
            continue
        for row in draft.rows(table):
            value = row.get(column)
            if value is None or any(value in known[target] for target in targets):
                continue
            words = " or ".join(targets)
            rule, remedy = f"{column} must be one of the {words}", f"add it to the {words}, or correct the name"
            meant = draft.alike(value, targets)
            if meant is not None:
                remedy += f" (like {meant!r})"
            finding = draft.finding(table, row, column, rule, remedy)
            follows = any((target, value) in draft.broken for target in targets)
            if follows:
                finding = replace(finding, remedy=f"mend the row of {value!r} in the {words}; this row is sound")
            found.append(replace(finding, follows=follows, keeps=follows and column in CELLS and table != "packs"))
    return found


def _items(draft: Draft) -> list[Finding]:
    products = draft.keys("products")
    found = []
    for row in draft.rows("parts"):
        if row.get("part") in products:
            rule = "a part must not bear the name of a product"
            found.append(draft.finding("parts", row, "part", rule, "rename one; a product may be a part of another"))
    return found


def _cycles(draft: Draft) -> list[Finding]:
    rows = {(row.get("product"), row.get("part")): row for row in draft.rows("bill")}
    way = cycle_of(rows)
    if way is None:
        return []
    closing = max((rows[pair] for pair in itertools.pairwise(way)), key=lambda row: row.number)
    remedy = "remove one of the rows of this way, or give the part an id of its own"
    rule = "a product must not, through others, be a part of itself: the bill has a cycle"
    return [draft.finding("bill", closing, "part", rule, remedy, " -> ".join(way))]


def _suppliers(draft: Draft) -> list[Finding]:
    quoted = {row.get("part") for row in draft.rows("quotes")}
    used = {row.get("part") for row in draft.rows("bill")}
    lost = {_plain(row.cells.get("part")) for row in draft.sheets["quotes"].rows}
    # A quote that was left out for the name of its part may have been the quote that is missed here.
    lost |= {draft.alike(name, ("parts",)) or name for name in lost - {str(part) for part in draft.keys("parts")}}
    found = []
    for row in draft.rows("parts"):
        if row.get("part") in used and row.get("part") not in quoted:
            rule = "a part that is used needs a supplier; nobody quotes this one"
            finding = draft.finding("parts", row, "part", rule, "add a row to the quotes, or take it from the bill")
            found.append(replace(finding, follows=str(row.get("part")) in lost))
    return found


def _horizon(draft: Draft) -> list[Finding]:
    """No product tells a day after the horizon of the others: such a day would be missing for all of them."""
    days = _days(draft)
    most = max((len(told) for told in days.values()), default=0)
    count = Counter(day for told in days.values() for day in told)
    rule = f"the other products have demand of {most} days; this day lies beyond them"
    return [
        draft.finding("demand", row, "day", rule, "correct the day, or write it for every product")
        for row in draft.rows("demand")
        if row.get("day") > most and 2 * count[row.get("day")] <= len(days)
    ]


def _days(draft: Draft) -> dict[Any, set[int]]:
    """Return the days that each product tells."""
    days: dict[Any, set[int]] = {}
    for row in draft.rows("demand"):
        days.setdefault(row.get("product"), set()).add(row.get("day"))
    return days


def _demand(draft: Draft) -> list[Finding]:
    """Every product that is demanded has a row for every day of the horizon."""
    days = _days(draft)
    horizon = set().union(*days.values()) if days else set()
    # A row that was left out told one of the days that are missing now, even if that day cannot be read.
    told_in_file = Counter(_plain(row.cells.get("product")) for row in draft.sheets["demand"].rows)
    first: dict[Any, Row] = {}
    for row in draft.rows("demand"):
        first.setdefault(row.get("product"), row)
    lost = {(_plain(row.cells.get("product")), _plain(row.cells.get("day"))) for row in draft.sheets["demand"].rows}
    products = {str(product) for product in draft.keys("products")}
    misnamed = {day for product, day in lost if product not in products}
    found = []
    for product, told in days.items():
        missing = sorted(day for day in horizon - told if (product, str(day)) not in lost)
        if missing:
            rule = f"a product with demand needs a row for every day of the horizon; day {missing[0]} is missing"
            finding = draft.finding("demand", first[product], "product", rule, "write 0 where nothing is asked")
            follows = told_in_file[product] >= len(horizon) or misnamed.issuperset(map(str, missing))
            found.append(replace(finding, keeps=True, follows=follows))
    return found


def _plain(cell: Any) -> str:
    """Return a raw cell as an id is written."""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _costs(draft: Draft) -> list[Finding]:
    return [
        draft.finding("costs", row, "value", "days_per_year must be above 0", "write the working days in a year")
        for row in draft.rows("costs")
        if row.get("cost") == "days_per_year" and not row.get("value")
    ]


def _packs(draft: Draft) -> list[Finding]:
    own = {row.get("part"): row.get("container") for row in draft.rows("parts")}
    own |= {row.get("product"): row.get("container") for row in draft.rows("products")}
    rule = "the packs are further containers; this is the part's own"
    return [
        draft.finding("packs", row, "container", rule, "remove the row, or change the part's container")
        for row in draft.rows("packs")
        if own.get(row.get("part")) == row.get("container")
    ]


def _loops(draft: Draft) -> list[Finding]:
    known = {table: draft.keys(table) for table in ("parts", "products", "lines", "racks", "suppliers")}
    bought_before: dict[Any, Row] = {}
    found = []
    for row in draft.rows("loops"):
        for column, rule, remedy in _loop(row, known):
            found.append(draft.finding("loops", row, column, rule, remedy))
        if row.get("part") in known["parts"] and row.get("from") not in known["racks"]:
            other = bought_before.setdefault(row.get("part"), row)
            if other is not row:
                rule = f"a part has one loop from its supplier; row {other.number} is that of this part already"
                remedy = "bring it to a rack and withdraw it to the lines by loops from that rack"
                found.append(draft.finding("loops", row, "part", rule, remedy))
    return found


def _loop(row: Row, known: dict[str, dict[Any, Row]]) -> list[tuple[str, str, str]]:
    """Return (column, rule, remedy) of everything that is wrong with a loop."""
    part, origin, to = row.get("part"), row.get("from"), row.get("to")
    bought, withdrawn = part in known["parts"], origin in known["racks"]
    rack = known["parts" if bought else "products"][part].get("storage")
    found = []
    if not bought and (origin is None or origin in known["suppliers"]):
        found.append(("from", "a product comes from a line or a rack", "name the line that makes it"))
    if bought and origin in known["lines"]:
        found.append(("from", "a bought part comes from a supplier or a rack", "leave the cell empty"))
    if withdrawn and origin != rack:
        found.append(("from", "a part is withdrawn from the rack that is its storage", "correct one of the two"))
    if not withdrawn and to in known["racks"] and to != rack:
        found.append(("to", "a part is brought to the rack that is its storage", "correct one of the two"))
    if not bought and not withdrawn and known["products"][part].get("pack") is None:
        found.append(("part", "a product in a loop needs a pack", "write its pack in the table products"))
    if bought and not withdrawn:
        told = next((name for name in ("lead_time", "interval", "safety") if row.get(name) is not None), None)
        if told is not None:
            where = "the safety of the part" if told == "safety" else "the supplier and the delivery frequency"
            found.append((told, f"the {told} of a bought part comes from {where}", "leave the cell empty"))
    elif row.get("lead_time") is None:
        found.append(("lead_time", "a loop within the plant needs a lead time", "write it in days"))
    if row.get("service") is not None and row.get("safety") is not None:
        found.append(("safety", "a loop has a service target or a safety share, not both", "leave one cell empty"))
    least, most = row.get("minimum"), row.get("maximum")
    if least is not None and most is not None and least > most:
        found.append(("maximum", "the maximum must not be below the minimum", "correct one of the two"))
    return found


def _current(draft: Draft) -> list[Finding]:
    """The cards in force belong to loops, and stand in containers that are known."""
    loops, suppliers = draft.keys("loops"), draft.keys("suppliers")
    shared = {f"{loop} ({supplier})" for loop in loops for supplier in suppliers} if draft.rows("current") else set()
    kinds = {
        row.get("container") for table in ("parts", "products", "packs", "containers") for row in draft.rows(table)
    }
    found = []
    for row in draft.rows("current"):
        loop = row.get("loop")
        if loop not in loops and loop not in shared:
            rule, remedy = "loop must be one of the loops", "add it to the loops, or correct the name"
            finding = draft.finding("current", row, "loop", rule, remedy)
            broken = {str(key) for table, key in draft.broken if table == "loops"}
            follows = loop in broken or str(loop).rpartition(" (")[0] in broken
            found.append(replace(finding, follows=follows))
        elif row.get("container") not in kinds | {None}:
            rule, remedy = "container must be one that a part stands in", "add it to the containers, or correct it"
            found.append(draft.finding("current", row, "container", rule, remedy))
    costs = {row.get("cost"): row for row in draft.rows("costs")}
    for name in ("change_cost", "change_budget"):
        if name in costs and "current" not in draft.sheets:
            rule = f"the row {name!r} needs the cards in force"
            found.append(draft.finding("costs", costs[name], "cost", rule, "add the table current, or remove the row"))
    budget = costs.get("change_budget")
    if budget is not None and budget.get("value") != int(budget.get("value")):
        rule, remedy = "change_budget counts cards", "write a whole number"
        found.append(draft.finding("costs", budget, "value", rule, remedy))
    return found


CHECKS: tuple[Callable[[Draft], list[Finding]], ...] = (
    _unique, _references, _items, _cycles, _suppliers, _horizon, _demand, _costs, _packs, _loops,
    _current,
)  # fmt: skip
"""In this order: a later check relies on what an earlier one has made sure of."""
