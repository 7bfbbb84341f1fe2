"""Checks of a heijunka instance that look at several tables at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.heijunka.box_validation import validate_box, validate_demand
from jitopt.problems.heijunka.work import check_work
from jitopt.problems.wording import near

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["validate"]


def validate(instance: Heijunka) -> None:
    """Check references, terms, slots and what is locked; raise `InputError` at the first fault."""
    validate_demand(instance)
    for name in instance.TABLES:
        table = getattr(instance, name)
        if table is not None:
            table.check(f"/{name}")
    _check_references(instance)
    _check_bill(instance)
    _check_options(instance)
    _check_objective(instance)
    _check_slots(instance)
    _check_line(instance)
    check_work(instance)
    validate_box(instance)


def _check_bill(instance: Heijunka) -> None:
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


def _check_options(instance: Heijunka) -> None:
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


def _check_references(instance: Heijunka) -> None:
    products = instance.index
    for name, columns in (
        ("bill", ("product",)),
        ("options", ("product",)),
        ("changeovers", ("before", "after")),
        ("fixed", ("product",)),
    ):
        table = getattr(instance, name)
        for column in columns if table is not None else ():
            table.check_reference(f"/{name}", column, products, "products", "/products/product")
    if instance.options:
        ratios = _rows(instance.ratios.ratio) if instance.ratios else {}
        instance.options.check_reference("/options", "ratio", ratios, "ratios", "/ratios/ratio")
    if instance.parts:
        parts = _rows(instance.bill.part) if instance.bill else {}
        instance.parts.check_reference("/parts", "part", parts, "parts of the bill", "/bill/part")
    if instance.current and instance.current.sequence is not None:
        for row, product in enumerate(instance.current.sequence):
            if product not in products:
                meant = near(product, products)
                raise InputError(
                    "the current sequence may hold products of the instance only",
                    place=f"/current/sequence/{row}",
                    value=product,
                    remedy=(f"did you mean {meant!r}? Correct it" if meant else "remove it")
                    + ", or add it to the products (demand 0 if it is no longer built)",
                )
    for row, product in enumerate(instance.previous or ()):
        if product not in products:
            raise InputError(
                "what was built before may hold products of the instance only",
                place=f"/previous/{row}",
                value=product,
                remedy="correct it, or add it to the products (demand 0 if it is no longer built)",
            )
    if instance.current and instance.current.buckets:
        instance.current.buckets.check("/current/buckets")
        instance.current.buckets.check_reference(
            "/current/buckets", "product", products, "products", "/products/product"
        )


def _check_objective(instance: Heijunka) -> None:
    seen = set()
    for row, term in enumerate(instance.objective):
        place = f"/objective/{row}"
        if (term.term, term.measure) in seen:
            raise InputError(
                "each term may appear once with the same measure",
                place=place,
                value=f"{term.term} {term.measure}",
                remedy="add the weights up into one row",
            )
        seen.add((term.term, term.measure))
        if term.term == "usage" and instance.bill is None:
            raise InputError(
                'the term "usage" needs the table "bill"',
                place=place,
                remedy="give the bill of material or remove the term",
            )
        if term.term.endswith("ratio") and instance.ratios is None:
            raise InputError(
                f'the term "{term.term}" needs the tables "ratios" and "options"',
                place=place,
                remedy="give the ratio rules or remove the term",
            )
        if term.term == "colour_changes" and instance.products.colour is None:
            raise InputError(
                'the term "colour_changes" needs the colours of the products',
                place=place,
                remedy='give the column "colour" of the products or remove the term',
            )
        if term.measure == "sum_violated" and not term.term.endswith(("ratio", "overload", "idle")):
            raise InputError(
                'the measure "sum_violated" is for the terms of ratio rules and for overload only',
                place=f"{place}/measure",
                remedy="use sum_squared or sum_absolute",
            )
    words = [term.term for term in instance.objective]
    soft = [rule.ratio for rule in instance.ratio_rules if not rule.hard and not any(map(rule.priced_by, words))]
    if soft:
        raise InputError(
            "a ratio rule is neither hard nor priced, so it would be ignored",
            place="/ratios",
            value=soft[0],
            remedy='set "hard" to true for it, or add {"term": "ratio"}, or the term of its priority, to the objective',
        )


def _check_line(instance: Heijunka) -> None:
    """Refuse in a box what needs an order of the units."""
    if instance.longest_colour_run is not None and instance.products.colour is None:
        raise InputError(
            "a longest run of one colour needs the colours of the products",
            place="/longest_colour_run",
            value=instance.longest_colour_run,
            remedy='give the column "colour" of the products or remove the limit',
        )
    if instance.box is None:
        return
    for place, given in (
        ("/products/colour", instance.products.colour is not None),
        ("/ratios/open", any(rule.open for rule in instance.ratio_rules)),
    ):
        if given:
            raise InputError(
                "colours and open windows need a sequence: a bucket has no order",
                place=place,
                remedy="remove it, or the box",
            )


def _check_slots(instance: Heijunka) -> None:
    if instance.units == 0:
        raise InputError(
            "the total demand must be at least 1 unit", place="/products/demand", remedy="give at least one demand"
        )
    if instance.units > 10**7:
        raise InputError(
            "the total demand must be at most 10,000,000 units",
            place="/products/demand",
            value=instance.units,
            remedy="check the unit of the demand",
        )
    if instance.box and instance.changeovers:
        raise InputError(
            "changeover costs by pair need a sequence: a bucket has no order",
            place="/changeovers",
            remedy="remove the table (each set-up then counts 1) or the box",
        )
    current = instance.current
    if current and (current.buckets is not None) != (instance.box is not None):
        raise InputError(
            "the current plan must have the form of the plan: buckets with a box, a sequence without",
            place="/current",
            remedy='give "sequence" or "buckets" to match',
        )
    if current and current.sequence is not None and current.buckets is not None:
        raise InputError("the current plan is a sequence or buckets, not both", place="/current", remedy="keep one")
    _check_frozen(instance)


def _check_frozen(instance: Heijunka) -> None:
    current = instance.current
    if instance.frozen:
        have = instance.slots if instance.box else len(current.sequence or ()) if current else 0
        if current is None or have < instance.frozen or instance.frozen > instance.slots:
            raise InputError(
                "the frozen slots must exist in the current plan and in the horizon",
                place="/frozen",
                value=instance.frozen,
                remedy=f"give a current plan of at least that length or freeze at most {min(have, instance.slots)}"
                if current
                else 'give the current plan, {"current": {"sequence": [...]}}, or freeze nothing',
            )
    if instance.fixed:
        for row, position in enumerate(instance.fixed.position):
            if position > instance.slots:
                raise InputError(
                    f"a fixed position must lie within the {instance.slots} slots",
                    place=f"/fixed/position/{row}",
                    value=position,
                    remedy="correct the position",
                )


def _rows(names: tuple[str, ...]) -> dict[str, int]:
    """Return the first row of each name."""
    return {name: row for row, name in reversed(list(enumerate(names)))}
