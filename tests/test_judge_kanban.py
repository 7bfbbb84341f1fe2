"""The judge of kanban plans against a second opinion, closed forms, symmetries and corrupted plans."""

from __future__ import annotations

import random
from fractions import Fraction
from importlib import import_module
from math import isclose
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.errors import InputError
from jitopt.generators import generate, random_small
from jitopt.problems import forced
from jitopt.problems.kanban import Kanban, KanbanPlan
from jitopt.testing import naive, optimum
from jitopt.testing._transformations import permuted, scaled_money

SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)

TINY = 1e-250

Rows = list[tuple[str, str, int]]


def _plan(rows: Rows) -> KanbanPlan:
    names = ("loop", "container", "cards")
    return KanbanPlan.model_validate({"loops": [dict(zip(names, row, strict=True)) for row in rows]})


def _small(seed: int) -> Kanban:
    instance = random_small("kanban", seed)
    assert isinstance(instance, Kanban)
    return instance


# --- a second opinion --------------------------------------------------------------------------


def _any_plan(instance: Kanban, dice: random.Random) -> KanbanPlan:
    """Draw what the menus have; rarely a loop is left out, doubled or unknown, or takes what is not on its menu."""
    rows: Rows = []
    for name in instance.names:
        if instance.options is not None:
            row = dice.choice(instance.rows_of[name])
            rows.append((name, instance.options.container[row], instance.options.cards[row]))
        else:
            assert instance.containers is not None
            rows.append((name, instance.containers.container[dice.choice(instance.rows_of[name])], dice.randrange(12)))
    fate = dice.random()
    if fate < 0.04:
        rows.pop()
    elif fate < 0.08:
        rows.append(rows[0])
    elif fate < 0.12:
        rows[-1] = (rows[-1][0], "nobody's", rows[-1][2])
    elif fate < 0.15:
        rows.append(("nobody", *rows[-1][1:]))
    return _plan(rows)


def _agree(instance: Kanban, plan: KanbanPlan) -> None:
    """Terms agree exactly, the integrated shortage to 1e-11; broken rules and amounts to the last digit."""
    judged, wanted = instance.evaluate(plan), naive.evaluate(instance, plan)
    broken = {(violation.rule, violation.members): violation.short_by for violation in judged.violations}
    assert broken == {key: float(amount) for key, amount in wanted.broken.items()}
    assert (judged.exact is None) == (wanted.objective is None)
    if judged.exact is None or wanted.terms is None:
        return
    # The integral of a shortage beyond 37 standard deviations is 0 in floating point.
    terms = {name: value for name, value in wanted.terms.items() if value > TINY}
    assert {name for name, value in judged.terms.items() if value > TINY} == set(terms)
    for name, value in terms.items():
        close = 1e-11 if name == "shortage" else 0.0
        assert isclose(judged.terms[name], float(value), rel_tol=close), name
    if not judged.terms.get("shortage"):
        assert judged.exact == wanted.objective


@SETTINGS
@given(seed=st.integers(0, 10**6), turn=st.integers(0, 10**6))
def test_judge_agrees_with_the_definitions(seed: int, turn: int) -> None:
    instance = _small(seed)
    for number in range(10):
        _agree(instance, _any_plan(instance, random.Random(turn * 10 + number)))


def test_judge_agrees_on_larger_instances() -> None:
    for seed in range(3):
        instance = generate(
            "kanban", seed=seed, loops=12, limits=4, demand=20, shortage=0.3, empty=0.5, yields=0.5, bounds=0.5,
            current=True, change_price=0.5, change_cap=True,
        )  # fmt: skip
        assert isinstance(instance, Kanban) and instance.known is not None
        hidden = KanbanPlan.model_validate(instance.known.plan)
        assert instance.evaluate(hidden).feasible
        _agree(instance, hidden)
        for number in range(3):
            _agree(instance, _any_plan(instance, random.Random(seed * 100 + number)))


