"""Delivery against known optima, plain HiGHS and plain CP-SAT (menu form), stockpyl (joint replenishment).

    JITOPT_DATA=... [JITOPT_STOCKPYL=PYTHON] python benchmarks/quality/delivery.py [--seconds 10] [--seeds 1]

Generated menus with docks and storages filled to the last slot by a hidden plan, menus whose optimum is known,
textbook joint replenishment with its exact optimum, and larger generated cases of it.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from comparison import Decision, Family, data_folder

import jitopt
from jitopt.generators import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

MENU = (
    "auto", "delivery_menu", "delivery_menu_pyomo", "delivery_menu_cpsat", "delivery_plain_highs",
    "delivery_plain_cpsat",
)  # fmt: skip
CYCLIC = ("auto", "delivery_stockpyl")
FEW: dict[str, Any] = {"docks": 4, "storages": 6, "lines": 1.0, "card_cost": 0.05}
MANY: dict[str, Any] = {
    "docks": 10, "storages": 20, "clusters": 0.3, "trucks": 0.4, "current": True, "change_price": 5.0,
    "change_cap": True, "uneven": 0.3,
}  # fmt: skip


def made(count: int, prefix: str, **options: Any) -> Iterator[Any]:
    for seed in range(count):
        yield generate("delivery", seed=seed, **options).replace(name=f"{prefix}-{seed}")


def textbook() -> Iterator[Any]:
    """Return the joint replenishment examples with their exact optimum."""
    examples = json.loads((data_folder() / "jrp" / "jrp_examples.json").read_text(encoding="utf-8"))
    for name, example in examples.items():
        data = example["data"]
        parts = {
            "part": [str(row + 1) for row in range(len(data["demand_rates"]))],
            "demand": data["demand_rates"],
            "minor_cost": data["individual_fixed_costs"],
            "holding_cost": data["holding_costs"],
        }
        known = {"optimum": example["exact_cost"], "reference": example["source"]}
        yield jitopt.from_tables(
            "delivery", {"parts": parts}, name=name, policy="strict_cyclic", major_cost=data["shared_fixed_cost"],
            known=known,
        )  # fmt: skip


def cyclic() -> Iterator[Any]:
    for parts in (100, 1000):
        options = {"policy": "strict_cyclic", "parts": parts, "major_cost": 500.0}
        yield generate("delivery", seed=1, **options).replace(name=f"joint-{parts}")


DECISION = Decision(
    problem="delivery",
    families=(
        Family("known-optimum", partial(made, 1, "optimal-300", suppliers=300, parts=8, optimal=True, **FEW), MENU),
        Family("few-limits", partial(made, 1, "few-500", suppliers=500, parts=8, **FEW), MENU),
        Family("many-limits", partial(made, 2, "many-500", suppliers=500, parts=8, **MANY), MENU),
        Family("joint-textbook", textbook, CYCLIC, data="jrp"),
        Family("joint-generated", cyclic, CYCLIC),
    ),
    peers=("delivery_highs", "delivery_cpsat", "delivery_stockpyl"),
    seconds=10.0,
    absent="PyVRP. Milk runs are given here, not routed; routing is not part of jitopt yet.",
)

if __name__ == "__main__":
    DECISION.main(__doc__)
