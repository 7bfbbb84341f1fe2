"""From rows to the graph of the supply network.

A node is a pair (kind, id), so that a supplier and a part may bear the same name:

| node | attributes |
|---|---|
| ("supplier", s) | lead_time [days], on_time [share] |
| ("part", p) | bought; unit_cost [money per unit] |
| ("product", i) | made here; lead_time [days] |
| ("line", l) | minutes [per day] |
| ("loop", k) | part, lead_time [days] |
| ("rack", r) | |

An edge goes the way the goods go, and says in `relation` what it stands for:

| edge | relation | attributes |
|---|---|---|
| supplier -> part | "quote" | price [money per unit], awarded [bool], share [of the part's demand] |
| part or product -> product | "bill" | quantity [units of it in one unit of the product, Fraction] |
| line -> product | "routing" | minutes [per unit, Fraction], processes [tuple of names] |
| line, rack, supplier, or the part itself where it is bought -> loop | "supplies" | |
| loop -> line or rack | "serves" | |

Numbers that decide anything are fractions; what is not told is None.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Node", "check_acyclic", "cycle_of", "item_node", "supply_network"]

Node = tuple[str, str]
"""Kind and id."""


def supply_network(
    *,
    bill: Iterable[Mapping[str, Any]],
    parts: Iterable[Mapping[str, Any]] = (),
    products: Iterable[Mapping[str, Any]] = (),
    suppliers: Iterable[Mapping[str, Any]] = (),
    quotes: Iterable[Mapping[str, Any]] = (),
    awards: Mapping[tuple[str, str], Fraction] | None = None,
    lines: Iterable[Mapping[str, Any]] = (),
    routings: Iterable[Mapping[str, Any]] = (),
    loops: Iterable[Mapping[str, Any]] = (),
) -> Any:
    """Return the supply network as a `networkx.DiGraph`; see the module for nodes and edges.

    Parameters
    ----------
    bill
        Rows of product, part, quantity; a product may be a part of another.
    parts, products, suppliers, lines
        Rows with the id under "part", "product", "supplier", "line" and the attributes of the node.
    quotes
        Rows of supplier, part, price.
    awards
        Share of a part's demand by (supplier, part), once it is decided.
    routings
        Rows of product, line, process, minutes.
    loops
        Rows of loop, part, source, target (nodes), lead_time.

    Raises
    ------
    InputError
        If a product is, through others, a part of itself; the message shows the way.
    """
    import networkx

    graph = networkx.DiGraph()
    for kind, rows in (("supplier", suppliers), ("product", products), ("line", lines)):
        for row in rows:
            graph.add_node((kind, row[kind]), kind=kind, **_others(row, kind))
    made = {name for kind, name in graph if kind == "product"}
    rows_of_bill = [dict(row) for row in bill]
    made |= {row["product"] for row in rows_of_bill}
    for row in parts:
        graph.add_node(("part", row["part"]), kind="part", **_others(row, "part"))
    for row in rows_of_bill:
        below = ("product" if row["part"] in made else "part", row["part"])
        graph.add_node(below, kind=below[0])
        graph.add_node(("product", row["product"]), kind="product")
        graph.add_edge(below, ("product", row["product"]), relation="bill", quantity=Fraction(row["quantity"]))
    check_acyclic([(row["product"], row["part"]) for row in rows_of_bill])
    _add_quotes(graph, quotes, awards or {})
    _add_routings(graph, routings)
    for row in loops:
        node = ("loop", row["loop"])
        graph.add_node(node, kind="loop", **_others(row, "loop", "source", "target"))
        for end in (row["source"], row["target"]):
            graph.add_node(end, kind=end[0])
        graph.add_edge(row["source"], node, relation="supplies")
        graph.add_edge(node, row["target"], relation="serves")
    return graph


def _others(row: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in keys}


def _add_quotes(graph: Any, quotes: Iterable[Mapping[str, Any]], awards: Mapping[tuple[str, str], Fraction]) -> None:
    for row in quotes:
        share = awards.get((row["supplier"], row["part"]))
        graph.add_node(("supplier", row["supplier"]), kind="supplier")
        graph.add_node(("part", row["part"]), kind="part")
        graph.add_edge(
            ("supplier", row["supplier"]),
            ("part", row["part"]),
            relation="quote",
            price=row.get("price"),
            awarded=bool(share),
            share=share,
        )


def _add_routings(graph: Any, routings: Iterable[Mapping[str, Any]]) -> None:
    """Add an edge per line and product: the minutes of all its processes on the line together."""
    for row in routings:
        edge = (("line", row["line"]), ("product", row["product"]))
        known: Mapping[str, Any] = {"minutes": Fraction(0), "processes": ()}
        if graph.has_edge(*edge):
            known = graph.edges[edge]
        graph.add_edge(
            *edge,
            relation="routing",
            minutes=known["minutes"] + Fraction(row["minutes"]),
            processes=(*known["processes"], row.get("process", "")),
        )


def item_node(graph: Any, item: str) -> Node:
    """Return the node of a product or part.

    Raises
    ------
    InputError
        If the network has neither of this name.
    """
    for kind in ("product", "part"):
        if (kind, item) in graph:
            return (kind, item)
    raise InputError("the network has no product or part of this name", value=item, remedy="correct the name")


def cycle_of(pairs: Iterable[tuple[str, str]]) -> list[str] | None:
    """Return a way from a product through its parts back to itself ([A, B, A]), None without one.

    pairs: (product, part) of the rows of a bill. Of several ways the one that starts with the
    earliest row.
    """
    below: dict[str, list[str]] = {}
    for product, part in pairs:
        below.setdefault(product, []).append(part)
    done: set[str] = set()
    for first in below:
        if first in done:
            continue
        way, open_parts = [first], [iter(below[first])]
        on_way = {first}
        while way:
            part = next(open_parts[-1], "")
            if not part:
                open_parts.pop()
                on_way.discard(way[-1])
                done.add(way.pop())
            elif part in on_way:
                return [*way[way.index(part) :], part]
            elif part in below and part not in done:
                way.append(part)
                on_way.add(part)
                open_parts.append(iter(below[part]))
    return None


def check_acyclic(pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse a bill in which a product is, through others, a part of itself.

    Raises
    ------
    InputError
        With the way: A -> B -> A.
    """
    way = cycle_of(pairs)
    if way is not None:
        raise InputError(
            "a product must not be a part of itself",
            place="bill",
            value=" -> ".join(way),
            remedy="remove one of these rows, or give the part an id of its own",
        )
