"""The exact algorithms of product rates against enumeration, scipy, theorems, and with faults put in."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

import jitopt
from jitopt import jit
from jitopt.errors import InputError, NotApplicableError
from jitopt.heuristics import heijunka_assign, heijunka_bottleneck
from jitopt.heuristics._heijunka_dense import dense, matrix
from jitopt.heuristics._heijunka_kinds import table_of, work_of
from jitopt.heuristics._heijunka_rates import Rates, rates_of
from jitopt.heuristics.context import LocalContext
from jitopt.problems.heijunka import Heijunka
from jitopt.problems.heijunka.levels import deviations
from jitopt.testing import optimum

KERNELS = jit.plain(heijunka_assign.KERNELS)
SUM, MAX = "sum_squared", "max_absolute"


def instance(demand: list[int], measure: str = SUM, **more: Any) -> Heijunka:
    products = {"product": [f"P{row}" for row in range(len(demand))], "demand": demand, **more.pop("products", {})}
    data = {"name": "rates", "products": products, "objective": [{"term": "rate", "measure": measure}], **more}
    return Heijunka.parse({"problem": "heijunka", "version": 1, **data})


def solved(
    asked: Heijunka, method: Any = heijunka_assign, compiled: bool = False
) -> tuple[Fraction, float, Any] | None:
    """Return the objective of the method's plan, its bound and the plan; None where it has no plan."""
    context = LocalContext(limit=100.0, work=1, compiled=compiled)
    method.run(asked, context)
    if not context.plans:
        return None
    found = asked.evaluate(context.plans[-1])
    assert found.feasible
    assert found.exact is not None
    return found.exact, context.bounds[-1], context.plans[-1]


def drawn(seed: int, measures: list[list[str]], locks: bool) -> Heijunka:
    """Return a tiny instance with weights, several terms, a plan in force, frozen and fixed slots."""
    dice = random.Random(seed)
    while True:
        demand = [dice.choice([0, 1, 1, 2, 3, 4]) for _ in range(dice.randint(1, 4))]
        units, plans = 0, 1
        for number in demand:
            units += number
            plans *= comb(units, number)
        if not units or plans > 600:
            continue
        names = [f"P{row}" for row in range(len(demand))]
        more: dict[str, Any] = {"objective": [
            {"term": "rate", "measure": measure, "weight": dice.choice([1.0, 2.0, 0.1])}
            for measure in dice.choice(measures)
        ]}  # fmt: skip
        if dice.random() < 0.5:
            more["products"] = {"weight": [dice.choice([0.0, 1.0, 0.5, 0.3, 7.0, 1 / 3]) for _ in demand]}
        if dice.random() < 0.5:
            current = [name for name, number in zip(names, demand, strict=True) for _ in range(number)]
            dice.shuffle(current)
            current = current[: dice.randint(1, units)]
            if dice.random() < 0.2:
                current = [dice.choice(names) for _ in current]
            more["current"] = {"sequence": current, "price": dice.choice([0.0, 0.5, 0.1, 3.0]) if locks else 0.0}
            more["frozen"] = dice.choice([0, dice.randint(1, len(current))])
        if locks and dice.random() < 0.3:
            slots = dice.sample(range(1, units + 1), min(units, dice.randint(1, 2)))
            more["fixed"] = {"position": slots, "product": [dice.choice(names) for _ in slots]}
        try:
            return instance(demand, **more)
        except InputError:
            continue


SUMS = [["sum_squared"], ["sum_absolute"], ["sum_squared", "sum_absolute"]]


