"""The supply network: requirements by hand, by recursion, lead times, uses, cycles."""

from __future__ import annotations

import random
import subprocess
import sys
from fractions import Fraction

import pytest

from jitopt.errors import InputError
from jitopt.network import (
    check_acyclic,
    critical_suppliers,
    cumulative_lead_time,
    cycle_of,
    per_unit,
    requirements,
    supply_network,
    where_used,
)

BILL = [
    {"product": "bike", "part": "wheel", "quantity": 2},
    {"product": "bike", "part": "bolt", "quantity": 10},
    {"product": "wheel", "part": "spoke", "quantity": 32},
    {"product": "wheel", "part": "bolt", "quantity": Fraction(1, 2)},
]


def network(**more):
    return supply_network(
        bill=BILL,
        products=[{"product": "bike", "lead_time": 1}, {"product": "wheel", "lead_time": Fraction(1, 2)}],
        suppliers=[{"supplier": "S1", "lead_time": 3}, {"supplier": "S2", "lead_time": 5}],
        quotes=[
            {"supplier": "S1", "part": "bolt", "price": 1},
            {"supplier": "S2", "part": "bolt", "price": 2},
            {"supplier": "S1", "part": "spoke", "price": 1},
        ],
        **more,
    )


def test_requirements_by_hand():
    need = requirements(network(), {"bike": 3, "wheel": 1})
    assert need == {"bike": 3, "wheel": 7, "spoke": 224, "bolt": 30 + Fraction(7, 2)}


def test_requirements_agree_with_a_plain_recursion():
    """On random bills of several levels: topological sums against naive recursion from every part upwards."""
    for seed in range(30):
        rng = random.Random(seed)
        names = [f"i{number}" for number in range(12)]
        bill = [
            {"product": names[a], "part": names[b], "quantity": Fraction(rng.randint(1, 6), rng.randint(1, 4))}
            for a in range(12)
            for b in range(a + 1, 12)
            if rng.random() < 0.3
        ]
        rng.shuffle(bill)
        demand: dict[str, Fraction | int] = {str(row["product"]): rng.randint(0, 9) for row in bill}

        def need(item, bill=bill, demand=demand):
            above = (row["quantity"] * need(row["product"]) for row in bill if row["part"] == item)
            return demand.get(item, 0) + sum(above, Fraction(0))

        graph = supply_network(bill=bill)
        found = requirements(graph, demand)
        assert found == {item: need(item) for item in found}
        for item in found:
            assert all(per_unit(graph, above)[item] == units for above, units in where_used(graph, item).items())


def test_where_used_and_per_unit():
    assert where_used(network(), "bolt") == {"bike": 11, "wheel": Fraction(1, 2)}
    assert per_unit(network(), "wheel") == {"spoke": 32, "bolt": Fraction(1, 2)}
    assert where_used(network(), "bike") == {}


def test_lead_times_take_the_slowest_way_and_follow_the_award():
    assert cumulative_lead_time(network(), "bike") == (Fraction(13, 2), ["S2", "bolt", "wheel", "bike"])
    awarded = network(awards={("S1", "bolt"): Fraction(1), ("S1", "spoke"): Fraction(1)})
    assert cumulative_lead_time(awarded, "bike") == (Fraction(9, 2), ["S1", "spoke", "wheel", "bike"])


def test_critical_suppliers():
    assert critical_suppliers(network()) == [("S1", ("spoke",), ("bike", "wheel"))]


def test_a_cycle_is_refused_with_its_way():
    bill = [*BILL, {"product": "spoke", "part": "bike", "quantity": 1}]
    with pytest.raises(InputError, match="bike -> wheel -> spoke -> bike"):
        supply_network(bill=bill)
    with pytest.raises(InputError, match="A -> A"):
        check_acyclic([("A", "A")])
    assert cycle_of([("A", "B"), ("A", "C"), ("B", "C")]) is None
    assert cycle_of([("A", "B"), ("B", "C"), ("C", "B")]) == ["B", "C", "B"]


def test_a_deep_bill_needs_no_recursion():
    bill = [{"product": f"i{n}", "part": f"i{n + 1}", "quantity": 1} for n in range(5000)]
    assert requirements(supply_network(bill=bill), {"i0": 2})["i5000"] == 2
    assert cycle_of([(f"i{n}", f"i{n + 1}") for n in range(5000)] + [("i5000", "i0")]) is not None


def test_unknown_items_are_refused():
    with pytest.raises(InputError, match="no product or part"):
        requirements(network(), {"car": 1})


def test_importing_the_package_loads_no_networkx():
    code = "import sys, jitopt, jitopt.network; assert 'networkx' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
