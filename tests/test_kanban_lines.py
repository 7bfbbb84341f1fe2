"""The line form of kanban: judge, kernels and events agree, exact results are met, the largest throughput is large."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt import registry
from jitopt.cli import main
from jitopt.engine.ledger import Ledger
from jitopt.errors import InputError, NotApplicableError
from jitopt.generators import generate
from jitopt.generators.kanban_line import random_small_line
from jitopt.heuristics.context import LocalContext
from jitopt.problems.kanban import line_judge
from jitopt.problems.kanban.line import Line, lags
from jitopt.simulation.line_paths import Paths
from jitopt.simulation.lines import simulate_line
from jitopt.testing import _naive_line, brute_force, naive

SHORT = {"replications": 16, "parts": 400}


small: Any = random_small_line


def line_of(*, objective: Any = "throughput", **line: Any) -> Any:
    data: Any = {"problem": "kanban", "version": 1, "name": "line", "line": line, "objective": objective}
    return jitopt.Kanban.parse(data)


def within(found, truth, errors=4.0):
    """Tell whether an estimate is within so many standard errors of the truth."""
    return abs(found.mean - truth) <= errors * found.half_width / 1.96


# --- the same numbers, three ways ----------------------------------------------------------


@pytest.mark.parametrize("seed", range(24))
def test_judge_kernels_and_events_agree_to_the_last_digit(seed):
    instance = small(seed)
    line = instance.line
    rng = np.random.default_rng(seed)
    size = line.size(seed)._replace(replications=9, parts=60)
    least = 0 if line.blocking in ("after_service", "base_stock") else 1
    plans = [rng.integers(least, 7, line.decided).tolist() for _ in range(3)]
    kernels = Paths(line, size, compiled=False).run(plans)
    for plan, ends, late in zip(plans, kernels.ends, kernels.late, strict=True):
        judged = line_judge.run(line, plan, size)
        assert (ends.tolist(), late.tolist()) == (judged.ends, judged.late)
        floors = [_naive_line.run(line, plan, size.seed, r, size.length) for r in range(size.replications)]
        if line.demand is None:
            assert [floor.ended for floor in floors] == judged.ends
        else:
            assert [sum(wait > 0 for wait in floor.waits[size.warm_up :]) for floor in floors] == judged.late


@pytest.mark.parametrize("seed", range(8))
def test_judge_agrees_with_the_definitions(seed):
    instance = small(seed)
    plans: Any = list(brute_force.plans(instance))
    for plan in plans[:: max(1, len(plans) // 4)]:
        judged, told = instance.evaluate(plan), naive.evaluate(instance, plan)
        assert told.terms is not None
        assert {(v.rule, v.members) for v in judged.violations} == set(told.broken)
        for name, value in told.terms.items():
            assert judged.terms[name] == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize("blocking", ["after_service", "kanban"])
def test_compiled_and_plain_kernels_give_the_same_bytes(blocking):
    demand = None if blocking == "after_service" else {"rate": 0.5}
    line = Line.model_validate({"rate": [1, 0.9, 1.2], "blocking": blocking, "demand": demand})
    plans = [[1, 2, 3], [4, 1, 2]] if demand else [[1, 2], [0, 5]]
    size = line.size(3)._replace(replications=11, parts=700)
    plain, compiled = (Paths(line, size, compiled=c, threads=t).run(plans) for c, t in ((False, 1), (True, 2)))
    assert plain.ends.tobytes() == compiled.ends.tobytes()
    assert plain.late.tobytes() == compiled.late.tobytes()


def test_times_kept_or_drawn_again_are_the_same():
    line = Line.model_validate({"rate": [1.0, 1.0]})
    size = line.size(1)._replace(replications=3, parts=1200)
    kept, fresh = Paths(line, size, compiled=False), Paths(line, size, compiled=False, keep=False)
    assert [kept.run([[2]]).ends.tolist() for _ in range(2)] == [fresh.run([[2]]).ends.tolist() for _ in range(2)]


def test_more_replications_leave_the_first_as_they_are():
    line = Line.model_validate({"rate": [1.0, 1.0]})
    few, many = (line.size(1)._replace(replications=n, parts=50) for n in (3, 20))
    assert line_judge.run(line, [1], few).ends == line_judge.run(line, [1], many).ends[:3]


def test_a_stop_is_heard_between_portions():
    line = Line.model_validate({"rate": [1.0, 1.0]})
    with pytest.raises(InterruptedError):
        Paths(line, line.size(), compiled=False, stopped=lambda: True).run([[1]])


# --- exact results -------------------------------------------------------------------------

EXACT: Any = {
    "2 stations": ([1, 1], [0], 2 / 3),
    "3 stations": ([1, 1, 1], [0, 0], 22 / 39),
    "4 stations": ([1, 1, 1, 1], [0, 0, 0], 0.5147754893181526),
    "7 stations": ([1] * 7, [1] * 6, 0.5805252005190605),
    "unequal": ([1.2, 1.0, 0.9, 1.1], [2, 4, 3], 0.7539831359610437),
    "large buffer": ([1, 1], [20], 22 / 23),
    "two rates": ([1, 1.25], [3], (1.25 * (1 - 1.25**5)) / (1 - 1.25**6)),
}


@pytest.mark.parametrize("name", EXACT)
def test_throughput_of_exponential_lines_is_the_exact_one(name):
    rates, buffers, truth = EXACT[name]
    line = Line(rate=tuple(map(float, rates)), total_buffer=sum(buffers))
    found = Paths(line, line.size(1)).throughput([buffers])[0]
    assert within(found, truth)
    assert found.half_width / 1.979 <= 0.001 * truth  # The standard error is at most 0.1 %.


def test_standard_error_is_small_and_the_sample_bounded_for_long_lines_and_large_buffers():
    for rates, buffers in (([1.0] * 20, [500] * 19), ([1.0, 0.7, 1.3], [10**6, 10**6])):
        instance = line_of(rate=rates, total_buffer=sum(buffers) if sum(buffers) <= 10**6 else 10**6, sample=SHORT)
        found = instance.evaluate(instance.plan_type(buffers=tuple(buffers)))
        assert 0 < found.terms["throughput"] < 1.05 * min(rates)


@pytest.mark.parametrize(("stations", "cards"), [(3, 4), (5, 10)])
def test_conwip_is_product_form(stations, cards):
    line = Line(rate=(1.0,) * stations, blocking="conwip", total_cards=cards)
    found = Paths(line, line.size(2)._replace(replications=64)).throughput([[cards]])[0]
    assert within(found, cards / (cards + stations - 1))


@pytest.mark.parametrize(
    ("cards", "rate", "fill"), [((1, 1), 0.5, 5 / 16), ((2, 4), 0.7, 0.59663), ((4, 2), 0.7, 0.419776)]
)
def test_two_kanban_stages_serve_what_their_markov_chain_says(cards, rate, fill):
    instance = line_of(
        objective="cost", rate=[1, 1], blocking="kanban", demand={"rate": rate}, target={"fill_rate": 0.9}
    )
    found = simulate_line(instance, list(cards), seed=4)
    assert within(found.measures["fill_rate"], fill)
    for j, count in enumerate(cards):
        table = found.tables["stations"]
        # The number of cards is constant: with a part at work, with finished stock, or free.
        assert table["wip"][j] + table["stock"][j] + table["cards_free"][j] == pytest.approx(count, rel=0.01)


def test_single_stage_base_stock_is_the_m_m_1():
    rate, stock = 0.7, 5
    line: Any = {"rate": [1.0, 1e6], "blocking": "base_stock", "demand": {"rate": rate}, "target": {"fill_rate": 0.5}}
    found = simulate_line(line_of(objective="cost", **line), [0, stock], seed=1)
    assert within(found.measures["fill_rate"], 1 - rate**stock)
    assert within(found.measures["backorders"], rate ** (stock + 1) / (1 - rate))


def test_reversed_line_makes_as_much():
    size = Line(rate=(1.0,) * 3).size(5)._replace(replications=64)
    one = Paths(Line(rate=(1.0, 1.2, 0.9)), size).throughput([[1, 3]])[0]
    other = Paths(Line(rate=(0.9, 1.2, 1.0)), size).throughput([[3, 1]])[0]
    assert abs(one.mean - other.mean) < 2 * (one.half_width + other.half_width)


def test_breakdowns_slow_a_station_by_its_availability():
    line: Any = {"time": [1, 1], "distribution": ["deterministic"] * 2, "mtbf": [10, None], "mttr": [2, None]}
    found = simulate_line(line_of(**line, total_buffer=10**4), [10**4], seed=1)
    assert within(found.measures["throughput"], 10 / 12)
    assert found.bottleneck == "1"


# --- what holds on every path --------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_more_places_or_cards_never_hold_anybody_up(seed, data):
    line = small(seed).line
    size = line.size(seed)._replace(replications=2, parts=60, warm_up=0)
    least = 0 if line.blocking in ("after_service", "base_stock") else 1
    few = data.draw(st.lists(st.integers(least, 5), min_size=line.decided, max_size=line.decided))
    more = [count + data.draw(st.integers(0, 2)) for count in few]
    found = Paths(line, size, compiled=False).run([few, more])
    assert (found.ends[1] <= found.ends[0]).all()
    assert (found.late[1] <= found.late[0]).all()


def test_kanban_with_one_card_each_is_the_line_without_buffers_and_conwip_is_never_slower():
    size = Line(rate=(1.0,) * 4).size(7)._replace(replications=4, parts=200)
    cards = Line(rate=(1.0,) * 4, blocking="kanban")
    assert (
        Paths(cards, size, compiled=False).run([[1] * 4]).ends.tolist()
        == Paths(Line(rate=(1.0,) * 4), size, compiled=False).run([[0] * 3]).ends.tolist()
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), st.floats(0.3, 3.0), st.floats(0.0, 2.0))
def test_stock_at_the_start_grows_with_the_places_by_one_at_most(places, rate, cv):
    line = Line(rate=(1.0, rate), distribution=("gamma",) * 2, cv=(cv, cv), total_buffer=100)
    few, more = lags(line, [places]), lags(line, [places + 1])
    assert 0 <= few.material[1] <= places + 1
    assert more.material[1] - few.material[1] in (0, 1)
    assert few.material[1] + few.room[0] == places + 1


def test_little_s_law_and_mass_hold_in_the_run():
    """Areas under the numbers of parts, counted from the events, are the sums of what every part stayed."""
    instance = line_of(rate=[1, 0.9, 1.1], total_buffer=4, sample={"replications": 2, "parts": 300})
    found = simulate_line(instance, [1, 2], compiled=False)
    flow = found.measures["throughput"].mean * found.measures["lead_time"].mean
    assert flow == pytest.approx(found.measures["wip"].mean, rel=1e-9)
    table = found.tables["stations"]
    for shares in zip(table["utilisation"], table["blocked"], table["starved"], strict=True):
        assert sum(shares) == pytest.approx(1.0, rel=1e-12)


# --- simulation ----------------------------------------------------------------------------


def test_simulation_on_the_plan_s_sample_tells_what_the_judge_told():
    instance = line_of(rate=[1, 1, 1], total_buffer=5, sample=SHORT)
    plan = instance.plan_type.model_validate({"buffers": [2, 3], "sample": {"seed": 9}})
    judged = instance.evaluate(plan)
    found = simulate_line(instance, plan, threads=2)
    assert found.measures["throughput"].mean == judged.objective
    assert found.measures["throughput"].half_width == judged.terms["throughput_half_width"]
    assert found.evidence["seed"] == 9


def test_the_slow_station_is_the_bottleneck_by_arrows():
    instance = line_of(rate=[1, 0.7, 1, 1], total_buffer=6, sample=SHORT)
    assert simulate_line(instance, [2, 2, 2]).bottleneck == "2"


@pytest.mark.parametrize(
    ("plan", "options", "told"),
    [
        ([1], {}, "the plan has 1 buffers"),
        ([1, 1], {"warm_up": 5}, "first part on"),
        ([1, 1], {"replications": 1}, "at least 2"),
    ],
)
def test_a_simulation_that_cannot_be_is_refused(plan, options, told):
    with pytest.raises(InputError, match=told):
        simulate_line(line_of(rate=[1, 1, 1], total_buffer=5), plan, **options)


# --- rules and refusals --------------------------------------------------------------------


def test_rules_of_a_line_are_named_with_their_shortage():
    instance = line_of(
        objective="cost", rate=[1, 1, 1], minimum=[1, 0], maximum=[3, 3], total_buffer=3,
        target={"throughput": 0.9}, sample=SHORT,
    )  # fmt: skip
    found = instance.evaluate(instance.plan_type(buffers=(0, 5)))
    broken = {(v.rule, v.members): v.short_by for v in found.violations}
    assert broken.pop(("target", ())) > 0
    assert broken == {("minimum", ("1 to 2",)): 1.0, ("maximum", ("2 to 3",)): 2.0, ("total", ()): 2.0}
    assert {rule.name for rule in instance.rules()} == {"minimum", "maximum", "total", "target"}
    assert found.objective == 5.0


@pytest.mark.parametrize("plan", [{"buffers": [1]}, {"cards": [1, 1]}, {"loops": []}])
def test_a_plan_of_another_shape_cannot_be_priced(plan):
    instance = line_of(rate=[1, 1, 1], total_buffer=5)
    found = instance.evaluate(instance.plan_type.model_validate(plan))
    assert found.objective is None and found.violations[0].rule == "line"


REFUSED: Any = {
    "no rates": ({}, "either rates or times"),
    "one station": ({"rate": [1]}, "2 to 200 stations"),
    "rate 0": ({"rate": [1, 0]}, "greater than 0"),
    "no limit": ({"rate": [1, 1]}, "add total_buffer"),
    "columns": ({"rate": [1, 1], "cv": [1], "total_buffer": 3}, "one entry for each of 2 stations"),
    "costs": ({"rate": [1, 1], "cost": [1, 1], "total_buffer": 3}, "each pair of neighbouring stations: 1"),
    "cards": ({"rate": [1, 1], "total_cards": 3}, "write total_buffer"),
    "spread": ({"rate": [1, 1], "distribution": ["uniform"] * 2, "total_buffer": 3}, "at most 0.5774"),
    "half a breakdown": ({"rate": [1, 1], "mtbf": [5, None], "total_buffer": 3}, "add mttr"),
    "minima": ({"rate": [1, 1], "minimum": [4], "total_buffer": 3}, "the minima need 4"),
    "sample": ({"rate": [1, 1], "total_buffer": 3, "sample": {"parts": 10**8}}, "lower parts or replications"),
    "orders": ({"rate": [1, 1], "blocking": "kanban", "demand": {"rate": 0.5}, "total_cards": 9}, "that of its orders"),
    "names": ({"rate": [1, 1], "station": ["A", "A"], "total_buffer": 3}, "only once"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_lines_that_do_not_fit_together_are_refused(name):
    line, told = REFUSED[name]
    with pytest.raises(InputError, match=told):
        line_of(**line)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({}, "needs one target"),
        ({"blocking": "kanban", "demand": {"rate": 1.2}, "target": {"fill_rate": 0.9}}, "120 % of its time"),
        ({"target": {"throughput": 1.0}}, "ask for less"),
        ({"blocking": "kanban", "target": {"fill_rate": 0.9}}, "add or remove the demand"),
    ],
)
def test_targets_that_cannot_be_met_are_refused(line, told):
    with pytest.raises(InputError, match=told):
        line_of(objective="cost", rate=[1, 1], **line)


def test_a_line_stands_alone():
    data = line_of(rate=[1, 1], total_buffer=1).to_dict() | {"limits": {"limit": [], "capacity": []}}
    with pytest.raises(InputError, match="a line stands alone"):
        jitopt.Kanban.parse(data)


# --- the largest throughput through the engine ----------------------------------------------


def test_ledger_takes_larger_plans_and_smaller_bounds():
    instance = line_of(rate=[1, 1, 1], total_buffer=2, sample=SHORT | {"seed": 1})
    ledger: Any = Ledger(instance, 0.0)
    ledger.tell_bound(0.9, "a")
    worse, better = (instance.evaluate(instance.plan_type(buffers=b)).objective for b in ((0, 2), (1, 1)))
    for buffers in ((0, 2), (1, 1), (0, 2)):
        ledger.offer({"buffers": buffers}, "search")
    assert ledger.objective == better > worse
    ledger.tell_bound(0.8, "a")
    ledger.tell_bound(0.85, "b")
    assert ledger.bound == 0.8 and ledger.gap == pytest.approx((0.8 - better) / better)
    ledger.tell_bound(better - 0.01, "liar")
    assert ledger.bound == 0.8 and ledger.refuted("liar")
    assert [row[1] for row in ledger.trajectory if row[1]] == sorted(row[1] for row in ledger.trajectory if row[1])
    ledger.tell_bound(better, "a")
    assert ledger.proven()


def test_a_search_and_a_formulation_of_a_line_end_in_true_results():
    instance = line_of(rate=[1, 1, 1], total_buffer=2, sample=SHORT)
    found: Any = {}
    for name in ("fake_line_search", "fake_line_table"):
        method = jitopt.register(name)
        result: Any = jitopt.solve(instance, method=method.name, time_limit=20, seed=5)
        assert jitopt.audit(instance, result.to_dict()) == []
        assert result.plan.buffers == (1, 1) and result.plan.sample.seed == 5
        found[name] = result
    search, table = found.values()
    assert search.objective == table.objective
    assert (search.status, search.bound) == ("feasible", 0.8)
    assert (table.status, table.proof) == ("optimal", "single")
    assert table.bound == pytest.approx(table.objective)
    other = jitopt.solve(instance, method="kanban_fake_line_search", time_limit=20, seed=6, start=search)
    assert other.objective != search.objective  # Another seed is another sample, for the start too.
    assert jitopt.audit(instance, other.to_dict()) == []


def test_a_result_that_boasts_is_caught():
    instance = line_of(rate=[1, 1, 1], total_buffer=2, sample=SHORT)
    plan = {"buffers": [1, 1], "sample": {"seed": 3}}
    value = instance.evaluate(instance.plan_type.model_validate(plan)).objective
    true = {"plan": plan, "objective": value, "bound": 0.8, "trajectory": [[0.1, value - 0.1, None], [0.2, value, 0.8]]}
    assert jitopt.audit(instance, true) == []
    assert "lies below the objective" in jitopt.audit(instance, true | {"bound": 0.5, "trajectory": []})[0]
    better = true | {"trajectory": [[0.1, value + 0.1, None], [0.2, value, 0.8]]}
    told = " ".join(jitopt.audit(instance, better))
    assert "the objective falls" in told and "the result is worse" in told
    known = instance.replace(known={"lower": 0.75})
    assert any("refuted by the known value" in line for line in jitopt.audit(known, {"plan": plan, "bound": 0.7}))
    assert jitopt.audit(instance.replace(known={"upper": 0.75}), {"plan": plan, "bound": 0.7}) == []


def test_sample_named_by_the_instance_is_not_the_plan_s_to_choose():
    instance = line_of(rate=[1, 1, 1], total_buffer=2, sample=SHORT | {"seed": 1})
    values = {
        instance.evaluate(instance.plan_type.model_validate({"buffers": [1, 1], "sample": {"seed": seed}})).objective
        for seed in (1, 2, 3)
    }
    assert len(values) == 1


def test_methods_of_loops_leave_lines_alone():
    instance = line_of(rate=[1, 1], total_buffer=1, sample=SHORT)
    for name in ("kanban_fill", "kanban_cards_pyomo", "kanban_options_cpsat"):
        assert not registry.method(name).fits(instance.size())
    with pytest.raises(NotApplicableError, match="a line has no loops"):
        registry.method("kanban_fill").load().run(instance, LocalContext())
    with pytest.raises(NotApplicableError, match="a line has no loops"):
        registry.method("kanban_cards_pyomo").load().build(instance)


def test_check_and_info_read_the_minimal_form(tmp_path, capsys):
    file, told = tmp_path / "line.json", tmp_path / "plan.json"
    file.write_text(json.dumps({
        "problem": "kanban", "version": 1, "name": "x", "objective": "throughput",
        "line": {"rate": [1, 1, 1], "blocking": "after_service", "total_buffer": 5},
    }))  # fmt: skip
    told.write_text(json.dumps({"buffers": [2, 3]}))
    assert main(["check", str(file), str(told), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["objective"] == found["terms"]["throughput"]
    assert abs(found["objective"] - 0.7543448226089335) < 2.5 * found["terms"]["throughput_half_width"]
    assert main(["info", str(file)]) == 0
    assert "share of the slowest" in capsys.readouterr().out


def test_comparing_runs_knows_which_way_is_better():
    rows: Any = {
        "instance": ["L"] * 3, "variant": ["a", "b", "c"], "status": ["feasible", "feasible", "optimal"],
        "objective": [0.70, 0.75, 0.74], "bound": [0.8, 0.76, 0.74], "seconds": [1.0] * 3, "time_limit": [10.0] * 3,
        "sense": [-1] * 3, "known_lower": [0.75] * 3, "known_upper": [None] * 3,
    }  # fmt: skip
    study = jitopt.compare(rows)
    told = {(c.kind, c.variant, c.claim, c.against) for c in study.contradictions}
    assert told == {("refuted optimum", "c", "0.74 is optimal", "a plan found yields 0.75")}


# --- generators and enumeration ------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"blocking": "kanban", "target": 0.8, "utilisation": 0.6}, {"target": 0.55, "spread": 0.2}]
)
def test_generated_lines_know_a_plan(options):
    instance: Any = generate("kanban", seed=2, stations=3, **options)
    assert jitopt.Kanban.parse(instance.to_dict()).sha256() == instance.sha256()
    known = instance.known
    value = instance.evaluate(instance.plan_type.model_validate(known.plan)).objective
    assert value == (known.lower if instance.sense < 0 else known.upper)


def test_enumeration_finds_the_even_allocation_and_the_cheapest_cards():
    found: Any = brute_force.optimum(line_of(rate=[1] * 4, total_buffer=3, sample={"replications": 32, "parts": 4000}))
    assert found.plan.buffers == (1, 1, 1)
    priced = line_of(objective="cost", rate=[1, 1], blocking="kanban", demand={"rate": 0.5}, target={"fill_rate": 0.7},
                     cost=[1, 3], sample={"replications": 4, "parts": 400, "warm_up": 0})  # fmt: skip
    best = brute_force.optimum(priced)
    cost = [1, 3]
    assert best is not None and not priced.evaluate(best.plan).violations
    for j in range(2):
        fewer = list(best.plan.cards)
        fewer[j] -= 1
        if fewer[j]:
            assert priced.evaluate(priced.plan_type(cards=tuple(fewer))).violations
    assert math.isclose(float(best.value), sum(c * n for c, n in zip(cost, best.plan.cards, strict=True)))


PAGE = Path(__file__).parents[1] / "docs" / "problems" / "lines.md"


@pytest.mark.skipif(not PAGE.exists(), reason="not in a source tree")
def test_the_page_tells_the_truth_of_its_examples():
    text = PAGE.read_text(encoding="utf-8")
    first, second, *_ = (
        jitopt.Kanban.parse(json.loads(found)) for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    )
    found = first.evaluate(first.plan_type.model_validate({"buffers": [2, 3]}))
    assert "0.7543 parts" in text and found.objective == pytest.approx(0.7543, abs=0.0009)
    told = [second.evaluate(second.plan_type.model_validate({"cards": cards})) for cards in ([2, 4], [4, 2])]
    assert [one.objective for one in told] == [10, 8]
    assert [one.feasible for one in told] == [True, False]
    assert [one.terms["fill_rate"] for one in told] == [pytest.approx(0.597, abs=0.01), pytest.approx(0.42, abs=0.01)]
