"""What every decision has in common: instance, table, plan, evaluation, rule.

The ground of the house. It imports the standard library and pydantic only: the
judge that stands on it shares no line with the models it judges.
"""

from jitopt.problems.base.canonical import canonical
from jitopt.problems.base.columns import (
    LARGEST,
    AboveZero,
    AllAboveZero,
    Amount,
    Count,
    Counts,
    Flags,
    Identifier,
    Identifiers,
    Numbers,
    OptionalAboveZero,
    OptionalCounts,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalPositives,
    OptionalServices,
    OptionalShares,
    OptionalYields,
    Positives,
    Shares,
    Signals,
    as_tuple,
)
from jitopt.problems.base.findings import Evaluation, Rule, Violation, Way, evaluation, remedy, unpriced
from jitopt.problems.base.instance import Instance, Known, room
from jitopt.problems.base.numbers import exact, tolerance, total, within_limit
from jitopt.problems.base.plan import Plan, PlanT
from jitopt.problems.base.table import Strict, Table, differ

__all__ = [
    "LARGEST",
    "AboveZero",
    "AllAboveZero",
    "Amount",
    "Count",
    "Counts",
    "Evaluation",
    "Flags",
    "Identifier",
    "Identifiers",
    "Instance",
    "Known",
    "Numbers",
    "OptionalAboveZero",
    "OptionalCounts",
    "OptionalIdentifiers",
    "OptionalNumbers",
    "OptionalPositives",
    "OptionalServices",
    "OptionalShares",
    "OptionalYields",
    "Plan",
    "PlanT",
    "Positives",
    "Rule",
    "Shares",
    "Signals",
    "Strict",
    "Table",
    "Violation",
    "Way",
    "as_tuple",
    "canonical",
    "differ",
    "evaluation",
    "exact",
    "remedy",
    "room",
    "tolerance",
    "total",
    "unpriced",
    "within_limit",
]
