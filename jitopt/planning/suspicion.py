"""Figures that look as if a unit had been mixed up (factor 1,000). They are told, never changed.

A value is compared with the median of like values on a logarithmic scale. It is suspicious when
it lies a factor of `NEAR` (values of the same thing: prices of a part, days of a product) or of
`FAR` (values of different things that usually resemble each other: days that a full container
lasts, weight of a full container) above or below.

| what | like values | factor |
|---|---|---|
| price of a quote, unit cost of a part | unit cost and all prices of that part | 30 |
| quantity of a demand | other days of the product | 30 |
| pack | days of demand in a full container, over all parts | 200 |
| weight, cube | weight or cube of a full container, over all parts | 200 |
| quantity of a bill row | the same part in other products | 30 |
| minutes of a routing, lead time of a supplier | all routings, all suppliers | 200 |
| demand of a product (its mean) | all products | 300 |
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.planning.draft import Draft, Row
    from jitopt.planning.findings import Finding

__all__ = ["suspicious"]

NEAR, FAR, WIDE = 30.0, 200.0, 300.0
LEAST = 3
"""Like values that are needed for a comparison across different things."""

MANY = 50
"""From so many like values on, one more or less does not move the median."""


@dataclass(frozen=True)
class _Value:
    """A figure to compare: where it stands, and the measure that is compared."""

    table: str
    row: Row
    column: str
    measure: float


def suspicious(draft: Draft) -> list[Finding]:
    """Return a finding for every figure that is out of all proportion to its like."""
    found: list[Finding] = []
    for group in _prices(draft):
        found += _outliers(draft, group, NEAR, "other values of the same part", least=2)
    for group in _grouped(draft, "demand", "product", "quantity"):
        found += _outliers(draft, group, NEAR, "other days of the same product")
    for group in _grouped(draft, "bill", "part", "quantity"):
        found += _outliers(draft, group, NEAR, "the same part in other products", least=2)
    usage = _usage(draft)
    packs = [(row, row.get("pack") / usage[row.get("part")]) for row in draft.rows("parts") if usage[row.get("part")]]
    found += _outliers(draft, _values("parts", "pack", packs), FAR, "what other containers hold, in days of demand")
    for column in ("weight", "cube"):
        full = [(row, row.get("pack") * (row.get(column) or 0)) for row in draft.rows("parts")]
        found += _outliers(draft, _values("parts", column, full), FAR, f"the {column} of other full containers")
    minutes = [(row, row.get("minutes")) for row in draft.rows("routings")]
    found += _outliers(draft, _values("routings", "minutes", minutes), FAR, "other routings")
    times = [(row, row.get("lead_time")) for row in draft.rows("suppliers")]
    found += _outliers(draft, _values("suppliers", "lead_time", times), FAR, "other suppliers")
    found += _outliers(draft, _means(draft), WIDE, "other products")
    return found


def _values(table: str, column: str, rows: Iterable[tuple[Row, float]]) -> list[_Value]:
    return [_Value(table, row, column, float(measure)) for row, measure in rows if measure]


def _prices(draft: Draft) -> list[list[_Value]]:
    groups: dict[Any, list[_Value]] = defaultdict(list)
    for row in draft.rows("parts"):
        groups[row.get("part")].append(_Value("parts", row, "unit_cost", row.get("unit_cost")))
    for row in draft.rows("quotes"):
        groups[row.get("part")].append(_Value("quotes", row, "price", row.get("price")))
    return list(groups.values())


def _grouped(draft: Draft, table: str, key: str, column: str) -> list[list[_Value]]:
    groups: dict[Any, list[_Value]] = defaultdict(list)
    for row in draft.rows(table):
        if row.get(column):
            groups[row.get(key)].append(_Value(table, row, column, row.get(column)))
    return list(groups.values())


def _means(draft: Draft) -> list[_Value]:
    """Return the mean demand of each product, at its first row."""
    return [
        _Value("demand", group[0].row, "quantity", sum(value.measure for value in group) / len(group))
        for group in _grouped(draft, "demand", "product", "quantity")
    ]


def _usage(draft: Draft) -> dict[Any, float]:
    """Return the units of each part a day, roughly: the bill is followed as deep as it goes."""
    days = len({row.get("day") for row in draft.rows("demand")}) or 1
    need: dict[Any, float] = defaultdict(float)
    for row in draft.rows("demand"):
        need[row.get("product")] += row.get("quantity") / days
    level = dict(need)
    for _ in range(50):
        below: dict[Any, float] = defaultdict(float)
        for row in draft.rows("bill"):
            below[row.get("part")] += level.get(row.get("product"), 0.0) * row.get("quantity")
        level = {item: units for item, units in below.items() if units}
        for item, units in level.items():
            need[item] += units
        if not level:
            break
    return need


def _outliers(draft: Draft, values: list[_Value], factor: float, like: str, least: int = LEAST) -> list[Finding]:
    """Return a finding for each value a `factor` away from the median of the others."""
    found: list[Finding] = []
    if len(values) < least:
        return found
    overall = median(value.measure for value in values) if len(values) > MANY else 0.0
    for place, value in enumerate(values):
        others = (other.measure for at, other in enumerate(values) if at != place)
        usual = overall or median(others)
        ratio = value.measure / usual
        if 1 / factor < ratio < factor:
            continue
        told = f"{ratio:.3g} times" if ratio > 1 else f"a {1 / ratio:.3g}th of"
        rule = f"suspicious: {told} the median of {like}; a unit may be mixed up (factor 1,000)"
        remedy = "check the unit; if the figure is right, nothing needs to be done"
        found.append(draft.finding(value.table, value.row, value.column, rule, remedy))
    return found
