"""Checks of a heijunka instance that look at several tables at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["check_bill", "check_options"]


def check_bill(instance: Heijunka) -> None:
    """Refuse a bill of material in which a product is, through others, a part of itself."""
    bill = instance.bill
    if bill is None or not set(bill.product) & set(bill.part):
        return
    import networkx

    rows = {pair: row for row, pair in enumerate(zip(bill.product, bill.part, strict=True))}
    try:
        cycle = networkx.find_cycle(networkx.DiGraph(list(rows)))
    except networkx.NetworkXNoCycle:
        return
    way = " -> ".join([str(cycle[0][0]), *(str(part) for _, part in cycle)])
    raise InputError(
        "a product must not be a part of itself",
        place=f"/bill/part/{rows[cycle[-1]]}",
        value=way,
        remedy="remove one of these rows, or give the part an id of its own",
    )


def check_options(instance: Heijunka) -> None:
    """Refuse a ratio rule that counts no product: it would be kept by every plan."""
    if instance.ratios is None:
        return
    counted = set(instance.options.ratio) if instance.options else set()
    for row, ratio in enumerate(instance.ratios.ratio):
        if ratio not in counted:
            raise InputError(
                "a ratio rule needs at least one product with its option: it would count nothing",
                place=f"/ratios/ratio/{row}",
                value=ratio,
                remedy='list the products that carry it in the table "options", or remove the rule',
            )