@pytest.mark.parametrize("block", range(6))
def test_sums_reach_the_optimum_of_an_enumeration_and_prove_it(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        asked = drawn(seed, SUMS, locks=True)
        best, found = optimum(asked), solved(asked)
        assert (best is None) == (found is None)
        if best is not None and found is not None:
            objective, bound, _ = found
            # Weights of 1/3 in sixteen digits have no common unit: there the bound lies a little below.
            assert float(objective) == pytest.approx(float(best.value), rel=1e-9, abs=1e-12)
            assert bound == pytest.approx(float(best.value), rel=1e-9, abs=1e-12)
            assert Fraction(bound) <= best.value


@pytest.mark.parametrize("block", range(4))
def test_maxima_reach_the_optimum_of_an_enumeration_and_prove_it(block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        asked = drawn(seed, [["max_squared"], ["max_absolute"]], locks=False)
        best, found = optimum(asked), solved(asked, heijunka_bottleneck)
        assert (best is None) == (found is None)
        if best is not None and found is not None:
            assert found[0] == best.value
            assert found[1] == pytest.approx(float(best.value), rel=1e-15)


# --- larger ones: patterns of demand against scipy ------------------------------------------------

PATTERNS = {
    "coprime": [97, 61, 31, 11],
    "equal but two": [11, 9, 10, 10, 10, 10, 10, 10],
    "one huge": [117, 1, 2],
    "huge and ones": [90, *[1] * 30],
    "many ones": [1] * 113,
    "powers of two": [1, 2, 4, 8, 16, 32, 64],
    "one over rank": [60, 30, 20, 15, 12, 10, 8, 7, 6, 1],
}


def naive(demand: list[int], power: int) -> Fraction:
    """Return the least sum of deviations by the matrix of marginal costs, straight from the definition, and scipy.

    Building unit j at slot k adds |j - l r|^p - |j - 1 - l r|^p for every slot l >= k to what building nothing costs.
    """
    units = sum(demand)
    slots = np.arange(1, units + 1)
    nothing, rows = 0, []
    for number in demand:
        lines = [np.abs(j * units - slots * number) ** power for j in range(number + 1)]
        nothing += int(lines[0].sum())
        rows += [(lines[j] - lines[j - 1])[::-1].cumsum()[::-1] for j in range(1, number + 1)]
    cost = np.array(rows)
    assert np.abs(cost).max() < 2**53
    _, slot = linear_sum_assignment(cost)
    return Fraction(nothing + int(cost[np.arange(units), slot].sum()), units**power)


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("measure", ["sum_squared", "sum_absolute"])
def test_sums_agree_with_scipy_on_patterns_of_demand(name: str, measure: str) -> None:
    found = solved(instance(PATTERNS[name], measure))
    assert found is not None
    assert found[0] == naive(PATTERNS[name], 2 if measure == "sum_squared" else 1)
    assert found[1] == pytest.approx(float(found[0]), rel=1e-15)


def test_the_dense_road_and_the_compiled_twin_agree_with_the_plain_one() -> None:
    for demand, more in (
        (PATTERNS["coprime"], {"products": {"weight": [1.0, 0.25, 3.0, 0.5]}}),
        (PATTERNS["huge and ones"], {}),
        ([30, 20, 11], {"current": {"sequence": ["P1"] * 9 + ["P0"] * 30, "price": 0.05}, "frozen": 7}),
    ):
        asked = instance(demand, **more)
        plain, compiled = solved(asked), solved(asked, compiled=True)
        assert plain == compiled
        rates = rates_of(asked)
        assert rates is not None
        table = table_of(rates)
        forced = heijunka_assign._augment(
            rates, table, LocalContext(limit=100.0), jit.compiled(heijunka_assign.KERNELS)
        )
        assert forced is not None
        assert heijunka_assign.value(rates, table, forced.rows) == (plain[0] if plain else None)
        if not len(rates.sites):
            rows, breach = dense(rates, table)
            assert (heijunka_assign.value(rates, table, rows), breach) == (plain[0] if plain else None, 0)
    asked = instance([400, 300, 211], MAX)
    assert solved(asked, heijunka_bottleneck) == solved(asked, heijunka_bottleneck, compiled=True)


# --- the certificate ------------------------------------------------------------------------------


def certified(rates: Rates, fault: Any = None) -> int:
    """Solve, put a fault in, and return the breach that the certificate tells, and what all pairs tell."""
    table = table_of(rates)
    work = work_of(table, rates)
    KERNELS.insert(table.kinds, work, rates.sites, table.move, 10**9)
    if fault is not None:
        fault(work)
    value, front, back = (np.zeros(rates.units, dtype=np.int64) for _ in range(3))
    _, breach = KERNELS.certify(table.kinds, work, rates.sites, table.move, len(rates.frozen), value, front, back)
    kind, cost = matrix(rates, table)
    every = work.price[kind][:, None] + value[None, len(rates.frozen) :] - cost
    assert max(0, int(every.max())) == breach
    return int(breach)


def test_the_certificate_is_that_of_all_pairs_and_finds_every_fault() -> None:
    rates = rates_of(instance([23, 17, 8, 3, 1], products={"weight": [1.0, 2.0, 0.5, 1.0, 4.0]}))
    assert rates is not None
    assert certified(rates) == 0

    def exchange(work: Any) -> None:
        work.owner[[10, 40]] = work.owner[[40, 10]]

    def raise_price(work: Any) -> None:
        work.price[5] += 10**6

    def lower_price(work: Any) -> None:
        work.price[5] -= 10**6

    assert all(certified(rates, fault) > 0 for fault in (exchange, raise_price, lower_price))


def test_a_breach_lowers_the_bound_below_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = instance([5, 3, 2])
    right = solved(asked)
    assert right is not None
    true = heijunka_assign.solve

    def worse(rates: Rates, table: Any, context: Any) -> Any:
        found = true(rates, table, context)
        assert found is not None
        rows = np.sort(found.rows)  # the worst plan, with a breach as large as its excess
        lost = heijunka_assign.value(rates, table, rows) - heijunka_assign.value(rates, table, found.rows)
        return heijunka_assign.Solution(rows, int(lost / table.unit))

    monkeypatch.setattr(heijunka_assign, "solve", worse)
    wrong = solved(asked)
    assert wrong is not None
    assert wrong[0] > right[0]
    assert wrong[1] <= float(right[0])


# --- structure ------------------------------------------------------------------------------------


@pytest.mark.parametrize("demand", [[2, 3], [1, 2, 4], [3, 4, 1, 1], [5, 1]])
@pytest.mark.parametrize("measure", ["sum_squared", "sum_absolute"])
def test_equal_cycles_are_best(demand: list[int], measure: str) -> None:
    """The optimum of q cycles, found without the theorem, is q times that of one."""
    one = solved(instance(demand, measure))
    whole = instance([3 * number for number in demand], measure)
    rates = rates_of(whole)
    assert one is not None
    assert rates is not None
    assert rates.cycles == 3
    units = 3 * rates.units
    long = Rates(**{**vars(rates), "demand": whole.products.demand, "units": units, "cycles": 1})
    table = table_of(long)
    found = heijunka_assign._augment(long, table, LocalContext(limit=100.0), KERNELS)
    assert found is not None
    assert found.breach == 0
    assert heijunka_assign.value(long, table, found.rows) == 3 * one[0]


def test_cycles_are_not_used_with_frozen_slots() -> None:
    asked = instance([4, 2], current={"sequence": ["P1", "P1"]}, frozen=2)
    rates = rates_of(asked)
    assert rates is not None
    assert rates.cycles == 1
    best, found = optimum(asked), solved(asked)
    assert best is not None
    assert found is not None
    assert found[0] == best.value


@pytest.mark.parametrize(("method", "measure"), [(heijunka_assign, SUM), (heijunka_bottleneck, MAX)])
def test_names_and_order_of_products_do_not_matter(method: Any, measure: str) -> None:
    demand, weight = [13, 8, 8, 5, 2, 1], [1.0, 2.0, 1.0, 0.5, 3.0, 1.0]
    values = set()
    for seed in range(4):
        order = random.Random(seed).sample(range(6), 6)
        products = {"product": [f"{seed}-{row}" for row in order], "weight": [weight[row] for row in order]}
        found = solved(instance([demand[row] for row in order], measure, products=products), method)
        assert found is not None
        values.add(found[0])
    assert len(values) == 1


def test_largest_deviations_keep_the_theorems() -> None:
    """Brauner & Crama 2004: at most 1 - 1/D; Tijdeman 1980: at most 1 - 1/(2n - 2); Kubiak 2003: powers of two."""
    dice = random.Random(1)
    for _ in range(60):
        demand = [dice.randint(1, 12) for _ in range(dice.randint(2, 6))]
        found = solved(instance(demand, MAX), heijunka_bottleneck)
        assert found is not None
        limit = min(1 - Fraction(1, sum(demand)), 1 - Fraction(1, 2 * len(demand) - 2))
        assert found[0] <= limit
    for n in range(2, 8):
        found = solved(instance([2**i for i in range(n)], MAX), heijunka_bottleneck)
        assert found is not None
        assert found[0] == Fraction(2 ** (n - 1) - 1, 2**n - 1)


def test_rows_of_ones_have_their_closed_forms() -> None:
    for n in (2, 5, 30):
        squares, largest = solved(instance([1] * n)), solved(instance([1] * n, MAX), heijunka_bottleneck)
        assert squares is not None
        assert largest is not None
        assert (squares[0], largest[0]) == (Fraction(n * n - 1, 6), 1 - Fraction(1, n))


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 14), st.integers(0, 14), st.data())
def test_closed_sums_are_the_definition(slots: int, total: int, data: st.DataObject) -> None:
    built = sorted(data.draw(st.sets(st.integers(1, slots))))
    lines = [abs(sum(at <= s for at in built) - Fraction(s * total, slots)) for s in range(1, slots + 1)]
    wanted = {"sum_absolute": sum(lines), "sum_squared": sum(v * v for v in lines)}
    wanted |= {"max_absolute": max(lines), "max_squared": max(lines) ** 2}
    for measure, value in wanted.items():
        assert sum(deviations([(Fraction(3), total, built)], slots, measure)) == 3 * value


