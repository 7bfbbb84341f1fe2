"""Colours, open windows and what was built before, for tiny heijunka instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitopt.generators.small import Dice

__all__ = ["add_paint", "before_slot_1", "is_painted"]

TURN, PLACES = 26, (0, 4, 6, 10, 14)
"""Of every second turn of this many seeds, those at these places are painted."""


def is_painted(seed: int) -> bool:
    """Tell whether the instance of a seed, if it is a sequence, has colours."""
    return seed // TURN % 2 == 1 and seed % TURN in PLACES


def before_slot_1(dice: Dice, products: list[str]) -> list[str]:
    """Draw what was built before slot 1, perhaps nothing."""
    return [dice.pick(tuple(products)) for _ in range(int(dice.rng.integers(0, 4)))]


def add_paint(dice: Dice, data: dict[str, Any]) -> None:
    """Draw colours, priorities of ratio rules, open windows, and what was built before slot 1."""
    products, terms = data["products"]["product"], data["objective"]
    data["products"]["colour"] = [dice.pick(("red", "blue <b>", None)) for _ in products]
    if "ratios" not in data:
        data["ratios"] = {"ratio": ["r1", "r 2"], "at_most": [1, 0], "in_any": [2, 3], "hard": [False, False]}
        pairs = [(product, ratio) for ratio in ("r1", "r 2") for product in products if dice.chance(0.5)]
        data["options"] = {"product": [p for p, _ in pairs], "ratio": [ratio for _, ratio in pairs]}
    table = data["ratios"]
    table["open"] = [dice.chance(0.75) for _ in table["ratio"]]
    table["priority"] = [dice.pick(("high", "low")) for _ in table["ratio"]]
    for word in ("high_ratio", "low_ratio", "colour_changes"):
        terms.append({"term": word, "weight": dice.pick((0.5, 1, 3, 20))})
    for term in terms:
        if term["term"].endswith("ratio") or term["term"] == "colour_changes":
            term["measure"] = "sum_absolute"
    if not any(term["term"] == "changeover" for term in terms):
        data["previous"] = before_slot_1(dice, products)
    if dice.chance(0.7):
        data["longest_colour_run"] = int(dice.rng.integers(1, 4))
