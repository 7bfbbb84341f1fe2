"""Joint replenishment by stockpyl: Silver's heuristic for the strict cyclic policy.

stockpyl brings start-up code that slows every Python of its environment, so it lives in one of its own:
the variable JITOPT_STOCKPYL names the interpreter there. It runs as a process per job, whose start counts.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from jitopt.errors import NotApplicableError
from jitopt.problems.delivery import DeliveryPlan

if TYPE_CHECKING:
    from jitopt.problems.delivery import Delivery

HEURISTIC = {
    "name": "delivery_stockpyl",
    "problem": "delivery",
    "summary": "Silver's heuristic for joint replenishment in stockpyl",
    "source": "Silver 1976; stockpyl",
}

SCRIPT = """
import json, sys
from stockpyl.eoq import joint_replenishment_problem_silver_heuristic as silver
_, period, multiples, _ = silver(*json.load(sys.stdin))
print(json.dumps([float(period), [int(m) for m in multiples]]))
"""


def run(instance: Delivery, context: Any) -> None:
    python, parts = os.environ.get("JITOPT_STOCKPYL"), instance.parts
    if python is None:
        raise NotApplicableError("JITOPT_STOCKPYL does not name an interpreter with stockpyl")
    told = [instance.major_cost, parts.minor_cost, parts.holding_cost, parts.demand]
    done = subprocess.run(
        [python, "-c", SCRIPT],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=max(0.1, context.remaining()),
        check=True,
    )
    period, multiples = json.loads(done.stdout)
    rows = [{"part": part, "every": every} for part, every in zip(parts.part, multiples, strict=True)]
    context.report(DeliveryPlan.model_validate({"base_period": period, "deliveries": rows}))