# --- corrupted plans and tables ---------------------------------------------------------------------


def _strict(**changes: Any) -> Kanban:
    """Return an instance of three loops in which every rule binds."""
    data: dict[str, Any] = {
        "problem": "kanban",
        "version": 1,
        "name": "strict",
        "loops": {
            "loop": ["A", "B", "C"],
            "demand": [100, 80, 10],
            "lead_time": [2, 1, 0.5],
            "safety": [0.1, None, None],
            "service": [None, 0.95, None],
            "demand_sd": [None, 20, None],
            "signal": [None, None, "empty"],
            "minimum": [None, None, 3],
            "maximum": [11, 8, None],
        },
        "containers": {
            "loop": ["A", "A", "B", "C"],
            "container": ["c20", "c40", "c16", "c5"],
            "quantity": [20, 40, 16, 5],
        },
        "uses": {
            "loop": ["A", "A", "B"],
            "container": ["c20", "c40", None],
            "limit": ["rack", "rack", "floor"],
            "amount": [1, 3, 0.1],
        },
        "limits": {"limit": ["rack", "floor"], "capacity": [11, 0.8]},
        "current": {"loops": {"loop": ["A", "B"], "container": ["c20", "c16"], "cards": [10, 8]}, "at_most": 4},
    }
    return Kanban.parse(data | changes)


GOOD: Rows = [("A", "c20", 11), ("B", "c16", 8), ("C", "c5", 3)]


def _with(*changes: tuple[int, tuple[str, str, int]], drop: int | None = None) -> Rows:
    rows = dict(enumerate(GOOD)) | dict(changes)
    rows.pop(-1 if drop is None else drop, None)
    return list(rows.values())


