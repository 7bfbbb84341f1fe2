"""What the figures of a plant are measured by: every relation between cells that holds in any plant, roughly.

Lengths, weights and times have units of their own and are measured absolutely as well (a full
container weighs 1 to 100 kg). Money has none: it is measured by other money only. The spreads
[decades] are wide on purpose; a figure is judged by all its relations together. Cells of a column and
of a row are measured here; what takes a whole plant in `yardsticks_amounts` and `yardsticks_money`.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING

from jitopt.planning.likeness import among, link, ratio, singles, typical
from jitopt.planning.yardsticks_amounts import bill, containers, in_force, needs, rooms, work
from jitopt.planning.yardsticks_money import delivery, money, prices, products

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jitopt.planning.likeness import Relation
    from jitopt.planning.rough import Rough

__all__ = ["demand_days", "relations"]

ABSOLUTE: tuple[tuple[str, str, float, float, str], ...] = (
    ("suppliers", "lead_time", 3.0, 0.45, "lead times, in days"),
    ("suppliers", "on_time", 0.95, 0.15, "shares that arrive on time"),
    ("quotes", "defects", 0.004, 0.6, "shares of defects"),
    ("parts", "safety", 1.0, 0.45, "safety stocks, in days"),
    ("parts", "sources", 1.5, 0.35, "numbers of sources"),
    ("bill", "quantity", 2.0, 0.5, "quantities in a bill"),
    ("products", "lead_time", 0.7, 0.45, "lead times within a plant, in days"),
    ("lines", "minutes", 700.0, 0.3, "minutes a line works in a day"),
    ("lines", "pitch", 25.0, 0.35, "lengths of a pitch, in minutes"),
    ("loops", "lead_time", 0.6, 0.45, "lead times within a plant, in days"),
    ("loops", "interval", 1.0, 0.45, "intervals of a round, in days"),
    ("loops", "safety", 0.3, 0.45, "shares of safety"),
    ("loops", "minimum", 3.0, 0.5, "numbers of cards"),
    ("loops", "maximum", 10.0, 0.5, "numbers of cards"),
    ("current", "cards", 8.0, 0.6, "numbers of cards"),
    ("frequencies", "days", 3.0, 0.45, "cycles of delivery, in days"),
    ("frequencies", "deliveries", 1.4, 0.35, "deliveries in a cycle"),
    ("trucks", "weight", 2500.0, 0.6, "loads of a truck, in kg"),
    ("trucks", "cube", 12.0, 0.5, "loads of a truck, in m3"),
    ("containers", "area", 0.25, 0.4, "areas of a container, in m2"),
)
"""Table, column, usual value, spread, what it is."""

ALIKE: tuple[tuple[str, str, str], ...] = (
    ("suppliers", "lead_time", "the lead times of the suppliers"),
    ("suppliers", "on_time", "the shares on time of the suppliers"),
    ("suppliers", "fixed_cost", "the fixed costs of the suppliers"),
    ("parts", "line_cost", "the line costs of the parts"),
    ("quotes", "defects", "the shares of defects of the quotes"),
    ("quotes", "fixed_cost", "the fixed costs of the quotes"),
    ("products", "lead_time", "the lead times of the products"),
    ("lines", "minutes", "the minutes of the lines"),
    ("routings", "minutes", "the minutes of the routings"),
    ("routings", "changeover", "the changeovers of the routings"),
    ("loops", "lead_time", "the lead times of the loops"),
    ("trucks", "weight", "what the trucks carry"),
    ("trucks", "cube", "what the trucks hold"),
    ("containers", "card_cost", "the card costs of the containers"),
    ("containers", "handling_cost", "the handling costs of the containers"),
    ("containers", "area", "the areas of the containers"),
)
"""Table and column whose cells resemble each other, what they are."""

RATIOS: tuple[tuple[str, str, str, float, float, str], ...] = (
    ("parts", "weight", "cube", 250.0, 0.5, "kg per m3 of a part"),
    ("trucks", "weight", "cube", 170.0, 0.4, "kg per m3 of a truck"),
    ("suppliers", "lead_time_sd", "lead_time", 0.12, 0.4, "standard deviations of a lead time, as a share of it"),
    ("frequencies", "deliveries", "days", 0.5, 0.45, "deliveries a day"),
    ("containers", "handling_cost", "card_cost", 7.0, 0.5, "costs of handling a container, in days of its card"),
    ("lines", "pitch", "minutes", 0.03, 0.4, "pitches, as a share of the day"),
    ("routings", "changeover", "minutes", 0.5, 0.6, "changeovers, in units of the product"),
)
"""Table, column over column, usual ratio, spread, what it is."""


def demand_days(rough: Rough) -> list[Relation]:
    """Compare the days of each product; needs can be taken from the demand once its days fit together."""
    return [
        relation
        for group in rough.grouped("demand", "product", "quantity").values()
        if len(group) > 2
        for relation in among(singles("demand", "quantity", group), 0.3, "the other days of the product")
    ]


def relations(rough: Rough) -> list[Relation]:
    """Return every relation but those among the days of a product."""
    sources = (
        _single, _ratios, prices, containers, bill, needs, delivery, money, rooms, in_force, work, products,
    )  # fmt: skip
    return list(chain.from_iterable(source(rough) for source in sources))


def _single(rough: Rough) -> Iterable[Relation]:
    for table, column, usual, spread, words in ABSOLUTE:
        yield from typical(singles(table, column, rough.rows(table, column)), math.log10(usual), spread, words)
    for table, column, words in ALIKE:
        yield from among(singles(table, column, rough.rows(table, column)), 0.3, words)
    days = rough.days
    measures = [
        ratio(value / days, link("demand", row.number, "day"))
        for row, value in rough.rows("demand", "day")
        if value > days
    ]
    yield from typical(measures, 0.0, 0.3, "days of the horizon")


def _ratios(rough: Rough) -> Iterable[Relation]:
    for table, upper, lower, usual, spread, words in RATIOS:
        below = {row.number: value for row, value in rough.rows(table, lower)}
        measures = [
            ratio(value / below[row.number], link(table, row.number, upper), link(table, row.number, lower, -1))
            for row, value in rough.rows(table, upper)
            if row.number in below
        ]
        yield from typical(measures, math.log10(usual), spread, words)
