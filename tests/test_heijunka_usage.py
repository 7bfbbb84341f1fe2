"""Part usage by bounded dynamic programming: optima against brute force, bounds that hold, moves priced as they are."""

import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt import jit
from jitopt.errors import InputError, NotApplicableError
from jitopt.formats.files import understand
from jitopt.formats.text import Text
from jitopt.heuristics import _heijunka_usage_layers as layers
from jitopt.heuristics import _heijunka_usage_windows as windows
from jitopt.heuristics import heijunka_usage
from jitopt.heuristics._heijunka_usage import costs_of, usage_of, value_of
from jitopt.heuristics._heijunka_usage_sweep import Span, sweep
from jitopt.heuristics._heijunka_usage_walk import KERNELS, Walks
from jitopt.heuristics.context import LocalContext

PLAIN = jit.plain(KERNELS)


def made(seed: int, products: int = 4, units: int = 8, parts: int = 3, measures: int = 0, **more: Any) -> Any:
    """Return a random instance; measures: bits for rates, for absolute deviations, for odd weights and quantities."""
    dice = random.Random(seed)
    demand = [1] * products
    for _ in range(units - products):
        demand[dice.randrange(products)] += 1
    names = [f"M{i}" for i in range(products)]
    cells = [(i, f"c{part}", dice.choice([0, 1, 1, 2])) for i in names for part in range(parts)]
    rows = [(i, part, q * (0.3 if measures & 4 else 1)) for i, part, q in cells if q] or [(names[0], "c0", 1.0)]
    objective: list[dict[str, Any]] = [{"term": "usage", "measure": "sum_absolute" if measures & 2 else "sum_squared"}]
    if measures & 1:
        objective.append({"term": "rate", "measure": dice.choice(["sum_squared", "sum_absolute"]), "weight": 0.7})
    used = sorted({part for _, part, _ in rows})
    data: dict[str, Any] = {
        "problem": "heijunka",
        "version": 1,
        "name": "usage",
        "products": {"product": names, "demand": demand},
        "bill": {
            "product": [r[0] for r in rows],
            "part": [r[1] for r in rows],
            "quantity": [float(r[2]) for r in rows],
        },
        "parts": {"part": used, "weight": [dice.choice([1, 2, 0.1]) if measures & 4 else 1 for _ in used]},
        "objective": objective,
    }
    return jitopt.Heijunka.parse(data | more)


def orders(instance: Any) -> Any:
    """Yield every sequence of product rows."""
    units = [row for row, count in enumerate(instance.products.demand) for _ in range(count)]
    return sorted(set(itertools.permutations(units)))


def judged(instance: Any, rows: Any) -> Fraction:
    plan = jitopt.HeijunkaPlan(sequence=tuple(instance.products.product[row] for row in rows))
    return instance.evaluate(plan).objective


def solved(instance: Any, **more: Any) -> LocalContext:
    context = LocalContext(limit=20, compiled=False, **more)
    heijunka_usage.run(instance, context)
    return context


@given(seed=st.integers(0, 10**6), measures=st.integers(0, 7), products=st.integers(2, 4))
@settings(max_examples=25, deadline=None)
def test_the_optimum_of_brute_force_is_found_and_proven(seed: int, measures: int, products: int) -> None:
    instance = made(seed, products=products, units=7, parts=seed % 4 + 1, measures=measures)
    best = min(float(judged(instance, rows)) for rows in orders(instance))
    context = solved(instance)
    assert float(instance.evaluate(context.plans[-1]).objective) == pytest.approx(best, abs=1e-9)
    assert max(context.bounds) == pytest.approx(best, rel=1e-7, abs=1e-9)
    assert max(context.bounds) <= best * (1 + 1e-12)


@given(seed=st.integers(0, 10**6), measures=st.integers(0, 7), most=st.sampled_from([0, 6, 10**6]))
@settings(max_examples=25, deadline=None)
def test_no_layer_costs_less_than_its_bound(seed: int, measures: int, most: int) -> None:
    instance = made(seed, products=4, units=7, parts=seed % 4 + 1, measures=measures)
    usage: Any = usage_of(instance)
    costs = np.array([costs_of(usage, np.array(rows)) for rows in orders(instance)])
    before, layers.MOST_POINTS = layers.MOST_POINTS, most
    try:
        least = layers.least_costs(usage, costs[seed % len(costs)])
    finally:
        layers.MOST_POINTS = before
    assert (least <= costs.min(axis=0) * (1 + 1e-12) + 1e-9).all()
    if most and usage.squares.any() and not usage.prices.any() and most == 10**6 and layers.Form(usage).steep:
        # With curvature in every direction the search is exact.
        assert least == pytest.approx(costs.min(axis=0), rel=1e-7, abs=1e-6)


