"""Scores of plans: they add up to the judge's objective, places are where they say, odd plans are scored too."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.formats.line_files import read_sequence, read_suppliers
from jitopt.generators import random_small
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan

SETTINGS = settings(max_examples=40, deadline=None, derandomize=True)


def line(**fields: Any) -> Heijunka:
    head = {"problem": "heijunka", "version": 1, "name": "x", "objective": [{"term": "rate"}]}
    return Heijunka.parse(head | fields)


def shuffled(instance: Heijunka, dice: random.Random) -> HeijunkaPlan:
    """Return a plan that builds the demand, in any order or bucket."""
    table = instance.products
    units = [p for p, d in zip(table.product, table.demand, strict=True) for _ in range(d)]
    dice.shuffle(units)
    if instance.box is None:
        return HeijunkaPlan(sequence=tuple(units))
    rows = [{"bucket": dice.randint(1, instance.slots), "product": p, "quantity": 1} for p in units]
    return HeijunkaPlan.model_validate({"buckets": rows})


@SETTINGS
@given(seed=st.integers(0, 1500))
def test_contributions_add_up_to_what_the_judge_says(seed: int) -> None:
    instance: Any = random_small("heijunka", seed)
    plan = shuffled(instance, random.Random(seed))
    assert_adds_up(instance, plan)


BOX: dict[str, Any] = {
    "products": {"product": ["A", "B", "C"], "weight": [1, 2, 0.5], "minutes": [3, 4, 2], "setup": [5, 1, 2],
                 "pack": [2, None, 3]},
    "demands": {"product": ["A", "B", "C", "A"], "day": [1, 1, 2, 3], "quantity": [4, 5, 6, 4]},
    "box": {"buckets": 6, "capacity": 4, "days": 3, "minutes": 15},
    "previous": ["B"],
}  # fmt: skip
PAINT: dict[str, Any] = {
    "products": {"product": ["A", "B", "C"], "demand": [4, 3, 3], "colour": ["red", "blue", None]},
    "ratios": {"ratio": ["x", "y"], "at_most": [0, 1], "in_any": [2, 3], "weight": [2, 3], "priority": ["high", "low"],
               "open": [True, False]},
    "options": {"product": ["A", "B"], "ratio": ["x", "y"]},
    "previous": ["C", "A"],
    "longest_colour_run": 2,
}  # fmt: skip
MEASURES = ("sum_squared", "sum_absolute", "max_squared", "max_absolute")


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("kind", ["box", "paint"])
def test_contributions_of_days_packs_and_colours_add_up(kind: str, measure: str) -> None:
    terms = ("volume", "epei", "rate", "changeover") if kind == "box" else ("high_ratio", "low_ratio", "colour_changes")
    objective = [{"term": term, "measure": measure, "weight": 1.5} for term in terms]
    instance = line(**(BOX if kind == "box" else PAINT), objective=objective)
    dice, seen = random.Random(7), set()
    for _ in range(12):
        seen |= assert_adds_up(instance, shuffled(instance, dice))
    assert seen >= ({"due", "minutes", "pack", "capacity"} if kind == "box" else {"colour_run"})


def assert_adds_up(instance: Heijunka, plan: HeijunkaPlan) -> set[str]:
    """Hold a score against the judge; return the rules that the plan breaks."""
    judged, found = instance.evaluate(plan), jitopt.score(instance, plan, most=10**6)
    assert found.objective == judged.objective
    assert {term.term: term.value for term in found.terms} == judged.terms
    assert found.feasible == judged.feasible
    broken = {(rule.rule, rule.members) for rule in found.rules if not rule.kept}
    assert broken == {(told.rule, told.members if told.rule != "demand" else ()) for told in judged.violations}
    measures = {jitopt.problems.heijunka.judge.term_name(instance, t.term, t.measure): t.measure
                for t in instance.objective}  # fmt: skip
    for term in found.terms:
        largest = measures.get(term.term, "").startswith("max")
        gather: Any = max if largest else sum
        assert gather(found.profile[term.term]) == pytest.approx(term.value, abs=1e-9)
        assert gather([place.value for place in term.who] or [0]) == pytest.approx(term.value, abs=1e-9)
        for place in (*term.who, *term.where):
            assert 1 <= place.first <= place.last <= instance.slots
            assert place.text
    return {rule for rule, _ in broken}


def naive_profile(instance: Heijunka, sequence: list[str], measure: str) -> list[float]:
    """Return what the rates of a sequence cost on each slot, product by product, from the definition."""
    table, slots = instance.products, instance.slots
    found = []
    for slot in range(1, len(sequence) + 1):
        off = [(w, abs(Fraction(sequence[:slot].count(p)) - Fraction(d * slot, slots)))
               for p, d, w in zip(table.product, table.demand, instance.weights, strict=True)]  # fmt: skip
        values = [w * (v * v if measure.endswith("squared") else v) for w, v in off]
        found.append(float(max(values) if measure.startswith("max") else sum(values)))
    return found


@pytest.mark.parametrize("measure", ["sum_squared", "sum_absolute", "max_squared", "max_absolute"])
def test_the_profile_is_the_definition_slot_by_slot(measure: str) -> None:
    products = {"product": ["A", "B", "C"], "demand": [7, 4, 2], "weight": [1, 0.3, 2.5]}
    instance = line(products=products, objective=[{"term": "rate", "measure": measure, "weight": 2}])
    plan = shuffled(instance, random.Random(3))
    found = jitopt.score(instance, plan)
    expected = [2 * value for value in naive_profile(instance, list(plan.sequence or ()), measure)]
    assert found.profile["rate"] == pytest.approx(expected, abs=1e-12)


def test_a_window_is_found_and_its_cost_lies_on_its_carriers() -> None:
    instance = line(
        products={"product": ["A", "B"], "demand": [4, 6]},
        ratios={"ratio": ["roof"], "at_most": [1], "in_any": [3], "weight": [5]},
        options={"product": ["A"], "ratio": ["roof"]},
        objective=[{"term": "ratio"}],
    )
    found = jitopt.score(instance, list("ABBAABBBAB"))
    (term,) = found.terms
    assert [place.text for place in term.where] == ["slots 3 to 6: roof 2 of at most 1 in any 3 (2 windows)"]
    assert term.value == 10
    assert found.profile["ratio"] == [0, 0, 0, 5, 5, 0, 0, 0, 0, 0]
    assert found.to_rows()["builds"][3] == "A"


@pytest.mark.parametrize("rule", ["spacing", "longest_run", "shortest_run"])
def test_every_breach_of_a_rule_is_counted(rule: str) -> None:
    limit = {"spacing": 3, "longest_run": 1, "shortest_run": 3}[rule]
    instance = line(products={"product": ["A", "B"], "demand": [6, 4], rule: [limit, None]})
    found = next(told for told in jitopt.score(instance, list("AABAABBAAB")).rules if told.rule == rule)
    assert (found.kept, found.breaches) == (False, {"spacing": 4, "longest_run": 3, "shortest_run": 3}[rule])


def test_odd_sequences_are_scored_as_far_as_meaning_allows() -> None:
    instance = line(products={"product": ["A", "B"], "demand": [2, 2]})
    found = jitopt.score(instance, ["A", "SUV", "B"])
    assert not found.priced and not found.feasible
    # Slots 1 to 3 against the ideal of 2 A and 2 B in four slots; the unknown unit takes a slot.
    assert found.objective == 2 * 0.25 + (0 + 1) + 2 * 0.25
    assert found.notes[0] == "SUV is not a product of the instance: 1 unit in no term of a product or part"
    demand = found.rules[0]
    assert [place.text for place in demand.places] == [
        "1 unit of A instead of 2", "1 unit of B instead of 2", "SUV is not a product"]  # fmt: skip
    assert jitopt.score(instance, []).objective == 0


def test_a_term_that_nothing_looks_at_keeps_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    from jitopt.problems.heijunka import score as module

    monkeypatch.delitem(module.LOOKERS, "rate")
    instance = line(products={"product": ["A", "B"], "demand": [1, 1]})
    found = jitopt.score(instance, ["A", "B"])
    assert (found.objective, found.terms[0].value, found.profile) == (0.5, 0.5, {})


def test_what_is_no_plan_or_no_line_is_refused() -> None:
    instance = line(products={"product": ["A", "B"], "demand": [1, 1]})
    wrongs: list[Any] = [[1, 2], "AB", None, {"buckets": []}]
    for wrong in wrongs:
        with pytest.raises(InputError):
            jitopt.score(instance, wrong)
    other: Any = random_small("kanban", 1)
    with pytest.raises(InputError, match="score takes a heijunka instance"):
        jitopt.score(other, ["A"])


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["A\nB\n\nA\n", '["A", "B", "A"]', '{"sequence": ["A", "B", "A"]}', "product\nA\nB\nA\n",
     "position;product\n2;B\n1;A\n3;A\n", '{"plan": {"sequence": ["A", "B", "A"]}}'],
)  # fmt: skip
def test_a_sequence_is_read_from_what_people_have(text: str, tmp_path: Any) -> None:
    path = tmp_path / "sequence"
    path.write_text(text, encoding="utf-8")
    instance = line(products={"product": ["A", "B"], "demand": [2, 1]})
    assert read_sequence(str(path), instance).sequence == ("A", "B", "A")


@pytest.mark.parametrize(
    ("text", "told"),
    [("position,product\n1,A\n1,B\n", "each position appears once"), ("position,product\nx,A\n", "row 2, position"),
     ("position,product\n1,\n", "every row names a product"), ("[1]", "list of products"),
     ("bucket,product,quantity\n1,A,-2\n", "quantity must be"), ('{"format": "x"}', "result file")],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_place(text: str, told: str, tmp_path: Any) -> None:
    path = tmp_path / "sequence.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_sequence(str(path), line(products={"product": ["A"], "demand": [1]}))


def test_score_and_usage_on_the_command_line(tmp_path: Any, capsys: Any) -> None:
    instance = line(
        products={"product": ["A", "[bold]"], "demand": [2, 2]},
        bill={"product": ["A", "[bold]"], "part": ["axle", "axle"], "quantity": [1, 2]},
        objective=[{"term": "usage"}],
    )
    jitopt.write(instance, tmp_path / "line.json")
    (tmp_path / "seq.txt").write_text("A\nA\n[bold]\n[bold]\n", encoding="utf-8")
    (tmp_path / "who.csv").write_text("part,supplier\naxle,=S1\n", encoding="utf-8")
    words = [str(tmp_path / "line.json"), str(tmp_path / "seq.txt")]
    assert main(["score", *words, "-o", str(tmp_path / "profile.csv")]) == 0
    assert "part axle is 1 under its ideal at slot 2" in capsys.readouterr().out
    assert (tmp_path / "profile.csv").read_text().splitlines()[3] == "3,[bold],0.25,".rstrip(",")
    usage = ["usage", *words, "--period", "2", "--suppliers", str(tmp_path / "who.csv")]
    assert main([*usage, "-o", str(tmp_path / "usage.csv")]) == 0
    capsys.readouterr()
    assert (tmp_path / "usage.csv").read_text().splitlines()[1:] == [
        "'=S1,axle,1,1,2,2,3,-1,2,-1",
        "'=S1,axle,2,3,4,4,3,1,6,0",
    ]
    assert main([*usage, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parts"]["most_behind"] == [1]
    assert main(["score", words[0], str(tmp_path / "none")]) == 2


# --- suppliers -------------------------------------------------------------------------------


@SETTINGS
@given(seed=st.integers(0, 200), period=st.integers(1, 9))
def test_the_use_of_all_periods_is_what_the_plan_uses(seed: int, period: int) -> None:
    instance: Any = random_small("heijunka", seed)
    if instance.bill is None:
        with pytest.raises(InputError, match="bill of material"):
            jitopt.supplier_usage(instance, shuffled(instance, random.Random(seed)), period=period)
        return
    plan = shuffled(instance, random.Random(seed))
    part = instance.bill.part[0]
    found = jitopt.supplier_usage(instance, plan, period=period, suppliers={part: {"S1": 0.25, "S2": 0.75}})
    rows = list(zip(*found.to_rows().values(), strict=True))
    need = {name: float(sum(q * instance.products.demand[row] for row, q in users))
            for name, (_, users) in instance.usage.items()}  # fmt: skip
    for name, total in need.items():
        mine = [row for row in rows if row[1] == name]
        assert sum(row[5] for row in mine) == pytest.approx(total)
        assert sum(row[7] for row in mine) == pytest.approx(0, abs=1e-9)
    for supplier, share in (("S1", 0.25), ("S2", 0.75)):
        mine = [row for row in rows if row[0] == supplier]
        assert mine[-1][8] == pytest.approx(share * need[part])
        assert mine[-1][9] == pytest.approx(0, abs=1e-9)
        assert [row[2] for row in mine] == list(range(1, -(-instance.slots // period) + 1))


def test_suppliers_are_read_with_shares(tmp_path: Any) -> None:
    path = tmp_path / "suppliers.csv"
    path.write_text("part;supplier;share\na;S1;0.5\na;S2;0.5\nb;S1;\n", encoding="utf-8")
    assert read_suppliers(str(path)) == {"a": {"S1": 0.5, "S2": 0.5}, "b": {"S1": 1.0}}
    path.write_text("part\na\n", encoding="utf-8")
    with pytest.raises(InputError, match="columns part and supplier"):
        read_suppliers(str(path))


@pytest.mark.parametrize(
    ("suppliers", "words"),
    [({"axel": "S1"}, "did you mean 'axle'"), ({"axle": {"S1": 0.25, "S2": 0.5}}, "add up to 1")],
)
def test_misspelt_parts_and_shares_that_do_not_add_up_are_refused(suppliers: Any, words: str) -> None:
    bill = {"product": ["A", "B"], "part": ["axle", "tyre"], "quantity": [1, 4]}
    instance = line(products={"product": ["A", "B"], "demand": [2, 1]}, bill=bill, objective=[{"term": "usage"}])
    assert jitopt.supplier_usage(instance, ["A", "B", "A"], suppliers={"axle": "S1", "mirror": "S2"})
    with pytest.raises(InputError, match=words):
        jitopt.supplier_usage(instance, ["A", "B", "A"], suppliers={"tyre": "S3", **suppliers})


def test_beyond_its_size_a_maximum_is_told_where_lines_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from jitopt.problems.heijunka import score_lines

    products = {"product": ["A", "B", "C"], "demand": [7, 4, 2]}
    instance = line(products=products, objective=[{"term": "rate", "measure": "max_squared"}])
    plan = shuffled(instance, random.Random(4))
    every = jitopt.score(instance, plan).profile["rate"]
    monkeypatch.setattr(score_lines, "DENSE", 0)
    some = jitopt.score(instance, plan).profile["rate"]
    assert max(some) == max(every)
    assert all(a <= b + 1e-12 for a, b in zip(some, every, strict=True))
