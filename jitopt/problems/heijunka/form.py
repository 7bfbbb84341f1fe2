"""Which pure form of levelling an instance has: the forms for which special methods exist.

A pure form is a sequence in which no rule binds units to each other. What it may still have is said
with each form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = [
    *("BOX", "LEVEL", "MIXED", "PAINT", "RATE_MAX", "RATE_SUM", "RATIO_ALONE", "USAGE_SUM"),
    *("beyond", "forms", "reason_against"),
]

RATE_SUM = "rate_sum"
"""Sums of squared and absolute rate deviations; frozen and fixed slots and a price of moves are allowed."""

RATE_MAX = "rate_max"
"""The largest rate deviation, absolute or squared; frozen slots are allowed."""

LEVEL = "level"
"""Rates or usages are priced, among whatever else but work at stations; no slot is frozen or fixed."""

RATIO_ALONE = "ratio_alone"
"""Ratio rules are all that is priced, or all that binds; frozen and fixed slots are allowed."""

PAINT = "paint"
"""Excesses of ratio rules and colour changes are priced, longest runs of a colour bind; see `beyond`. Frozen slots
are allowed."""

USAGE_SUM = "usage_sum"
"""Sums of squared and absolute usage deviations, beside them such of rates; frozen and fixed slots are allowed."""

BOX = "box"
"""A box with what only methods for such boxes know: days, minutes, packs, the bucket before, volume, epei."""

MIXED = "mixed"
"""Something painted (see `beyond`) together with what the form "paint" leaves out: other terms, rules, fixed slots."""

FORMS = (RATE_SUM, RATE_MAX, LEVEL, RATIO_ALONE, PAINT, USAGE_SUM, BOX, MIXED)


def forms(instance: Heijunka) -> frozenset[str]:
    """Return the pure forms that the instance has."""
    return frozenset(form for form in FORMS if reason_against(instance, form) is None)


def reason_against(instance: Heijunka, form: str) -> str | None:
    """Return why the instance has not this form, in words, or None if it has it."""
    if form == BOX:
        return _beside_box(instance)
    if instance.box is not None:
        return "the plan is in buckets, not a sequence"
    if form == PAINT:
        return _beside_paint(instance)
    if form == MIXED:
        return _beside_mixed(instance)
    other = beyond(instance)
    if other is not None:
        return other
    beside = {LEVEL: _beside_levels, RATIO_ALONE: _beside_ratios, USAGE_SUM: _beside_usages}
    return beside[form](instance) if form in beside else _beside_rates(instance, form)


def _beside_rates(instance: Heijunka, form: str) -> str | None:
    """Return what is priced or binds besides sums, or the largest, of rate deviations."""
    priced = [term for term in instance.objective if term.weight > 0]
    for term in priced:
        if term.term != "rate":
            return f'the term "{term.term}" is priced'
        if term.measure.startswith("sum") != (form == RATE_SUM):
            return f'the measure "{term.measure}" is priced'
    if not priced or (form == RATE_MAX and len(priced) > 1):
        return f'the term "rate" is priced {len(priced)} times'
    return _ruled(instance) or (_bound(instance) if form == RATE_MAX else None)


def beyond(instance: Heijunka) -> str | None:
    """Return what the instance has that only methods for the form "paint" know, in words; None without any.

    What was built before slot 1 is no such thing: where neither colours nor open windows look at it, only
    changeovers do.
    """
    if instance.longest_colour_run is not None:
        return "runs of a colour are limited"
    if any(rule.open for rule in instance.ratio_rules):
        return "its ratio rules have open windows"
    for term in instance.objective:
        if term.term in ("high_ratio", "low_ratio", "colour_changes"):
            return f'the term "{term.term}" is priced'
    return None


def _beside_box(instance: Heijunka) -> str | None:
    if instance.box is None:
        return "the plan is a sequence, not in buckets"
    return None if instance.box_data.unknown else "it has neither days, minutes nor packs"


def _beside_paint(instance: Heijunka) -> str | None:
    """Return what is priced or binds besides ratio rules and colours."""
    if beyond(instance) is None:
        return "it has neither colours nor open windows"
    for term in instance.objective:
        known = term.term.endswith("ratio") or term.term == "colour_changes"
        if term.weight > 0 and not (known and term.measure == "sum_absolute"):
            return f'the term "{term.term}" is priced by "{term.measure}"'
    for rule in instance.ratio_rules:
        if rule.hard and rule.at_most < rule.in_any:
            return f"the ratio rule {rule.ratio!r} is hard"
    if instance.fixed and instance.fixed.position:
        return "slots are fixed"
    if instance.current and instance.current.price > 0:
        return "moves are priced"
    return _runs(instance)


def _beside_mixed(instance: Heijunka) -> str | None:
    if beyond(instance) is None:
        return "it has neither colours nor open windows"
    return "it is painted and nothing else" if _beside_paint(instance) is None else None


def _beside_levels(instance: Heijunka) -> str | None:
    """Return what the constructions of level sequences do not see, or why there is nothing to level."""
    priced = [term.term for term in instance.objective if term.weight > 0]
    if not {"rate", "usage"} & set(priced):
        return "neither rates nor usages are priced"
    for term in priced:
        if term in ("overload", "idle"):
            return f'the term "{term}" is priced'
    return _ruled(instance) or _locked(instance)


def _beside_ratios(instance: Heijunka) -> str | None:
    """Return what is priced or binds besides ratio rules."""
    if not instance.ratio_rules:
        return "it has no ratio rule"
    priced = [term for term in instance.objective if term.weight > 0]
    for term in priced:
        if term.term != "ratio" or not term.measure.startswith("sum") or term.measure == "sum_squared":
            return f'the term "{term.term}" is priced by "{term.measure}"'
    if len(priced) > 1:
        return "ratio rules are priced twice"
    if instance.current and instance.current.price > 0:
        return "moves are priced"
    return _runs(instance)


def _beside_usages(instance: Heijunka) -> str | None:
    """Return what is priced or binds besides sums of usage and rate deviations."""
    priced = [term for term in instance.objective if term.weight > 0]
    for term in priced:
        if term.term not in ("rate", "usage") or term.measure not in ("sum_squared", "sum_absolute"):
            return f'the term "{term.term}" is priced by "{term.measure}"'
    if not any(term.term == "usage" for term in priced):
        return "no usage of parts is priced"
    if instance.current and instance.current.price > 0:
        return "moves are priced"
    return _ruled(instance)


def _ruled(instance: Heijunka) -> str | None:
    """Return the first rule between units that can bind."""
    for rule in instance.ratio_rules:
        if rule.hard and rule.at_most < rule.in_any:
            return f"the ratio rule {rule.ratio!r} is hard"
    return _runs(instance)


def _runs(instance: Heijunka) -> str | None:
    """Return the first rule, besides ratios, that can bind units to each other or to the plan in force."""
    for row, (product, demand) in enumerate(zip(instance.products.product, instance.products.demand, strict=True)):
        if demand > 1 and instance.spacing_of(row) > 1:
            return f"{product!r} has a spacing"
        if (instance.longest_run_of(row) or demand) < demand:
            return f"{product!r} has a longest run"
        if demand and instance.shortest_run_of(row) > 1:
            return f"{product!r} has a shortest run"
    if instance.current and instance.current.at_most is not None and instance.current.at_most < instance.slots:
        return "the number of moves has a cap"
    return None


def _locked(instance: Heijunka) -> str | None:
    """Return which slots are given."""
    if instance.fixed and instance.fixed.position:
        return "slots are fixed"
    return "slots are frozen" if instance.frozen else None


def _bound(instance: Heijunka) -> str | None:
    """Return what a largest deviation cannot be made small beside."""
    if instance.fixed and instance.fixed.position:
        return "slots are fixed"
    if instance.current and instance.current.price > 0:
        return "moves are priced"
    return None
