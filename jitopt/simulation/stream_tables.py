"""The tables of a value stream, column by column; times in minutes, amounts in units."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from jitopt.problems.base import (
    AllAboveZero,
    Counts,
    Identifiers,
    OptionalCounts,
    OptionalIdentifiers,
    OptionalNumbers,
    OptionalPositives,
    OptionalShares,
    Positives,
    Signals,
    Table,
    as_tuple,
)

__all__ = [
    "Bill",
    "Conwip",
    "Demand",
    "Loops",
    "Maintenance",
    "Operations",
    "Outputs",
    "Planning",
    "Schedule",
    "Setups",
    "Shifts",
    "Span",
    "Stations",
    "Suppliers",
]

LONGEST = 10_000_000.0
"""No time of a stream may be longer than this (19 years) [minutes]."""

Minutes = Annotated[float, Field(ge=0, le=LONGEST)]

Span = Annotated[float, Field(gt=0, le=LONGEST)]

Times = Annotated[tuple[Minutes, ...], BeforeValidator(as_tuple)]

OptionalTimes = Annotated[tuple[Minutes | None, ...], BeforeValidator(as_tuple)]

Spans = Annotated[tuple[Span, ...], BeforeValidator(as_tuple)]

OptionalSpans = Annotated[tuple[Span | None, ...], BeforeValidator(as_tuple)]

Kinds = Annotated[
    tuple[Literal["production", "withdrawal", "supplier", "signal", "co_product"], ...], BeforeValidator(as_tuple)
]

Shapes = Annotated[tuple[str | None, ...], BeforeValidator(as_tuple)]
"""Names of distributions, as in `jitopt.problems.variates.DISTRIBUTIONS`; default deterministic, or
exponential where the text says so."""

Variations = Annotated[tuple[Annotated[float, Field(ge=0, le=100)] | None, ...], BeforeValidator(as_tuple)]

Queues = Annotated[tuple[Literal["fifo", "family", "priority"] | None, ...], BeforeValidator(as_tuple)]

Clocks = Annotated[tuple[Literal["work", "clock"] | None, ...], BeforeValidator(as_tuple)]

Unmet = Annotated[tuple[Literal["backorder", "lost"] | None, ...], BeforeValidator(as_tuple)]


class Stations(Table):
    """Where containers are worked on.

    station: id. servers: machines or people side by side, each takes one container at a time
    [default 1]. queue: whom a free server takes: "fifo" (who came first, default), "family" (whom
    it need not be set up for, among them who came first) or "priority" (smallest number of the
    operation, then who came first). buffer: containers that may wait in front of it; one that
    finds no room stays on the server it comes from, which is blocked [default: no limit]. calendar:
    its shifts [id in `shifts`, default: always]. mtbf: mean time between a repair and the next breakdown of a server
    [minutes, default: no breakdowns]. mttr: mean time to repair [minutes; with mtbf].
    breakdown: time that counts for mtbf: "work" (set-up and run, default) or "clock" (all time).
    mtbf_distribution, mtbf_cv, mttr_distribution, mttr_cv: [default exponential]. line: stations with
    the same text stop together when one of their operations stops the line [default: it stops alone].
    """

    KEY: ClassVar[tuple[str, ...]] = ("station",)
    station: Identifiers
    servers: OptionalPositives | None = None
    queue: Queues | None = None
    buffer: OptionalCounts | None = None
    calendar: OptionalIdentifiers | None = None
    mtbf: OptionalSpans | None = None
    mttr: OptionalTimes | None = None
    breakdown: Clocks | None = None
    mtbf_distribution: Shapes | None = None
    mtbf_cv: Variations | None = None
    mttr_distribution: Shapes | None = None
    mttr_cv: Variations | None = None
    line: OptionalIdentifiers | None = None


class Loops(Table):
    """The loops of cards; each fills a supermarket of its own name.

    loop: id. item: what goes round [text, default the loop's id]. kind: "production" (on the
    stations of `operations`), "signal" (as production; its lot is released together), "withdrawal"
    (moved from the supermarket in `bill`), "supplier" (from outside) or "co_product" (comes from
    other loops by `outputs`; no cards of its own). cards: K [containers]. quantity: of a full
    container [units]. lot: cards that are gathered before they are released together [default 1].
    signal: the card leaves with the "first_piece" (default) or when the container is "empty".
    collection: time between two collections of freed cards [minutes, default 0: at once].
    card_time: of a card from its post to where it is released [minutes, default 0].
    conveyance: time of a full container to the supermarket [minutes, default 0], of a supplier
    without `suppliers` row: its lead time. conveyance_distribution, conveyance_cv: [default
    deterministic]. departure: time between two departures of the conveyance [minutes, default 0: at
    once]. supplier: that brings it [id in `suppliers`, default none]. scrap: share of units that are found bad on
    arrival [default 0]. lost_cards: share of freed cards that are lost [default 0]; audit: time between two
    searches that replace lost cards [minutes, default: never]. initial: units in the supermarket at the
    start [default: all cards are on full containers].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    item: OptionalIdentifiers | None = None
    kind: Kinds
    cards: Counts
    quantity: AllAboveZero
    lot: OptionalPositives | None = None
    signal: Signals | None = None
    collection: OptionalTimes | None = None
    card_time: OptionalTimes | None = None
    conveyance: OptionalTimes | None = None
    conveyance_distribution: Shapes | None = None
    conveyance_cv: Variations | None = None
    departure: OptionalTimes | None = None
    supplier: OptionalIdentifiers | None = None
    scrap: OptionalShares | None = None
    lost_cards: OptionalShares | None = None
    audit: OptionalSpans | None = None
    initial: OptionalNumbers | None = None


