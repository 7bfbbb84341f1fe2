"""Checks of what a heijunka box has beyond buckets and capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.heijunka.box import summed_demand

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["validate_box", "validate_demand"]


def validate_demand(instance: Heijunka) -> None:
    """Refuse products without a demand, and demands by day that do not sum up to theirs."""
    products, table = instance.products, instance.demands
    if table is None:
        if products.product and not products.demand:
            raise InputError(
                'the key "demand" is missing: it says how many units of each product are built',
                place="/products/demand",
                remedy='give the column "demand", or the table "demands" with what is due on each day',
            )
        return
    table.check("/demands")
    table.check_reference("/demands", "product", instance.index, "products", "/products/product")
    for row, (given, summed) in enumerate(zip(products.demand, summed_demand(instance), strict=False)):
        if given != summed:
            raise InputError(
                f"the demand of a product must be the sum of its demands by day ({summed})",
                place=f"/products/demand/{row}",
                value=given,
                remedy='correct one of them, or leave out "demand": it is then the sum. Opening stock is not taken '
                "off: it is there again at the end",
            )


def validate_box(instance: Heijunka) -> None:
    """Check days, minutes and packs, and refuse in a sequence what only a box has."""
    if instance.box is None:
        _refuse_in_sequence(instance)
        return
    _check_days(instance)
    _check_minutes(instance)
    _check_packs(instance)


def _refuse_in_sequence(instance: Heijunka) -> None:
    products = instance.products
    given = [f"/products/{name}" for name in ("minutes", "setup", "pack", "stock") if getattr(products, name)]
    if instance.demands is not None:
        given.append("/demands")
    given += [f"/objective/{row}" for row, term in enumerate(instance.objective) if term.term in ("volume", "epei")]
    if given:
        raise InputError(
            "days, minutes of a bucket, packs, opening stock and the terms volume and epei need a box",
            place=given[0],
            remedy='give {"box": {"buckets": ..., "capacity": ...}}, or remove it',
        )


def _check_days(instance: Heijunka) -> None:
    box = instance.box
    assert box is not None
    days = box.days or 1
    if box.buckets % days:
        raise InputError(
            f"the {box.buckets} buckets must be divided evenly into the days",
            place="/box/days",
            value=days,
            remedy=f"give {box.buckets // days * days or days} or {(box.buckets // days + 1) * days} buckets, "
            "or other days",
        )
    if instance.demands is None:
        if instance.products.stock is not None:
            raise InputError(
                "opening stock covers demand by day, of which there is none: it would decide nothing",
                place="/products/stock",
                remedy='give the table "demands", or remove the column',
            )
        return
    for row, day in enumerate(instance.demands.day):
        if day > days:
            raise InputError(
                f"a demand must fall on one of the days of the box (1 to {days})",
                place=f"/demands/day/{row}",
                value=day,
                remedy='correct the day, or the "days" of the box (left out: 1)',
            )


def _check_minutes(instance: Heijunka) -> None:
    box, products = instance.box, instance.products
    assert box is not None
    if box.minutes is None:
        for name in ("minutes", "setup"):
            if getattr(products, name) is not None:
                raise InputError(
                    "minutes of units and changeovers are held against the minutes of a bucket, which are missing",
                    place=f"/products/{name}",
                    remedy='give the "minutes" of the box (working minutes in a bucket), or remove the column',
                )
        return
    if products.minutes is None and products.setup is None:
        raise InputError(
            "the minutes of a bucket bind nothing: no unit and no changeover takes any",
            place="/box/minutes",
            value=box.minutes,
            remedy='give the columns "minutes" or "setup" of the products, or remove it',
        )
    if box.pitch is not None and box.minutes > box.pitch:
        raise InputError(
            f"the working minutes of a bucket cannot exceed its length, the pitch of {box.pitch:g} minutes",
            place="/box/minutes",
            value=box.minutes,
            remedy="correct one of them",
        )


def _check_packs(instance: Heijunka) -> None:
    products = instance.products
    for row, (pack, demand) in enumerate(zip(products.pack or (), products.demand, strict=False)):
        if pack and demand % pack:
            lower, upper = demand // pack * pack, (demand // pack + 1) * pack
            raise InputError(
                f"the demand must be a multiple of the pack of {pack} units: a part pack is not built",
                place=f"/products/demand/{row}",
                value=demand,
                remedy=f"ask for {f'{lower} or ' if lower else ''}{upper} units, or give another pack",
            )
