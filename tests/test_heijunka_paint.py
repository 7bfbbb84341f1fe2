"""Painted sequences: judge, reader and search against definitions, enumeration and full recomputation."""

import importlib.util
import itertools
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import jitopt
from jitopt.errors import InputError, NotApplicableError
from jitopt.heuristics import heijunka_level, heijunka_paint
from jitopt.heuristics._heijunka_paint import first_order, keeps, least, paint_of, tiers_of, walk_of
from jitopt.heuristics._kernels import heijunka_paint_moves as moves
from jitopt.heuristics.context import LocalContext
from jitopt.problems.heijunka import Heijunka
from jitopt.testing import check_reader
from jitopt.testing._naive_heijunka import evaluate as naive

TERMS = ("high_ratio", "low_ratio", "colour_changes")


def painted(seed: int, units: int = 7) -> dict[str, Any]:
    """Draw an instance with all that the form "paint" has."""
    dice = random.Random(seed)
    products = [f"p{k}" for k in range(dice.randint(2, 5))]
    demand = [dice.randint(0, 2) for _ in products]
    demand[0] += max(0, units - sum(demand))
    ratios = [f"r{k}" for k in range(dice.randint(1, 3))]
    at_most = [dice.randint(0, 2) for _ in ratios]
    pairs = [(p, r) for p in products for r in ratios if p == products[0] or dice.random() < 0.5]
    order = dice.sample(TERMS, 3)
    data: dict[str, Any] = {
        "problem": "heijunka",
        "version": 1,
        "name": "painted",
        "products": {"product": products, "demand": demand, "colour": [dice.choice("ab") for _ in products]},
        "ratios": {
            "ratio": ratios,
            "at_most": at_most,
            "in_any": [most + dice.randint(1, 4) for most in at_most],
            "open": [dice.random() < 0.8 for _ in ratios],
            "priority": [dice.choice(("high", "low")) for _ in ratios],
            "weight": [dice.choice((1, 1, 2)) for _ in ratios],
        },
        "options": {"product": [p for p, _ in pairs], "ratio": [r for _, r in pairs]},
        "objective": [
            {"term": term, "measure": "sum_absolute", "weight": weight}
            for term, weight in zip(order, (10**6, 10**3, 1), strict=True)
        ],
        "previous": [dice.choice(products) for _ in range(dice.randint(0, 5))],
        "longest_colour_run": dice.randint(2, 5),
    }
    if dice.random() < 0.3:
        line = [p for p, d in zip(products, demand, strict=True) for _ in range(d)]
        data |= {"current": {"sequence": dice.sample(line, len(line))}, "frozen": dice.randint(0, 2)}
    return data


def judged(instance: Any, sequence: Any) -> Any:
    return instance.evaluate({"sequence": list(sequence)})


def orders(data: dict[str, Any]) -> list[tuple[str, ...]]:
    line = [p for p, d in zip(data["products"]["product"], data["products"]["demand"], strict=True) for _ in range(d)]
    return sorted(set(itertools.permutations(line)))


def test_the_judge_follows_the_definitions() -> None:
    for seed in range(150):
        data = painted(seed)
        data["ratios"]["hard"] = [seed % 3 == 0] + [False] * (len(data["ratios"]["ratio"]) - 1)
        data["objective"].append({"term": "changeover", "measure": "sum_absolute"})
        instance = Heijunka.parse(data)
        sequence = list(random.Random(seed).choice(orders(data)[:50]))
        found, told = judged(instance, sequence), naive(data, {"sequence": sequence})
        assert found.terms == {name: float(value) for name, value in (told.terms or {}).items()}
        assert {(v.rule, v.members): v.short_by for v in found.violations} == {
            k: float(v) for k, v in told.broken.items()
        }


def test_windows_reach_back_and_shorten_at_the_end() -> None:
    data = painted(0) | {
        "products": {"product": ["x", "y"], "demand": [3, 1], "colour": ["a", "b"]},
        "ratios": {"ratio": ["r"], "at_most": [1], "in_any": [3], "open": [True], "priority": ["high"]},
        "options": {"product": ["x"], "ratio": ["r"]},
        "previous": ["x", "x", "x"],
        "longest_colour_run": 2,
    }
    data.pop("current", None), data.pop("frozen", None)
    instance = Heijunka.parse(data | {"objective": [{"term": "high_ratio"}, {"term": "colour_changes", "weight": 10}]})
    # xxx | x y x x: windows xx|x, x|xy, |xyx, yxx, xx, x cost 2, 1, 1, 1, 1, 0; x-y and y-x change the colour.
    found = judged(instance, ["x", "y", "x", "x"])
    assert found.terms == {"high_ratio": 6, "colour_changes": 20} and found.feasible
    broken = judged(instance, ["y", "x", "x", "x"])
    assert [(v.rule, v.short_by) for v in broken.violations] == [("colour_run", 1)]
    assert judged(instance, ["x", "x", "y", "x"]).feasible  # the day before is no part of a run