@given(seed=st.integers(0, 10**6), measures=st.sampled_from([0, 4]), most=st.sampled_from([3, 10**6]))
@settings(max_examples=25, deadline=None)
def test_no_window_costs_less_than_its_bound(seed: int, measures: int, most: int) -> None:
    instance = made(seed, products=4, units=8, parts=seed % 4 + 1, measures=measures)
    usage: Any = usage_of(instance)
    costs = np.array([costs_of(usage, np.array(rows)) for rows in orders(instance)])
    known = costs[seed % len(costs)]
    bounds = windows.Windows(usage, layers.Form(usage), layers.least_costs(usage, known))
    before, windows.MOST_STATES = windows.MOST_STATES, most
    try:
        while bounds.double(known, lambda: False):
            pass
    finally:
        windows.MOST_STATES = before
    assert max(bounds.levels) == 4
    for length, bound in bounds.levels.items():
        for first in range(8 - length + 1):
            least = costs[:, first : first + length].sum(axis=1).min()
            assert bound[first] <= least * (1 + 1e-12) + 1e-9
    assert (bounds.rest()[:-1] <= costs[:, ::-1].cumsum(axis=1)[:, ::-1].min(axis=0) * (1 + 1e-12) + 1e-9).all()


@given(seed=st.integers(0, 10**6), measures=st.integers(0, 7))
@settings(max_examples=25, deadline=None)
def test_costs_are_those_of_the_judge(seed: int, measures: int) -> None:
    instance = made(seed, products=5, units=12, measures=measures)
    usage: Any = usage_of(instance)
    rows = np.random.default_rng(seed).permutation(np.repeat(np.arange(5), instance.products.demand))
    assert usage.told(value_of(usage, rows)) == pytest.approx(float(judged(instance, rows)), rel=1e-12)


@pytest.mark.parametrize("measures", [0, 1, 2, 6])
def test_moves_cost_what_they_change(measures: int) -> None:
    instance = made(3, products=4, units=14, measures=measures)
    usage: Any = usage_of(instance)
    walks = Walks(usage, LocalContext(compiled=False), 1)
    walk, worth, dice = walks.walks[0], np.zeros(2), np.array([77])
    walk[0][:] = np.repeat(np.arange(4), instance.products.demand)
    PLAIN.begin(walks.form, walk, usage.demand, worth)
    changed = 0
    for _ in range(400):
        before = walk[0].copy()
        if dice[0] % 2:
            PLAIN.exchange(walks.form, walk, worth, walks.free, dice, np.inf)
        else:
            PLAIN.shift(walks.form, walk, worth, walks.free, walks.last, dice, np.inf)
        changed += bool((before != walk[0]).any())
        assert worth[0] == pytest.approx(value_of(usage, walk[0]), rel=1e-11)
        assert value_of(usage, walk[1]) == pytest.approx(worth[1], rel=1e-11)
    assert changed > 100


def test_both_twins_walk_the_same_way() -> None:
    for measures in (0, 3):
        usage: Any = usage_of(made(5, products=5, units=30, measures=measures))
        rows = np.repeat(np.arange(5), usage.demand)
        found = [
            Walks(usage, LocalContext(work=1, compiled=compiled), 1).cycle(rows, value_of(usage, rows), 3000)
            for compiled in (False, True)
        ]
        assert found[0][1] == found[1][1] < value_of(usage, rows)
        assert (found[0][0] == found[1][0]).all()


def test_locks_are_kept_and_the_rest_is_the_best_beside_them() -> None:
    current = {"sequence": ["M1", "M0"]}
    locks: dict[str, Any] = {"current": current, "frozen": 2, "fixed": {"position": [5], "product": ["M3"]}}
    instance = made(11, products=4, units=8, **locks)
    allowed = [rows for rows in orders(instance) if rows[:2] == (1, 0) and rows[4] == 3]
    best = min(float(judged(instance, rows)) for rows in allowed)
    context = solved(instance)
    assert float(instance.evaluate(context.plans[-1]).objective) == pytest.approx(best)
    assert max(context.bounds) == pytest.approx(best)
    usage: Any = usage_of(instance)
    walks = Walks(usage, LocalContext(work=1, compiled=False), 1)
    rows, _ = walks.cycle(np.array([instance.index[p] for p in context.plans[0].sequence]), 1e9, 2000)
    assert tuple(rows[:2]) == (1, 0) and rows[4] == 3


def test_locks_that_leave_no_plan_give_none() -> None:
    fixed = {"position": [1, 1], "product": ["M0", "M1"]}
    assert not solved(made(1, fixed=fixed)).plans


