"""What the sourcing formulations share: from a plan to values of variables, and cleanly back.

A solver keeps rows within about 1e-6 and integers within 1e-6; the judge allows a relative 1e-9, at
most a thousandth of a unit, and no fraction of a multiple. So quantities are read through the
binaries that govern them, multiples are counted, noise is dropped, and what it breaks is repaired
(`_sourcing_repair.py`). A second candidate is rounded to the decimals of the part's data; the
judge picks the better one.

Part of `sourcing_quantity_mathopt` and `sourcing_quantity_pyomo`.
Holds: no constraint: q_lt read back as orders, and the value of every variable under a plan.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.problems.base import exact, within_limit
from jitopt.problems.sourcing.instance import Order, SourcingPlan

from ._sourcing_repair import Cell, Quantities, Reading, repaired

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.base import Evaluation

    from ._sourcing import Data
    from ._sourcing_tiers import Tiers

__all__ = ["Reading", "States", "plan_of", "read", "states"]

ZERO = Fraction(0)

NOISE = Fraction(1, 10**6)
"""A scaled quantity, or a part of a larger one, below this is solver noise."""


@dataclass
class States:
    """The values of a model's variables that describe a plan, quantities exact and in units.

    quantity, packs, ordered [q_lt, n_lt, y_lt], total, used [a_l, w_l], active [z_s], enough,
    counting [k_l, c_s], tier: of each ladder, the tier its total falls into.
    """

    quantity: Quantities
    packs: dict[Cell, int]
    ordered: dict[Cell, int]
    total: dict[int, Fraction]
    used: dict[int, int]
    active: dict[int, int]
    enough: dict[int, int]
    counting: dict[int, int]
    tier: dict[int, int]


def read(data: Data, model: Any, value: Callable[[Any], float]) -> Reading:
    """Read the variables q, n, y, w, z, k and v that every sourcing model has (empty ones included)."""
    found = Reading()
    for row, offer in enumerate(data.offers):
        scale = data.scale[offer.part]
        for t in offer.cells:
            found.quantity[row, t] = value(model.q[row, t]) * scale
            if offer.link.multiple:
                found.packs[row, t] = round(value(model.n[row, t]))
            if offer.orders:
                found.ordered[row, t] = value(model.y[row, t]) > 0.5
        if offer.counted:
            found.used[row] = value(model.w[row]) > 0.5
        if offer.token:
            found.enough[row] = value(model.k[row]) > 0.5
    for row, asked in enumerate(data.active):
        if asked:
            found.active[row] = value(model.z[row]) > 0.5
    for row, tiers in enumerate(data.tiers):
        if not tiers.incremental:
            found.tier[row] = max(range(len(tiers.start)), key=lambda k: value(model.v[row, k]))
    return found


def states(data: Data, plan: SourcingPlan) -> States:
    """Return the values of the variables that describe `plan`."""
    amounts: Quantities = defaultdict(Fraction)
    for order in plan.orders:
        row = data.offer_row.get((order.supplier, order.part))
        if row is not None and order.period <= len(data.periods) and order.quantity > 0:
            amounts[row, order.period - 1] += exact(order.quantity)
    quantity = {
        (row, t): min(amounts.get((row, t), ZERO), offer.upper[t])
        for row, offer in enumerate(data.offers)
        for t in offer.cells
    }
    total = {row: sum((quantity[row, t] for t in o.cells), ZERO) for row, o in enumerate(data.offers)}
    used = {row: int(total[row] > 0) for row in total}
    enough = {row: int(total[row] > 0 and total[row] >= data.offers[row].token) for row in total}
    return States(
        quantity=quantity,
        packs={
            (row, t): round(amount / multiple)
            for (row, t), amount in quantity.items()
            if (multiple := data.offers[row].link.multiple)
        },
        ordered={cell: int(amount > 0) for cell, amount in quantity.items()},
        total=total,
        used=used,
        active={s: int(any(used[row] for row in rows)) for s, rows in enumerate(data.of_supplier)},
        enough=enough,
        counting={s: int(any(enough[row] for row in data.of_supplier[s])) for s in data.counting},
        tier={g: _tier(tiers, sum((total[r] for r in tiers.offers), ZERO)) for g, tiers in enumerate(data.tiers)},
    )


def _tier(tiers: Tiers, total: Fraction) -> int:
    """Return the highest tier that `total` reaches, up to the judge's tolerance."""
    reached = [k for k, start in enumerate(tiers.start) if within_limit(start, total)]
    return reached[-1]