def flat(paint: Any) -> tuple[Any, Any, Any, Any]:
    """Return the tables of an instance as the kernels take them."""
    ends = np.searchsorted(paint.tier[:-1], np.arange(paint.tiers + 1))
    return paint.rules.reshape(-1), ends, paint.carry.reshape(-1), paint.shade


def test_moves_change_what_they_say() -> None:
    for seed in range(40):
        instance = Heijunka.parse(painted(seed, units=14))
        paint = paint_of(instance)
        rules, ends, carry, shade = flat(paint)
        order = np.repeat(np.arange(len(paint.demand)), paint.demand)
        dice = random.Random(seed)
        for _ in range(12):
            order = np.array(dice.sample(order.tolist(), len(order)))
            walk = walk_of(paint, order, 1, 0)
            moves.begin(rules, carry, shade, *walk)
            assert walk.state[moves.VALUE] == sum(tiers_of(paint, walk.sequence))
            before = np.array(tiers_of(paint, walk.sequence))
            first = len(paint.before)
            i, c, j = sorted(dice.sample(range(first, first + len(order)), 3))
            tables = (walk.before, walk.load, walk.near, walk.sequence, walk.state)
            world = (shade, paint.prices, walk.before, walk.load, walk.sequence, walk.state, np.inf)
            kind = dice.randrange(4)
            if kind == 0:
                moves.swap_cost(rules, ends, carry, shade, paint.prices, *tables[1:], np.inf, i, j)
                moves.exchange(walk.sequence, i, j)
                moves.swap(rules, carry, *tables, i, j)
            elif kind == 1:
                moves.reflect_cost(rules, ends, *world, i, j)
                moves.reflect(walk.sequence, i, j)
            else:
                c = dice.choice((i + 1, c, j))
                moves.rotate_cost(rules, ends, *world, i, c, j)
                kept = walk.sequence.copy()
                moves.rotate(walk.sequence, i, c, j)
                assert walk.sequence.tolist() == [*kept[:i], *kept[c : j + 1], *kept[i:c], *kept[j + 1 :]]
            if kind:
                moves.count(rules, carry, *tables, i, j)
            assert walk.state[moves.CHANGE] == sum(np.array(tiers_of(paint, walk.sequence)) - before)
            fresh = walk_of(paint, walk.sequence[first:], 1, 0)
            moves.begin(rules, carry, shade, *fresh)
            assert all(np.array_equal(ours, theirs) for ours, theirs in zip(tables[:4], fresh[:4], strict=True))


def test_a_move_too_dear_after_a_tier_is_not_looked_at_further() -> None:
    stopped = 0
    for seed in range(80):
        data = painted(seed, units=14) | {"frozen": 0}
        data["ratios"]["priority"][-1] = "high" if data["ratios"]["priority"][0] == "low" else "low"
        paint = paint_of(Heijunka.parse(data))
        rules, ends, carry, shade = flat(paint)
        prices = paint.prices * np.array([60.0**-tier for tier in paint.tier])
        owed = [*(int(rule[moves.PRICE]) for rule in paint.rules), paint.paint]
        units = [next((owed[r] / paint.prices[r] for r, t in enumerate(paint.tier) if t == k), 1) for k in range(3)]
        dice = random.Random(seed)
        for most in (0.0, 0.0, 0.02, 2.0):
            order = np.repeat(np.arange(len(paint.demand)), paint.demand)
            walk = walk_of(paint, np.array(dice.sample(order.tolist(), len(order))), 1, 0)
            moves.begin(rules, carry, shade, *walk)
            i, j = sorted(dice.sample(range(len(paint.before), len(walk.sequence)), 2))
            found = moves.swap_cost(
                rules, ends, carry, shade, prices, walk.load, walk.near, walk.sequence, walk.state, most, i, j
            )
            other = walk.sequence.copy()
            other[[i, j]] = other[[j, i]]
            change = np.array(tiers_of(paint, other)) - tiers_of(paint, walk.sequence)
            sums = np.cumsum([c / units[k] / 60.0**k for k, c in enumerate(change)])
            assert (found > most) == bool((sums > most + 1e-9).any())
            stopped += bool((sums[:-1] > most + 1e-9).any())
    assert stopped > 10


