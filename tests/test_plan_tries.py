"""Decisions that leave later ones without a plan: what the delivery knows of the cards, and stepping back."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import jitopt
from jitopt.planning import Plant, analyse, chain, read_plant
from jitopt.planning.chain import PlantPlan, run_chain
from jitopt.planning.steps import delivery_instance, kanban_instance

PLANTS = Path(__file__).parent.parent / "instances" / "plants"

pytestmark = pytest.mark.skipif(not PLANTS.exists(), reason="not in a source tree")

BUDGETS = {"cards": "card_budget", "working capital": "working_capital", "floor": "floor"}


@pytest.fixture(autouse=True)
def _no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines depend on no decision before them: they are left out here."""
    steps = chain.steps_of
    monkeypatch.setattr(chain, "steps_of", lambda *a: [step for step in steps(*a) if step.problem != "heijunka"])


def walk(plant: Plant, folder: Path | None = None) -> PlantPlan:
    if folder is None:
        return run_chain(plant, time_limit=300.0, work_limit=0.3)
    return jitopt.plan(plant, folder, time_limit=300.0, work_limit=0.3)


def with_rows(plant: Plant, table: str, **rows: dict[str, Any]) -> Plant:
    """Set cells: of the row named by the first column, `column=value`."""
    columns = {name: list(values) for name, values in plant.columns(table).items()}
    key = next(iter(columns))
    for name, cells in rows.items():
        for column, value in cells.items():
            columns.setdefault(column, [None] * len(columns[key]))[columns[key].index(name)] = value
    return plant.replace(**{table: columns})


def with_costs(plant: Plant, **costs: float) -> Plant:
    columns = plant.columns("costs")
    found = dict(zip(columns["cost"], columns["value"], strict=True)) | costs
    return plant.replace(costs={"cost": list(found), "value": list(found.values())})


@pytest.fixture(scope="module")
def lamps() -> Plant:
    return read_plant(PLANTS / "lamps").plant


@pytest.fixture(scope="module")
def roomy(lamps: Plant) -> Plant:
    """The lamps with docks and shelf that are never full, and a second, larger container for some parts."""
    plant = with_rows(with_rows(lamps, "docks", gate={"slots": 20}), "racks", shelf={"positions": 500})
    more = {"base": 60, "pole": 60, "shade": 60, "cable": 120}
    return plant.replace(
        containers={"container": ["tray", "box", "crate"], "card_cost": [0.05, 0.02, 0.02],
                    "handling_cost": [0.1, 0.1, 0.1], "area": [0.24, 0.12, 0.9]},
        packs={"part": list(more), "container": ["crate"] * len(more), "quantity": list(more.values())},
    )  # fmt: skip


def taken(found: PlantPlan) -> dict[str, float]:
    """What the cards of a plan take of each limit."""
    instance: Any = next(o.instance for o in found.outcomes if o.name == "kanban")
    used: dict[str, Fraction] = {}
    for loop, (container, cards) in found.decisions.cards.items():
        for limit, amount in instance.pairs[loop, container].uses:
            used[limit] = used.get(limit, Fraction(0)) + amount * cards
    return {limit: float(amount) for limit, amount in used.items()}


LARGE = {"card_budget": 10**5, "working_capital": 10**6, "floor": 10**4}


# --- what the delivery knows ----------------------------------------------------------------------


def test_a_larger_rack_does_not_end_in_no_plan():
    """With more positions, fewer deliveries would be cheaper; the cards' capital would not allow them."""
    pumps = read_plant(PLANTS / "pumps").plant
    found = walk(with_rows(pumps, "racks", heavy={"positions": 600}))
    assert found.status == "planned" and not found.tries


