"""Lines made to order: stations in series, buffers or cards between them, around a hidden plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitopt.errors import InputError
from jitopt.problems.kanban import Kanban, KanbanPlan

__all__ = ["generate_line", "random_small_line"]

Data = dict[str, Any]

BLOCKING = ("after_service", "kanban", "conwip", "base_stock")

MOST_EACH = 128
"""Places or cards everywhere of a hidden plan that is looked for."""


def generate_line(seed: int, options: Data) -> Kanban:
    """Generate a line; see `jitopt.generators.generate`, the options from stations to utilisation.

    The sample is pinned to the seed, so that what is known holds for every solve.
    """
    blocking, target = options["blocking"], options["target"]
    if blocking not in BLOCKING:
        raise InputError(f"blocking must be one of {', '.join(BLOCKING)}", value=blocking, remedy="correct the word")
    if not 0 <= options["spread"] < 1 or not 0 <= target < 1 or not 0 < options["utilisation"] < 1:
        raise InputError("spread, target and utilisation are shares below 1", remedy="correct them")
    rng = np.random.default_rng(seed)
    stations: int = options["stations"]
    rates = np.round(1 + options["spread"] * rng.uniform(-1, 1, stations), 3)
    line: Data = {"rate": rates.tolist(), "blocking": blocking, "sample": {"seed": seed}}
    if options["variation"] != 1:
        line |= {"distribution": ["gamma"] * stations, "cv": [options["variation"]] * stations}
    decided = {"after_service": stations - 1, "conwip": 1}.get(blocking, stations)
    orders = blocking != "after_service" and (target > 0 or blocking == "base_stock")
    if target:
        line["cost"] = np.round(rng.uniform(1, 3, decided), 1).tolist()
        slowest = float(rates.min())
        line["target"] = {"fill_rate": target} if orders else {"throughput": round(target * slowest, 6)}
        if orders:
            line["demand"] = {"rate": round(options["utilisation"] * slowest, 6)}
    else:
        places = options["places"] or decided * (1 if blocking == "after_service" else 2)
        line["total_buffer" if blocking == "after_service" else "total_cards"] = places
    objective = {} if target else {"objective": "throughput"}
    data = {"problem": "kanban", "version": 1, "name": f"line-{seed}", "line": line} | objective
    instance = Kanban.parse(data)
    return _known(instance, decided) if options["known"] else instance


def _known(instance: Kanban, decided: int) -> Kanban:
    """Tell the plan with the same number everywhere, as far as there is one that meets the target."""
    line = instance.line
    assert line is not None
    total = line.total
    if total is not None:
        return _told(instance, [total // decided + (j < total % decided) for j in range(decided)]) or instance
    low, high = max(line.lows), MOST_EACH
    while low < high:  # More never harms.
        middle = (low + high) // 2
        if _told(instance, [middle] * decided):
            high = middle
        else:
            low = middle + 1
    return _told(instance, [low] * decided) or instance


def _told(instance: Kanban, chosen: list[int]) -> Kanban | None:
    """Return the instance with a plan as what is known of it, None where it breaks a rule."""
    line = instance.line
    assert line is not None
    plan = KanbanPlan.model_validate({"buffers" if line.word == "place" else "cards": chosen})
    found = instance.evaluate(plan)
    if not found.feasible:
        return None
    side = "upper" if instance.sense > 0 else "lower"
    return instance.replace(
        known={side: found.objective, "reference": "the same number everywhere", "plan": plan.to_dict()}
    )


def random_small_line(seed: int, parts: int = 150) -> Kanban:
    """Draw a tiny line of any form on a tiny sample, small enough for `jitopt.testing.brute_force`.

    parts: of each replication of the sample.
    """
    rng = np.random.default_rng(seed)
    stations, blocking = int(rng.integers(2, 5)), BLOCKING[seed % 4]
    rates = rng.choice([0.8, 1.0, 1.0, 1.25], stations).tolist()
    decided = {"after_service": stations - 1, "conwip": 1}.get(blocking, stations)
    line: Data = {"rate": rates, "blocking": blocking, "sample": {"replications": 4, "parts": parts}}
    if rng.random() < 0.4:
        kinds = ["gamma", "lognormal", "uniform", "deterministic"]
        line |= {"distribution": rng.choice(kinds, stations).tolist(), "cv": [0.5] * stations}
    if rng.random() < 0.3:
        line |= {"mtbf": [8.0] + [None] * (stations - 1), "mttr": [2.0] + [None] * (stations - 1)}
    priced = blocking == "base_stock" or rng.random() < 0.5
    if priced:
        line["cost"] = rng.choice([1.0, 2.0, 2.5], decided).tolist()
        if blocking == "after_service" or (blocking != "base_stock" and rng.random() < 0.3):
            line["target"] = {"throughput": round(float(rng.uniform(0.4, 0.65)) * min(rates), 3)}
        else:
            line["sample"]["warm_up"] = 20
            line |= {"demand": {"rate": 0.35}, "target": {"fill_rate": round(float(rng.uniform(0.5, 0.9)), 2)}}
        line["maximum"] = [6] * decided
    else:
        total = decided + int(rng.integers(0, 4))
        line["total_buffer" if blocking == "after_service" else "total_cards"] = total
    objective = {} if priced else {"objective": "throughput"}
    return Kanban.parse({"problem": "kanban", "version": 1, "name": f"small line {seed}", "line": line} | objective)