def test_the_search_finds_the_optimum_of_tiny_instances() -> None:
    solved = possible = 0
    for seed in range(30):
        data = painted(seed)
        instance = Heijunka.parse(data)
        every = [judged(instance, list(order)) for order in orders(data)]
        values = [found.objective for found in every if found.feasible]
        context = LocalContext(limit=9.0, seed=seed, work=2500, compiled=False)
        heijunka_paint.run(instance, context)
        assert bool(values) == bool(context.plans)
        assert context.bounds[0] <= min(values, default=float("inf"))
        if values:
            found = judged(instance, context.plans[-1].sequence)
            assert found.feasible
            possible += 1
            solved += found.objective == min(values)
    assert possible > 15 and solved >= possible - 1


def test_the_compiled_search_is_the_plain_one() -> None:
    for seed in range(6):
        instance = Heijunka.parse(painted(seed, units=16))
        contexts = [LocalContext(seed=seed, work=600, compiled=compiled) for compiled in (False, True)]
        for context in contexts:
            heijunka_paint.run(instance, context)
        plain, compiled = contexts
        assert plain.plans == compiled.plans and plain.bounds == compiled.bounds


def test_both_exact_roads_find_the_optimum_of_painted_sequences() -> None:
    solved = 0
    for seed in (1, 4):
        data = painted(seed)
        data["ratios"]["hard"] = [seed == 1] + [False] * (len(data["ratios"]["ratio"]) - 1)
        data["objective"].append({"term": "ratio", "measure": "sum_absolute", "weight": 7})
        instance = Heijunka.parse(data)
        values = [found.objective for order in orders(data) if (found := judged(instance, order)).feasible]
        for method in ("heijunka_cumulative_pyomo", "heijunka_order_cpsat"):
            result = jitopt.solve(instance, method=method, time_limit=20, threads=1)
            assert result.status == ("optimal" if values else "infeasible"), (seed, method)
            assert result.objective == min(values, default=None)
            solved += bool(values)
    assert solved == 2


def test_weights_that_are_near_each_other_are_one_tier() -> None:
    data = painted(3)
    data["ratios"]["priority"] = ["high", *("low" for _ in data["ratios"]["ratio"][1:])]
    for weights, tiers in (((5, 3, 1), 1), ((1000, 3, 1), 2), ((10**6, 10**3, 1), 3)):
        data["objective"] = [
            {"term": term, "measure": "sum_absolute", "weight": weight}
            for term, weight in zip(TERMS, weights, strict=True)
        ]
        paint = paint_of(Heijunka.parse(data))
        assert paint.tiers == len(set(paint.tier)) <= tiers
        assert sorted(paint.tier[:-1]) == list(paint.tier[:-1])


def test_the_first_order_has_the_fewest_colour_changes() -> None:
    for seed in range(60):
        data = painted(seed, units=11) | {"frozen": 0}
        data["objective"] = [{"term": "colour_changes"}]
        data["ratios"]["hard"] = [False] * len(data["ratios"]["ratio"])
        data.pop("ratios"), data.pop("options")
        instance = Heijunka.parse(data)
        paint = paint_of(instance)
        order = first_order(paint)
        colours = np.bincount(paint.shade, weights=paint.demand)
        assert (order is not None) == bool(colours.max() <= paint.limit * (colours.sum() - colours.max() + 1))
        if order is not None:
            assert keeps(paint, order)
            assert least(paint)[0] <= tiers_of(paint, np.concatenate([paint.before, order]))[0]


def test_other_methods_say_that_they_do_not_apply() -> None:
    data = painted(1)
    instance = Heijunka.parse(data)
    assert instance.forms() == {"paint"}
    with pytest.raises(NotApplicableError, match=r"what was built before|runs of a colour"):
        heijunka_level.run(instance, LocalContext())
    largest = [{"term": "colour_changes", "measure": "max_absolute"}, {"term": "ratio", "measure": "sum_absolute"}]
    for method in ("heijunka_cumulative_pyomo", "heijunka_order_cpsat"):
        with pytest.raises(NotApplicableError, match="colour_changes"):
            jitopt.registry.formulation(method).build(Heijunka.parse(data | {"objective": largest}))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"previous": ["stranger"]}, "/previous/0"),
        ({"longest_colour_run": 2, "products": {"product": ["p"], "demand": [1]}}, "/longest_colour_run"),
        ({"objective": [{"term": "colour_changes"}], "products": {"product": ["p"], "demand": [1]}}, "/objective/0"),
        ({"objective": [{"term": "high_ratio"}]}, "/objective/0"),
        ({"box": {"buckets": 2, "capacity": 1}}, "/products/colour"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], place: str) -> None:
    data = {
        "problem": "heijunka",
        "version": 1,
        "name": "x",
        "products": {"product": ["p"], "demand": [1], "colour": ["a"]},
        "objective": [{"term": "rate"}],
    }
    with pytest.raises(InputError) as caught:
        Heijunka.parse(data | change)
    assert caught.value.place == place


