"""Card formulas of planning software, each as its vendor documents it, and the container for given cards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.figures import counted, rounded
from jitopt.problems.kanban.formulas.count import CardCount, Number, count_cards, number, share, target, whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

__all__ = ["ContainerSize", "ax", "container_for_cards", "kanbanbox", "oracle", "sap"]


@dataclass(frozen=True)
class ContainerSize:
    """The container for given cards.

    quantity: of a full one [units]. cards: N. terms: units that come from the need, and those that the minimum and the
    multiple add; they add up to the quantity.
    """

    quantity: Fraction
    cards: int
    terms: Mapping[str, Fraction]

    def lines(self) -> list[str]:
        """Return the terms as text, one a line."""
        head = f"container for {counted(self.cards, 'card')}: {rounded(self.quantity, 6)} units"
        return [head, *(f"  {term}: {rounded(units, 6)} units" for term, units in self.terms.items())]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def sap(demand: Number, lead_time: Number, quantity: Number, factor: Number = 1, constant: int = 1) -> CardCount:
    """Return K = ceil((RT AC / CONT) SF + C).

    Parameters
    ----------
    demand
        AC, consumption [units per time].
    lead_time
        RT, replenishment lead time of a container [the same time].
    quantity
        CONT [units per container].
    factor
        SF, safety factor (1.1 is 10 % more; the vendor's default is 1).
    constant
        C: 1 where a container calls when it is empty (the vendor's default), and one more for each further work
        centre that draws from the same area; 0 where it calls with its first piece.

    Source: help.sap.com, Automatic Kanban Calculation; data elements KCSAF and KCART. A summary in circulation
    misprints it as (RT AC / CONT) (SF + C), which gives nearly twice the cards.

    Examples
    --------
    >>> sap(100, 2, 20, 1.1, 1).cards, sap(100, 2, 20, 1.1, 0).cards
    (12, 11)
    """
    during = number("demand", demand) * number("lead_time", lead_time)
    # A factor below 1 takes away: the term is negative, and the terms still add up.
    terms = {"lead_time": during, "safety": during * (number("factor", factor) - 1)}
    return count_cards("sap", "ceil(RT AC SF / CONT + C)", terms, quantity, constant=whole("constant", constant))


def oracle(demand: Number, lead_time: Number, quantity: Number, allocation: Number = 1) -> CardCount:
    """Return C = ceil(D L / S) + 1, from (C - 1) S = D L.

    demand: D, average [units per day]. lead_time: L, to replenish one kanban [days]. quantity: S, size of the
    kanban [units]. allocation: share of the demand that this source gets. There is no safety: it is in the card more.
    Source: Oracle Master Scheduling/MRP, Overview of Kanban Planning (standard calculation; order modifiers count
    only where the size is computed, see `container_for_cards`).

    Examples
    --------
    >>> oracle(100, 2, 20).cards
    11
    """
    during = number("demand", demand) * share("allocation", allocation) * number("lead_time", lead_time)
    return count_cards("oracle", "ceil(D L / S) + 1", {"lead_time": during}, quantity, constant=1)


def ax(
    demand: Number,
    lead_time: Number,
    quantity: Number,
    factor: Number = 0,
    minimum: int = 1,
    *,
    service: float | None = None,
    demand_sd: Number = 0,
) -> CardCount:
    """Return N = ceil((D L (f + 1) + SS) / Q) + m, the calculation policy of Dynamics AX 2012 and 365.

    Parameters
    ----------
    demand
        D, average of a working day [units].
    lead_time
        L [days].
    quantity
        Q, product quantity of a handling unit [units].
    factor
        f, safety factor on top of the demand (0.1 is 10 % more).
    minimum
        m, minimum kanban quantity: 1 adds one card, 0 none.
    service, demand_sd
        Service level and standard deviation of a day's demand: SS = z sqrt(L) sd where safety stock is included.
        The vendor rounds its service factors to two digits; here they are exact.

    Source: learn.microsoft.com, Kanban quantity calculation policies (form). How its result is rounded is not
    documented; it is rounded up here, as every other.
    """
    need, time = number("demand", demand), number("lead_time", lead_time)
    return count_cards(
        "ax",
        "ceil((D L (f + 1) + SS) / Q) + m",
        {"lead_time": need * time, "safety": need * time * number("factor", factor)},
        quantity,
        service=target(service),
        variances={"variation": time * number("demand_sd", demand_sd) ** 2},
        constant=whole("minimum", minimum),
    )


def kanbanbox(demand: Number, lead_time: Number, quantity: Number, safety: Number = 0) -> CardCount:
    """Return N = ceil(D LT (1 + S) / C), the Toyota formula as KanbanBOX documents it.

    Source: help.kanbanbox.com, number of kanban (100 a day, 2 days, 20 in a bin, 10 %: 11).

    Examples
    --------
    >>> kanbanbox(100, 2, 20, 0.1).cards
    11
    """
    during = number("demand", demand) * number("lead_time", lead_time)
    terms = {"lead_time": during, "safety": during * number("safety", safety)}
    return count_cards("kanbanbox", "ceil(D LT (1 + S) / C)", terms, quantity)


def container_for_cards(
    need: Number,
    cards: int,
    constant: int = 0,
    *,
    minimum: Number = 0,
    maximum: Number | None = None,
    multiple: Number = 0,
) -> ContainerSize:
    """Return the least quantity of a container with which given cards cover the need [units].

    Parameters
    ----------
    need
        What the cards must hold: D L, with its safety [units].
    cards
        N, cards in the loop.
    constant
        C, cards that cover nothing: 1 where a container calls when it is empty (SAP: RT AC SF / (K - C); Oracle:
        D L / (C - 1)).
    minimum, maximum
        Least and most units of a container.
    multiple
        The quantity is a whole multiple of it; 0: any.

    Raises
    ------
    InputError
        If no cards are left, or the quantity would be above the maximum (with the cards that would do).

    Source: SAP calculation of the kanban quantity; Oracle kanban size with order modifiers.

    Examples
    --------
    >>> print(container_for_cards(200, 11, 1, multiple=24))
    container for 11 cards: 24 units
      need: 20 units
      multiple: 4 units
    """
    holding = whole("cards", cards, 1) - whole("constant", constant)
    if holding < 1:
        raise InputError(
            "more cards are needed than those that cover nothing", place="cards", value=cards,
            remedy=f"give at least {constant + 1} cards",
        )  # fmt: skip
    wanted = number("need", need)
    step = number("multiple", multiple)
    need_each = wanted / holding
    least = max(need_each, number("minimum", minimum))
    found = math.ceil(least / step) * step if step else least
    most = None if maximum is None else number("maximum", maximum, above=True)
    if most is not None and found > most:
        largest = math.floor(most / step) * step if step else most
        enough = f"{math.ceil(wanted / largest) + constant} cards would do" if largest else "raise the maximum"
        raise InputError(
            f"the container would have to hold {float(found):g} units, more than its maximum of {float(most):g}",
            place="maximum", value=maximum, remedy=enough,
        )  # fmt: skip
    terms = {"need": need_each, "minimum": least - need_each, "multiple": found - least}
    return ContainerSize(found, cards, {term: units for term, units in terms.items() if units})
