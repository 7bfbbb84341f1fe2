"""Every rule with the places where a plan breaks it: all of them, where the judge names the worst."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.problems.base import Rule
from jitopt.problems.figures import counted
from jitopt.problems.heijunka.contributions import Place, positions, slots_text
from jitopt.problems.heijunka.score_box import find_due, find_minutes, find_pack
from jitopt.problems.heijunka.score_pairs import excesses, look_moves, windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jitopt.problems.base import Violation
    from jitopt.problems.heijunka.contributions import Reading

__all__ = ["BREACHES", "RuleScore", "rule_scores"]


@dataclass(frozen=True)
class RuleScore:
    """A rule of the instance and what a plan makes of it.

    rule, members, text: as in `Rule`. kept: no breach. breaches: how many. message: the judge's sentence on the worst,
    empty if kept. places: the breaches, the worst first.
    """

    rule: str
    members: tuple[str, ...]
    text: str
    kept: bool
    breaches: int
    message: str
    places: tuple[Place, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as plain data."""
        return {
            "rule": self.rule,
            "members": list(self.members),
            "text": self.text,
            "kept": self.kept,
            "breaches": self.breaches,
            "message": self.message,
            "places": [place.to_dict() for place in self.places],
        }


def rule_scores(reading: Reading, violations: Sequence[Violation], most: int) -> tuple[RuleScore, ...]:
    """Return every rule, "demand" first; `violations` are the judge's, empty where it cannot price the plan."""
    worst = {(found.rule, found.members): found for found in violations}
    found = []
    units = counted(reading.instance.units, "unit")
    for rule in [Rule("demand", (), f"every unit of the demand is built, {units}"), *reading.instance.rules()]:
        looker = BREACHES.get(rule.name)
        places = sorted(looker(reading, rule) if looker else (), key=lambda place: (-place.value, place.first))
        told = worst.get((rule.name, rule.members))
        message = told.message if told else places[0].text if places else ""
        kept = not places and told is None
        count = max(len(places), 0 if kept else 1)
        found.append(RuleScore(rule.name, rule.members, rule.text, kept, count, message, tuple(places[:most])))
    return tuple(found)


Finder = Callable[["Reading", Rule], "list[Place]"]


def _demand(reading: Reading, rule: Rule) -> list[Place]:
    products, last = reading.instance.products, len(reading.slots)
    return [
        Place(
            (product,),
            1,
            last,
            float(abs(built - demand)),
            f"{counted(built, 'unit')} of {product} instead of {demand}",
        )
        for product, demand, built in zip(products.product, products.demand, reading.built, strict=True)
        if built != demand
    ] + [Place((name,), 1, last, 1.0, f"{name} is not a product") for name in reading.unknown.values()]


def _capacity(reading: Reading, rule: Rule) -> list[Place]:
    limit = reading.instance.capacity
    return [
        Place((), slot, slot, float(units - limit), f"bucket {slot} holds {counted(units, 'unit')} of at most {limit}")
        for slot, units in enumerate((sum(slot.values()) for slot in reading.slots), 1)
        if units > limit
    ]


def _ratio(reading: Reading, rule: Rule) -> list[Place]:
    told = next(one for one in reading.instance.ratio_rules if one.ratio == rule.members[0])
    found = [(start, load, Fraction(load - told.at_most)) for start, load in excesses(reading, told)]
    return windows(reading, told, found, largest=True)


def _slots_of(reading: Reading, rule: Rule) -> list[int]:
    return [slot for slot, _ in positions(reading)[reading.instance.index[rule.members[0]]]]


def _spacing(reading: Reading, rule: Rule) -> list[Place]:
    least, product = int(rule.limit or 1), rule.members[0]
    return [
        Place((product,), a, b, float(least - b + a), f"{product} in slots {a} and {b}, its spacing is {least}")
        for a, b in itertools.pairwise(_slots_of(reading, rule))
        if b - a < least
    ]


def _runs(keys: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of consecutive slots."""
    for _, run in itertools.groupby(enumerate(keys), key=lambda entry: entry[1] - entry[0]):
        slots = [slot for _, slot in run]
        yield slots[0], slots[-1]


def _run_length(reading: Reading, rule: Rule) -> list[Place]:
    limit, product, long = int(rule.limit or 1), rule.members[0], rule.name == "longest_run"
    found = []
    for first, last in _runs(_slots_of(reading, rule)):
        length = last - first + 1
        over = length - limit if long else limit - length
        if over > 0:
            text = f"{slots_text(first, last)}: {counted(length, 'unit')} of {product} in a row, {rule.name} is {limit}"
            found.append(Place((product,), first, last, float(over), text))
    return found


def _colour_run(reading: Reading, rule: Rule) -> list[Place]:
    column, limit = reading.instance.products.colour or (), int(rule.limit or 1)
    rows = [next(iter(slot)) for slot in reading.slots]
    found, first = [], 1
    for colour, run in itertools.groupby(column[row] if row >= 0 else None for row in rows):
        last = first + sum(1 for _ in run) - 1
        if last - first + 1 > limit:
            text = f"{slots_text(first, last)} have one colour, longest_colour_run is {limit}"
            found.append(Place((colour or "no colour",), first, last, float(last - first + 1 - limit), text))
        first = last + 1
    return found


def _frozen(reading: Reading, rule: Rule) -> list[Place]:
    current, frozen = reading.instance.current_slots or (), reading.instance.frozen
    empty: dict[int, int] = {}
    pairs = itertools.zip_longest(reading.slots[:frozen], current[:frozen], fillvalue=empty)
    changed = [slot for slot, (new, old) in enumerate(pairs, 1) if new != old]
    return [
        Place((), first, last, float(last - first + 1), f"{slots_text(first, last)}: not as in the plan in force")
        for first, last in _runs(changed)
    ]


def _fixed(reading: Reading, rule: Rule) -> list[Place]:
    slot, product = int(rule.members[0]), rule.members[1]
    if slot <= len(reading.slots) and reading.instance.index[product] in reading.slots[slot - 1]:
        return []
    there = reading.names(slot) if slot <= len(reading.slots) else "nothing"
    return [Place(rule.members, slot, slot, 1.0, f"slot {slot} builds {there or 'nothing'}, not {product}")]


def _moves(reading: Reading, rule: Rule) -> list[Place]:
    current = reading.instance.current
    moved = 0
    for new, old in zip(reading.slots, reading.instance.current_slots or (), strict=False):
        moved += sum(max(0, units - old.get(row, 0)) for row, units in new.items())
    if current is None or current.at_most is None or moved <= current.at_most:
        return []
    text = f"{counted(moved, 'unit')} stand where the plan in force has others, the cap is {current.at_most}"
    first = Counter(place.first for place in look_moves(reading).where)
    return [Place((), min(first, default=1), len(reading.slots), float(moved - current.at_most), text)]


BREACHES: dict[str, Finder] = {
    "demand": _demand,
    "capacity": _capacity,
    "ratio": _ratio,
    "spacing": _spacing,
    "longest_run": _run_length,
    "shortest_run": _run_length,
    "colour_run": _colour_run,
    "frozen": _frozen,
    "fixed": _fixed,
    "moves": _moves,
    "due": find_due,
    "minutes": find_minutes,
    "pack": find_pack,
}
"""What finds the breaches of each rule; a rule without an entry is told with the judge's sentence alone."""
