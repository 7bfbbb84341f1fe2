"""The tables of a plant: what each column means, in which unit, and what holds when it is left out.

Time is counted in working days, money in one currency. A column that is not told, or an empty
cell of it, means what its docstring says under "default"; columns without one are required.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from jitopt.problems.base import (
    AllAboveZero,
    Counts,
    Identifiers,
    Numbers,
    OptionalAboveZero,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalPositives,
    OptionalServices,
    OptionalShares,
    Positives,
    Signals,
    Table,
    as_tuple,
)

__all__ = ["COSTS", "REQUIRED", "REQUIRED_COSTS", "TABLES"]

CostNames = Annotated[
    tuple[
        Literal[
            "days_per_year", "holding_rate", "card_cost", "late_cost", "defect_cost",
            "card_budget", "working_capital", "floor", "change_cost", "change_budget",
        ],
        ...,
    ],
    BeforeValidator(as_tuple),
]  # fmt: skip

REQUIRED_COSTS = ("days_per_year", "holding_rate")
COSTS: dict[str, str] = {
    "days_per_year": "working days in a year",
    "holding_rate": "cost of holding stock for a year, as a share of its value",
    "card_cost": "of a card in circulation [money per day; default 0]",
    "late_cost": "of a unit that arrives late [money; default 0]",
    "defect_cost": "of a defective unit [money; default 0]",
    "card_budget": "most cards in circulation [cards; default no limit]",
    "working_capital": "most value of all containers full [money; default no limit]",
    "floor": "most floor for containers [m2; default no limit]",
    "change_cost": "of a card put in or taken out, spread over the days it stays [money per day; default 0]",
    "change_budget": "most cards put in or taken out [cards; default no limit]",
}
"""The rows that the table `costs` may have."""


class Suppliers(Table):
    """Who delivers.

    supplier: id. delivery_cost: of a delivery [money]. lead_time: from the card handed over to
    the goods at the dock [days]. lead_time_sd: its standard deviation [days, default 0; counts in
    loops with a service target]. fixed_cost: of dealing with the supplier at all [money per year,
    default 0]. capacity: most it ships over all parts [units per day, default no limit]. on_time:
    share of its units that arrive on time [default 1]. truck: what it comes with [default: no
    limit]. dock: where it unloads [default: no limit]. cluster: milk run that collects it
    [default: it comes by itself].
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier",)
    supplier: Identifiers
    delivery_cost: Numbers
    lead_time: Numbers
    lead_time_sd: OptionalNumbers | None = None
    fixed_cost: OptionalNumbers | None = None
    capacity: OptionalNumbers | None = None
    on_time: OptionalShares | None = None
    truck: OptionalIdentifiers | None = None
    dock: OptionalIdentifiers | None = None
    cluster: OptionalIdentifiers | None = None


class Clusters(Table):
    """Milk runs: one truck, one frequency for all suppliers of the cluster.

    cluster: id. delivery_cost: of a run, in place of the suppliers' own [money]. truck: what it
    is driven with [default: no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("cluster",)
    cluster: Identifiers
    delivery_cost: Numbers
    truck: OptionalIdentifiers | None = None


class Parts(Table):
    """What is bought.

    part: id. unit_cost: value of a unit in stock [money]. pack: units in its container.
    container: kind of container [default: none told]. weight: [kg per unit, default 0]. cube: [m3
    per unit, default 0]. storage: rack its containers stand in, a position each [default: none].
    safety: stock kept against surprises [days of demand, default 0]. demand_sd: standard
    deviation of a day's demand [units; default: computed from the demand table]. line_cost: of
    booking and unloading it in a delivery [money, default 0]. sources: most suppliers that share
    it [default 1].
    """

    KEY: ClassVar[tuple[str, ...]] = ("part",)
    part: Identifiers
    unit_cost: AllAboveZero
    pack: AllAboveZero
    container: OptionalIdentifiers | None = None
    weight: OptionalNumbers | None = None
    cube: OptionalNumbers | None = None
    storage: OptionalIdentifiers | None = None
    safety: OptionalNumbers | None = None
    demand_sd: OptionalNumbers | None = None
    line_cost: OptionalNumbers | None = None
    sources: OptionalPositives | None = None


class Quotes(Table):
    """What a supplier offers for a part; only what is quoted can be bought.

    supplier, part: ids. price: [money per unit]. minimum: least quantity it takes an award for
    [units per year, default 0]. multiple: what is bought over the horizon is a whole multiple of
    it [units, default any]. capacity: [units per day, default no limit]. fixed_cost: of having
    this part from it, tools and audits [money per year, default 0]. defects: share of defective
    units [default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "part")
    supplier: Identifiers
    part: Identifiers
    price: AllAboveZero
    minimum: OptionalNumbers | None = None
    multiple: OptionalNumbers | None = None
    capacity: OptionalNumbers | None = None
    fixed_cost: OptionalNumbers | None = None
    defects: OptionalShares | None = None


class Bill(Table):
    """The bill of material; a product may be a part of another.

    product: what is made. part: what goes into it, a part or another product. quantity: units of
    it in one unit of the product.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "part")
    product: Identifiers
    part: Identifiers
    quantity: AllAboveZero


class Products(Table):
    """What is made here.

    product: id. line: where it is built, and levelled with the other products of the line.
    lead_time: from all its parts at hand to the product ready [days, default 0]. unit_cost: value
    of a unit in stock [money; default: that of its parts]. pack: units in its container [default:
    it has no loop of its own]. container: kind of container. storage: rack its containers stand in.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product",)
    product: Identifiers
    line: Identifiers
    lead_time: OptionalNumbers | None = None
    unit_cost: OptionalAboveZero | None = None
    pack: OptionalAboveZero | None = None
    container: OptionalIdentifiers | None = None
    storage: OptionalIdentifiers | None = None


