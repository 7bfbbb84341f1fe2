"""The judge of sourcing plans: every rule and every term, recomputed in exact arithmetic.

Numbers count as the decimals they are written as. A limit on a continuous quantity counts as
kept within a relative 1e-9; counts and multiples are exact. Linear in the orders, and in
parts x periods for the stock.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from jitopt.problems.base import Evaluation, Violation, evaluation, exact, unpriced, within_limit
from jitopt.problems.figures import amount, counted
from jitopt.problems.sourcing.instance import Ladder, Sourcing, SourcingPlan

__all__ = ["evaluate"]

Quantities = dict[tuple[str, str, int], Fraction]
"""Quantity above 0 by (supplier, part, period)."""

ZERO = Fraction(0)


def evaluate(instance: Sourcing, plan: object) -> Evaluation:
    """Judge `plan`: recompute objective and terms, and name every broken rule.

    A plan that orders what nobody quotes cannot be priced: its objective is None.
    """
    if not isinstance(plan, SourcingPlan):
        plan = SourcingPlan.model_validate(plan)
    quantities, violations = _read(instance, plan)
    if violations:
        return unpriced(violations)
    totals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for (supplier, part, _), quantity in quantities.items():
        totals[supplier, part] += quantity
    stocks = _stocks(instance, quantities)
    violations += _orders(instance, quantities)
    violations += _capacities(instance, quantities)
    violations += _stock_rules(instance, stocks)
    violations += _shares(instance, totals)
    violations += _part_limits(instance, totals)
    violations += _counts(instance, totals)
    violations += _required(instance, totals)
    return evaluation(_terms(instance, quantities, totals, stocks), violations, {"arithmetic": "exact"})


def _read(instance: Sourcing, plan: SourcingPlan) -> tuple[Quantities, list[Violation]]:
    found: Quantities = defaultdict(Fraction)
    wrong = []
    for order in plan.orders:
        if order.quantity == 0:
            continue
        if (order.supplier, order.part) not in instance.links:
            text = f"{order.supplier!r} does not quote {order.part!r}"
            wrong.append(Violation("quote", (order.supplier, order.part), text, order.quantity))
        elif order.period > len(instance.periods):
            text = f"period {order.period} is behind the horizon of {counted(len(instance.periods), 'period')}"
            wrong.append(Violation("horizon", (order.supplier, order.part), text, order.period))
        else:
            found[order.supplier, order.part, order.period] += exact(order.quantity)
    return dict(found), wrong


def _stocks(instance: Sourcing, quantities: Quantities) -> dict[str, list[tuple[Fraction, Fraction]]]:
    """Return (stock right after delivery, stock at the end) of each part and period."""
    arrivals: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for (_, part, period), quantity in quantities.items():
        arrivals[part, period] += quantity
    found = {}
    for part, demand in instance.demand.items():
        row = []
        stock = instance.initial[part]
        for period, need in zip(instance.periods, demand, strict=True):
            stock += arrivals.get((part, period), ZERO)
            row.append((stock, stock - need))
            stock -= need
        found[part] = row
    return found


# --- the rules -----------------------------------------------------------------------------


def _orders(instance: Sourcing, quantities: Quantities) -> list[Violation]:
    """Minimum, multiple, capacity and size of single orders; the worst order of each link is told."""
    worst: dict[tuple[str, tuple[str, str]], tuple[Fraction, str]] = {}

    def breach(rule: str, link: tuple[str, str], excess: Fraction, text: str) -> None:
        if excess > worst.get((rule, link), (ZERO, ""))[0]:
            worst[rule, link] = (excess, text)

    for (supplier, part, period), quantity in quantities.items():
        link = instance.links[supplier, part]
        what = f"the order of {amount(quantity)} {part} from {supplier} in period {period}"
        if not within_limit(link.minimum, quantity):
            text = f"{what} is below the minimum {amount(link.minimum)}"
            breach("minimum", (supplier, part), link.minimum - quantity, text)
        if link.multiple is not None and quantity % link.multiple:
            text = f"{what} is no multiple of {amount(link.multiple)}"
            rest = quantity % link.multiple
            breach("multiple", (supplier, part), min(rest, link.multiple - rest), text)
        if link.capacity is not None and not within_limit(quantity, link.capacity):
            text = f"{what} is above the quote's capacity {amount(link.capacity)}"
            breach("quote_capacity", (supplier, part), quantity - link.capacity, text)
        if link.maximum is not None and not within_limit(quantity, link.maximum):
            text = f"{what} is above the largest of {amount(link.maximum)}"
            breach("maximum", (supplier, part), quantity - link.maximum, text)
    return [Violation(rule, link, text, float(excess)) for (rule, link), (excess, text) in worst.items()]


def _capacities(instance: Sourcing, quantities: Quantities) -> list[Violation]:
    loads: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for (supplier, _, period), quantity in quantities.items():
        loads[supplier, period] += quantity
    worst: dict[str, tuple[Fraction, int]] = {}
    for (supplier, period), load in loads.items():
        limit = instance.capacity[supplier]
        if limit is not None and not within_limit(load, limit) and load - limit > worst.get(supplier, (ZERO, 0))[0]:
            worst[supplier] = (load - limit, period)
    return [
        Violation(
            "capacity",
            (supplier,),
            f"{supplier} ships {counted(excess + (instance.capacity[supplier] or 0), 'unit')} in period {period}, "
            f"its capacity is {amount(instance.capacity[supplier] or 0)}",
            float(excess),
        )
        for supplier, (excess, period) in worst.items()
    ]


def _stock_rules(instance: Sourcing, stocks: dict[str, list[tuple[Fraction, Fraction]]]) -> list[Violation]:
    found = []
    for part, row in stocks.items():
        need = max(instance.demand[part], default=ZERO)
        period, end = min(enumerate((end for _, end in row), 1), key=lambda pair: pair[1])
        if not within_limit(-end, ZERO) and not within_limit(need - end, need):
            text = f"{part} is {counted(-end, 'unit')} short of its demand in period {period}"
            found.append(Violation("demand", (part,), text, float(-end)))
        limit = instance.storage[part]
        period, peak = max(enumerate((peak for peak, _ in row), 1), key=lambda pair: pair[1])
        if limit is not None and not within_limit(peak, limit):
            text = f"{counted(peak, 'unit')} of {part} lie in store in period {period}, its limit is {amount(limit)}"
            found.append(Violation("storage", (part,), text, float(peak - limit)))
    return found


def _shares(instance: Sourcing, totals: dict[tuple[str, str], Fraction]) -> list[Violation]:
    found = []
    ordered: dict[str, Fraction] = defaultdict(Fraction)
    for (_, part), quantity in totals.items():
        ordered[part] += quantity
    for part, supplier, at_least, at_most in instance.share_rows:
        if not ordered[part]:
            continue
        members = (part,) if supplier is None else (part, supplier)
        every = [name for name, other in instance.links if other == part] if supplier is None else [supplier]
        shares = {name: totals.get((name, part), ZERO) / ordered[part] for name in every}
        for name, share in shares.items():
            if at_most is not None and not within_limit(share, at_most):
                text = (
                    f"{name} has {float(share):.4g} of what is ordered of {part}, at most {amount(at_most)} is allowed"
                )
                found.append(Violation("share_at_most", members, text, float(share - at_most)))
            asked = supplier is not None or share > 0
            if at_least is not None and asked and not within_limit(at_least, share):
                text = (
                    f"{name} has {float(share):.4g} of what is ordered of {part}, at least {amount(at_least)} is asked"
                )
                found.append(Violation("share_at_least", members, text, float(at_least - share)))
    return _worst(found)


def _worst(found: list[Violation]) -> list[Violation]:
    """Keep the worst breach of each rule and members."""
    worst: dict[tuple[str, tuple[str, ...]], Violation] = {}
    for violation in found:
        key = (violation.rule, violation.members)
        if key not in worst or violation.short_by > worst[key].short_by:
            worst[key] = violation
    return list(worst.values())


def _part_limits(instance: Sourcing, totals: dict[tuple[str, str], Fraction]) -> list[Violation]:
    found = []
    for part, least, most, defects, late in instance.part_limit_rows:
        used = {s: quantity for (s, other), quantity in totals.items() if other == part and quantity > 0}
        if least is not None:
            enough = sum(_counts_as_used(instance, (s, part), quantity) for s, quantity in used.items())
            if enough < least:
                text = f"{part} comes from {counted(enough, 'supplier')}, the least number is {least}"
                found.append(Violation("part_suppliers_at_least", (part,), text, least - enough))
        if most is not None and len(used) > most:
            text = f"{part} comes from {counted(len(used), 'supplier')}, the largest number is {most}"
            found.append(Violation("part_suppliers_at_most", (part,), text, len(used) - most))
        ordered = sum(used.values(), ZERO)
        for name, limit, word in (("defects", defects, "defective"), ("late", late, "late")):
            if limit is None or not ordered:
                continue
            share = sum((getattr(instance.links[s, part], name) * q for s, q in used.items()), ZERO) / ordered
            if not within_limit(share, limit):
                text = f"{float(share):.4g} of what is ordered of {part} is {word}, at most {amount(limit)} is allowed"
                found.append(Violation(name, (part,), text, float(share - limit)))
    return found


def _counts(instance: Sourcing, totals: dict[tuple[str, str], Fraction]) -> list[Violation]:
    found = []
    used = {supplier for (supplier, _), quantity in totals.items() if quantity > 0}
    least, most = instance.suppliers_at_least, instance.suppliers_at_most
    if least is not None:
        enough = len({link[0] for link, quantity in totals.items() if _counts_as_used(instance, link, quantity)})
        if enough < least:
            text = f"the plan uses {counted(enough, 'supplier')}, the least number is {least}"
            found.append(Violation("suppliers_at_least", (), text, least - enough))
    if most is not None and len(used) > most:
        text = f"the plan uses {counted(len(used), 'supplier')}, the largest number is {most}"
        found.append(Violation("suppliers_at_most", (), text, len(used) - most))
    if instance.current and instance.current.at_most is not None:
        switched = _switched(instance, totals)
        if switched > instance.current.at_most:
            text = f"the plan has {counted(switched, 'new link')}, the cap is {instance.current.at_most}"
            found.append(Violation("switches", (), text, switched - instance.current.at_most))
    return found


def _counts_as_used(instance: Sourcing, link: tuple[str, str], quantity: Fraction) -> bool:
    """Tell whether the total of a link makes its supplier count for a least number of suppliers."""
    return quantity > 0 and within_limit(instance.smallest_use[link], quantity)


def _switched(instance: Sourcing, totals: dict[tuple[str, str], Fraction]) -> int:
    return sum(quantity > 0 and link not in instance.awarded for link, quantity in totals.items())


def _required(instance: Sourcing, totals: dict[tuple[str, str], Fraction]) -> list[Violation]:
    found = []
    for supplier, part, least in instance.required_rows:
        ordered = sum((q for (s, p), q in totals.items() if s == supplier and part in (None, p)), ZERO)
        if not within_limit(least, ordered):
            members = (supplier,) if part is None else (supplier, part)
            what = " of ".join(reversed(members))
            text = f"the plan orders {counted(ordered, 'unit')} from {what}, the least is {amount(least)}"
            found.append(Violation("required", members, text, float(least - ordered)))
    return found


# --- the terms -----------------------------------------------------------------------------


def _terms(
    instance: Sourcing,
    quantities: Quantities,
    totals: dict[tuple[str, str], Fraction],
    stocks: dict[str, list[tuple[Fraction, Fraction]]],
) -> dict[str, Fraction]:
    """Return the terms that this instance can have; they sum up to the objective."""
    used = {link for link, quantity in totals.items() if quantity > 0}
    links = instance.links
    terms = {
        "purchase": _purchase(instance, totals),
        "supplier_fixed": sum((instance.fixed_cost[s] for s in {s for s, _ in used}), ZERO),
        "link_fixed": sum((links[link].fixed_cost for link in used), ZERO),
    }
    if any(link.order_cost for link in links.values()):
        terms["ordering"] = sum((links[s, p].order_cost for (s, p, _) in quantities), ZERO)
    if any(instance.holding_cost.values()):
        terms["holding"] = sum(
            (instance.holding_cost[part] * max(end, ZERO) for part, row in stocks.items() for _, end in row), ZERO
        )
    if instance.defect_cost:
        terms["defects"] = exact(instance.defect_cost) * sum(
            (links[link].defects * quantity for link, quantity in totals.items()), ZERO
        )
    if instance.late_cost:
        terms["lateness"] = exact(instance.late_cost) * sum(
            (links[link].late * quantity for link, quantity in totals.items()), ZERO
        )
    if instance.current and instance.current.price:
        terms["switching"] = exact(instance.current.price) * _switched(instance, totals)
    return terms


def _purchase(instance: Sourcing, totals: dict[tuple[str, str], Fraction]) -> Fraction:
    """Price x quantity, with the price breaks of each supplier (or supplier and part)."""
    ladders = {(ladder.supplier, ladder.part): ladder for ladder in instance.ladders}
    by_supplier: dict[str, Fraction] = defaultdict(Fraction)
    for (supplier, _), quantity in totals.items():
        by_supplier[supplier] += quantity
    cost = ZERO
    for (supplier, part), quantity in totals.items():
        value = instance.links[supplier, part].price * quantity
        if (supplier, part) in ladders and quantity:
            value *= _factor(ladders[supplier, part], quantity)
        elif (supplier, None) in ladders:
            value *= _factor(ladders[supplier, None], by_supplier[supplier])
        cost += value
    return cost


def _factor(ladder: Ladder, quantity: Fraction) -> Fraction:
    """Return the factor on the whole value of `quantity` units.

    Incremental: the mean of the factors, each weighed with the units between its break and the next.
    """
    reached = [(start, factor) for start, factor in ladder.breaks if within_limit(start, quantity)]
    if ladder.kind == "all_units":
        return reached[-1][1]
    ends = [start for start, _ in reached[1:]] + [quantity]
    paid = sum(((end - start) * factor for (start, factor), end in zip(reached, ends, strict=True)), ZERO)
    return paid / quantity
