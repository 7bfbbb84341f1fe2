"""Questions to a supply network: requirements, lead times, uses, suppliers nobody could replace."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.errors import InputError
from jitopt.network.build import Node, item_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CriticalSupplier",
    "critical_suppliers",
    "cumulative_lead_time",
    "per_unit",
    "requirements",
    "requirements_of",
    "suppliers_of",
    "where_used",
]


class CriticalSupplier(NamedTuple):
    """A supplier without whom parts cannot be had.

    parts: those that it alone quotes. products: those that could not be built without them.
    """

    supplier: str
    parts: tuple[str, ...]
    products: tuple[str, ...]


def requirements(graph: Any, demand: Mapping[str, Fraction | int]) -> dict[str, Fraction]:
    """Return the gross requirements of every product and part for a demand, through all levels.

    Parameters
    ----------
    graph
        A supply network.
    demand
        Units of each product (or part, as a spare) asked for from outside.

    Returns
    -------
    dict
        Units of each product and part, exact: its own demand and what everything above it takes.

    Raises
    ------
    InputError
        For a demand of something the network does not have.
    """
    return requirements_of(graph, [demand])[0]


def requirements_of(graph: Any, demands: Iterable[Mapping[str, Fraction | int]]) -> list[dict[str, Fraction]]:
    """Return the gross requirements of several demands; the bill is put in order once."""
    bill, order = _bill(graph)
    found = []
    for demand in demands:
        need = dict.fromkeys(order, Fraction(0))
        for item, units in demand.items():
            need[item_node(graph, item)] += Fraction(units)
        for node in reversed(order):
            if need[node]:
                for below, quantity in bill.below[node]:
                    need[below] += need[node] * quantity
        found.append({name: units for (_, name), units in need.items()})
    return found


def per_unit(graph: Any, product: str) -> dict[str, Fraction]:
    """Return the units of everything that goes into one unit of a product (itself left out)."""
    need = requirements(graph, {product: 1})
    return {item: units for item, units in need.items() if units and item != product}


def where_used(graph: Any, item: str) -> dict[str, Fraction]:
    """Return the products an item goes into, directly or through others, with its units in one unit of each."""
    bill, order = _bill(graph)
    return _uses(bill, order, item_node(graph, item))


def _uses(bill: _Bill, order: list[Node], first: Node) -> dict[str, Fraction]:
    units: dict[Node, Fraction] = {first: Fraction(1)}
    for node in order[order.index(first) :]:
        for above, quantity in bill.above[node] if node in units else ():
            units[above] = units.get(above, Fraction(0)) + units[node] * quantity
    return {node[1]: amount for node, amount in units.items() if node != first}


def suppliers_of(graph: Any, part: str) -> dict[str, Mapping[str, Any]]:
    """Return the suppliers that quote a part, or once there is an award those that have it, with the edge's data."""
    node = item_node(graph, part)
    edges = {edge[0][1]: edge[2] for edge in graph.in_edges(node, data=True) if edge[2]["relation"] == "quote"}
    awarded = {supplier: data for supplier, data in edges.items() if data["awarded"]}
    return awarded or edges


def cumulative_lead_time(graph: Any, item: str) -> tuple[Fraction, list[str]]:
    """Return the longest time from an order to the item in hand, and the way it takes.

    A bought part takes the longest lead time of the suppliers that have its award (before there is
    one: of those that quote it); a product its own lead time behind the slowest thing it is made
    of. Lead times that are not told count as 0.

    Returns
    -------
    tuple
        Days, and the way from the slowest supplier to the item.

    Raises
    ------
    InputError
        For an item the network does not have.
    """
    found: dict[Node, tuple[Fraction, list[str]]] = {}
    first = item_node(graph, item)
    stack = [first]
    while stack:
        node = stack[-1]
        below = [edge[0] for edge in graph.in_edges(node, data=True) if edge[2]["relation"] == "bill"]
        waiting = [other for other in below if other not in found]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        found[node] = _lead_time(graph, node, [found[other] for other in below])
    return found[first]


def _lead_time(graph: Any, node: Node, below: list[tuple[Fraction, list[str]]]) -> tuple[Fraction, list[str]]:
    own = Fraction(graph.nodes[node].get("lead_time") or 0)
    if node[0] == "part":
        times = [
            (Fraction(graph.nodes["supplier", supplier].get("lead_time") or 0), supplier)
            for supplier in suppliers_of(graph, node[1])
        ]
        below = [(days, [supplier]) for days, supplier in times]
    longest, way = max(below, key=lambda entry: (entry[0], entry[1]), default=(Fraction(0), []))
    return own + longest, [*way, node[1]]


def critical_suppliers(graph: Any) -> list[CriticalSupplier]:
    """Return the suppliers that alone quote some part, the one that stops most products first."""
    parts: dict[str, list[str]] = {}
    for kind, part in list(graph):
        if kind != "part":
            continue
        quoting = [e[0][1] for e in graph.in_edges((kind, part), data=True) if e[2]["relation"] == "quote"]
        if len(quoting) == 1:
            parts.setdefault(quoting[0], []).append(part)
    bill, order = _bill(graph)
    found = []
    for supplier, alone in parts.items():
        products = {product for part in alone for product in _uses(bill, order, ("part", part))}
        found.append(CriticalSupplier(supplier, tuple(sorted(alone)), tuple(sorted(products))))
    return sorted(found, key=lambda entry: (-len(entry.products), -len(entry.parts), entry.supplier))


class _Bill(NamedTuple):
    """The bill of material within a network: what goes into each node, and what each goes into, with quantities."""

    below: dict[Node, list[tuple[Node, Fraction]]]
    above: dict[Node, list[tuple[Node, Fraction]]]


def _bill(graph: Any) -> tuple[_Bill, list[Node]]:
    """Return the bill of material within the network, and its nodes, each behind what goes into it."""
    import networkx

    nodes = [node for node, data in graph.nodes(data=True) if data["kind"] in ("part", "product")]
    bill = _Bill({node: [] for node in nodes}, {node: [] for node in nodes})
    ways = networkx.DiGraph()
    ways.add_nodes_from(nodes)
    for below, above, data in graph.edges(data=True):
        if data["relation"] == "bill":
            bill.below[above].append((below, data["quantity"]))
            bill.above[below].append((above, data["quantity"]))
            ways.add_edge(below, above)
    try:
        return bill, list(networkx.topological_sort(ways))
    except networkx.NetworkXUnfeasible:
        raise InputError("a product must not be a part of itself", place="bill", remedy="correct the bill") from None
