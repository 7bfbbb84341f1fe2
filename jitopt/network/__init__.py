"""The supply network of a plant as a directed graph, and what can be read from it.

`supply_network` makes a `networkx.DiGraph` of plain rows; the other functions ask it: gross
requirements through a bill of several levels, cumulative lead times, where a part is used, which
suppliers nobody could replace. networkx is imported when a graph is made, not before.
"""

from jitopt.network.build import Node, check_acyclic, cycle_of, item_node, supply_network
from jitopt.network.queries import (
    CriticalSupplier,
    critical_suppliers,
    cumulative_lead_time,
    per_unit,
    requirements,
    requirements_of,
    suppliers_of,
    where_used,
)

__all__ = [
    "CriticalSupplier",
    "Node",
    "check_acyclic",
    "critical_suppliers",
    "cumulative_lead_time",
    "cycle_of",
    "item_node",
    "per_unit",
    "requirements",
    "requirements_of",
    "suppliers_of",
    "supply_network",
    "where_used",
]
