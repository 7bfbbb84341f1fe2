"""Reasons in the words of the tables of a plant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.engine.explain import outward
from jitopt.planning.steps.needs import CARDS_OF, CHANGES
from jitopt.problems.figures import filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["in_words"]

REMEDIES = {
    "cards": "allow {amount more card} in the plant (costs: card_budget)",
    "floor": "make room for {amount} m2 more of containers (costs: floor)",
    CHANGES: "allow {amount more change} of cards (costs: change_budget)",
    "working capital": "allow {amount} money more in full containers (costs: working_capital)",
}


def in_words(reasons: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return reasons with the remedy of a limit in the words of the tables: racks, cards, floor, capital."""
    return tuple(dict(reason) | {"remedy": _remedy(reason)} for reason in reasons)


def _remedy(reason: Mapping[str, Any]) -> str:
    told = str(reason.get("remedy", "relax the rule"))
    if reason.get("rule") == "change":
        return f"{told} (costs: change_budget)"
    if reason.get("rule") != "limit" or "short_by" not in reason:
        return told
    name, amount = str(reason["members"][0]), outward(float(reason["short_by"]))
    if name.startswith("rack "):
        return filled("make room for {amount more container} in ", amount) + name
    if name.startswith(CARDS_OF):
        return filled("allow {amount more card} in loop ", amount) + f"{name.removeprefix(CARDS_OF)} (loops: maximum)"
    return filled(REMEDIES[name], amount) if name in REMEDIES else told
