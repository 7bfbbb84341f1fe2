"""What a planner would tabulate first: of each loop and container the cards that can be useful, with their cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jitopt.problems.kanban.normal import loss

if TYPE_CHECKING:
    from fractions import Fraction

    from jitopt.problems.kanban import Kanban

__all__ = ["Row", "tabulate"]


class Row(NamedTuple):
    """Cards of a container on a loop; takes: limit and amount of all cards."""

    loop: str
    container: str
    cards: int
    cost: Fraction
    takes: list[tuple[str, Fraction]]


def tabulate(instance: Kanban) -> list[Row]:
    """Return the rows of every loop; without a shortage cost one for each container, the cards it needs."""
    found = []
    for (name, container), pair in instance.pairs.items():
        loop = instance.loop_data[name]
        cards = max(loop.minimum, instance.needed(name, container))
        last = None
        while loop.maximum is None or cards <= loop.maximum:
            units = instance.stock(name, container, cards)
            cost = pair.card_cost * cards + loop.holding * max(units - loop.during, 0 * units)
            cost += pair.handling_cost * loop.demand / pair.quantity
            if loop.shortage:
                cost += loop.shortage * loss(units, loop.mean, loop.variance)
            if last is not None and cost >= last:
                break  # Costs are convex in the cards: from here on more cards cost more.
            found.append(Row(name, container, cards, cost, [(limit, amount * cards) for limit, amount in pair.uses]))
            if not loop.shortage:
                break
            cards, last = cards + 1, cost
    return found