CORRUPTIONS: dict[str, tuple[Rows, str]] = {
    "loop left out": (_with(drop=1), "loop"),
    "nothing": ([], "loop"),
    "loop twice": ([*GOOD, GOOD[0]], "loop"),
    "loop in two containers": ([*GOOD, ("A", "c40", 6)], "loop"),
    "unknown loop": ([*GOOD, ("D", "c20", 1)], "loop"),
    "loop renamed": (_with((0, ("a", "c20", 11))), "loop"),
    "unknown container": (_with((0, ("A", "c30", 11))), "menu"),
    "container of another loop": (_with((0, ("A", "c16", 14))), "menu"),
    "a card short": (_with((0, ("A", "c20", 10))), "cards_needed"),
    "a card short of the service": (_with((1, ("B", "c16", 7))), "cards_needed"),
    "no card": (_with((0, ("A", "c20", 0))), "cards_needed"),
    "cards of the other container": (_with((0, ("A", "c40", 5))), "cards_needed"),
    "below the minimum": (_with((2, ("C", "c5", 2))), "minimum"),
    "a card too many": (_with((0, ("A", "c20", 12))), "maximum"),
    "a card too many of B": (_with((1, ("B", "c16", 9))), "maximum"),
    "absurdly many": (_with((2, ("C", "c5", 10**9))), "change"),
    "rack overfull": (_with((0, ("A", "c20", 12))), "limit"),
    "rack overfull by large boxes": (_with((0, ("A", "c40", 6))), "limit"),
    "floor overfull": (_with((1, ("B", "c16", 9))), "limit"),
    "too many changes": (_with((2, ("C", "c5", 4))), "change"),
    "another container changes all cards": (_with((0, ("A", "c40", 3))), "change"),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupted_plan_is_refused(name: str) -> None:
    rows, rule = CORRUPTIONS[name]
    instance = _strict()
    assert instance.evaluate(_plan(GOOD)).violations == ()
    found = instance.evaluate(_plan(rows))
    assert not found.feasible
    assert rule in {violation.rule for violation in found.violations}
    _agree(instance, _plan(rows))


def test_limits_hold_to_the_last_digit() -> None:
    """Eight cards of 0.1 fill 0.8 exactly, though not in floating point; a hair less does not hold them."""
    limits = {"limit": ["rack", "floor"], "capacity": [11, 0.7999999999]}
    assert 3 * 0.1 > 0.3
    found = _strict(limits=limits).evaluate(_plan(GOOD))
    assert [(v.rule, v.members) for v in found.violations] == [("limit", ("floor",))]
    assert found.violations[0].short_by == 1e-10


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no table": ({"loops": None, "containers": None, "uses": None, "current": None}, "/loops"),
    "two forms": ({"options": {"loop": ["A"], "container": ["c"], "cards": [1], "cost": [1]}}, "/loops"),
    "loop without container": (
        {"containers": {"loop": ["A", "B"], "container": ["c20", "c16"], "quantity": [20, 16]}, "uses": None},
        "/loops/loop/2",
    ),
    "negative quantity": (
        {"containers": {"loop": ["A"], "container": ["c20"], "quantity": [-20]}},
        "/containers/quantity/0",
    ),
    "text as a number": (
        {"containers": {"loop": ["A"], "container": ["c20"], "quantity": ["x"]}},
        "/containers/quantity/0",
    ),
    "unknown loop": (
        {"containers": {"loop": ["A", "Z"], "container": ["c20", "c"], "quantity": [20, 20]}},
        "/containers/loop/1",
    ),
    "unknown limit": ({"uses": {"loop": ["A"], "limit": ["roof"], "amount": [1]}}, "/uses/limit/0"),
    "unknown container": (
        {"uses": {"loop": ["A"], "container": ["c9"], "limit": ["rack"], "amount": [1]}},
        "/uses/container/0",
    ),
    "option of no options": ({"uses": {"option": [0], "limit": ["rack"], "amount": [1]}}, "/uses"),
    "service too low": ({"loops": {"loop": ["A"], "demand": [1], "lead_time": [1], "service": [0.4]}}, "service/0"),
    "yield of nothing": ({"loops": {"loop": ["A"], "demand": [1], "lead_time": [1], "yield": [0]}}, "yield/0"),
    "unknown signal": ({"loops": {"loop": ["A"], "demand": [1], "lead_time": [1], "signal": ["red"]}}, "signal/0"),
    "unknown column": ({"loops": {"loop": ["A"], "demand": [1], "lead_time": [1], "colour": [1]}}, "colour"),
    "short column": ({"loops": {"loop": ["A", "B", "C"], "demand": [1, 2], "lead_time": [1, 1, 1]}}, "/loops/demand"),
    "double loop": (
        {"loops": {"loop": ["A", "A"], "demand": [1, 2], "lead_time": [1, 1]}},
        "/loops/loop/1",
    ),
    "maximum below minimum": (
        {"loops": {"loop": ["A", "B", "C"], "demand": [1] * 3, "lead_time": [1] * 3, "maximum": [0, None, None]}},
        "/loops/maximum/0",
    ),
    "free cards against shortage": (
        {"loops": {"loop": ["A", "B", "C"], "demand": [1] * 3, "lead_time": [1] * 3, "shortage_cost": [1, None, None]}},
        "/loops/shortage_cost/0",
    ),
    "a unit mixed up": (
        {"loops": {"loop": ["A", "B", "C"], "demand": [1e9] * 3, "lead_time": [1000] * 3}},
        "/containers/quantity/0",
    ),
    "current of no loop": (
        {"current": {"loops": {"loop": ["Z"], "container": ["c"], "cards": [1]}}},
        "/current/loops/loop/0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_table_is_refused_with_its_place(name: str) -> None:
    changes, place = BAD[name]
    with pytest.raises(InputError, match=place):
        _strict(**changes)


# --- closed forms -----------------------------------------------------------------------------------


def _one(cards: int, loop: dict[str, Any], container: dict[str, Any], **more: Any) -> dict[str, float]:
    """Return the terms of one loop of 100 a day and 2 days, 20 in a container."""
    data = {"problem": "kanban", "version": 1, "name": "x", **more}
    data["loops"] = {"loop": ["L"], "demand": [100], "lead_time": [2]} | {key: [value] for key, value in loop.items()}
    data["containers"] = {"loop": ["L"], "container": ["c"], "quantity": [20]}
    data["containers"] |= {key: [value] for key, value in container.items()}
    return {
        name: value for name, value in Kanban.parse(data).evaluate(_plan([("L", "c", cards)])).terms.items() if value
    }


def test_terms_of_a_loop() -> None:
    assert _one(11, {}, {"card_cost": 0.5}) == {"cards": 5.5}
    assert _one(11, {"holding_cost": 0.1}, {}) == {"holding": 2.0}
    assert _one(9, {"holding_cost": 0.1}, {}) == {}
    assert _one(11, {}, {"handling_cost": 0.3}) == {"handling": 1.5}
    assert _one(9, {"shortage_cost": 0.5}, {"card_cost": 1}) == {"cards": 9.0, "shortage": 10.0}
    assert _one(9, {"shortage_cost": 0.5, "yield": 0.8}, {"card_cost": 1}) == {"cards": 9.0, "shortage": 35.0}
    current = {"loops": {"loop": ["L"], "container": ["c"], "cards": [9]}, "price": 2}
    assert _one(11, {}, {}, current=current) == {"change": 4.0}
    current["loops"] = {"loop": ["L"], "container": ["old"], "cards": [9]}
    assert _one(11, {}, {}, current=current) == {"change": 40.0}
    current["loops"] = {"loop": [], "container": [], "cards": []}
    assert _one(11, {}, {}, current=current) == {"change": 22.0}


def test_shortage_of_a_normal_need() -> None:
    """At the mean the expected shortage is sd / sqrt(2 pi)."""
    found = _one(10, {"shortage_cost": 1, "demand_sd": 10}, {"card_cost": 1})
    assert isclose(found["shortage"], 200**0.5 / (2 * 3.141592653589793) ** 0.5, rel_tol=1e-13)


@pytest.mark.parametrize(
    ("loop", "cards"),
    [
        ({"safety": 0.1}, 11),
        ({"safety": 0.1, "signal": "empty"}, 12),
        ({"safety": 0.1, "yield": 0.99}, 12),
        ({"interval": 0.5}, 13),
        ({"service": 0.5, "demand_sd": 10}, 10),
        ({"service": 0.95, "demand_sd": 10}, 12),
        ({"service": 0.95, "demand_sd": 10, "lead_time_sd": 0.3}, 13),
        ({"shortage_cost": 1, "holding_cost": 1}, 0),
        ({"shortage_cost": 1, "holding_cost": 1, "safety": 0}, 10),
    ],
)
def test_cards_needed(loop: dict[str, Any], cards: int) -> None:
    data: dict[str, Any] = {"loop": ["L"], "demand": [100], "lead_time": [2]}
    data |= {key: [value] for key, value in loop.items()}
    menu = {"loop": ["L"], "container": ["c"], "quantity": [20]}
    instance = Kanban.parse({"problem": "kanban", "version": 1, "name": "x", "loops": data, "containers": menu})
    assert instance.needed("L", "c") == cards


# --- symmetries and relaxations -----------------------------------------------------------------------


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_symmetries_keep_the_optimum(seed: int) -> None:
    """Renaming and shuffling keep the optimum, money scales it."""
    instance = _small(seed)
    best = optimum(instance)
    for changed, factor in ((permuted(instance, seed), 1), (scaled_money(instance, 7), 7)):
        found = optimum(changed)
        assert (found is None) == (best is None)
        if best is not None and found is not None:
            assert isclose(found.value, factor * best.value, rel_tol=1e-12, abs_tol=1e-15)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), more=st.integers(1, 3))