class Operations(Table):
    """What is done to the containers of a loop, step after step.

    loop: id. step: its place, smaller ones come first. station: id. time: mean, of a container
    [minutes]. distribution, cv: of the time [default deterministic]. family: set-ups are needed between
    families of a station [text, default: none of its operations needs one]. setup: time of a
    set-up to this family [minutes, default 0]; `setups` overrides it. priority: in the queue of a
    station by priority [default 0]. scrap: share of units that are found bad at the step [default
    0]; a container with no good unit leaves at once. rework: share of containers that queue again for
    the step [default 0]. stop: share of containers at which the line is stopped [default 0].
    stop_time: mean of a stop [minutes, default 0], stop_distribution, stop_cv: [default exponential].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop", "step")
    loop: Identifiers
    step: Positives
    station: Identifiers
    time: Times
    distribution: Shapes | None = None
    cv: Variations | None = None
    family: OptionalIdentifiers | None = None
    setup: OptionalTimes | None = None
    priority: OptionalNumbers | None = None
    scrap: OptionalShares | None = None
    rework: OptionalShares | None = None
    stop: OptionalShares | None = None
    stop_time: OptionalTimes | None = None
    stop_distribution: Shapes | None = None
    stop_cv: Variations | None = None


class Setups(Table):
    """Set-up times that depend on the sequence.

    station: id. before, after: families. time: [minutes].
    """

    KEY: ClassVar[tuple[str, ...]] = ("station", "before", "after")
    station: Identifiers
    before: Identifiers
    after: Identifiers
    time: Times


class Bill(Table):
    """What a container of a loop takes from other supermarkets when it is released.

    loop: id. source: loop in whose supermarket it stands. quantity: units of it per unit of the loop.
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop", "source")
    loop: Identifiers
    source: Identifiers
    quantity: AllAboveZero


