"""Why a loop changes its cards, or keeps them though it should change.

A reason is what can be shown of this plan: a rule that the cards in force break, what the change
saves, a limit or the cap that the loop's own best choice would break with all others as planned,
a price that is more than what it would save. With the instance of before, the inputs are named
without whose change the loop would not want other cards.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.problems.figures import amount, counted, rounded
from jitopt.problems.kanban.alone import Choice, alone, candidates, loop_cost
from jitopt.problems.kanban.judge import loop_terms

if TYPE_CHECKING:
    from jitopt.problems.kanban.inputs import Inputs
    from jitopt.problems.kanban.instance import Kanban

__all__ = ["Comparison", "LoopChange", "Reason"]

ZERO = Fraction(0)


@dataclass(frozen=True)
class Reason:
    """Why a loop changes, or does not.

    code: "new", "container" (off the menu), "cards_needed", "minimum", "maximum" (the cards in
    force break this rule), "saving", "limit", "change" (the cap), "price", "input" (an input
    changed), "gap" (nothing forbids better: the plan is not the best one). text: in words.
    container, cards: the choice it speaks of, where that is not the plan's.
    """

    code: str
    text: str
    container: str | None = None
    cards: int | None = None


@dataclass(frozen=True)
class LoopChange:
    """A loop against its cards in force.

    action: "put in", "take out", "exchange" (another container) or "keep" (it should change, but
    stays). container_before: None where the loop had no cards. put_in, taken_out: cards. needed:
    cards the rule asks for in the planned container.
    """

    loop: str
    action: str
    container_before: str | None
    cards_before: int
    container: str
    cards: int
    put_in: int
    taken_out: int
    needed: int
    reasons: tuple[Reason, ...] = ()

    @property
    def reason(self) -> str:
        """All reasons in one text."""
        return "; ".join(reason.text for reason in self.reasons)


class Comparison:
    """A plan against the cards in force. loads: what it takes of each limit. unit: of what is saved."""

    instance: Kanban
    choice: dict[str, tuple[str, int]]
    inputs: Inputs | None
    price: Fraction
    at_most: int | None
    changed: int

    def __init__(self, instance: Kanban, choice: dict[str, tuple[str, int]], inputs: Inputs | None) -> None:
        current = instance.current
        assert current is not None
        self.instance, self.choice, self.inputs = instance, choice, inputs
        self.unit = "units short" if instance.serves else "a day"
        self.price, self.at_most = instance.change_price, current.at_most
        self.changed = sum(instance.changed(name, *choice[name]) for name in instance.names)
        self.loads: dict[str, Fraction] = defaultdict(Fraction)
        for name in instance.names:
            for limit, load in self._uses(name, *choice[name]).items():
                self.loads[limit] += load

    def loops(self) -> tuple[LoopChange, ...]:
        """Return every loop that changes, or stays though it should change."""
        return tuple(row for name in self.instance.names if (row := self._loop(name)) is not None)

    def _loop(self, name: str) -> LoopChange | None:
        """Compare a loop; None where it stays, and should."""
        instance = self.instance
        container, cards = self.choice[name]
        used, have = self._in_force(name)
        free = alone(instance, name)
        priced = alone(instance, name, self.price) if self.price else free
        broken = self._broken(name)
        if instance.changed(name, container, cards):
            reasons = broken or self._gains(name)
            action = "exchange" if used != container else "put in" if cards > have else "take out"
        elif not broken and self._at_best(name, free):
            return None
        else:
            reasons, action = broken, "keep"
        reasons = [*reasons, *self._inputs(name), *self._held(name, free, priced)]
        same = used == container
        return LoopChange(
            name, action, used if have else None, have, container, cards,
            put_in=max(0, cards - have) if same else cards,
            taken_out=max(0, have - cards) if same else have,
            needed=instance.needed(name, container), reasons=tuple(reasons),
        )  # fmt: skip

    # --- what speaks for a change ---------------------------------------------------------------

    def _broken(self, name: str) -> list[Reason]:
        """Return the rules that the cards in force break by themselves."""
        instance, loop = self.instance, self.instance.loop_data[name]
        used, have = self._in_force(name)
        if (name, used) not in instance.pairs:
            return [Reason("container", f"{used} is no longer on its menu")]
        found = []
        need = instance.needed(name, used)
        if not have and max(need, loop.minimum):
            return [Reason("new", f"the loop has no cards yet, it needs {max(need, loop.minimum)} of {used}")]
        if have < need:
            found.append(Reason("cards_needed", f"its demand needs {need} of {used}, {have} are in force"))
        if have < loop.minimum:
            found.append(Reason("minimum", f"the least is {loop.minimum}, {have} are in force"))
        if loop.maximum is not None and have > loop.maximum:
            found.append(Reason("maximum", f"the most is {loop.maximum}, {have} are in force"))
        return found

    def _gains(self, name: str) -> list[Reason]:
        """Return what changing brings where the cards in force would do: money, or room for others."""
        instance = self.instance
        loop, (container, cards) = instance.loop_data[name], self.choice[name]
        used, have = self._in_force(name)
        before = loop_terms(loop, instance.pairs[name, used], have)
        after = loop_terms(loop, instance.pairs[name, container], cards)
        saved = sum(before.values(), ZERO) - sum(after.values(), ZERO)
        paid = self.price * instance.changed(name, container, cards)
        if saved > paid or (saved == paid and saved):
            moves = {term: after.get(term, ZERO) - before.get(term, ZERO) for term in dict.fromkeys([*before, *after])}
            told = ", ".join(f"{term} {_signed(move)}" for term, move in moves.items() if move)
            return [Reason("saving", f"saves {_money(saved)} {self.unit} ({told}){_paid(paid)}")]
        over = self._over(name, used, have)
        if over:
            return [Reason("limit", f"makes room: with {_cards(used, have)} {over}", used, have)]
        if saved == paid:
            return [Reason("saving", "costs the same")]
        return [
            Reason(
                "gap",
                f"costs {_money(paid - saved)} {self.unit} more than staying, for no limit: the plan is not the best",
            )
        ]

    def _inputs(self, name: str) -> list[Reason]:
        """Return the inputs without whose change the loop would not want other cards."""
        if self.inputs is None:
            return []
        return [Reason("input", text) for text in self.inputs.told(name, self.choice[name][0])]

    # --- what speaks against more of it -----------------------------------------------------------

    def _at_best(self, name: str, best: Choice | None) -> bool:
        """Tell whether a loop costs no more as planned than at its best, changes left out."""
        container, cards = self.choice[name]
        cost = loop_cost(self.instance.loop_data[name], self.instance.pairs[name, container], cards)
        return best is None or cost <= best.cost

    def _held(self, name: str, free: Choice | None, priced: Choice | None) -> list[Reason]:
        """Return what keeps a loop from its own best choice."""
        instance = self.instance
        if free is None or priced is None:
            return []
        container, cards = self.choice[name]
        loop = instance.loop_data[name]
        cost = loop_cost(loop, instance.pairs[name, container], cards)
        own = instance.changed(name, container, cards)
        if cost + self.price * own <= priced.cost:
            return self._priced_out(name, cost, own)
        gain = cost + self.price * own - priced.cost
        wish = _cards(priced.container, priced.cards)
        saves = f"{wish} would save {_money(gain)} {self.unit}"
        over, more = self._over(name, priced.container, priced.cards), self.changed - own
        more += instance.changed(name, priced.container, priced.cards)
        found = [Reason("limit", f"{saves}, but {over}", priced.container, priced.cards)] if over else []
        if over and self._in_force(name) == (priced.container, priced.cards):
            return []  # `_gains` has told of the room it makes
        if self.at_most is not None and more > self.at_most:
            made = f"{self.changed} of {self.at_most} are made"
            told = f"{saves}, but needs {counted(more - self.changed, 'more change')}; {made}"
            found.append(Reason("change", told, priced.container, priced.cards))
        told = f"{saves}, and nothing forbids it: the plan is not the best"
        return found or [Reason("gap", told, priced.container, priced.cards)]

    def _priced_out(self, name: str, cost: Fraction, own: int) -> list[Reason]:
        """Return the change that comes nearest to paying its price and does not; none without one."""
        better = [option for option in candidates(self.instance, name) if option.cost < cost]
        if not better:
            return []
        changed = {option: self.instance.changed(name, option.container, option.cards) - own for option in better}
        best = min(better, key=lambda option: option.cost + self.price * changed[option])
        paid = self.price * changed[best]
        told = f"{_cards(best.container, best.cards)} would save {_money(cost - best.cost)} {self.unit}"
        return [Reason("price", f"{told}, but the changes cost {_money(paid)}", best.container, best.cards)]

    def _in_force(self, name: str) -> tuple[str, int]:
        """Return container and cards in force; no cards are no cards of the planned container."""
        used, have = self.instance.present.get(name, ("", 0))
        return (used, have) if have else (self.choice[name][0], 0)

    def _over(self, name: str, container: str, cards: int) -> str:
        """Return which limits a choice of a loop would break with all others as planned, "" if none."""
        if (name, container) not in self.instance.pairs:
            return ""
        now, then = self._uses(name, *self.choice[name]), self._uses(name, container, cards)
        told = []
        for limit, capacity in self.instance.capacity.items():
            load = self.loads[limit] - now.get(limit, ZERO) + then.get(limit, ZERO)
            if load > capacity and load > self.loads[limit]:
                was = self.inputs.capacity(limit) if self.inputs else None
                tail = f" ({amount(was)} before)" if was is not None and was != capacity else ""
                told.append(f"{limit} would be taken by {amount(load)} of {amount(capacity)}{tail}")
        return ", ".join(told)

    def _uses(self, name: str, container: str, cards: int) -> dict[str, Fraction]:
        found: dict[str, Fraction] = defaultdict(Fraction)
        for limit, each in self.instance.pairs[name, container].uses:
            found[limit] += each * cards
        return found


def _cards(container: str, cards: int) -> str:
    return f"{cards} of {container}"


def _money(value: Fraction) -> str:
    return rounded(value, 4)


def _signed(value: Fraction) -> str:
    return f"{'+' if value > 0 else '-'}{_money(abs(value))}"


def _paid(paid: Fraction) -> str:
    return f", its changes cost {_money(paid)}" if paid else ""
