"""Windows of lines: never slower than the line, and what they are said to need no design undercuts."""

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from jitopt.heuristics import _line_bounds
from jitopt.heuristics._line_bounds import needed, proven, windowed
from jitopt.heuristics._line_cost import Oracle
from jitopt.heuristics._line_tiles import Tiles
from jitopt.heuristics.context import LocalContext
from jitopt.heuristics.kanban_line import Search
from jitopt.problems.kanban import Kanban
from jitopt.problems.kanban.line import Line, lags
from jitopt.simulation.line_paths import Paths
from jitopt.simulation.line_windows import Windows, started

FORMS: list[tuple[str, tuple[int, ...]]] = [("after_service", (2, 0, 3, 1)), ("kanban", (1, 3, 2, 1, 2))]
RATES = [1, 1.1, 0.9, 1, 1]


def line_of(blocking: str, **more: Any) -> Line:
    sample = {"seed": 5, "replications": 9, "parts": 700}
    return Line.model_validate({"rate": RATES, "blocking": blocking, "sample": sample} | more)


def searching(line: dict[str, Any], objective: str) -> Search:
    document = {"problem": "kanban", "version": 1, "name": "x", "line": line, "objective": objective}
    return Search(Kanban.model_validate(document), LocalContext(limit=60.0))


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize(("blocking", "design"), FORMS)
def test_no_window_is_slower_than_its_line(blocking, design, keep):
    line = line_of(blocking, mtbf=[50, None, 60, None, 70], mttr=[2, None, 3, None, 1])
    paths = Paths(line, line.size(), keep=keep)
    count, whole = len(design), paths.throughput([design])[0].mean
    found = lags(line, design).material[1 : count + 1]
    windows = Windows(paths, [sum(found[place + 1 :]) for place in range(count)])
    for first, last in itertools.combinations_with_replacement(range(count), 2):
        assert windows.throughput(first, last, design[first : last + 1]) >= whole
    assert windows.throughput(0, count - 1, design) == pytest.approx(whole, rel=1e-11)
    inner = windows.throughput(1, 2, design[1:3])
    assert inner <= windows.throughput(1, 2, [number + 1 for number in design[1:3]])
    assert inner > windows.throughput(0, 2, design[:3])


@pytest.mark.parametrize(("blocking", "design"), FORMS)
def test_no_design_has_more_behind_a_window_at_the_start(blocking, design):
    line = line_of(blocking)
    cost, spare, low = [1.0, 2.0, 1.5, 1.0, 1.0][: len(design)], 5.0, line.lows
    cap = tuple(least + int(spare / price) for least, price in zip(low, cost, strict=True))
    behind = started(Paths(line, line.size()), low, cap, cost, spare)
    for each in itertools.product(*(range(least, most + 1) for least, most in zip(low, cap, strict=True))):
        if np.dot(cost, each) - np.dot(cost, low) <= spare:
            stock = lags(line, each).material[1 : len(each) + 1]
            assert all(sum(stock[place + 1 :]) <= behind[place] for place in range(len(each)))


@pytest.mark.parametrize("seed", range(8))
def test_tiles_never_need_more_than_the_cheapest_design(seed):
    """Of any monotone answer, simulated or not: here some designs, of which one must be reached."""
    dice = random.Random(seed)
    count, most = 4, 5
    cost = [dice.choice([1.0, 2.0, 1.5]) for _ in range(count)]
    enough = [tuple(dice.randint(0, most) for _ in range(count)) for _ in range(6)]

    def reaches(design: tuple[int, ...]) -> bool:
        return any(all(a <= b for a, b in zip(least, design, strict=True)) for least in enough)

    def short(first: int, last: int, design: tuple[int, ...], sure: bool) -> bool:
        return not reaches((most,) * first + design + (most,) * (count - 1 - last))

    best = min(float(np.dot(cost, design)) for design in enough)
    tiles = Tiles((0,) * count, (most,) * count, cost, short, np.random.Generator(np.random.SFC64(seed)))
    told: list[float] = []
    assert not tiles.cover(2, best, told.append)
    assert max(told, default=0.0) <= best + 1e-9
    assert not tiles.cover(1000, best, told.append)
    assert tiles.tiled(0, count - 1) == pytest.approx(best)
    assert tiles.cover(1000, best - 0.25)


@pytest.mark.parametrize(
    "line",
    [
        {"rate": [1, 1.2, 0.9, 1], "total_buffer": 6},
        {"rate": [1, 1, 1, 1, 1], "total_buffer": 4, "distribution": ["gamma"] * 5, "cv": [0.5] * 5},
        {"rate": [1, 1.1, 1, 0.9], "blocking": "kanban", "total_cards": 9},
    ],
)
def test_most_throughput_lies_below_what_windows_prove(line, monkeypatch):
    monkeypatch.setattr(_line_bounds, "CLOSE", 1e-4)
    search = searching(line | {"sample": {"seed": 2, "replications": 9, "parts": 150}}, "throughput")
    total, low = search.line.total, search.line.lows
    assert total is not None
    high = tuple(least + total - sum(low) for least in low)
    every = (d for d in itertools.product(*map(range, low, [most + 1 for most in high])) if sum(d) <= total)
    best = max(search.paths.throughput(design) for design in every)
    assert windowed(search, high)
    start = search.paths.throughput(high)
    bound = proven(search, best, start, low, high, total, 0.1)
    assert best <= bound < best + 0.2 * (start - best)


@pytest.mark.parametrize(
    "line",
    [
        {"rate": [1, 1.2, 0.9, 1], "target": {"throughput": 0.6}, "cost": [1, 2, 1.5]},
        {"rate": [1, 1.1, 1], "blocking": "kanban", "target": {"throughput": 0.6}},
        {"rate": [1, 1.1, 1], "blocking": "kanban", "demand": {"rate": 0.5}, "target": {"fill_rate": 0.8}},
        {"rate": [1, 1.1, 1], "blocking": "base_stock", "demand": {"rate": 0.5}, "target": {"fill_rate": 0.8}},
    ],
)
def test_least_cost_lies_above_what_windows_need(line):
    sample: dict[str, Any] = {"seed": 2, "replications": 9, "parts": 150} | ({"warm_up": 0} if "demand" in line else {})
    search = searching(line | {"sample": sample}, "cost")
    low, cost = search.line.lows, list(search.line.cost or (1.0,) * search.line.decided)
    cap = tuple(least + 7 for least in low)
    reached = [
        float(np.dot(cost, design))
        for design in itertools.product(*(range(least, most + 1) for least, most in zip(low, cap, strict=True)))
        if search.paths.reaches(design)
    ]
    best = min(reached)
    assert best < min(np.dot(cost, low) + 7 * price for price in cost)  # the caps leave no cheaper design out
    for worth in (best, best + 2):
        tiles = needed(search, Oracle(search), low, cap, cost, worth)
        assert math.isclose(tiles.tiled(0, len(low) - 1), best)
