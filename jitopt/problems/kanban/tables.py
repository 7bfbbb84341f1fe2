"""The tables of a kanban instance, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import create_model

from jitopt.problems.base import (
    AllAboveZero,
    Amount,
    Count,
    Counts,
    Identifiers,
    Numbers,
    OptionalCounts,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalServices,
    OptionalYields,
    Signals,
    Strict,
    Table,
)

__all__ = ["Containers", "Current", "Limits", "Loops", "Options", "Uses"]


class Options(Table):
    """What may be chosen, one row of each loop.

    loop: id. container: its container. cards: its cards [N]. cost: of the option, the term "cost"
    [money per day].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop", "container", "cards")
    loop: Identifiers
    container: Identifiers
    cards: Counts
    cost: Numbers


class LoopColumns(Table):
    """The loops of cards.

    loop: id. part: what goes round [text]. process: that supplies it, consumer: that uses it
    [texts told to the reader]. demand: D [units per day]. demand_sd: standard deviation of the
    demand of a day [units per square root of a day, default 0]. lead_time: L, from a card's release to
    its full container [days]. lead_time_sd: its standard deviation [days, default 0]. interval: R,
    fixed time between two withdrawals or deliveries [days, default 0]. yield: good share of what
    is supplied [y, default 1]. safety: alpha, share of the demand during L + R [default 0].
    service: probability that the need during L + R is covered, from 0.5 [None: not asked].
    holding_cost: of a unit on hand [h, money per unit and day, default 0]. shortage_cost: of a
    unit short [s, money per unit and day, None: cards_needed instead]. signal: "first_piece" (the
    card leaves with the first piece; default) or "empty" (when the container is empty: one card
    more, which covers no demand). minimum: cards at least [default 1]. maximum: cards at most [None: no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    part: OptionalIdentifiers | None = None
    process: OptionalIdentifiers | None = None
    consumer: OptionalIdentifiers | None = None
    demand: Numbers
    demand_sd: OptionalNumbers | None = None
    lead_time: Numbers
    lead_time_sd: OptionalNumbers | None = None
    interval: OptionalNumbers | None = None
    safety: OptionalNumbers | None = None
    service: OptionalServices | None = None
    holding_cost: OptionalNumbers | None = None
    shortage_cost: OptionalNumbers | None = None
    signal: Signals | None = None
    minimum: OptionalCounts | None = None
    maximum: OptionalCounts | None = None


if TYPE_CHECKING:
    Loops = LoopColumns
else:
    # The word `yield` cannot be written as the name of a field of a class.
    Loops = create_model(
        "Loops",
        __base__=LoopColumns,
        __module__=__name__,
        __doc__=LoopColumns.__doc__,
        **{"yield": (OptionalYields | None, None)},
    )


class Containers(Table):
    """The menu of containers of each loop.

    loop: id. container: id. quantity: in a full one [Q, units]. card_cost: of a card in the loop
    [c, money per card and day, default 0]. handling_cost: of moving a container [e, money per
    container, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop", "container")
    loop: Identifiers
    container: Identifiers
    quantity: AllAboveZero
    card_cost: OptionalNumbers | None = None
    handling_cost: OptionalNumbers | None = None


class Limits(Table):
    """What the loops share: rack positions, floor, a card budget, working capital.

    limit: id. capacity: most that may be taken [unit of the limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("limit",)
    limit: Identifiers
    capacity: Numbers


class Uses(Table):
    """What is taken of the limits.

    option: row of the options, from 0, which takes the amount as a whole (only with options).
    loop, container: whose every card takes the amount; container None: of any container; rows that
    fit the same card add up (only with loops). limit: id. amount: [unit of the limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("option", "loop", "container", "limit")
    option: Counts | None = None
    loop: Identifiers | None = None
    container: OptionalIdentifiers | None = None
    limit: Identifiers
    amount: Numbers


class CurrentLoops(Table):
    """The cards in force. loop: id. container: in use, also one that is no longer on the menu. cards: N."""

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    container: Identifiers
    cards: Counts


class Current(Strict):
    """The cards in force and what changing them takes.

    A card put in or taken out is a change; another container changes all cards of both. A loop
    that is not listed has no card yet. price: of a change [money per card, term "change"].
    at_most: changes in all [None: no cap].
    """

    loops: CurrentLoops
    price: Amount = 0.0
    at_most: Count | None = None