def test_a_relaxed_limit_never_raises_the_optimum(seed: int, more: int) -> None:
    instance = _small(seed)
    before = optimum(instance)
    data = instance.to_dict()
    for table, column in (("limits", "capacity"), ("loops", "maximum"), ("current", "at_most")):
        value = data.get(table, {}).get(column)
        if isinstance(value, list):
            data[table][column] = [None if entry is None else entry + more for entry in value]
        elif value is not None:
            data[table][column] = value + more
    after = optimum(Kanban.parse(data))
    if before is not None:
        assert after is not None and after.value <= before.value


@SETTINGS
@given(seed=st.integers(0, 10**6))
def test_native_file_and_tables_are_whole(seed: int) -> None:
    from jitopt.formats.tables import from_tables, instance_to_tables, other_fields

    instance = _small(seed)
    assert Kanban.parse(instance.to_dict()) == instance
    fields = other_fields(instance)
    assert from_tables("kanban", instance_to_tables(instance), **fields) == instance


def test_forced_choices() -> None:
    instance = _strict()
    fixed = forced(instance, {"loop": "A", "container": "c40"})
    assert {row.container for row in _choices(fixed) if row.loop == "A"} == {"c40"}
    fewer = forced(instance, {"loop": "B", "cards": "7"})
    assert {v.rule for v in fewer.evaluate(_plan(_with((1, ("B", "c16", 7))))).violations} == {"cards_needed", "change"}
    for choice in (
        {"loop": "A"},
        {"loop": "Z", "cards": "1"},
        {"loop": "A", "container": "z"},
        {"loop": "A", "cards": "x"},
    ):
        with pytest.raises(InputError):
            forced(instance, choice)