class Demand(Table):
    """What customers take, day by day over the horizon.

    product: id. day: counted from 1. quantity: whole units; every product has a row for every
    day of the horizon, 0 where nothing is asked.
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "day")
    product: Identifiers
    day: Positives
    quantity: Counts


class Lines(Table):
    """Lines and machines.

    line: id. minutes: it works [per day]. pitch: length of a bucket of its heijunka box [minutes;
    default: the line has a sequence, unit by unit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("line",)
    line: Identifiers
    minutes: AllAboveZero
    pitch: OptionalAboveZero | None = None


class Routings(Table):
    """Which processes a product goes through.

    product, process: ids. line: where the process is done. minutes: work on a unit. changeover:
    setting up for the product [minutes, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("product", "process")
    product: Identifiers
    process: Identifiers
    line: Identifiers
    minutes: AllAboveZero
    changeover: OptionalNumbers | None = None


class Loops(Table):
    """Kanban loops: where cards of a part circulate.

    loop: id. part: part or product. from: the line that makes it, or the rack it is withdrawn
    from; a supplier, or nothing, where it is bought: then the loop follows the award. to: the
    line that uses it, or the rack it is brought to. lead_time: from the card's release to the
    full container [days; needed within the plant, that of the supplier where the part is bought].
    interval: of a fixed round [days, default 0; the delivery interval where it is bought].
    service: target probability of not running out [default: the part's safety stock in days
    instead]. safety: share of the demand during the lead time kept on top [default 0; not where
    the part is bought]. signal: "first_piece" (default) or "empty". minimum, maximum: [cards].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    part: Identifiers
    from_: Annotated[OptionalIdentifiers | None, Field(alias="from")] = None
    to: Identifiers
    lead_time: OptionalNumbers | None = None
    interval: OptionalNumbers | None = None
    service: OptionalServices | None = None
    safety: OptionalNumbers | None = None
    signal: Signals | None = None
    minimum: OptionalPositives | None = None
    maximum: OptionalPositives | None = None


class Racks(Table):
    """Storage.

    rack: id. positions: containers it holds.
    """

    KEY: ClassVar[tuple[str, ...]] = ("rack",)
    rack: Identifiers
    positions: Positives


class Docks(Table):
    """Where trucks unload.

    dock: id. slots: deliveries it takes [per day].
    """

    KEY: ClassVar[tuple[str, ...]] = ("dock",)
    dock: Identifiers
    slots: AllAboveZero


class Trucks(Table):
    """What goods come with.

    truck: id. weight: it carries [kg, default no limit]. cube: it holds [m3, default no limit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("truck",)
    truck: Identifiers
    weight: OptionalAboveZero | None = None
    cube: OptionalAboveZero | None = None


class Frequencies(Table):
    """The menu of delivery frequencies.

    frequency: id ("1-4" for four deliveries a day). days, deliveries: so many deliveries every so
    many days.
    """

    KEY: ClassVar[tuple[str, ...]] = ("frequency",)
    frequency: Identifiers
    days: Positives
    deliveries: Positives


class Allowed(Table):
    """Frequencies of single suppliers; a supplier without a row may have any.

    supplier, frequency: ids.
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier", "frequency")
    supplier: Identifiers
    frequency: Identifiers


class Containers(Table):
    """Kinds of container.

    container: id. card_cost: of one in circulation, on top of that of its card [money per day,
    default 0]. handling_cost: of moving one [money, default 0]. area: it stands on [m2, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("container",)
    container: Identifiers
    card_cost: OptionalNumbers | None = None
    handling_cost: OptionalNumbers | None = None
    area: OptionalNumbers | None = None


class Packs(Table):
    """Further containers a part may circulate in, besides its own.

    part, container: ids. quantity: units in it.
    """

    KEY: ClassVar[tuple[str, ...]] = ("part", "container")
    part: Identifiers
    container: Identifiers
    quantity: AllAboveZero


class Current(Table):
    """The cards in force; a loop without a row has none yet.

    loop: id, as in `kanban.csv` ("loop (supplier)" where suppliers share the part). container: kind
    of container in use [default: the part's own]. cards: [cards].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    container: OptionalIdentifiers | None = None
    cards: Counts


class Costs(Table):
    """Figures of the whole plant, one a row.

    cost: its name. value: in the unit of the name.
    """

    KEY: ClassVar[tuple[str, ...]] = ("cost",)
    cost: CostNames
    value: Numbers


TABLES: dict[str, type[Table]] = {
    "suppliers": Suppliers,
    "clusters": Clusters,
    "parts": Parts,
    "quotes": Quotes,
    "bill": Bill,
    "products": Products,
    "demand": Demand,
    "lines": Lines,
    "routings": Routings,
    "loops": Loops,
    "racks": Racks,
    "docks": Docks,
    "trucks": Trucks,
    "frequencies": Frequencies,
    "allowed": Allowed,
    "containers": Containers,
    "packs": Packs,
    "current": Current,
    "costs": Costs,
}
"""Class of each table, by its name."""

REQUIRED = (
    "suppliers", "parts", "quotes", "bill", "products", "demand", "lines", "routings", "frequencies", "costs",
)  # fmt: skip
"""Tables every plant has."""