def test_with_one_container_each_what_fits_the_delivery_fits_the_cards(lamps):
    """For every choice of frequencies: the judge of deliveries keeps the limits iff the cards have a plan."""
    plant = with_costs(with_rows(lamps, "docks", gate={"slots": 20}), card_budget=60, working_capital=1500, floor=11)
    analysis = analyse(plant)
    decisions = walk(with_rows(lamps, "docks", gate={"slots": 20})).decisions
    instance: Any = delivery_instance(plant, analysis, decisions.with_(frequencies={}, cards={}))
    agreed = {True: 0, False: 0}
    for choice in product(plant.frequency, repeat=3):
        frequencies = dict(zip(("Steel", "Volt", "Form"), choice, strict=True))
        rows = [{"supplier": s, "frequency": f} for s, f in frequencies.items()]
        kept = not any(v.rule == "limit" for v in instance.evaluate({"deliveries": rows}).violations)
        cards = kanban_instance(plant, analysis, decisions.with_(frequencies=frequencies))
        minimal = {"loops": [
            {"loop": name, "container": c, "cards": max(cards.needed(name, c), 1)} for name, c in cards.pairs
        ]}  # fmt: skip
        assert kept == cards.evaluate(minimal).feasible, frequencies
        agreed[kept] += 1
    assert min(agreed.values()) > 2


def test_a_loop_that_may_have_few_cards_asks_for_deliveries_often_enough(lamps):
    plant = with_rows(with_rows(lamps, "docks", gate={"slots": 20}), "racks", shelf={"positions": 500})
    before = walk(plant).decisions
    (_, cards), name = before.cards["base in"], "base in"
    after = walk(with_rows(plant, "loops", **{name: {"maximum": cards - 1}}))
    assert after.status == "planned" and after.decisions.cards[name][1] < cards
    told = walk(with_rows(plant, "loops", **{name: {"maximum": 2}}))
    assert told.status == "infeasible"
    remedies = [reason["remedy"] for reason in told.outcomes[-1].result.reasons]
    assert any("more cards in loop base in" in remedy for remedy in remedies)


def test_a_budget_that_is_too_small_is_told_in_the_words_of_the_tables(roomy):
    found = walk(with_costs(roomy, working_capital=100))
    assert found.status == "infeasible" and found.outcomes[-1].name == "delivery"
    reasons = found.outcomes[-1].result.reasons
    assert any("money more in full containers (costs: working_capital)" in r["remedy"] for r in reasons)
    short = next(r["short_by"] for r in reasons if r["members"] == ["working capital"])
    mended = walk(with_costs(roomy, working_capital=100 + short))
    assert mended.status == "planned"


# --- more room ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_more_room_never_ends_in_no_plan(seed, lamps):
    """Every limit is set to what a plan takes; then one after the other is opened."""
    base = lamps if not seed else jitopt.generate_plant(seed=seed, size="small", parts=8, suppliers=4)
    base = with_costs(base, **LARGE)
    used = taken(walk(base))
    tight = with_costs(base, **{cost: used[limit] for limit, cost in BUDGETS.items() if limit in used})
    racks = {rack: {"positions": int(used[f"rack {rack}"])} for rack in base.rack if f"rack {rack}" in used}
    tight = with_rows(tight, "racks", **racks)
    assert walk(tight).status == "planned"
    wider = [with_costs(tight, **{cost: LARGE[cost]}) for cost in BUDGETS.values()]
    wider += [with_rows(tight, "racks", **{rack: {"positions": 10**4}}) for rack in racks]
    docks = tight.columns("docks")["dock"] if tight.columns("docks") else []
    wider += [with_rows(tight, "docks", **{dock: {"slots": 100}}) for dock in docks]
    assert [walk(plant).status for plant in wider] == ["planned"] * len(wider)


