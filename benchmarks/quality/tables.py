"""The documented tables from the rows of a store: gaps to what is known, and ratios to the first method.

What was not solved is counted, never averaged: every mean is over jobs in which both sides have what is compared,
and says how many these are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import jitopt

__all__ = ["Table", "gap", "markdown", "notes", "summary", "table_of"]

SHIFT = 1.0
"""Seconds added before, and taken off after, a geometric mean of times."""

CLOSE = 1e-6
"""Two objectives this near to each other, relative, are a tie."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """The rows of a family, a dictionary each, as `Store.columns` names them."""

    rows: list[Row]

    @classmethod
    def of(cls, store: jitopt.Store, family: str) -> Table:
        """Return the family's rows of the store."""
        columns = store.columns()
        rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        return cls([row for row in rows if row["family"] == family])

    @property
    def instances(self) -> list[str]:
        """Names of the instances, in order."""
        return list(dict.fromkeys(row["instance"] for row in self.rows))

    def of_job(self, method: str, instance: str | None = None) -> list[Row]:
        """Return the rows of a method, by instance and seed."""
        return [row for row in self.rows if row["method"] == method and instance in (None, row["instance"])]

    def known(self, instance: str) -> tuple[float, str] | None:
        """Return what gaps are taken to, and how it is known: the optimum, else the best of what is known or found."""
        rows = [row for row in self.rows if row["instance"] == instance]
        lower, upper = rows[0]["known_lower"], rows[0]["known_upper"]
        if upper is not None and lower == upper:
            return upper, "optimum"
        found = [row["objective"] for row in rows if row["objective"] is not None]
        if any(row["status"] == "optimal" for row in rows):
            return min(found), "proven here"
        if upper is not None and upper <= min(found, default=upper) * (1 + CLOSE):
            return upper, "best known"
        return (min(found), "best here") if found else None

    def bound(self, instance: str) -> float | None:
        """Return the best bound that any method told for the instance."""
        told = [row["bound"] for row in self.rows if row["instance"] == instance and row["bound"] is not None]
        return max(told, default=None)


def gap(objective: float, best: float) -> str:
    """Return the distance to the best known value: per cent, or units where that is 0."""
    if best == 0:
        return f"+{objective:g}"
    percent = 100 * (objective - best) / abs(best)
    return "0" if abs(percent) < 1e-4 else f"{percent:+.2g} %" if abs(percent) < 10 else f"{percent:+.0f} %"


def table_of(table: Table, methods: Sequence[str]) -> str:
    """Return a row per instance: reference, best bound of any method, gap and seconds of each method; * is proven."""
    lines = []
    for instance in table.instances:
        known = table.known(instance)
        bound = table.bound(instance)
        cells = [instance, "-" if known is None else f"{known[0]:.9g} ({known[1]})"]
        cells += ["-" if known is None or bound is None else f"{bound:.9g}"]
        cells += [_cell(table.of_job(method, instance), known) for method in methods]
        lines.append(cells)
    return markdown(["instance", "reference", "best bound", *methods], lines)


def notes(table: Table) -> str:
    """Return what was told of jobs without a plan: a peer that fails must not pass for one that finds nothing."""
    told = [row for row in table.rows if row["objective"] is None and row["message"]]
    return "\n".join(f"* {row['instance']}, {row['method']}: {row['message']}" for row in told)


def _cell(rows: list[Row], known: tuple[float, str] | None) -> str:
    """Return median gap and median seconds of those with a plan, and how many that are where not all."""
    found = [row for row in rows if row["objective"] is not None]
    if not found or known is None:
        return rows[0]["status"] if rows else "-"
    star = "*" if all(row["status"] == "optimal" for row in rows) else ""
    some = "" if len(found) == len(rows) else f" ({len(found)} of {len(rows)})"
    middle = gap(median(row["objective"] for row in found), known[0])
    return f"{middle}{star}, {median(row['seconds'] for row in found):.2f} s{some}"


def summary(table: Table, methods: Sequence[str]) -> str:
    """Return a row per method: counts, and ratios to the first method over what both have."""
    first = {(row["instance"], row["seed"]): row for row in table.of_job(methods[0])}
    lines = []
    for method in methods:
        rows = table.of_job(method)
        pairs = [(row, first[row["instance"], row["seed"]]) for row in rows]
        both = [(a, b) for a, b in pairs if None not in (a["objective"], b["objective"])]
        proven = [(a, b) for a, b in pairs if a["status"] == b["status"] == "optimal"]
        lines.append(
            [
                method,
                f"{len(rows)}",
                f"{sum(row['objective'] is not None for row in rows)}",
                f"{sum(row['status'] == 'optimal' for row in rows)}",
                _mean_gap(table, rows),
                _ratio_of_objectives(both),
                _counts(both),
                _ratio(proven, "seconds", SHIFT),
                _ratio([(a, b) for a, b in both if None not in (a["first_plan"], b["first_plan"])], "first_plan", 0.01),
            ]
        )
    head = f"against {methods[0]}"
    return markdown(
        ["method", "jobs", "with plan", "proven", "mean gap", f"objective {head}", "better, tie, worse",
         "seconds to proof", "seconds to first plan"], lines
    )  # fmt: skip


def _mean_gap(table: Table, rows: Iterable[Row]) -> str:
    """Return the mean gap of the plans found; a reference of 0 has no relative gap."""
    found = [(row["objective"], table.known(row["instance"])) for row in rows if row["objective"] is not None]
    gaps = [100 * (value - known[0]) / abs(known[0]) for value, known in found if known is not None and known[0]]
    return f"{max(0.0, sum(gaps) / len(gaps)):.2g} % (n {len(gaps)})" if gaps else "-"


def _ratio_of_objectives(both: Iterable[tuple[Row, Row]]) -> str:
    pairs = [(a["objective"], b["objective"]) for a, b in both]
    kept = [(a, b) for a, b in pairs if a > 0 and b > 0]
    if not kept:
        return "-"
    ratio = exp(sum(log(a / b) for a, b in kept) / len(kept))
    left = len(pairs) - len(kept)
    return f"x {ratio:.4g} (n {len(kept)}" + (f", {left} with a 0)" if left else ")")


def _counts(both: Iterable[tuple[Row, Row]]) -> str:
    marks = [0, 0, 0]
    for a, b in both:
        difference = a["objective"] - b["objective"]
        tie = abs(difference) <= CLOSE * max(1.0, abs(b["objective"]))
        marks[1 if tie else 0 if difference < 0 else 2] += 1
    return ", ".join(map(str, marks))


def _ratio(pairs: list[tuple[Row, Row]], column: str, shift: float) -> str:
    """Return the ratio of the shifted geometric means of two columns of times."""
    if not pairs:
        return "-"
    means = [exp(sum(log(pair[side][column] + shift) for pair in pairs) / len(pairs)) - shift for side in (0, 1)]
    return f"x {means[0] / max(means[1], 1e-9):.2f} (n {len(pairs)})"


def markdown(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rows = [columns, ["---"] * len(columns), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows).replace("| ---", "|---").replace("--- |", "---|")
