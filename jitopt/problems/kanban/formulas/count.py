"""A number of cards with the terms it is made of, in exact arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.base import LARGEST, exact
from jitopt.problems.figures import counted, rounded
from jitopt.problems.kanban.normal import ceiling_of, quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["WORDS", "CardCount", "Number", "count_cards", "number", "share", "target", "whole"]

Number = float | Fraction
"""A float counts as the decimal it is written as; a fraction as itself."""

WORDS: dict[str, str] = {
    "lead_time": "demand during the lead time",
    "interval": "demand between two collections",
    "whole_deliveries": "lead time rounded up to whole deliveries",
    "lot": "the lot that is made at once",
    "safety": "safety share or stock",
    "variation": "variation of demand and lead time",
    "late": "variation of the lead time, added by itself",
    "yield": "scrap",
    "quarantine": "containers that wait for a decision",
    "partial": "containers that are not full",
    "open": "containers in use, not yet empty",
    "lost": "cards that are lost until they are counted",
    "constant": "cards added to the formula",
    "rounding": "rounding up to whole cards",
}
"""What each term of a count covers."""


def number(name: str, value: Number, *, above: bool = False, most: float = LARGEST) -> Fraction:
    """Return a figure of a formula as an exact fraction.

    Raises
    ------
    InputError
        If it is no number, below 0 (or 0 where it must be above), or above `most`.
    """
    usable = isinstance(value, int | float | Fraction) and not isinstance(value, bool) and math.isfinite(value)
    if not usable or value < 0 or (above and not value) or value > most:
        raise InputError(
            f"{name} is a number {'above' if above else 'from'} 0 up to {most:g}", place=name, value=value,
            remedy="correct it; check that all times and the demand are in the same unit of time",
        )  # fmt: skip
    return value if isinstance(value, Fraction) else exact(value)


def whole(name: str, value: int, least: int = 0) -> int:
    """Return a whole number of a formula.

    Raises
    ------
    InputError
        If it is no whole number, or below the least.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} is a whole number from {least}", place=name, value=value, remedy="correct it")
    return value


def share(name: str, value: Number) -> Fraction:
    """Return a share above 0 up to 1 as an exact fraction."""
    return number(name, value, above=True, most=1)


def target(service: float | None) -> float:
    """Return a probability from 0.5 to below 1; none asked is 0.5, which needs no safety stock."""
    if service is None:
        return 0.5
    if isinstance(service, bool) or not isinstance(service, int | float) or not 0.5 <= service < 1:
        raise InputError(
            "service is a probability from 0.5 to below 1", place="service", value=service,
            remedy="write 95 % as 0.95",
        )  # fmt: skip
    return float(service)


@dataclass(frozen=True)
class CardCount:
    """A number of cards and where it comes from.

    cards: N. raw: what was rounded up [cards] (a float where a square root is in it). terms: units of
    each part of the need, by name (see `WORDS`). quantity: Q [units per container]. constant: cards that
    the formula adds. name, formula: what was computed, in its usual symbols.
    """

    cards: int
    raw: Fraction | float
    terms: Mapping[str, Fraction | float]
    quantity: Fraction = Fraction(1)
    constant: int = 0
    name: str = ""
    formula: str = ""

    def ledger(self) -> dict[str, Fraction | float]:
        """Return the cards that come from each term, its constant and its rounding; they add up to `cards`."""
        found = {term: units / self.quantity for term, units in self.terms.items() if units}
        if self.constant:
            found["constant"] = Fraction(self.constant)
        rest = self.cards - self.raw
        return found | ({"rounding": rest} if rest else {})

    def lines(self) -> list[str]:
        """Return the terms as text, one a line: units, cards, what they cover."""
        head = f"{self.name or 'cards'}: {counted(self.cards, 'card')}" + (f" = {self.formula}" if self.formula else "")
        found = [head]
        for term, cards in self.ledger().items():
            units = f"{rounded(float(self.terms[term]), 6)} units, " if term in self.terms else ""
            told = rounded(float(cards), 6)
            found.append(f"  {term}: {units}{told} {'card' if told == '1' else 'cards'} ({WORDS.get(term, term)})")
        return found

    def __str__(self) -> str:
        return "\n".join(self.lines())


def count_cards(
    name: str,
    formula: str,
    terms: Mapping[str, Fraction],
    quantity: Number,
    *,
    service: float = 0.5,
    variances: Mapping[str, Fraction] | None = None,
    constant: int = 0,
) -> CardCount:
    """Return ceil((sum of terms + z sum of sqrt(variances)) / Q) + constant with every term.

    terms: [units]. variances: [units^2], by the name of the term each root is. The ceiling is exact.
    """
    size = number("quantity", quantity, above=True)
    roots: Sequence[tuple[str, Fraction]] = [(term, v) for term, v in (variances or {}).items() if v]
    base = sum(terms.values(), Fraction(0))
    if service == 0.5 or not roots:
        raw = base / size + constant
        return CardCount(math.ceil(raw), raw, dict(terms), size, constant, name, formula)
    spread = {term: quantile(service) * math.sqrt(variance) for term, variance in roots}
    cards = ceiling_of(base, service, [variance for _, variance in roots], size) + constant
    inexact = float(base / size) + sum(spread.values()) / float(size) + constant
    return CardCount(cards, inexact, {**terms, **spread}, size, constant, name, formula)