# --- where they apply, and in a solve -------------------------------------------------------------

FOREIGN: list[dict[str, Any]] = [
    {"objective": [{"term": "rate"}, {"term": "changeover"}]},
    {"objective": [{"term": "rate", "measure": "sum_squared"}, {"term": "rate", "measure": "max_squared"}]},
    {"products": {"spacing": [2, None]}},
    {"products": {"longest_run": [1, None]}},
    {"products": {"shortest_run": [2, None]}},
    {"box": {"buckets": 3, "capacity": 2}},
    {"current": {"sequence": ["P0"], "at_most": 2}},
    {"ratios": {"ratio": ["r"], "at_most": [1], "in_any": [2], "hard": [True]},
     "options": {"product": ["P0"], "ratio": ["r"]}},
]  # fmt: skip


@pytest.mark.parametrize("more", FOREIGN)
def test_what_is_not_their_form_is_refused(more: dict[str, Any]) -> None:
    asked = instance([3, 2], **more)
    assert not asked.forms() & {"rate_sum", "rate_max"}
    for method in (heijunka_assign, heijunka_bottleneck):
        with pytest.raises(NotApplicableError):
            method.run(asked, LocalContext(limit=100.0))


def test_locked_slots_and_prices_are_for_sums_only() -> None:
    for more in ({"fixed": {"position": [1], "product": ["P0"]}}, {"current": {"sequence": ["P0"], "price": 1.0}}):
        assert "rate_sum" in instance([3, 2], SUM, **more).forms()
        assert "rate_max" not in instance([3, 2], MAX, **more).forms()


@pytest.mark.parametrize(("measure", "method"), [(SUM, "heijunka_assign"), (MAX, "heijunka_bottleneck")])
def test_auto_ends_with_the_proof_of_the_algorithm(measure: str, method: str) -> None:
    asked = instance([30, 20, 11], measure)
    result, alone = jitopt.solve(asked, time_limit=30), jitopt.solve(asked, method=method, time_limit=30)
    for found in (result, alone):
        assert (found.status, found.proof, found.warnings) == ("optimal", "exact_algorithm", ())
    assert result.objective == alone.objective
    again = jitopt.solve(asked, time_limit=30, deterministic=True, start=result)
    assert again.objective == result.objective
    assert again.start is not None
    assert again.start.checked