def test_enumeration_reaches_the_card_that_an_empty_container_asks_for() -> None:
    """Against a need of 2.5 in containers of 3, two cards leave no shortage where one of them covers no demand."""
    for signal, cards, cost in (("first_piece", 1, 1), ("empty", 2, 2)):
        loops = {"loop": ["A"], "demand": [5], "lead_time": [0.5], "shortage_cost": [1], "signal": [signal]}
        containers = {"loop": ["A"], "container": ["c"], "quantity": [3], "card_cost": [1]}
        instance = Kanban.parse(
            {
                "problem": "kanban",
                "version": 1,
                "name": "empty",
                "loops": loops | {"minimum": [0]},
                "containers": containers,
            }
        )
        found = optimum(instance)
        assert found is not None and found.value == cost
        assert [row.cards for row in found.plan.loops] == [cards]


def _choices(instance: Kanban) -> list[Any]:
    from jitopt.testing._kanban_choices import card_plans

    return [row for plan in card_plans(instance) for row in plan.loops]  # type: ignore[attr-defined]


def test_forced_options() -> None:
    """The rows of what the options use are numbered anew."""
    instance = Kanban.parse(
        {
            "problem": "kanban",
            "version": 1,
            "name": "options",
            "options": {"loop": ["A", "A", "B"], "container": ["c", "d", "c"], "cards": [1, 2, 3], "cost": [1, 2, 3]},
            "uses": {"option": [0, 1, 2], "limit": ["r", "r", "r"], "amount": [1, 2, 4]},
            "limits": {"limit": ["r"], "capacity": [6]},
        }
    )
    for choice in ({"loop": "A", "container": "d"}, {"loop": "A", "cards": "2"}):
        found = optimum(forced(instance, choice))
        assert found is not None and found.value == Fraction(5)


# --- the signal that releases a card --------------------------------------------------------------


def _least_position(signal: str, cards: int, size: int, demands: list[int], lead: int) -> int:
    """Run a loop piece by piece; return the least of what is on hand and on the way."""
    full, left, coming, least = cards, 0, [0] * lead, cards * size
    for demand in demands:
        full += coming.pop(0)
        released = 0
        for _ in range(demand):
            if not left:
                assert full, "the loop is laid out so that it never runs dry"
                full, left = full - 1, size
                released += signal == "first_piece"
            left -= 1
            released += signal == "empty" and not left
        coming.append(released)
        least = min(least, (full + sum(coming)) * size + left)
    return least


