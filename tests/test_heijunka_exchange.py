"""The best exchange of two slots that a score tells, against all exchanges priced by the judge."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt.generators import random_small
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan, exchange
from jitopt.problems.heijunka.exchange_gains import gains, hard_windows

MEASURES = ("sum_squared", "sum_absolute", "max_squared", "max_absolute")
SETTINGS = settings(max_examples=20, deadline=None, derandomize=True)

EVERYTHING: dict[str, Any] = {
    "products": {"product": ["A", "B", "C", "D"], "demand": [4, 3, 3, 0], "weight": [1, 2, 0.5, 3],
                 "colour": ["red", "blue", None, None]},
    "bill": {"product": ["A", "B", "C", "A"], "part": ["p", "p", "q", "q"], "quantity": [1, 2, 0.5, 3]},
    "parts": {"part": ["q"], "weight": [0.3]},
    "ratios": {"ratio": ["x", "y", "z"], "at_most": [0, 1, 1], "in_any": [2, 3, 2], "weight": [2, 3, 1],
               "priority": ["high", "low", None], "open": [True, False, True]},
    "options": {"product": ["A", "B", "C", "B"], "ratio": ["x", "y", "z", "z"]},
    "changeovers": {"before": ["A", "B", "C"], "after": ["B", "C", "A"], "cost": [1, 2.5, 4]},
    "previous": ["D", "A", "C"],
}  # fmt: skip
PAIRED = ("rate", "usage", "ratio", "high_ratio", "low_ratio", "changeover", "colour_changes")


def line(**fields: Any) -> Heijunka:
    return Heijunka.parse({"problem": "heijunka", "version": 1, "name": "x"} | fields)


def shuffled(instance: Heijunka, seed: int) -> list[str]:
    table = instance.products
    units = [p for p, d in zip(table.product, table.demand, strict=True) for _ in range(d)]
    random.Random(seed).shuffle(units)
    return units


def windows_above(instance: Heijunka, sequence: list[str]) -> int:
    """Count the units above the limits of hard ratio rules, window by window (none of these is open)."""
    found = 0
    for rule in instance.ratio_rules:
        loads = [int(instance.index[product] in rule.products) for product in sequence]
        starts = range(len(loads) - rule.in_any + 1) if rule.hard else range(0)
        found += sum(max(0, sum(loads[start : start + rule.in_any]) - rule.at_most) for start in starts)
    return found


def best_gain(instance: Heijunka, sequence: list[str]) -> float:
    """Price every exchange by the judge; return the largest gain of one that breaks no rule further."""
    now = instance.evaluate(HeijunkaPlan(sequence=tuple(sequence)))
    broken = {(rule.rule, rule.members): rule.short_by for rule in now.violations}
    above, gain = windows_above(instance, sequence), 0.0
    for a, b in itertools.combinations(range(len(sequence)), 2):
        other = list(sequence)
        other[a], other[b] = other[b], other[a]
        after = instance.evaluate(HeijunkaPlan(sequence=tuple(other)))
        kept = all(rule.short_by <= broken.get((rule.rule, rule.members), 0) for rule in after.violations)
        if kept and windows_above(instance, other) <= above:
            gain = max(gain, (now.objective or 0.0) - (after.objective or 0.0))
    return gain


def assert_best(instance: Heijunka, sequence: list[str]) -> exchange.Exchange:
    told = jitopt.score(instance, sequence).exchange
    assert told is not None
    gain = best_gain(instance, sequence)
    assert told.gain <= gain + 1e-7
    if told.best:
        assert told.gain == pytest.approx(gain, rel=1e-7, abs=1e-7)
    if told.first:
        other = list(sequence)
        a, b = told.first - 1, told.second - 1
        assert told.products == (other[a], other[b])
        other[a], other[b] = other[b], other[a]
        after = instance.evaluate(HeijunkaPlan(sequence=tuple(other)))
        assert after.objective == pytest.approx(told.objective)
        assert sum(told.terms.values()) == pytest.approx(-told.gain)
    return told


@SETTINGS
@given(seed=st.integers(0, 1500), tight=st.booleans())
def test_no_exchange_gains_more(seed: int, tight: bool) -> None:
    instance: Any = random_small("heijunka", seed)
    if instance.box is not None:
        return
    with pytest.MonkeyPatch.context() as patch:
        if tight:  # Almost nothing is judged, so that what is told comes from the differences.
            patch.setattr(exchange, "JUDGED_UNITS", 1)
            patch.setattr(exchange, "LEAST_JUDGED", 2)
        assert_best(instance, shuffled(instance, seed))


def assert_differences(functions: list[Any], sequence: list[str], rows: Any, value: Any) -> None:
    """Hold the change that is told of every pair of slots against `value` of both sequences."""
    now = value(sequence)
    for a, b in itertools.combinations(range(len(sequence)), 2):
        if sequence[a] == sequence[b]:
            continue
        other = list(sequence)
        other[a], other[b] = other[b], other[a]
        at = np.array([[a]]), np.array([[b]])
        told = sum(function(int(rows[a]), int(rows[b]), *at).item() for function in functions)
        assert told == pytest.approx(value(other) - now, abs=1e-8), (a, b)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("term", PAIRED)
def test_each_term_is_told_for_every_pair(term: str, measure: str) -> None:
    # Every ratio rule has to be priced.
    objective = [{"term": term, "measure": measure, "weight": 1.5}, {"term": "ratio", "weight": 0}]
    instance = line(**EVERYTHING, objective=objective[: 1 if term == "ratio" else 2])
    known = term in ("rate", "usage") or not measure.startswith("max")
    for seed in range(2):
        sequence = shuffled(instance, seed)
        rows = np.array([instance.index[product] for product in sequence])
        functions, exact = gains(instance, rows)
        assert exact == known
        if known:
            assert_differences(
                functions,
                sequence,
                rows,
                lambda other: instance.evaluate(HeijunkaPlan(sequence=tuple(other))).objective,
            )


def test_windows_of_hard_rules_and_violated_windows() -> None:
    ratios = {"ratio": ["x", "y"], "at_most": [1, 1], "in_any": [2, 4], "hard": [True, False], "weight": [0, 3]}
    for seed in range(6):
        instance = line(
            products={"product": ["A", "B", "C"], "demand": [4, 3, 2]}, ratios=ratios,
            options={"product": ["A", "B", "C", "B"], "ratio": ["x", "y", "y", "x"]},
            objective=[{"term": "ratio", "measure": "sum_violated"}],
        )  # fmt: skip
        sequence = shuffled(instance, seed)
        rows = np.array([instance.index[product] for product in sequence])
        hard = hard_windows(instance, rows)
        assert_differences([hard], sequence, rows, lambda other, line=instance: windows_above(line, other))
        soft, _ = gains(instance, rows)
        assert_differences(
            soft, sequence, rows,
            lambda other, line=instance: line.evaluate(HeijunkaPlan(sequence=tuple(other))).objective,
        )  # fmt: skip
        assert_best(instance, sequence)


def test_all_is_told_without_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "JUDGED_UNITS", 1)
    monkeypatch.setattr(exchange, "LEAST_JUDGED", 1)
    objective = [{"term": term, "weight": 1.5} for term in PAIRED]
    for seed in range(4):
        instance = line(**EVERYTHING, objective=objective)
        assert assert_best(instance, shuffled(instance, seed)).best


def test_frozen_and_fixed_slots_stay_and_moves_are_priced() -> None:
    table: dict[str, Any] = {"product": ["A", "B", "C"], "demand": [3, 3, 2]}
    current = list("AAABBBCC")
    instance = line(
        products=table, objective=[{"term": "rate"}], current={"sequence": current, "price": 0.3, "at_most": 6},
        frozen=2, fixed={"position": [8], "product": ["C"]},
    )  # fmt: skip
    told = assert_best(instance, current)
    assert told.best and told.first > 2 and told.second < 8
    assert told.terms["moves"] == pytest.approx(0.6)


def test_an_optimum_has_no_better_exchange_and_long_lines_say_what_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instance = line(products={"product": ["A", "B"], "demand": [3, 3]}, objective=[{"term": "rate"}])
    none = jitopt.score(instance, list("ABABAB")).exchange
    assert none is not None and (none.first, none.gain, none.best) == (0, 0.0, True)
    monkeypatch.setattr(exchange, "MOST_SLOTS", 3)
    some = jitopt.score(instance, list("AAABBB")).exchange
    assert some is not None and some.gain > 0 and not some.best
    monkeypatch.setattr(exchange, "MOST_CELLS", 1)
    assert jitopt.score(instance, list("AAABBB")).exchange is None
    assert jitopt.score(instance, list("AAABB")).exchange is None


def test_the_command_tells_the_exchange(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from jitopt.cli import main

    instance = line(products={"product": ["A", "B"], "demand": [3, 3]}, objective=[{"term": "rate"}])
    jitopt.write(instance, tmp_path / "i.json")
    (tmp_path / "s.json").write_text('["A", "A", "A", "B", "B", "B"]', encoding="utf-8")
    assert main(["score", str(tmp_path / "i.json"), str(tmp_path / "s.json")]) == 0
    told = jitopt.score(instance, list("AAABBB")).exchange
    assert told is not None
    words = f"the best exchange of two slots: A of slot {told.first} and B of slot {told.second} gain"
    assert words in capsys.readouterr().out
