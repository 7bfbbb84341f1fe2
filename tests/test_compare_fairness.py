"""Like with like: what is left out and said, what contradicts, what a start brings, what is refused."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import polars as pl
import pytest
from _runs import batch, columns, row

import jitopt
from jitopt.errors import InputError

INF = math.inf


def study(rows: list[dict[str, Any]], **given: Any) -> jitopt.VariantComparison:
    return jitopt.compare(columns(rows), **({"resamples": 100} | given))


def rows_of(table: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]


# --- contradictions -------------------------------------------------------------------------------

CASES: dict[str, tuple[list[dict[str, Any]], list[tuple[str, str]]]] = {
    "two optima": (
        [row(variant="a", objective=100.0), row(variant="b", objective=101.0)],
        [("refuted optimum", "b")],
    ),
    "a bound above a plan of another": (
        [row(variant="a"), row(variant="b", status="feasible", objective=120.0, bound=110.0)],
        [("refuted bound", "b")],
    ),
    "a bound above the own plan": ([row(status="feasible", bound=110.0)], [("refuted bound", "a")]),
    "infeasible, but there is a plan": (
        [row(variant="a", status="infeasible"), row(variant="b", status="feasible")],
        [("refuted infeasibility", "a")],
    ),
    "infeasible, but a plan is known": (
        [row(status="infeasible", known_upper=90.0)],
        [("refuted infeasibility", "a")],
    ),
    "a bound of a run without a plan": (
        [row(status="no_plan", bound=91.0, known_upper=90.0)],
        [("refuted bound", "a")],
    ),
    "optimal, but a better plan is known": ([row(known_upper=90.0)], [("refuted optimum", "a")]),
    "a plan below the known bound": ([row(known_lower=105.0)], [("refuted known bound", "a")]),
    "known values that clash": (
        [row(status="no_plan", known_lower=12.0, known_upper=11.0)],
        [("known values clash", "")],
    ),
    "within the tolerance": (
        [row(variant="a", objective=100.0, bound=100.00005), row(variant="b", objective=100.0001)],
        [],
    ),
    "nothing wrong": (
        [row(known_lower=100.0, known_upper=100.0), row(variant="b", status="feasible", objective=130.0, bound=99.0)],
        [],
    ),
    "different instances": ([row(instance="i1"), row(instance="i2", objective=50.0)], []),
    "the same name, another problem": ([row(), row(problem="heijunka", objective=50.0)], []),
}


@pytest.mark.parametrize("name", CASES)
def test_contradictions_are_found(name):
    rows, expected = CASES[name]
    found = study(rows)
    assert [(c.kind, c.variant) for c in found.contradictions] == expected
    told = rows_of(found.tables["contradictions"])
    assert [one["kind"] for one in told] == [kind for kind, _ in expected]


def test_a_refuted_run_is_not_solved():
    rows = [row(variant="a", objective=100.0, seconds=1.0), row(variant="b", objective=90.0, seconds=5.0)]
    found = study(rows)
    counts = {one["variant"]: one for one in rows_of(found.tables["counts"])}
    assert (counts["a"]["optimal"], counts["a"]["solved"], counts["a"]["refuted"]) == (1, 0, 1)
    times = {one["variant"]: one for one in rows_of(found.tables["times"])}
    assert times["a"]["par10"] == 100 and times["b"]["par10"] == 5
    plans = {one["variant"]: one for one in rows_of(found.tables["plans"])}
    assert plans["a"]["gap_own_median"] == INF


def test_a_refuted_infeasibility_leaves_the_gaps():
    found = study(CASES["infeasible, but there is a plan"][0])
    plans = {one["variant"]: one for one in rows_of(found.tables["plans"])}
    assert (plans["a"]["gap_found_median"], plans["b"]["gap_found_median"]) == (INF, 0.0)
    assert plans["a"]["no_plan_pairs"] == 1


def test_contradictions_are_told_of_runs_that_are_not_compared():
    rows = [row(variant="a", objective=100.0), row(variant="b", objective=90.0)]
    assert [c.variant for c in study(rows, variants=["b"]).contradictions] == ["a"]
    assert [c.variant for c in study(rows, variants=["a"]).contradictions] == ["a"]


def test_a_refuted_bound_is_no_best_bound():
    rows = [row(variant="a", status="feasible", objective=125.0, bound=80.0), row(variant="b", bound=100.0),
            row(variant="c", status="feasible", objective=125.0, bound=110.0)]  # fmt: skip
    plans = {one["variant"]: one for one in rows_of(study(rows).tables["plans"])}
    assert plans["a"]["gap_bound_median"] == pytest.approx(0.2)


# --- like with like -------------------------------------------------------------------------------


def test_what_a_variant_lacks_is_left_out_and_said():
    rows = [row(instance=f"i{i}", variant=v, seconds=1.0 + i) for i in range(4) for v in ("a", "b", "c")]
    rows[-1]["status"], rows[-1]["objective"] = "waiting", None  # c on i3
    rows = [one for one in rows if (one["instance"], one["variant"]) != ("i0", "b")]
    found = study(rows)
    times = {one["variant"]: one for one in rows_of(found.tables["times"])}
    assert {one["instances"] for one in times.values()} == {2}
    assert times["a"]["par10"] == pytest.approx((2 + 3) / 2)
    left = {(one["instance"], one["variants"], one["why"]) for one in rows_of(found.tables["left_out"])}
    assert left == {("i0", "b", "not run"), ("i3", "c", "waiting")}
    pairs = {(one["variant"], one["other"]): one for one in rows_of(found.tables["pairs"]) if one["measure"] == "time"}
    assert [pairs[two]["instances"] for two in (("a", "b"), ("a", "c"), ("b", "c"))] == [3, 3, 2]
    assert any("1 of 12 jobs" in note or "1 of 11 jobs" in note for note in found.notes)
    assert sum("left out" in note for note in found.notes) == 2


def test_time_limits_are_never_mixed():
    rows = [row(instance=f"i{i}", variant=v, time_limit=t, seconds=2.0) for i in range(2) for v in "ab"
            for t in (10.0, 20.0)]  # fmt: skip
    found = study(rows)
    assert [group.time_limit for group in found.groups] == [10.0, 20.0]
    assert any("different time limits" in note for note in found.notes)
    split = study([{**one, "time_limit": 10.0 if one["variant"] == "a" else 20.0} for one in rows[::2]])
    assert split.tables["pairs"] == {}


def test_groups_coarse_and_fine():
    rows = [row(problem=p, family=f, instance=f"{f}{i}", variant=v) for p, f in (("p", "f"), ("p", "g"), ("q", "h"))
            for i in range(2) for v in "ab"]  # fmt: skip
    rows += [row(problem="p", family="f", instance=f"f{i}", variant="only f") for i in range(2)]
    found = study(rows)
    told = [(group.key["problem"], group.key["family"], group.size, group.variants) for group in found.groups]
    assert told == [
        ("(all)", "(all)", 6, ("a", "b")),
        ("p", "(all)", 4, ("a", "b")),
        ("p", "f", 2, ("a", "b", "only f")),
        ("p", "g", 2, ("a", "b")),
        ("q", "h", 2, ("a", "b")),
    ]
    assert any("only f left out" in note for note in found.notes)
    assert [group.label for group in study(rows, by="problem").groups] == ["all", "p", "q"]
    assert [group.label for group in study(rows, by=()).groups] == ["all"]


def test_a_file_nobody_could_read_is_counted_but_no_instance():
    rows = [row(instance=f"i{i}", variant=v) for i in range(2) for v in "ab"]
    bad = [row(problem=None, instance=None, variant=v, status="refused", seconds=None) for v in "ab"]
    found = study([{**one, "source": "x/bad.json"} for one in (*rows, *bad)])
    counts = [(one["problem"], one["variant"], one["refused"]) for one in rows_of(found.tables["counts"])]
    assert ("(not told)", "a", 1) in counts
    assert {one["instances"] for one in rows_of(found.tables["times"])} == {2}
    assert [one["why"] for one in rows_of(found.tables["left_out"])] == ["refused by every variant"]


def test_a_method_that_refuses_is_unsolved_there():
    rows = [row(variant="a"), row(variant="b", status="refused", seconds=None)]
    times = {one["variant"]: one for one in rows_of(study(rows).tables["times"])}
    assert (times["b"]["par10"], times["b"]["at_limit"]) == (100.0, 1)


def test_same_name_other_content_is_another_instance():
    rows = [row(instance_sha256=sha, variant=v) for sha in ("1", "2") for v in "ab"]
    found = study(rows)
    assert found.groups[0].size == 2 and any("kept apart by their hashes" in note for note in found.notes)


def test_settings_that_differ_are_told():
    rows = [row(variant="a", threads=1), row(variant="b", threads=2), row(instance="i2", variant="a", gap_limit=0.1)]
    notes = " ".join(study(rows).notes)
    assert "Variants differ in threads" in notes and "Runs of a differ in gap_limit" in notes


def test_the_best_found_is_that_of_all_runs_even_those_not_compared():
    rows = [row(variant="a", status="feasible", objective=125.0), row(variant="b")]
    plans = rows_of(study(rows, variants=["a"]).tables["plans"])
    assert [(one["variant"], one["gap_found_median"]) for one in plans] == [("a", pytest.approx(0.2))]


# --- warm starts ----------------------------------------------------------------------------------


def starts() -> list[dict[str, Any]]:
    rows = []
    for i, (plain, started) in enumerate(((4.0, 2.0), (9.0, None), (None, 5.0), (2.0, 2.0))):
        for start, seconds in (("none", plain), ("heuristic", started)):
            solved = seconds is not None
            first = 1.0 if start == "none" else 0.1
            rows.append(row(
                instance=f"i{i}", method="m", start=start, variant="m" if start == "none" else "m + start heuristic",
                status="optimal" if solved else "feasible", objective=100.0 if solved else 110.0, bound=100.0,
                seconds=seconds or 10.0, first_plan=first, start_seconds=None if start == "none" else 0.1,
                trajectory=[(first, 125.0, 0.0)],
            ))  # fmt: skip
    return rows


def test_starts_by_hand():
    rows = [*starts(), row(instance="i9", method="m", variant="m"), row(instance="i0", variant="other")]
    found = study(rows)
    table = {one["measure"]: one for one in rows_of(found.tables["starts"])}
    time = table["time"]
    assert (time["method"], time["start"], time["pairs"], time["start_seconds"]) == ("m", "heuristic", 4, 0.1)
    assert (time["wins"], time["ties"], time["losses"], time["p"]) == (2, 1, 1, 1.0)
    assert time["ratio"] == pytest.approx((3 * 11 * 6 * 3 / (5 * 10 * 11 * 3)) ** 0.25)
    assert (time["with"], time["without"]) == (0.75, 0.75)
    assert (table["first_plan"]["wins"], table["first_plan"]["with"], table["first_plan"]["without"]) == (4, 0.1, 1.0)
    assert table["first_plan"]["p"] == pytest.approx(0.125)
    assert (table["plan"]["wins"], table["plan"]["losses"]) == (1, 1)
    integral = table["primal_integral"]
    assert integral["difference"] == pytest.approx(integral["with"] - integral["without"])
    pairs = rows_of(found.tables["start_pairs"])
    assert [one["time_change"] for one in pairs] == [-2.0, None, None, 0.0]
    assert [one["first_plan_change"] for one in pairs] == [pytest.approx(-0.9)] * 4


def test_starts_compare_the_same_settings_and_seeds_only():
    rows = starts()
    assert "starts" in study(rows).tables and study(rows).tables["starts"]
    assert study([{**one, "seed": int(one["start"] == "none")} for one in rows]).tables["starts"] == {}
    assert study([{**one, "threads": 1 + (one["start"] == "none")} for one in rows]).tables["starts"] == {}


# --- what goes in ---------------------------------------------------------------------------------


def test_any_frame_any_store():
    rows = batch(1, instances=3)
    plain = columns(rows)

    class Store:
        def runs(self) -> list[dict[str, Any]]:
            return [{"started": "now", "manifest": {"machine": "A"}}, {"manifest": {"machine": "B"}}]

        def columns(self, trajectories: bool = False) -> dict[str, list[Any]]:
            assert trajectories
            return plain

    expected = study(rows).to_dict()
    for source in (pd.DataFrame(plain), pl.DataFrame(plain, strict=False)):
        assert jitopt.compare(source, resamples=100).to_dict() == expected
    found = jitopt.compare(Store(), resamples=100)
    assert found.manifest == {"run 1": {"started": "now", "machine": "A"}, "run 2": {"machine": "B"}}
    assert found.notes[0].startswith("The batch was run with different machines")
    assert found.to_dict()["times"] == expected["times"]


def test_tables_go_out_as_frames():
    found = study(batch(1, instances=3))
    assert isinstance(found.to_frame("times", "polars"), pl.DataFrame)
    assert list(found.to_frame("counts", "pandas")["variant"]) == ["a", "b", "c"]
    with pytest.raises(InputError, match="no such table"):
        found.to_frame("nothing")


def test_nothing_to_compare():
    found = jitopt.compare({name: [] for name in ("variant", "instance", "status")})
    assert found.groups == () and found.notes == ("There is not a single row to compare.",)
    assert all(table == {} for table in found.tables.values())


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "status": ({"status": "great"}, {}, "row 1, status: the status is unknown"),
    "number": ({"seconds": "fast"}, {}, "row 1, seconds: seconds must be a number"),
    "negative": ({"seconds": -1.0}, {}, "seconds must be at least 0"),
    "objective": ({"objective": math.nan}, {}, "optimal needs an objective"),
    "seconds": ({"seconds": None}, {}, "optimal needs the seconds"),
    "trajectory": ({"trajectory": [3.0]}, {}, "a trajectory is a list of"),
    "shift": ({}, {"shift": -1}, "shift must be a number of at least 0"),
    "resamples": ({}, {"resamples": 3}, "resamples must be a whole number of at least 100"),
    "by": ({}, {"by": "colour"}, "unknown column to group by"),
    "by twice": ({}, {"by": "family,family"}, "a column stands twice"),
    "variant": ({}, {"variants": ["z"]}, "there is no such variant"),
    "reference": ({}, {"reference": "z"}, "there is no such variant"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_input_gets_one_clear_message(name):
    change, given, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        study([{**row(), **change}], **given)


def test_columns_that_lack_or_differ_in_length():
    with pytest.raises(InputError, match="a column status is needed"):
        jitopt.compare({"variant": ["a"], "instance": ["i"]})
    with pytest.raises(InputError, match="equally long"):
        jitopt.compare({"variant": ["a"], "instance": ["i", "j"], "status": ["failed"]})
    with pytest.raises(InputError, match="may stand in one row; 2 rows have variant 'a'"):
        study([row(), row()])
