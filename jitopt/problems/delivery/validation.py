"""Checks across the tables of a delivery instance: each refusal names place, value and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError

if TYPE_CHECKING:
    from jitopt.problems.delivery.instance import Delivery

__all__ = ["validate"]

MENU_COLUMNS = (
    "supplier", "pack", "line_cost", "weight", "cube", "demand_sd", "service", "safety", "storage", "card_cost",
)  # fmt: skip
CYCLIC_COLUMNS = ("minor_cost", "every")
MENU_TABLES = (
    "suppliers",
    "clusters",
    "frequencies",
    "allowed",
    "trucks",
    "docks",
    "storage",
    "limits",
    "uses",
    "current",
)


def validate(instance: Delivery) -> None:
    """Refuse tables that do not fit together.

    Raises
    ------
    InputError
        For unequal columns, repeated keys, dangling references, fields of the other form, and what
        the form needs and does not have.
    """
    for name in instance.TABLES:
        table = getattr(instance, name)
        if table is not None:
            table.check(f"/{name}")
    if not instance.parts.rows():
        raise InputError("at least one part is needed", place="/parts", remedy="add a row")
    if instance.cyclic:
        _cyclic(instance)
    else:
        _menu(instance)


def _cyclic(instance: Delivery) -> None:
    """Check the strict cyclic form: positive costs and demands, or no best base period exists."""
    for name in MENU_TABLES:
        if getattr(instance, name) is not None:
            raise InputError(
                "the strict cyclic form has no such table", place=f"/{name}",
                remedy='remove it, or leave out "policy" for the menu form',
            )  # fmt: skip
    for name in MENU_COLUMNS:
        if getattr(instance.parts, name) is not None:
            raise InputError(
                "the strict cyclic form has no such column", place=f"/parts/{name}",
                remedy='remove it, or leave out "policy" for the menu form',
            )  # fmt: skip
    if not instance.major_cost:
        raise InputError(
            "the strict cyclic form needs a major cost above 0: without one no base period is too short",
            place="/major_cost", value=instance.major_cost,
            remedy="write the cost of a joint replenishment",
        )  # fmt: skip
    if instance.parts.minor_cost is None:
        raise InputError("the strict cyclic form needs minor costs", place="/parts/minor_cost", remedy="add the column")
    for name in ("demand", "holding_cost"):
        _above_zero(instance, name)


def _above_zero(instance: Delivery, name: str) -> None:
    for row, value in enumerate(getattr(instance.parts, name)):
        if not value:
            raise InputError(
                f"{name} must be above 0 here", place=f"/parts/{name}/{row}", value=value,
                remedy="correct it or remove the part",
            )  # fmt: skip


def _menu(instance: Delivery) -> None:
    for name in CYCLIC_COLUMNS:
        if getattr(instance.parts, name) is not None:
            raise InputError(
                "the menu form has no such column", place=f"/parts/{name}",
                remedy='remove it, or write "policy": "strict_cyclic"',
            )  # fmt: skip
    if instance.major_cost:
        raise InputError(
            "the menu form has no major cost", place="/major_cost", value=instance.major_cost,
            remedy='give each supplier a delivery_cost, or write "policy": "strict_cyclic"',
        )  # fmt: skip
    for place, value in (
        ("/suppliers", instance.suppliers),
        ("/frequencies", instance.frequencies),
        ("/parts/supplier", instance.parts.supplier),
        ("/parts/pack", instance.parts.pack),
    ):
        if value is None:
            raise InputError("the menu form needs it", place=place, remedy='add it, or write "policy": "strict_cyclic"')
    if not instance.menu:
        raise InputError("at least one frequency is needed", place="/frequencies", remedy="add a row")
    _above_zero(instance, "pack")
    _references(instance)
    _names(instance)


def _references(instance: Delivery) -> None:
    homes = {
        "suppliers": "supplier",
        "clusters": "cluster",
        "frequencies": "frequency",
        "trucks": "truck",
        "docks": "dock",
        "storage": "storage",
        "limits": "limit",
    }
    known = {
        name: {} if (table := getattr(instance, name)) is None else {v: r for r, v in enumerate(getattr(table, key))}
        for name, key in homes.items()
    }
    uses = [
        ("suppliers", "cluster", "clusters"),
        ("suppliers", "truck", "trucks"),
        ("suppliers", "dock", "docks"),
        ("clusters", "truck", "trucks"),
        ("parts", "supplier", "suppliers"),
        ("parts", "storage", "storage"),
        ("allowed", "supplier", "suppliers"),
        ("allowed", "frequency", "frequencies"),
        ("uses", "supplier", "suppliers"),
        ("uses", "frequency", "frequencies"),
        ("uses", "limit", "limits"),
    ]
    for name, column, others in uses:
        table = getattr(instance, name)
        if table is not None and getattr(table, column) is not None:
            table.check_reference(f"/{name}", column, known[others], others, f"/{others}/{homes[others]}")
    if instance.current:
        place, table = "/current/deliveries", instance.current.deliveries
        table.check(place)
        for column, others in (("supplier", "suppliers"), ("frequency", "frequencies")):
            table.check_reference(place, column, known[others], others, f"/{others}/{column}")


def _names(instance: Delivery) -> None:
    """Keep milk runs and suppliers apart: both appear as members of the truck rules."""
    assert instance.suppliers is not None
    suppliers = set(instance.suppliers.supplier)
    for row, cluster in enumerate(instance.clusters.cluster if instance.clusters else ()):
        if cluster in suppliers:
            raise InputError(
                "a cluster may not have the name of a supplier", place=f"/clusters/cluster/{row}", value=cluster,
                remedy="rename the cluster",
            )  # fmt: skip
