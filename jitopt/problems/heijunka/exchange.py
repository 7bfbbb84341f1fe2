"""The exchange of two slots that lowers the objective most, priced by the judge.

All pairs of slots are looked at (`exchange_gains`), and the best of them judged, until none that is left can be
better. Where a line is too long for that, the slots where most of the objective lies are looked at, and it is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.problems.heijunka import judge
from jitopt.problems.heijunka.exchange_gains import Gain, gains, hard_windows
from jitopt.problems.heijunka.instance import HeijunkaPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jitopt.problems.base import Evaluation
    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["Exchange", "best_exchange"]

MOST_SLOTS = 1_500  # of which all pairs are looked at
MOST_STEPS = 10**8  # product pairs x slots x lines
MOST_CELLS = 10**7  # slots x lines
JUDGED_UNITS = 50_000  # units judged in all
LEAST_JUDGED = 6
ALIKE = 1e-9  # floats this near, in parts of the objective, are equal


@dataclass(frozen=True)
class Exchange:
    """What the best exchange of two slots gains.

    first, second: slots, from 1; 0 where no exchange gains anything. products: what they build now. objective: by the
    judge, after it. gain: what it is less by. terms: the change of each term. best: whether every pair was looked at,
    so that no other exchange that breaks no rule further gains more.
    """

    first: int
    second: int
    products: tuple[str, ...]
    objective: float
    gain: float
    terms: Mapping[str, float]
    best: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the exchange as plain data."""
        return {
            "first": self.first,
            "second": self.second,
            "products": list(self.products),
            "objective": self.objective,
            "gain": self.gain,
            "terms": dict(self.terms),
            "best": self.best,
        }


def best_exchange(
    instance: Heijunka, sequence: Sequence[str], judged: Evaluation, profile: Sequence[float]
) -> Exchange | None:
    """Return the best exchange of two slots of a sequence; None if it is too long to look at any.

    judged: what the judge says of the sequence, which has the units of the demand. profile: how much of the objective
    lies on each slot, by which slots are chosen if there are too many.
    """
    import numpy as np

    rows = np.array([instance.index[product] for product in sequence])
    functions, exact = gains(instance, rows)
    wall = hard_windows(instance, rows)
    if len(rows) * (len(instance.weights) + len(instance.usage)) > MOST_CELLS:
        return None
    places, complete = _places(instance, rows, np.asarray(profile, dtype=float))
    now = judged.objective or 0.0
    alike = ALIKE * max(1.0, abs(now))
    room = max(LEAST_JUDGED, JUDGED_UNITS // len(rows))
    hopes = None if exact else np.asarray(profile, dtype=float)
    candidates, all_kept = _candidates(functions, wall, rows, places, hopes, -alike, room)
    before = {(rule.rule, rule.members): rule.short_by for rule in judged.violations}
    found, least = None, now - alike
    for value, a, b in candidates:
        if exact and now + value > least - alike:
            break  # Nothing that is left can be better.
        changed = list(sequence)
        changed[a], changed[b] = changed[b], changed[a]
        after = judge.evaluate(instance, HeijunkaPlan(sequence=tuple(changed)))
        worse = any(rule.short_by > before.get((rule.rule, rule.members), 0.0) for rule in after.violations)
        if not worse and after.objective is not None and after.objective < least:
            found, least = (a, b, after), after.objective
    # Where not all that promise something were kept, those that were not promise no more than the last.
    best = complete and (all_kept or (exact and now + candidates[-1][0] > least - alike))
    if found is None:
        return Exchange(0, 0, (), now, 0.0, {}, best)
    a, b, after = found
    terms = {name: value - judged.terms[name] for name, value in after.terms.items()}
    return Exchange(a + 1, b + 1, (sequence[a], sequence[b]), least, now - least, terms, best)


def _places(instance: Heijunka, rows: Any, profile: Any) -> tuple[Any, bool]:
    """Return the slots between which exchanges are looked at, ascending, and whether these are all that may change."""
    import numpy as np

    free = np.ones(len(rows), dtype=bool)
    # What must stay and stands as it must, stays; an exchange may mend what does not.
    for slot, stands in enumerate((instance.current_slots or ())[: instance.frozen]):
        free[slot] = int(rows[slot]) not in stands
    for position, product in _fixed(instance):
        free[position - 1] &= rows[position - 1] != instance.index[product]
    places = np.flatnonzero(free)
    worst = places[np.argsort(-profile[places], kind="stable")]
    # A pair of products prices its own two lines of a rate, and at most all parts of the usage.
    lines = (2 if any(term.term == "rate" for term in instance.objective) else 0) + 1
    lines += len(instance.usage) if any(term.term == "usage" for term in instance.objective) else 0
    count = min(len(places), MOST_SLOTS)
    while count > 1 and len(np.unique(rows[worst[:count]])) ** 2 * len(rows) * lines > MOST_STEPS:
        count //= 2
    return np.sort(worst[:count]), count == len(places)


def _fixed(instance: Heijunka) -> Iterator[tuple[int, str]]:
    table = instance.fixed
    return zip(table.position, table.product, strict=True) if table else iter(())


def _candidates(
    functions: Sequence[Gain], wall: Gain, rows: Any, places: Any, hopes: Any, below: float, room: int
) -> tuple[list[tuple[float, int, int]], bool]:
    """Return the exchanges that promise most, (change, slot, slot), and whether these are all that promise anything.

    wall: what must not grow. hopes: what lies on each slot, for terms whose change is not known; None: all is known.
    """
    import numpy as np

    kept: list[Any] = []
    count, limit = 0, below if hopes is None else np.inf
    for i, j, a, b in _pairs(rows, places):
        value = sum((function(i, j, a, b) for function in functions), np.zeros((len(a), b.shape[-1])))
        if hopes is not None:
            value = value - hopes[a] - hopes[b]
        at = np.nonzero((a < b) & (value < limit) & (wall(i, j, a, b) <= 0))
        count += len(at[0])
        kept.append(np.stack((value[at], a[at[0], 0], b[0, at[1]])))
        if sum(part.shape[1] for part in kept) > 100 * room:
            kept = [_least(kept, room)]
            limit = min(limit, kept[0][0].max() + abs(below))
    if not kept:
        return [], True
    chosen = _least(kept, room)
    return [(float(value), int(a), int(b)) for value, a, b in chosen.T], count <= room


def _pairs(rows: Any, places: Any) -> Iterator[tuple[int, int, Any, Any]]:
    """Yield each ordered pair of products with their slots, as a column and as a row."""
    import numpy as np

    at = {int(row): places[rows[places] == row] for row in np.unique(rows[places])}
    for i, firsts in at.items():
        for j, seconds in at.items():
            if i != j and firsts[0] < seconds[-1]:
                yield i, j, firsts[:, None], seconds[None, :]


def _least(parts: list[Any], room: int) -> Any:
    """Return the `room` columns of least value, in order; equal ones by their slots."""
    import numpy as np

    table = np.concatenate(parts, axis=1)
    return table[:, np.lexsort((table[2], table[1], table[0]))[:room]]
