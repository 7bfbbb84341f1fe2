"""Changes of an instance that change its optimum in a known way."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jitopt.problems.base import Instance, PlanT

__all__ = ["permuted", "reversed_in_time", "scaled_money"]

Data = dict[str, Any]

KINDS = {"product": "product", "before": "product", "after": "product", "sequence": "product"}
KINDS |= {
    name: name for name in ("part", "ratio", "station", "supplier", "loop", "container", "limit", "process", "consumer")
}
KINDS |= {name: name for name in ("frequency", "cluster", "truck", "dock", "storage")}
"""Whose ids a column holds."""

MONEY: dict[str, dict[str, tuple[str, ...]]] = {
    "delivery": {
        "suppliers": ("delivery_cost",),
        "clusters": ("delivery_cost",),
        "parts": ("holding_cost", "minor_cost", "line_cost", "card_cost"),
        "current": ("price",),
        "": ("major_cost",),
    },
    "heijunka": {"current": ("price",)},
    "kanban": {
        "options": ("cost",),
        "loops": ("holding_cost", "shortage_cost"),
        "containers": ("card_cost", "handling_cost"),
        "current": ("price",),
    },
    "sourcing": {
        "suppliers": ("fixed_cost",),
        "quotes": ("price", "fixed_cost", "order_cost"),
        "stock": ("holding_cost",),
        "current": ("price",),
        "": ("defect_cost", "late_cost"),
    },
}
"""Columns that hold money, by table; the weights of heijunka's objective are money too."""


def permuted(instance: Instance[PlanT], seed: int) -> Instance[PlanT]:
    """Return the instance with the rows of every table shuffled and every id renamed.

    The optimum stays the same.
    """
    rng = np.random.default_rng(seed)
    data = instance.to_dict()
    data.pop("known", None)
    names: dict[tuple[str, str], str] = {}

    def rename(kind: str, name: Any) -> Any:
        return name if not isinstance(name, str) else names.setdefault((kind, name), f"{kind} {len(names)} é")

    def shuffle(table: Data) -> Data:
        order = rng.permutation(len(next(iter(table.values())))).tolist()
        return {
            name: [rename(KINDS[name], column[row]) if name in KINDS else column[row] for row in order]
            for name, column in table.items()
        }

    if "options" in data and instance.problem == "kanban":
        data["options"]["row"] = list(range(len(data["options"]["loop"])))
    for key, value in data.items():
        if key == "current":
            data[key] = {
                name: shuffle(entry) if isinstance(entry, dict) else _renamed(rename, entry)
                for name, entry in value.items()
            }
        elif key == "previous":
            data[key] = _renamed(rename, value)
        elif isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
            data[key] = shuffle(value)
    _renumber(data)
    return type(instance).parse(data)


def _renumber(data: Data) -> None:
    """Let the uses of shuffled options name their rows anew."""
    rows = data["options"].pop("row", None) if "options" in data else None
    if rows is not None and "uses" in data:
        data["uses"]["option"] = [rows.index(option) for option in data["uses"]["option"]]


def _renamed(rename: Any, entry: Any) -> Any:
    """Rename a sequence of products; leave a number as it is."""
    return [rename("product", name) for name in entry] if isinstance(entry, list) else entry


def scaled_money(instance: Instance[PlanT], factor: int) -> Instance[PlanT]:
    """Return the instance with every price multiplied; the optimum is multiplied by the same factor."""
    data = instance.to_dict()
    data.pop("known", None)
    for term in data.get("objective", ()) if isinstance(data.get("objective"), list) else ():
        term["weight"] = _times(term.get("weight", 1), factor)
    for table, columns in MONEY[instance.problem].items():
        holder = data.get(table, {}) if table else data
        for name in columns:
            value = holder.get(name)
            if isinstance(value, list):
                holder[name] = [_times(entry, factor) for entry in value]
            elif value is not None:
                holder[name] = _times(value, factor)
    return type(instance).parse(data)


def _times(value: float | None, factor: int) -> float | None:
    return None if value is None else float(Fraction(str(value)) * factor)


def reversed_in_time(instance: Instance[PlanT]) -> Instance[PlanT] | None:
    """Return a heijunka instance with time running backwards, None where that has no meaning.

    The optimum stays the same: deviations of a schedule that meets the demand are mirrored,
    windows, spacing and runs are symmetric, fixed slots and the current plan are mirrored, and
    changeover costs are transposed.
    """
    data = instance.to_dict()
    data.pop("known", None)
    slots = instance.size().get("slots", 0)
    if any(term["term"] in ("overload", "idle") for term in data["objective"]):
        return None  # A worker carries what is late into the slots behind, not into those before.
    unpriced = data.get("changeovers") is None and any(term["term"] == "changeover" for term in data["objective"])
    if data.get("frozen") or (data.get("box") and unpriced):
        return None
    if data.get("previous") or any((data.get("ratios") or {}).get("open") or ()):
        return None  # What was built before stands on one side only, and so do the windows that are cut short.
    if "demands" in data or "setup" in data["products"]:
        return None
    if data.get("fixed"):
        data["fixed"]["position"] = [slots + 1 - position for position in data["fixed"]["position"]]
    if data.get("changeovers"):
        table = data["changeovers"]
        table["before"], table["after"] = table["after"], table["before"]
    current = data.get("current") or {}
    if "sequence" in current:
        if len(current["sequence"]) < slots:
            return None
        current["sequence"] = current["sequence"][:slots][::-1]
    if "buckets" in current:
        table = current["buckets"]
        if max(table["bucket"], default=0) > slots:
            return None
        table["bucket"] = [slots + 1 - bucket for bucket in table["bucket"]]
    return type(instance).parse(data)