def test_a_start_is_never_made_worse_and_a_width_too_small_proves_nothing() -> None:
    instance = made(8, products=5, units=11)
    usage: Any = usage_of(instance)
    optimum = usage.told(sweep(usage, 10**6, np.zeros(12), np.inf, lambda: False).cost)
    narrow = sweep(usage, 1, np.zeros(12), np.inf, lambda: False)
    assert narrow.least <= narrow.cost and usage.told(narrow.cost) >= optimum
    start = solved(instance).plans[-1]
    context = solved(instance, start=start)
    assert context.plans == [start] and max(context.bounds) == pytest.approx(optimum)


def test_a_part_swept_by_itself_is_the_best_between_its_ends() -> None:
    instance = made(21, products=4, units=10)
    usage: Any = usage_of(instance)
    rows = np.repeat(np.arange(4), usage.demand)
    before, after = (np.bincount(rows[:end], minlength=4) for end in (2, 8))
    swept = sweep(usage, 10**6, np.zeros(11), np.inf, lambda: False, Span(2, 8, before, after))
    best = min(costs_of(usage, np.array([*rows[:2], *part, *rows[8:]]))[2:8].sum()
               for part in set(itertools.permutations(rows[2:8].tolist())))  # fmt: skip
    assert swept.cost == best


def test_it_searches_on_without_a_proof_by_work_and_the_same_way() -> None:
    instance = made(4, products=8, units=40, parts=2, measures=2)
    found = [solved(instance, work=20_000, seed=3).plans[-1] for _ in range(2)]
    assert found[0] == found[1]


def test_rules_that_bind_are_not_for_it() -> None:
    data = made(1).to_dict()
    data["products"]["spacing"] = [1, 1, 1, 2]
    data["products"]["demand"] = [1, 1, 1, 3]
    with pytest.raises(NotApplicableError, match="'M3' has a spacing"):
        solved(jitopt.Heijunka.parse(data))


def test_auto_takes_it_and_tells_an_exact_algorithm() -> None:
    result = jitopt.solve(made(6, products=5, units=16, parts=6), time_limit=20)
    assert (result.status, result.proof) == ("optimal", "exact_algorithm")


# --- readers ---------------------------------------------------------------------------------------

RATES = 'instance,demand,note\nmonden,2 3 5,"a, b"\nother,1 1,\n'
MONDEN = "3 4\n2 3 5\n1 1 0\n0 1 1\n1 0 1\n1 1 0\n2\n9 9\n"


def read(text: str, **more: Any) -> Any:
    return understand(Text(text, "x.txt", "x"), **more)


def test_monden_s_example_has_its_published_optimum() -> None:
    instance = read(MONDEN)
    assert instance.bill.quantity.count(1.0) == 8
    context = solved(instance)
    assert context.plans[-1].sequence is not None
    assert max(context.bounds) == float(instance.evaluate(context.plans[-1]).objective) == 4.15


def test_a_row_of_a_table_is_named() -> None:
    instance = read(RATES, row="monden")
    assert (instance.name, instance.products.demand) == ("monden", (2, 3, 5))
    with pytest.raises(InputError, match="2 instances"):
        read(RATES)
    with pytest.raises(InputError, match="no row of this name"):
        read(RATES, row="nobody")
    with pytest.raises(InputError, match="orv has no rows"):
        read(MONDEN, row="1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RATES.replace("1 1", "1 x"), "line 3: demand 2 must be an integer"),
        (RATES.replace("other", "monden"), "line 3: each row must have a name of its own"),
        (RATES.replace("1 1", ""), "line 3: a row must hold at least one demand"),
        (RATES.replace("1 1,", "1 1"), "line 3: a row must have a cell for each of the 3 columns"),
        (RATES.replace('b"', "b"), "cannot be read as CSV"),
        ("instance,demand\n", "no row"),
        ("instance,demand,demand\na,1,2\n", "line 1: the first line must name the column demand once"),
    ],
)
def test_a_broken_table_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError) as told:
        read(text, format="prv", row="other")
    assert words in str(told.value).replace("x.txt: ", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MONDEN.replace("1 0 1", "1 0"), "line 5: the line of part 3 must hold one integer for each of the 3 products"),
        (MONDEN.replace("2 3 5", "2 3 -5"), "line 2: the demand of product 3 must be an integer from 0"),
        (MONDEN.replace("0 1 1", "0 q 1"), "line 4: the units of part 2 in product 2 must be an integer"),
        ("3\n1 1 1\n", "line 1: the first line must hold two integers"),
        ("2 2\n1 1\n1 1\n", "line 4: the line of part 2"),
    ],
)
def test_a_broken_file_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError) as told:
        read(text, format="orv")
    assert words in str(told.value).replace("x.txt: ", "")