# --- stepping back --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clash(roomy: Plant) -> Plant:
    """At the cheapest frequencies the cards fit with crates, the capital with trays; never both."""
    analysis = analyse(roomy)
    found = run_chain(with_costs(roomy, **LARGE), time_limit=300.0, work_limit=0.3)
    instance: Any = delivery_instance(with_costs(roomy, **LARGE), analysis, found.decisions.with_(avoided=()))
    uses = instance.uses
    least = {
        limit: sum(
            amount
            for supplier, frequency, name, amount in zip(
                uses.supplier, uses.frequency, uses.limit, uses.amount, strict=True
            )
            if name == limit and found.decisions.frequencies[supplier] == frequency
        )
        + instance.limits.taken[instance.limits.limit.index(limit)]
        for limit in ("cards", "working capital")
    }
    return with_costs(roomy, card_budget=least["cards"], working_capital=least["working capital"])


def test_frequencies_whose_cards_do_not_fit_are_taken_back(clash, monkeypatch, tmp_path):
    found = walk(clash, tmp_path / "out")
    assert found.status == "planned" and found.tries
    assert {attempt.failed for attempt in found.tries} == {"kanban"}
    assert found.judged["kanban"].feasible and found.judged["delivery"].feasible
    assert "Steps taken back" in (tmp_path / "out" / "summary.md").read_text()
    monkeypatch.setattr(chain, "next_try", lambda *_: None)
    assert walk(clash).status == "infeasible"


def test_tries_are_used_again_and_give_the_same_plan(clash, tmp_path):
    walk(clash, tmp_path / "out")
    again = walk(clash, tmp_path / "out")
    assert all(outcome.reused for outcome in again.outcomes)
    changed = with_rows(clash, "suppliers", Volt={"delivery_cost": 21})
    walk(changed, tmp_path / "out")
    walk(changed, tmp_path / "clean")
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {path.name for path in (tmp_path / "clean").iterdir()}
    for name in files:
        if not name.endswith(".result.json") and name != "manifest.json":
            assert (tmp_path / "out" / name).read_text() == (tmp_path / "clean" / name).read_text(), name
    assert json.loads((tmp_path / "out" / "plan.json").read_text())["taken_back"]


def test_what_is_set_aside_loses_no_plan(clash):
    """After the tries, the cheapest frequencies whose cards fit are those of an enumeration."""
    found = walk(clash)
    analysis, best = analyse(clash), None
    bare: Any = delivery_instance(clash, analysis, found.decisions.with_(avoided=(), containers={}))
    for choice in product(clash.frequency, repeat=3):
        frequencies = dict(zip(("Steel", "Volt", "Form"), choice, strict=True))
        judged = bare.evaluate({"deliveries": [{"supplier": s, "frequency": f} for s, f in frequencies.items()]})
        if judged.feasible and (best is None or judged.objective < best):
            cards = kanban_instance(clash, analysis, found.decisions.with_(frequencies=frequencies))
            if jitopt.solve(cards, method="kanban_cards_pyomo", time_limit=60).plan is not None:
                best = judged.objective
    assert found.result("delivery").objective == pytest.approx(best)  # type: ignore[union-attr]


def test_a_supplier_whose_truck_is_too_small_gives_way(roomy):
    """Form is cheapest, and comes with a bicycle: its parts go to others, one quote after the other."""
    trucks = {"truck": ["van", "bicycle"], "weight": [800, 1], "cube": [6, 6]}
    plant = with_rows(roomy.replace(trucks=trucks), "suppliers", Form={"truck": "bicycle"})
    found = walk(plant)
    assert found.status == "planned" and found.tries
    assert ("Form", "shade") not in found.decisions.awards and found.judged["delivery"].feasible


def test_where_nothing_helps_the_first_try_is_told(roomy):
    """Only Steel quotes bases: with a bicycle nobody brings them."""
    trucks = {"truck": ["van", "bicycle"], "weight": [800, 1], "cube": [6, 6]}
    found = walk(with_rows(roomy.replace(trucks=trucks), "suppliers", Steel={"truck": "bicycle"}))
    assert found.status == "infeasible" and len(found.tries) <= 5
    assert any(reason["rule"] == "truck_weight" for reason in found.outcomes[-1].result.reasons)
