"""What a loop would choose by itself: without shared limits and without a cap on changes.

The cost of a loop is convex in its cards of one container (linear, a kink, the expected shortage,
the price of changes), so that the first number from which one more card does not save is the best.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from jitopt.problems.kanban.instance import cards_needed
from jitopt.problems.kanban.judge import loop_terms

if TYPE_CHECKING:
    from jitopt.problems.kanban.instance import Kanban, Loop, Pair

__all__ = ["Choice", "alone", "candidates", "fewest", "loop_cost"]


class Choice(NamedTuple):
    """Container and cards, with the cost of a day, changes included."""

    container: str
    cards: int
    cost: Fraction


def loop_cost(loop: Loop, pair: Pair, cards: int) -> Fraction:
    """Return the cost of a day of a loop, changes left out."""
    return sum(loop_terms(loop, pair, cards).values(), Fraction(0))


def fewest(loop: Loop, pair: Pair, price: Fraction = Fraction(0), have: int = 0) -> int | None:
    """Return the fewest cards of a container that cost least; None where the loop may not have as many as it needs.

    price: of a card put in or taken out. have: cards of this container in force.
    """
    least = max(cards_needed(loop, pair.quantity), loop.minimum)
    if loop.maximum is not None and least > loop.maximum:
        return None
    if not loop.shortage and (not price or have <= least):
        return least  # Nothing but a shortage, or the price of taking cards out, speaks for more cards.

    def saves(cards: int) -> bool:
        """Tell whether one more card saves."""
        if loop.maximum is not None and cards >= loop.maximum:
            return False
        paid = price * (abs(cards + 1 - have) - abs(cards - have))
        return loop_cost(loop, pair, cards + 1) + paid < loop_cost(loop, pair, cards)

    if not saves(least):
        return least
    step = 1
    while saves(least + step):
        step *= 2
    low, high = least + step // 2, least + step  # saves(low), not saves(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if saves(middle) else (low, middle)
    return high


def candidates(instance: Kanban, name: str, price: Fraction = Fraction(0)) -> list[Choice]:
    """Return the best number of cards of each container of a loop that its own rules allow, and that in force."""
    loop = instance.loop_data[name]
    used, have = instance.present.get(name, ("", 0))
    found: list[Choice] = []
    for row in instance.rows_of[name]:
        assert instance.containers is not None
        container = instance.containers.container[row]
        pair = instance.pairs[name, container]
        cards = fewest(loop, pair, price, have if container == used else 0)
        counts = [] if cards is None else [cards]
        if container == used and cards is not None and have > cards and (loop.maximum is None or have <= loop.maximum):
            counts.append(have)
        found += [
            Choice(container, count, loop_cost(loop, pair, count) + price * instance.changed(name, container, count))
            for count in counts
        ]
    return found


def alone(instance: Kanban, name: str, price: Fraction = Fraction(0)) -> Choice | None:
    """Return the best choice of a loop by itself; None where its own rules leave none.

    Of equal cost it is what changes least against the cards in force, then the fewest cards.
    """
    found = candidates(instance, name, price)
    return min(found, key=lambda c: (c.cost, instance.changed(name, c.container, c.cards), c.cards), default=None)