@SETTINGS
@given(
    size=st.integers(1, 6),
    lead=st.integers(1, 3),
    demands=st.lists(st.integers(0, 3), min_size=40, max_size=40),
    signal=st.sampled_from(["first_piece", "empty"]),
)
def test_the_stock_that_counts_is_the_least_a_simulated_loop_holds(
    size: int, lead: int, demands: list[int], signal: str
) -> None:
    """Nothing less is ever on hand and on the way; and it comes to within one piece of it."""
    cards = 4 * lead + 4
    instance = Kanban.parse(
        {
            "problem": "kanban", "version": 1, "name": "one",
            "loops": {"loop": ["A"], "demand": [1], "lead_time": [lead], "signal": [signal]},
            "containers": {"loop": ["A"], "container": ["c"], "quantity": [size]},
        }
    )  # fmt: skip
    counted = instance.stock("A", "c", cards)
    least = _least_position(signal, cards, size, demands, lead)
    assert least >= counted
    if sum(demands) >= size:
        assert least <= counted + 1


def _signalled(signal: str) -> Kanban:
    """Return two loops whose shortage and holding are priced; only the signal differs."""
    return Kanban.parse(
        {
            "problem": "kanban", "version": 1, "name": "signal",
            "loops": {"loop": ["A", "B"], "demand": [40, 15], "demand_sd": [12, 5], "lead_time": [1, 1.5],
                      "holding_cost": [0.3, 0.1], "shortage_cost": [5, 2], "signal": [signal, signal],
                      "minimum": [0, 0], "maximum": [12, 12]},
            "containers": {"loop": ["A", "A", "B"], "container": ["s", "l", "s"], "quantity": [10, 20, 7.5]},
        }
    )  # fmt: skip


def test_a_card_of_the_signal_empty_covers_no_demand() -> None:
    """N + 1 cards that leave with the empty container hold and lack what N of the others do."""
    for cards in range(0, 11):
        first = _signalled("first_piece").evaluate(_plan([("A", "s", cards), ("B", "s", cards)]))
        empty = _signalled("empty").evaluate(_plan([("A", "s", cards + 1), ("B", "s", cards + 1)]))
        assert first.exact == empty.exact and first.terms == empty.terms


def test_models_and_heuristic_price_every_number_of_cards_as_the_judge_does() -> None:
    from jitopt.heuristics._kanban_world import flatten

    prepare = import_module("jitopt.models._kanban").prepare

    for signal in ("first_piece", "empty"):
        instance = _signalled(signal)
        found = optimum(instance)
        assert found is not None
        best = float(found.value)

        def cost(loop: str, container: str, cards: int, instance: Kanban = instance) -> float:
            other = ("B", "s", 12) if loop == "A" else ("A", "l", 12)
            rest = instance.evaluate(_plan([("A", "l", 12), ("B", "s", 12)]))
            with_it = instance.evaluate(_plan([(loop, container, cards), other]))
            assert rest.exact is not None and with_it.exact is not None
            return float(with_it.exact - rest.exact)

        least: dict[str, float] = {}
        for entry in prepare(instance, None).entries:
            name = instance.names[entry.loop]
            costs = {entry.low + k: float(value) for k, value in enumerate(entry.cost)}
            base = cost(name, entry.container, entry.low)
            for cards, value in costs.items():
                assert isclose(value - costs[entry.low], cost(name, entry.container, cards) - base, abs_tol=1e-9)
            least[name] = min(min(costs.values()), least.get(name, 1e9))
        assert isclose(sum(least.values()), best, rel_tol=1e-12)
        world = flatten(instance)
        assert world is not None
        cheapest = [min(world.cost[world.loop == k]) for k in range(2)]
        assert isclose(sum(cheapest), best, rel_tol=1e-9)
