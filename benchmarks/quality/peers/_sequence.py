"""A sequence as plain data: which products carry an option, which use a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.heijunka import HeijunkaPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.heijunka import Heijunka

__all__ = ["carriers", "sequence_of", "usage"]


def carriers(instance: Heijunka) -> list[tuple[list[int], int, int]]:
    """Return for each ratio rule the products with the option, and its p and q."""
    ratios, options = instance.ratios, instance.options
    assert ratios is not None and options is not None
    products = list(instance.products.product)
    members: dict[str, list[int]] = {ratio: [] for ratio in ratios.ratio}
    for product, ratio in zip(options.product, options.ratio, strict=True):
        members[ratio].append(products.index(product))
    return [(members[r], p, q) for r, p, q in zip(ratios.ratio, ratios.at_most, ratios.in_any, strict=True)]


def usage(instance: Heijunka) -> list[tuple[dict[int, int], int]]:
    """Return for each part its quantity by product, and its use in all."""
    bill, products = instance.bill, list(instance.products.product)
    assert bill is not None
    parts: dict[str, dict[int, int]] = {}
    for product, part, quantity in zip(bill.product, bill.part, bill.quantity, strict=True):
        parts.setdefault(part, {})[products.index(product)] = int(quantity)
    demand = instance.products.demand
    return [(users, sum(demand[i] * quantity for i, quantity in users.items())) for users in parts.values()]


def sequence_of(instance: Heijunka, value: Callable[[int, int], Any]) -> HeijunkaPlan:
    """Return the sequence in which each position has the product of largest value."""
    names = instance.products.product
    positions = range(sum(instance.products.demand))
    return HeijunkaPlan(sequence=tuple(names[max(range(len(names)), key=lambda i: value(i, s))] for s in positions))
