"""How a column is headed and its values are written, the same on the terminal and in the report."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.comparing.study import VariantComparison

__all__ = ["VIEWS", "Column", "Shown", "View", "columns_of", "shown", "visible"]


@dataclass(frozen=True)
class Column:
    """A column as people see it.

    kind: `text`, `count`, `seconds`, `share`, `gap`, `ratio`, `change`, `p` or `value`. spread: whether
    `<name>_low` and `<name>_high` are its interval. never: word for infinity.
    """

    name: str
    head: str
    kind: str = "text"
    spread: bool = False
    never: str = "never"


@dataclass(frozen=True)
class View:
    """A table as people see it: its columns in order, under a title, with a sentence on how to read it."""

    table: str
    title: str
    columns: tuple[Column, ...]
    lead: str


@dataclass(frozen=True)
class Shown:
    """A cell: its text, and the number it sorts by (None: by its text)."""

    text: str
    key: float | None = None
    number: bool = False


GROUP = (Column("problem", "problem"), Column("family", "family"))
VARIANT = Column("variant", "variant")


DUEL = (
    Column("instances", "instances", "count"),
    Column("wins", "wins", "count"),
    Column("ties", "ties", "count"),
    Column("losses", "losses", "count"),
    Column("p", "sign test p", "p"),
    Column("p_holm", "p, Holm", "p"),
)


def _counts() -> tuple[Column, ...]:
    words = ("runs", "instances", "solved", "optimal", "feasible", "infeasible", "no_plan", "refused", "failed",
             "refuted", "unfinished")  # fmt: skip
    return tuple(Column(word, word.replace("_", " "), "count") for word in words)


VIEWS: tuple[View, ...] = (
    View(
        "contradictions",
        "Contradictions",
        (Column("kind", "kind"), *GROUP, Column("instance", "instance"), VARIANT, Column("seed", "seed", "count"),
         Column("claim", "claims"), Column("against", "but")),
        "Statements that cannot both be true. A plan was recomputed, so it outweighs a claim; the run is not counted "
        "as solved.",
    ),
    View(
        "counts",
        "How the runs ended",
        (*GROUP, VARIANT, *_counts()),
        "Every finished run of a variant, shared with the others or not. Solved: proven within the gap tolerance, or "
        "proven infeasible, and not refuted.",
    ),
    View(
        "times",
        "Time to a proof",
        (*GROUP, VARIANT, Column("instances", "instances", "count"), Column("solved_share", "solved", "share"),
         Column("at_limit", "at the limit", "count"), Column("sgm", "mean time", "seconds", True),
         Column("ratio", "ratio", "ratio", True), Column("par10", "PAR-10", "seconds", True),
         Column("sgm_all_solved", "mean where all solved", "seconds"),
         Column("instances_all_solved", "of instances", "count")),
        "Shifted geometric mean over the instances that every variant has run. Unsolved runs stand in it at the time "
        "limit, as many as stand under 'at the limit'; the mean where all solved has none.",
    ),
    View(
        "plans",
        "Plans: gaps, first plan, integrals",
        (*GROUP, VARIANT, Column("instances", "instances", "count"), Column("no_plan_pairs", "no plan", "count"),
         Column("gap_known_median", "gap to best known", "gap", never="no plan"),
         Column("improved", "improved", "count"),
         Column("gap_found_median", "gap to best found", "gap", never="no plan"),
         Column("gap_found_high", "90 % quantile", "gap", never="no plan"),
         Column("gap_bound_median", "gap to best bound", "gap", never="no plan"),
         Column("gap_own_median", "own proven gap", "gap", never="none"),
         Column("first_plan_median", "first plan", "seconds"), Column("to_target_median", "to target", "seconds"),
         Column("primal_integral", "primal integral", "value", True),
         Column("primal_dual_integral", "primal-dual integral", "value", True)),
        "Medians over instances, in which a run without a plan stands as infinity ('no plan', 'never'), not as a "
        "number; integrals are means over [0, time limit], where no plan is a gap of 1.",
    ),
    View(
        "pairs",
        "Variants two by two",
        (*GROUP, Column("measure", "by"), VARIANT, Column("other", "against"), *DUEL,
         Column("ratio", "time ratio", "ratio", True)),
        "Instances won, tied and lost by the first variant, on every instance that these two share. The test is the "
        "exact two-sided sign test; Holm's correction is over all pairs of the group for one measure.",
    ),
    View(
        "starts",
        "What a warm start brings",
        (*GROUP, Column("method", "method"), Column("start", "start"), Column("measure", "by"), *DUEL,
         Column("with", "with", "value"), Column("without", "without", "value"),
         Column("ratio", "time ratio", "ratio", True), Column("difference", "difference", "change", True),
         Column("start_seconds", "seconds for the start", "seconds")),
        "The same method, instances, seeds and settings, with the start and without; the time for making the start "
        "is counted in. With, without: by time the share solved, by plan the median gap to the best, by first plan "
        "the median of its seconds, by primal integral its mean.",
    ),
    View(
        "start_pairs",
        "Warm starts, instance by instance",
        (*GROUP, Column("instance", "instance"), Column("seed", "seed", "count"), Column("method", "method"),
         Column("start", "start"), Column("time_with", "time with", "seconds"),
         Column("time_without", "without", "seconds"), Column("first_plan_with", "first plan with", "seconds"),
         Column("first_plan_without", "without", "seconds"),
         Column("primal_integral_with", "primal integral with", "value"),
         Column("primal_integral_without", "without", "value"),
         Column("objective_with", "objective with", "number", never="no plan"),
         Column("objective_without", "without", "number", never="no plan")),
        "A time is the time to the proof; 'never' is a run that proved nothing.",
    ),
    View(
        "left_out",
        "Left out",
        (*GROUP, Column("instance", "instance"), Column("seed", "seed", "count"), Column("why", "why"),
         Column("variants", "variants")),
        "Pairs of instance and seed that some variant lacks. They stand in no figure that compares variants.",
    ),
    View(
        "runs",
        "Every run",
        (*GROUP, Column("instance", "instance"), VARIANT, Column("seed", "seed", "count"), Column("status", "status"),
         Column("objective", "objective", "number"), Column("bound", "bound", "number"),
         Column("gap_own", "own gap", "gap", never="none"),
         Column("gap_found", "gap to best found", "gap", never="no plan"),
         Column("seconds", "seconds", "seconds"), Column("first_plan", "first plan", "seconds"),
         Column("primal_integral", "primal integral", "value"), Column("message", "message")),
        "One row per job.",
    ),
)  # fmt: skip
"""The tables in the order in which they are shown."""


BY_GROUP = ("counts", "times", "plans", "pairs")


def columns_of(view: View, study: VariantComparison) -> list[Column]:
    """Return the columns that say something here: without those that are empty, or the same by default."""
    table = study.tables[view.table]
    columns = list(view.columns)
    if view.table in BY_GROUP:
        columns = [*(Column(name, name) for name in study.settings.by), *columns[len(GROUP) :]]
    if len({run.time_limit for run in study.runs}) > 1:
        columns.insert(0, Column("time_limit", "limit", "seconds"))
    size = len(next(iter(table.values()), []))
    return [c for c in columns if any(shown(table, c, row).text not in ("", "-") for row in range(size))]


def shown(columns: Mapping[str, Sequence[Any]], column: Column, row: int) -> Shown:
    """Return a cell of a table, with its interval behind it."""
    values = columns.get(column.name)
    value = None if values is None else values[row]
    if column.kind == "text":
        return Shown("" if value is None else visible(str(value)))
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Shown("-", math.inf, True)
    text = _text(value, column)
    if column.spread:
        low, high = columns[f"{column.name}_low"][row], columns[f"{column.name}_high"][row]
        if low is not None and high is not None:
            text += f" [{_text(low, column)}, {_text(high, column)}]"
    return Shown(text, float(value), True)


TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def visible(text: str) -> str:
    """Return text with control codes, and signs that reorder the text around them, made visible."""
    return "".join(
        f"\\x{ord(sign):02x}" if sign in TURNING or unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") else sign
        for sign in text
    )


def _text(value: float, column: Column) -> str:
    if math.isinf(value):
        return column.never
    kind = column.kind
    if kind == "count":
        return str(int(value))
    if kind == "share":
        return f"{100 * value:.1f} %"
    if kind == "gap":
        return "0 %" if abs(value) < 5e-7 else f"{100 * value:.2f} %" if abs(value) >= 5e-5 else f"{100 * value:.1g} %"
    if kind == "p":
        return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"
    if kind == "number":
        return f"{value:.10g}"
    if kind == "seconds":
        return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{value:+.3f}" if kind == "change" else f"{value:.3f}"
