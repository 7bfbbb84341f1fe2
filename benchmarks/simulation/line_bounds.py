"""How far the bounds of long lines lie from their plans.

python benchmarks/simulation/line_bounds.py [--form buffers] [--stations 8 20] [--seconds 20] [--json FILE]

Lines of drawn rates (0.9 to 1.3): buffers and kanban cards for the most throughput, buffers for a throughput of
0.7 at least cost, kanban cards for a fill rate of 90 % at least cost. The limit is of processor time, so that
figures of a busy machine compare; the first line of each form compiles within it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from jitopt.heuristics import kanban_line
from jitopt.heuristics.context import LocalContext
from jitopt.problems.kanban import Kanban

FORMS = ("buffers", "kanban", "buffers_cost", "kanban_fill")


class Processor(LocalContext):
    """A context that is stopped by processor time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(limit=1e9)
        self._last = time.process_time() + seconds

    def stopped(self) -> bool:
        return self.remaining() <= 0

    def remaining(self) -> float:
        return self._last - time.process_time()


def line(form: str, stations: int) -> Kanban:
    dice = random.Random(stations * 7 + 3)
    told: dict[str, Any] = {"rate": [round(dice.uniform(0.9, 1.3), 2) for _ in range(stations)]}
    more: dict[str, dict[str, Any]] = {
        "buffers": {"total_buffer": 3 * (stations - 1)},
        "kanban": {"blocking": "kanban", "total_cards": 3 * stations},
        "buffers_cost": {"target": {"throughput": 0.7}, "cost": [1 + j % 3 for j in range(stations - 1)]},
        "kanban_fill": {"blocking": "kanban", "demand": {"rate": 0.65}, "target": {"fill_rate": 0.9},
                        "cost": [1 + j / 2 for j in range(stations)]},
    }  # fmt: skip
    told |= more[form]
    objective = "throughput" if form in ("buffers", "kanban") else "cost"
    return Kanban.model_validate(
        {"problem": "kanban", "version": 1, "name": form, "line": told, "objective": objective}
    )


def held(form: str, stations: int, seconds: float) -> dict[str, Any]:
    instance, context = line(form, stations), Processor(seconds)
    kanban_line.run(instance, context)
    value = instance.evaluate(context.plans[-1]).objective if context.plans else None
    bound = (min if instance.objective == "throughput" else max)(context.bounds, default=None)
    gap = None if value is None or bound is None else abs(bound - value) / value
    return {"form": form, "stations": stations, "objective": value, "bound": bound, "gap": gap}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--form", choices=FORMS, action="append")
    parser.add_argument("--stations", type=int, nargs="+", default=[8, 20])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    told = [held(form, count, options.seconds) for form in options.form or FORMS for count in options.stations]
    print(json.dumps(told, indent=1))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