# --- from a reading to a plan ----------------------------------------------------------------


def plan_of(data: Data, reading: Reading) -> SourcingPlan:
    """Return the plan that a reading means, free of solver noise."""
    raw = _quantities(data, reading)
    best, found = None, SourcingPlan(orders=())
    seen: list[Quantities] = []
    for candidate in (raw, _snapped(data, raw)):
        amounts = repaired(data, reading, candidate)
        if amounts in seen:
            continue
        seen.append(amounts)
        plan = _plan(data, amounts)
        rank = _rank(data, data.instance.evaluate(plan))
        if best is None or rank < best:
            best, found = rank, plan
    return found


def _quantities(data: Data, reading: Reading) -> Quantities:
    """Return the quantities, multiples counted, noise and what its binaries rule out dropped."""
    found: Quantities = {}
    for (row, t), amount in reading.quantity.items():
        offer = data.offers[row]
        governors = (reading.ordered.get((row, t)), reading.used.get(row), reading.active.get(offer.supplier))
        if False in governors:
            continue
        if offer.link.multiple:
            quantity = offer.link.multiple * reading.packs[row, t]
        else:
            quantity = exact(amount) if amount > NOISE * Fraction(data.scale[offer.part]) else ZERO
            if offer.orders and offer.least and reading.ordered[row, t]:
                quantity = max(quantity, offer.least)
        if quantity > 0:
            found[row, t] = min(quantity, offer.upper[t])
    return found


def _snapped(data: Data, amounts: Quantities) -> Quantities:
    """Return the quantities rounded to the decimals of the data where they are close to them."""
    steps = [_step(data, part) for part in range(len(data.parts))]
    found = {}
    for (row, t), amount in amounts.items():
        offer = data.offers[row]
        step = steps[offer.part]
        near = round(amount / step) * step
        close = abs(near - amount) <= min(step / 8, NOISE * 4 * max(amount, Fraction(data.scale[offer.part])))
        found[row, t] = near if close and not offer.link.multiple else amount
    return {cell: amount for cell, amount in found.items() if amount > 0}


def _step(data: Data, part: int) -> Fraction:
    """Return the decimal step of everything that is told in units of a part."""
    instance, name = data.instance, data.parts[part]
    numbers: list[Fraction | None] = [*instance.demand[name], instance.initial[name], instance.storage[name]]
    for row in data.of_part[part]:
        link = data.offers[row].link
        numbers += (link.capacity, link.minimum, link.multiple, instance.capacity[link.supplier])
        numbers += (data.extras.get((link.supplier, None)), data.extras.get((link.supplier, name)))
    return Fraction(1, max((_decimals(number) for number in numbers if number is not None), default=1))


def _decimals(number: Fraction) -> int:
    """Return the power of ten that makes a decimal number whole."""
    power = 1
    while (number * power).denominator != 1 and power < 10**12:
        power *= 10
    return power


def _rank(data: Data, judged: Evaluation) -> tuple[Fraction, Fraction]:
    """Order plans: first what they break (priced, where it may be relaxed), then what they cost."""
    cost = judged.exact if judged.exact is not None else ZERO
    broken = ZERO
    for violation in judged.violations:
        price = (data.elastic or {}).get((violation.rule, violation.members), None)
        broken += exact(violation.short_by) * (exact(price) if price is not None else 10**12)
    return (broken, cost)


def _plan(data: Data, amounts: Quantities) -> SourcingPlan:
    return SourcingPlan(
        orders=tuple(
            Order(
                supplier=data.offers[row].link.supplier,
                part=data.offers[row].link.part,
                period=t + 1,
                quantity=float(amount),
            )
            for (row, t), amount in sorted(amounts.items())
        )
    )
