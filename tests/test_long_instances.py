"""Long instances take a swifter road: what is read, refused, hashed and judged there is the same."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitopt.errors import InputError
from jitopt.formats import strict_json
from jitopt.generators import random_small
from jitopt.heuristics._kanban_listed import whole_loads
from jitopt.problems import PROBLEMS
from jitopt.problems.base import canonical, differ, exact, table, total
from jitopt.problems.kanban import Kanban

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(0, 1e6),
    st.integers(-(10**18) + 1, 10**18 - 1),
    st.decimals(0, 10**6, places=3).map(float),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(st.characters(exclude_categories=["Cs"]), max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=4), inner, max_size=5)),
    max_leaves=12,
)


def outcome(text: str) -> tuple[str, Any]:
    """Return what is read, or what is said of it."""
    try:
        return "read", strict_json.loads(text)
    except InputError as error:
        return "refused", str(error)


def both(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Return the outcome on the long road and on the short one."""
    monkeypatch.setattr(strict_json, "LONG", -1)
    long = outcome(text)
    monkeypatch.setattr(strict_json, "LONG", 1 << 40)
    return long, outcome(text)


@settings(max_examples=50, deadline=None)
@given(VALUES, st.sampled_from([None, 1]))
def test_every_value_is_read_alike(value: Any, indent: int | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        long, short = both(json.dumps(value, indent=indent, ensure_ascii=bool(indent)), patch)
    assert repr(long) == repr(short)


CORRUPT = (
    '{"a": 1, "a": 2}', '{"a" : 1, "a": 2}', '{"a":1,"b":{"c":1,"c":1}}', '{"a": NaN}', "[1e999]", "[-1E400]",
    "[Infinity]", "[1234567890123456789]", "[-1234567890123456789]", "[0.12345678901234567890123]", '["\\ud800"]',
    '["\\ud83d\\ude00"]', "[1, 2", '{"a": tru}', '{"a:": 1, "b": ":", "c\\":": 2}', '{"x": ["a\\": 1"]}', "[01]",
    "[1.]", '["\t"]', "[" * 70 + "]" * 70, '[{"a": 1}, {"a": 1}]', "[1e5, 1e+5, 1e005, 12e-300]", "", "  ",
    "\ufeff[]", '{"name1e200": 1e20}', "[1,]", "[1] 2",
)  # fmt: skip


@pytest.mark.parametrize("text", CORRUPT)
def test_corrupt_texts_are_refused_alike(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    long, short = both(text, monkeypatch)
    assert repr(long) == repr(short)


def test_a_long_instance_takes_the_swift_road(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of the form that matters is no doubtful one, or it would be read twice."""
    text = json.dumps(random_small("kanban", 4).to_dict())
    assert strict_json._swift(text) == json.loads(text)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_hash_is_that_of_the_text_in_order(problem: str) -> None:
    for seed in range(6):
        data = random_small(problem, seed).to_dict()
        assert canonical(data) == json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_both_writers_agree_wherever_the_swift_one_is_taken(value: Any) -> None:
    data = {"b": value, "a": [value, 1e-05, 0.0, -0.5]}
    for one in (data, {"x": value}):
        assert canonical(one) == json.dumps(one, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def test_sums_are_exact() -> None:
    dice = random.Random(1)
    values = [
        dice.choice((dice.random() * 10 ** dice.randint(-300, 12), round(dice.random(), 2), 0.1)) for _ in range(500)
    ]
    assert total(values) == sum(map(exact, values), Fraction(0))
    assert total([0.1] * 10) == 1 and sum([0.1] * 10) != 1


def test_rows_that_repeat_are_found() -> None:
    rows: list[list[Any]] = [["a", "b", "a"], [1, 1, 2], ["x", "x", "x"]]
    assert differ(rows) and not differ([["a", "b", "a"], [1, 1, 1]])
    assert not differ([[0, 2**40, 0], [0, 2**40, 0]])


@pytest.mark.parametrize("spoil", ["repeat", "dangling", "row"])
def test_long_tables_are_refused_with_the_same_words(spoil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uses: dict[str, list[Any]] = {"option": [0, 1, 2, 2], "limit": ["r", "r", "r", "s"], "amount": [1, 2, 3, 4]}
    data: dict[str, Any] = {
        "problem": "kanban", "version": 1, "name": "long",
        "options": {"loop": ["a", "a", "b"], "container": ["c"] * 3, "cards": [1, 2, 1], "cost": [1, 2, 3]},
        "uses": uses, "limits": {"limit": ["r", "s"], "capacity": [9, 9]},
    }  # fmt: skip
    if spoil == "repeat":
        for column in uses.values():
            column.append(column[0])
    elif spoil == "dangling":
        uses["limit"][-1] = "nowhere"
    else:
        uses["option"][-1] = 10**6
    told = []
    for many in (0, 10**9):
        monkeypatch.setattr(table, "MANY", many)
        with pytest.raises(InputError) as refusal:
            Kanban.parse(data)
        told.append(str(refusal.value))
    assert told[0] == told[1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.floats(0, 1e6), st.decimals(0, 10**6, places=3).map(float), st.integers(0, 99)), min_size=1),
    st.floats(0, 1e6),
)
def test_what_fits_in_whole_units_fits(values: list[float], room: float) -> None:
    taken = np.array(values, dtype=float)
    amount, whole = whole_loads(np.zeros(len(taken), dtype=np.int64), taken, [exact(room)])
    if int(amount.sum()) <= int(whole[0]):
        assert sum(map(exact, taken.tolist()), Fraction(0)) <= exact(room)
    if all(round(value, 3) == value for value in [*taken.tolist(), room]):
        fits = sum(map(exact, taken.tolist()), Fraction(0)) <= exact(room)
        assert fits == (int(amount.sum()) <= int(whole[0]))


def test_keys_with_gaps_are_told_apart_as_others_are():
    """A key column may leave out whole numbers; rows that differ only there differ."""
    assert differ([[1, None, 2], ["a", "a", "a"]])
    assert not differ([[1, None, None], ["a", "a", "a"]])
