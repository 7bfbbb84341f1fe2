"""Card formulas: published cases, exact rounding, functions of the normal distribution."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.problems.kanban import formulas, normal

CASES = [
    (2000, 0.40, 0.10, 200, Fraction("4.4"), 5),
    (1200, 0.70, 0.16, 80, Fraction("12.18"), 13),
    (750, 40, 0.10, 1000, Fraction(33), 33),
    (200, 2, 0.05, 48, Fraction("8.75"), 9),
    (200, 12, 0.15, 144, Fraction(115, 6), 20),
    (300, 4, 0.10, 40, Fraction(33), 33),
    (1000, 2, 0.15, 250, Fraction("9.2"), 10),
    (60, 40, 0.10, 20, Fraction(132), 132),
    (100, 2, 0.1, 20, Fraction(11), 11),
]


@pytest.mark.parametrize(("demand", "lead_time", "safety", "quantity", "raw", "cards"), CASES)
def test_published_cases(demand, lead_time, safety, quantity, raw, cards):
    found = formulas.basic(demand, lead_time, quantity, safety)
    assert (found.raw, found.cards) == (raw, cards)
    assert sum(found.terms.values()) == raw * quantity
    stock = Fraction(str(safety)) * Fraction(str(lead_time)) * demand
    assert formulas.constant_quantity(demand, lead_time, quantity, stock).cards == cards


def test_eleven_cards_not_twelve():
    """In floating point 100 x 2 x 1.1 / 20 is 11.000000000000002."""
    assert math.ceil(100 * 2 * 1.1 / 20) == 12
    assert formulas.basic(100, 2, 20, 0.1).cards == 11


def test_bottles_need_eight_cards_never_880():
    """2400 bottles in two hours and 40 minutes: with one unit of time eight cards; 880 mixes the units."""
    per_minute = Fraction(2400, 120)
    found = formulas.basic(per_minute, 40, 120, 0.1)
    assert (found.raw, found.cards) == (Fraction(22, 3), 8)
    assert formulas.basic(2400, 40, 120, 0.1).cards == 880


@pytest.mark.parametrize(
    ("demand", "cycle", "safety", "quantity", "cards"),
    [
        (1200, (1, 4, 2), 0.1, 30, 34),
        (1000, (1, 6, 2), 0, 25, 20),
        (500, (1, 2, 1), 0.2, 20, 30),
        (600, (1, 8, 3), 0.05, 24, 14),
        (100, (1, 1, 1), 0.2, 20, 11),
    ],
)
def test_supplier_cycles(demand, cycle, safety, quantity, cards):
    days, deliveries, later = cycle
    found = formulas.supplier_cycle(demand, days, deliveries, later, quantity, safety)
    assert found.cards == cards
    interval = Fraction(days, deliveries)
    same = formulas.constant_cycle(demand, later * interval, interval, quantity, Fraction(str(safety)) * demand)
    assert same.raw == found.raw


def test_cards_do_not_fall_with_every_delivery_more():
    """D=1200, sd=180, 0.35 days under way, z=1.645, Q=60: six deliveries a day need more cards than five."""
    found = []
    for deliveries in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12):
        later = math.ceil(Fraction(35, 100) * deliveries)
        window = Fraction(1 + later, deliveries)
        stock = Fraction(1.645 * 180 * math.sqrt(window))
        found.append(formulas.supplier_cycle(1200, 1, deliveries, later, 60, stock / 1200).cards)
    assert found == [47, 25, 25, 20, 16, 18, 16, 14, 14, 14]


def test_signal():
    assert formulas.signal(100, 2, 20, 5, 20) == formulas.Signal(11, Fraction(320))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(demand=st.integers(1, 10**4), days=st.integers(1, 400), alpha=st.integers(0, 99), quantity=st.integers(1, 500))
def test_basic_is_the_least_number_that_covers(demand, days, alpha, quantity):
    """N Q covers the need, (N - 1) Q does not, in whole numbers."""
    cards = formulas.basic(demand, days / 100, quantity, alpha / 100).cards
    need = demand * days * (100 + alpha)
    assert cards * quantity * 10**4 >= need > (cards - 1) * quantity * 10**4


@pytest.mark.parametrize("service", [0.5, 0.500001, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999, 0.9999999, 0.9999999999999999])
def test_quantiles(service):
    """Two computations, and the tables: 1.2816, 1.6449, 1.9600, 2.3263."""
    assert abs(formulas.quantile(service) - float(normal._quantile_digits(service))) < 1e-14
    tables = {0.9: 1.2816, 0.95: 1.6449, 0.975: 1.9600, 0.99: 2.3263}
    assert round(formulas.quantile(service), 4) == tables.get(service, round(formulas.quantile(service), 4))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    base=st.integers(0, 1000), sd=st.integers(1, 100), service=st.sampled_from((0.9, 0.95, 0.99)), n=st.integers(1, 60)
)
def test_ceiling_at_the_edge(base, sd, service, n):
    """The last digit of eighty decides: a container a little too small needs one card more."""
    with localcontext() as context:
        context.prec = 80
        need = Decimal(base) + normal._quantile_digits(service) * sd
        exact_size = need / n
        above = Fraction(exact_size) + Fraction(1, 10**40)
        below = Fraction(exact_size) - Fraction(1, 10**40)
    assert formulas.ceiling(Fraction(base), service, Fraction(sd * sd), above) == n
    assert formulas.ceiling(Fraction(base), service, Fraction(sd * sd), below) == n + 1


@pytest.mark.parametrize("k", [-6, -3, -1, -0.1, 0, 0.1, 0.5, 1, 1.5, 1.99, 2, 2.01, 3, 4, 6, 8, 12, 20])
def test_loss_to_twelve_digits(k):
    """Against density - k x tail in 60 digits, where cancellation does no harm."""
    with localcontext() as context:
        context.prec = 250
        z = Decimal(k)
        density = (-z * z / 2).exp() / (2 * normal._pi()).sqrt()
    with localcontext() as context:
        context.prec = normal.DIGITS + 150
        term = total = z
        odd = 1
        while abs(term) > Decimal(10) ** -220:
            odd += 2
            term = term * z * z / odd
            total += term
        # pi is known to 80 digits: the tail below 1e-70 cannot be told by subtraction.
        wanted = density - z * (Decimal("0.5") - density * total)
    if abs(k) <= 12:
        found = Decimal(float(formulas.loss(Fraction(k), Fraction(0), Fraction(1))))
        assert abs(found - wanted) <= Decimal("1e-12") * wanted


def test_loss_without_variance():
    assert formulas.loss(Fraction(3), Fraction(5), Fraction(0)) == 2
    assert formulas.loss(Fraction(7), Fraction(5), Fraction(0)) == 0