# --- the folder ------------------------------------------------------------------------------------


def files(seed: int = 0) -> dict[str, str]:
    """Draw the four files of a small instance, line ends and last semicolons as they come."""
    dice = random.Random(seed)
    ratios = [("1/3", 1, "HPRC1"), ("2/4", 1, "HPRC2"), ("1/5", 0, "LPRC1")]
    rows = [
        f"{day};{rank};{day[-1]}{rank:03};{dice.randint(1, 3)};" + ";".join(str(dice.randint(0, 1)) for _ in ratios)
        for day, count in (("2003 1 1", 4), ("2003 1 2", 9))
        for rank in range(1, count + 1)
    ]
    return {
        "optimization_objectives.txt": "rank;objective name;\n1;high_priority_level_ratio_constraints;\n"
        "2;paint_color_batches;\n3;low_priority_level_ratio_constraints;\n",
        "paint_batch_limit.txt": "limitation;\r\n5;\r\n",
        "ratios.txt": "Ratio;Prio;Ident;\n" + "".join(f"{n};{prio};{ident};\n" for n, prio, ident in ratios),
        "vehicles.txt": "Date;SeqRank;Ident;Paint Color;HPRC1;HPRC2;LPRC1\n" + "\n".join(rows) + "\n",
    }


def write(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    return folder


def joined(texts: dict[str, str]) -> str:
    return "".join(f"=== {name} ===\n{text}\n" for name, text in sorted(texts.items()))


def test_the_reader_keeps_its_promises() -> None:
    check_reader("roadef2005", [joined(files(seed)) for seed in range(2)])


def test_the_independent_evaluator_agrees_with_the_judge(tmp_path: Path) -> None:
    other = _benchmark()
    for seed in range(8):
        folder = write(tmp_path / str(seed), files(seed))
        instance: Any = jitopt.read(folder)
        assert instance.name == str(seed) and instance.previous == tuple(f"1{rank:03}" for rank in range(1, 5))
        sequence = random.Random(seed).sample(list(instance.current.sequence), 9)
        case, found = other.load(folder), judged(instance, sequence)
        if not found.feasible:
            with pytest.raises(ValueError, match="one colour"):
                other.counts(case, sequence)
            continue
        told = other.counts(case, sequence)
        assert found.terms == {"high_ratio": told["H"] * 1e6, "colour_changes": told["C"] * 1e3, "low_ratio": told["L"]}
        assert found.objective == other.score(case, told)


def _benchmark() -> ModuleType:
    path = Path(__file__).parent.parent / "benchmarks" / "heijunka" / "roadef.py"
    spec = importlib.util.spec_from_file_location("roadef", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["roadef"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        ("ratios.txt", "1/3;1", "1-3;1", "ratios.txt, line 2"),
        ("ratios.txt", "HPRC2", "HPRC1", "ratios.txt, line 3"),
        ("vehicles.txt", "LPRC1\n", "LPRC9\n", "vehicles.txt, line 1"),
        ("vehicles.txt", "2003 1 2;1;2001", "2003 1 2;1;2002", "vehicles.txt, line 7"),
        ("paint_batch_limit.txt", "5;", "none;", "paint_batch_limit.txt, line 2"),
        ("optimization_objectives.txt", "paint_color", "colour", "optimization_objectives.txt, line 3"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, name: str, old: str, new: str, place: str) -> None:
    texts = files()
    assert old in texts[name]
    texts[name] = texts[name].replace(old, new, 1)
    with pytest.raises(InputError) as caught:
        jitopt.read(write(tmp_path / "x", texts))
    assert caught.value.place == place and caught.value.remedy


def test_a_folder_that_is_incomplete_is_refused(tmp_path: Path) -> None:
    texts = files()
    del texts["paint_batch_limit.txt"]
    with pytest.raises(InputError, match=r"paint_batch_limit\.txt"):
        jitopt.read(write(tmp_path / "a", texts))
    with pytest.raises(InputError, match="folder"):
        jitopt.read(write(tmp_path / "b", {}))