class Outputs(Table):
    """What a loop gives beside its own item (splitting).

    loop: id. output: loop of kind "co_product" whose supermarket it goes to. quantity: units of it per good unit.
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop", "output")
    loop: Identifiers
    output: Identifiers
    quantity: AllAboveZero


class Demand(Table):
    """What customers take.

    demand: id. loop: whose supermarket they take from. quantity: mean, of an order [units]. interval: mean time
    between two orders [minutes; 0: they take whatever comes]. distribution, cv: of the interval
    [default deterministic, the levelled demand]. quantity_distribution, quantity_cv: [default
    deterministic; other quantities are rounded to whole units]. calendar: when orders come [id in `shifts`,
    default: always]. offset: time of the first order [minutes, default: after an interval].
    unmet: what is short is a "backorder" (default) or "lost".
    """

    KEY: ClassVar[tuple[str, ...]] = ("demand",)
    demand: Identifiers
    loop: Identifiers
    quantity: AllAboveZero
    interval: Times
    distribution: Shapes | None = None
    cv: Variations | None = None
    quantity_distribution: Shapes | None = None
    quantity_cv: Variations | None = None
    calendar: OptionalIdentifiers | None = None
    offset: OptionalTimes | None = None
    unmet: Unmet | None = None


class Shifts(Table):
    """When a calendar is open; it repeats after the stream's `cycle`.

    calendar: id. start, end: [minutes from the start of the cycle].
    """

    KEY: ClassVar[tuple[str, ...]] = ("calendar", "start")
    calendar: Identifiers
    start: Times
    end: Spans


class Maintenance(Table):
    """Planned maintenance: the servers of a station stand still.

    station: id. every: time between two starts [minutes]. duration: [minutes]. offset: start of the first [minutes,
    default `every`].
    """

    KEY: ClassVar[tuple[str, ...]] = ("station", "every", "duration")
    station: Identifiers
    every: Spans
    duration: Spans
    offset: OptionalTimes | None = None


class Suppliers(Table):
    """Deliveries on a cycle A-B-C: B deliveries in A days; a card comes back C deliveries later.

    supplier: id. days: A. deliveries: B. delay: C [deliveries, at least 1]. offset: of the first delivery [minutes,
    default: an interval]. late: share of deliveries that are late [default 0]. late_time: mean lateness of
    those [minutes, default 0], late_distribution, late_cv: [default exponential].
    """

    KEY: ClassVar[tuple[str, ...]] = ("supplier",)
    supplier: Identifiers
    days: Positives
    deliveries: Positives
    delay: Positives
    offset: OptionalTimes | None = None
    late: OptionalShares | None = None
    late_time: OptionalTimes | None = None
    late_distribution: Shapes | None = None
    late_cv: Variations | None = None


class Conwip(Table):
    """Cards over several loops, for release "conwip" and "hybrid".

    conwip: id. entry: loop that is released with a card. exit: loop; a card comes free when a
    container leaves its supermarket; it must hold what the entry's container is made into, or cards
    would be made or lost. cards: [containers of the exit].
    """

    KEY: ClassVar[tuple[str, ...]] = ("conwip",)
    conwip: Identifiers
    entry: Identifiers
    exit: Identifiers
    cards: Counts


class Planning(Table):
    """Release by MRP on a forecast, for release "push".

    At every `planning_interval` a loop releases what its stock, here and in what is made of it, its
    orders under way and the backlog fall short of the forecast over planned lead time and interval, with safety.

    loop: id. lead_time: planned, of this loop alone [minutes]. forecast: of the item [units per day, default: what the
    demand needs on average]. safety: stock that is kept [units, default 0].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    lead_time: Times
    forecast: OptionalNumbers | None = None
    safety: OptionalNumbers | None = None


class Schedule(Table):
    """Release by a schedule that looks at nothing, for release "push".

    loop: id. interval: mean time between two releases [minutes]. containers: of a release
    [default 1]. distribution, cv: of the interval [default deterministic]. offset: time of the first [minutes,
    default: after an interval].
    """

    KEY: ClassVar[tuple[str, ...]] = ("loop",)
    loop: Identifiers
    interval: Spans
    containers: OptionalPositives | None = None
    distribution: Shapes | None = None
    cv: Variations | None = None
    offset: OptionalTimes | None = None
