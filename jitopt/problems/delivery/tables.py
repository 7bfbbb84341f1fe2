"""The tables of a delivery instance, column by column."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from jitopt.problems.base import (
    Amount,
    Identifiers,
    Numbers,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalPositives,
    OptionalServices,
    Positives,
    Strict,
    Table,
)

__all__ = [
    "Allowed",
    "Clusters",
    "Current",
    "Docks",
    "Frequencies",
    "Limits",
    "Parts",
    "Storage",
    "Suppliers",
    "Trucks",
    "Uses",
]


class Suppliers(Table):
    """The suppliers (menu form).

    supplier: id. delivery_cost: of one delivery [c_s, money]; a supplier of a cluster pays the
    cluster's instead. lead_time: from the collection of a card to the arrival of its containers
    [L_s, days, default 0]. cluster: milk run that serves it [None: a truck of its own]. truck: the
    vehicle that brings a delivery [None: no limit]; a supplier of a cluster rides on the cluster's.
    dock: where it is unloaded [None: no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier",)
    supplier: Identifiers
    delivery_cost: Numbers
    lead_time: OptionalNumbers | None = None
    cluster: OptionalIdentifiers | None = None
    truck: OptionalIdentifiers | None = None
    dock: OptionalIdentifiers | None = None


class Clusters(Table):
    """Milk runs: the suppliers of a cluster share frequency and truck.

    cluster: id. delivery_cost: of one run [money]. truck: the vehicle of the run [None: no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("cluster",)
    cluster: Identifiers
    delivery_cost: Numbers
    truck: OptionalIdentifiers | None = None


class Parts(Table):
    """The parts.

    part: id. supplier: who delivers it (menu form). demand: D [units/day]. pack: units in a
    container, Q (menu form). holding_cost: h [money per unit and day]. minor_cost: of a
    replenishment of the part, s_i [money, strict cyclic form]. every: the multiple m_i where it is
    prescribed [None: free; strict cyclic form]. line_cost: of a delivery of the part [l, money,
    default 0]. weight [kg per unit, default 0]. cube [m3 per unit, default 0]. demand_sd: standard
    deviation of the demand, sigma [units per square root of a day, default 0]. service: probability
    that stock lasts until the next containers, which makes the safety stock z sigma sqrt(P)
    [0.5 to below 1, None: no such stock]. safety: days of demand held as safety, s [days, default
    0]. storage: where its containers stand, a position each [None: no limit]. card_cost: of a card
    [money per day, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("part",)
    part: Identifiers
    supplier: Identifiers | None = None
    demand: Numbers
    pack: Numbers | None = None
    holding_cost: Numbers
    minor_cost: Numbers | None = None
    every: OptionalPositives | None = None
    line_cost: OptionalNumbers | None = None
    weight: OptionalNumbers | None = None
    cube: OptionalNumbers | None = None
    demand_sd: OptionalNumbers | None = None
    service: OptionalServices | None = None
    safety: OptionalNumbers | None = None
    storage: OptionalIdentifiers | None = None
    card_cost: OptionalNumbers | None = None


class Frequencies(Table):
    """The menu: deliveries [B] every so many days [A].

    frequency: id, such as "1-4". days: A, whole working days. deliveries: B, in these days.
    """

    KEY: ClassVar[tuple[str, ...]] = ("frequency",)
    frequency: Identifiers
    days: Positives
    deliveries: Positives


class Allowed(Table):
    """Which frequencies a supplier may have; a supplier without a row may have every frequency.

    supplier, frequency: ids.
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "frequency")
    supplier: Identifiers
    frequency: Identifiers


class Trucks(Table):
    """What one delivery may carry.

    truck: id. weight: most [kg, None: no limit]. cube: most [m3, None: no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("truck",)
    truck: Identifiers
    weight: OptionalNumbers | None = None
    cube: OptionalNumbers | None = None


class Docks(Table):
    """The docks.

    dock: id. slots: most deliveries per day, on average; a milk run counts once per run at each
    dock of its suppliers.
    """

    KEY: ClassVar[tuple[str, ...]] = ("dock",)
    dock: Identifiers
    slots: Numbers


class Storage(Table):
    """Where containers stand.

    storage: id. capacity: positions; a card takes one.
    """

    KEY: ClassVar[tuple[str, ...]] = ("storage",)
    storage: Identifiers
    capacity: Numbers


class Limits(Table):
    """Whatever else the suppliers share: cards, capital, floor, hands.

    limit: id. capacity: most that may be taken [unit of the limit]. taken: what others take of it
    in any case [unit of the limit, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("limit",)
    limit: Identifiers
    capacity: Numbers
    taken: OptionalNumbers | None = None


class Uses(Table):
    """What a supplier takes of the limits.

    supplier: id. frequency: at which it takes the amount [None: at any]; rows that fit the same
    choice add up. limit: id. amount: [unit of the limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "frequency", "limit")
    supplier: Identifiers
    frequency: OptionalIdentifiers | None = None
    limit: Identifiers
    amount: Numbers


class Chosen(Table):
    """A frequency for each supplier."""

    KEY: ClassVar[tuple[str, ...]] = ("supplier",)
    supplier: Identifiers
    frequency: Identifiers


class Current(Strict):
    """The frequencies in force; a supplier that has none is new, and its frequency no change.

    deliveries: supplier and frequency. price: of each supplier that gets another frequency [money
    per day, term "change"]. at_most: cap on such suppliers [None: no cap].
    """

    deliveries: Chosen
    price: Amount = 0.0
    at_most: Annotated[int, Field(ge=0, le=10**6)] | None = None
