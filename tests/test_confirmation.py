"""Confirmation on fresh paths, against exact fill rates."""

import json
from typing import Any

import pytest

import jitopt
from jitopt.cli import main
from jitopt.errors import InputError
from jitopt.problems.kanban import Kanban
from jitopt.queueing import make_to_stock, two_stage_kanban
from jitopt.simulation.confirmation import confirm


def line(**more: Any) -> Kanban:
    given = {"rate": [1, 1], "blocking": "kanban", "demand": {"rate": 0.5}, "target": {"fill_rate": 0.9},
             "sample": {"replications": 32, "parts": 2000, "warm_up": 500}}  # fmt: skip
    return Kanban.model_validate({"problem": "kanban", "version": 1, "name": "x", "line": given | more})


def test_verdicts_agree_with_the_exact_chain():
    case = line()
    for cards in ((2, 3), (3, 3), (2, 6), (4, 4)):
        found = confirm(case, list(cards))
        exact = two_stage_kanban(cards, 0.5).fill_rate
        assert found.verdict == ("kept" if exact > 0.9 else "missed")
        assert found.reached.mean == pytest.approx(exact, abs=0.01)
        for fewer in found.fewer:
            left = (cards[0] - (fewer.place == "1"), cards[1] - (fewer.place == "2"))
            assert fewer.left == left[int(fewer.place) - 1]
            assert fewer.verdict == ("kept" if two_stage_kanban(left, 0.5).fill_rate > 0.9 else "missed")


def test_the_fewest_cards_of_one_loop_are_told_as_such():
    """The second station is so fast that the first alone decides: a single stage of K cards in all."""
    case = line(rate=[1, 1e6], blocking="conwip")
    fills = [make_to_stock(0.5, cards).fill_rate for cards in range(8)]
    assert fills[3] < 0.9 < fills[4]
    found = confirm(case, {"cards": [4]})
    assert (found.verdict, found.fewest, found.raised) == ("kept", True, 0)
    assert [(one.place, one.left, one.verdict) for one in found.fewer] == [("the line", 3, "missed")]
    assert any("rejected" in sentence for sentence in found.sentences())
    assert confirm(case, [3]).fewest is False
    assert confirm(case, [6]).fewest is False
    for start in (1, 7):
        strong = confirm(case, [start], strengthen=True)
        assert strong.plan.cards == (4,)
        assert strong.raised == 4 - start


def test_what_the_paths_do_not_tell_is_undecided():
    exact = make_to_stock(0.5, 4).fill_rate
    case = line(rate=[1, 1e6], blocking="conwip", target={"fill_rate": exact},
                sample={"replications": 4, "parts": 200, "warm_up": 100})  # fmt: skip
    found = confirm(case, [4], replications=4)
    assert (found.verdict, found.fewest) == ("undecided", None)
    assert found.paths == 4 * 2**4
    assert "may or may not" in found.sentences()[0]


def test_throughput_targets_are_confirmed_too():
    case = line(blocking="after_service", demand=None, target={"throughput": 0.78}, rate=[1, 1],
                sample={"replications": 16, "parts": 4000})  # fmt: skip
    found = confirm(case, [2])  # 0.8 exactly; with one place 0.75
    assert (found.measure, found.verdict, found.fewest) == ("throughput", "kept", True)
    assert found.fewer[0].place == "1 to 2"


def test_threads_and_repetition_change_no_number():
    case = line()
    assert confirm(case, [2, 3]) == confirm(case, [2, 3], threads=2)
    assert confirm(case, [2, 3], seed=5).reached != confirm(case, [2, 3], seed=6).reached


def test_what_cannot_be_confirmed_is_refused():
    options = {"problem": "kanban", "version": 1, "name": "x",
               "options": {"loop": ["a"], "container": ["c"], "cards": [1], "cost": [1]}}  # fmt: skip
    with pytest.raises(InputError, match="target"):
        jitopt.confirm(Kanban.model_validate(options), [1])
    with pytest.raises(InputError, match="cards"):
        confirm(line(), [1])
    with pytest.raises(InputError, match="level"):
        confirm(line(), [1, 1], level=1.0)


def test_a_result_and_a_command_tell_the_same(tmp_path, capsys):
    case = line()
    path, result = tmp_path / "line.json", tmp_path / "plan.json"
    jitopt.write(case, path)
    result.write_text(json.dumps({"plan": {"cards": [3, 3]}}), encoding="utf-8")
    told = confirm(case, {"plan": {"cards": [3, 3]}})
    assert main(["simulate", str(path), str(result), "--confirm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["confirmation"] == json.loads(json.dumps(told.to_dict()))
    assert main(["simulate", str(path), str(result), "--confirm"]) == 0
    assert capsys.readouterr().out.strip().endswith("\n".join(told.sentences()))


@pytest.mark.parametrize("plan", [None, 7, {"plan": None}, {"cards": "many"}])
def test_what_is_no_plan_is_told(plan):
    with pytest.raises(InputError):
        confirm(line(), plan)
