"""Card formulas of the Toyota production system: base-stock levels divided by the quantity of a container.

Symbols: D demand, L lead time of a card until it is back with a full container, R fixed time between two
collections, Q quantity of a container, alpha a share, SS a stock, all in one unit of time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from jitopt.problems.figures import rounded
from jitopt.problems.kanban.formulas.count import CardCount, Number, count_cards, number, target, whole

__all__ = [
    "Signal",
    "TwoCards",
    "basic",
    "constant_cycle",
    "constant_quantity",
    "lot_board",
    "roser",
    "signal",
    "statistical",
    "supplier_cycle",
    "two_cards",
]


@dataclass(frozen=True)
class Signal:
    """A signal (triangle) kanban.

    trigger: containers left when the lot is asked for. most: largest stock [units]. count: the trigger with its terms.
    """

    trigger: int
    most: Fraction
    count: CardCount | None = field(default=None, compare=False, repr=False)

    def lines(self) -> list[str]:
        """Return the terms of the trigger as text, and the largest stock."""
        found = self.count.lines() if self.count else [f"trigger: {self.trigger}"]
        return [*found, f"  largest stock: {rounded(self.most, 6)} units"]

    def __str__(self) -> str:
        return "\n".join(self.lines())


@dataclass(frozen=True)
class TwoCards:
    """A two-card system. withdrawal: cards that fetch. production: cards that order. cards: both."""

    withdrawal: CardCount
    production: CardCount

    @property
    def cards(self) -> int:
        """Both kinds together."""
        return self.withdrawal.cards + self.production.cards

    def lines(self) -> list[str]:
        """Return the terms of both kinds as text."""
        return [*self.withdrawal.lines(), *self.production.lines()]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def basic(demand: Number, lead_time: Number, quantity: Number, safety: Number = 0) -> CardCount:
    """Return N = ceil(D L (1 + alpha) / Q), the Toyota formula.

    Parameters
    ----------
    demand
        D [units per time].
    lead_time
        L, time of a card to come back with a full container [the same time]. A demand per hour
        with a lead time in minutes gives sixty times too many cards.
    quantity
        Q [units per container].
    safety
        alpha, share of the demand during the lead time.

    Source: Monden, Toyota Production System, number of kanban.

    Examples
    --------
    >>> basic(100, 2, 20, 0.1).cards
    11
    """
    during = number("demand", demand) * number("lead_time", lead_time)
    terms = {"lead_time": during, "safety": during * number("safety", safety)}
    return count_cards("toyota", "ceil(D L (1 + alpha) / Q)", terms, quantity)


def constant_quantity(demand: Number, lead_time: Number, quantity: Number, stock: Number = 0) -> CardCount:
    """Return N = ceil((D L + SS) / Q): a card leaves with every container that is used.

    stock: safety stock SS [units], see `safety_stock`. The others as in `basic`. Source: Monden, Toyota
    Production System, constant quantity, inconstant cycle.
    """
    terms = {
        "lead_time": number("demand", demand) * number("lead_time", lead_time),
        "safety": number("stock", stock),
    }
    return count_cards("monden_constant_quantity", "ceil((D L + SS) / Q)", terms, quantity)


def constant_cycle(
    demand: Number, lead_time: Number, interval: Number, quantity: Number, stock: Number = 0
) -> CardCount:
    """Return N = ceil((D (R + L) + SS) / Q): cards are collected at a fixed interval R.

    Monden: daily demand x (order interval + production lead time) + safety stock. With R the
    interval at which every part comes up, it is `lot_board`. Source: Monden, Toyota Production System,
    constant cycle, inconstant quantity.
    """
    need = number("demand", demand)
    terms = {
        "interval": need * number("interval", interval),
        "lead_time": need * number("lead_time", lead_time),
        "safety": number("stock", stock),
    }
    return count_cards("monden_constant_cycle", "ceil((D (R + L) + SS) / Q)", terms, quantity)


def lot_board(demand: Number, lead_time: Number, epei: Number, quantity: Number, stock: Number = 0) -> CardCount:
    """Return N = ceil((D (EPEI + L) + SS) / Q): cards wait on a board until the part's turn comes.

    epei: every part every interval, see `jitopt.problems.epei` [time]. Source: the constant cycle with R = EPEI;
    Loucka (2006) and practice add SS sqrt(L / TB) for a safety stock SS measured over TB.
    """
    found = constant_cycle(demand, lead_time, epei, quantity, stock)
    return replace(found, name="lot_board", formula="ceil((D (EPEI + L) + SS) / Q)")


def supplier_cycle(
    demand: Number, days: int, deliveries: int, later: int, quantity: Number, safety: Number = 0
) -> CardCount:
    """Return N = ceil(D (A (1 + C) / B + s) / Q), the supplier kanban of a delivery cycle A-B-C.

    Parameters
    ----------
    demand
        D [units per day].
    days, deliveries
        A and B: B deliveries every A days.
    later
        C: a card handed over at one delivery comes back with a full container C deliveries later.
    quantity
        Q [units per container].
    safety
        s [days].

    Source: Monden, Toyota Production System; it is `constant_cycle` with R = A / B and L = C R.
    """
    interval = Fraction(whole("days", days, 1), whole("deliveries", deliveries, 1))
    need = number("demand", demand)
    terms = {
        "interval": need * interval,
        "lead_time": need * whole("later", later) * interval,
        "safety": need * number("safety", safety),
    }
    return count_cards("supplier_cycle", "ceil(D (A (1 + C) / B + s) / Q)", terms, quantity)


def statistical(
    demand: Number,
    lead_time: Number,
    quantity: Number,
    *,
    service: float,
    demand_sd: Number = 0,
    lead_time_sd: Number = 0,
    interval: Number = 0,
) -> CardCount:
    """Return N = ceil((D W + z sqrt(W sd^2 + D^2 sd_L^2)) / Q), W = R + L.

    service: probability that the need is covered; z is its quantile. demand_sd: sd, of the demand of a unit
    of time [units]. lead_time_sd: sd_L [time]. interval: R [time]. The others as in `basic`.

    Source: the base-stock level of periodic review, Silver, Pyke and Thomas, Inventory and Production Management in
    Supply Chains.
    """
    need, interval = number("demand", demand), number("interval", interval)
    lead_time = number("lead_time", lead_time)
    variance = (lead_time + interval) * number("demand_sd", demand_sd) ** 2
    variance += need**2 * number("lead_time_sd", lead_time_sd) ** 2
    return count_cards(
        "statistical",
        "ceil((D (R + L) + z sqrt((R + L) sd^2 + D^2 sd_L^2)) / Q)",
        {"lead_time": need * lead_time, "interval": need * interval},
        quantity,
        service=target(service),
        variances={"variation": variance},
    )


def two_cards(
    demand: Number, withdrawal_time: Number, production_time: Number, quantity: Number, safety: Number = 0
) -> TwoCards:
    """Return withdrawal cards ceil(D L_w (1 + alpha) / Q) and production cards ceil(D L_p (1 + alpha) / Q).

    withdrawal_time: L_w, of a withdrawal card from its post to the supermarket and back [time]. production_time:
    L_p, of a production card until its container stands in the supermarket [time]. Each is rounded up, so that both
    together may be one card more than one loop of L_w + L_p. Source: Monden, Toyota Production System.
    """
    formula = "ceil(D L (1 + alpha) / Q)"
    withdrawal = basic(demand, withdrawal_time, quantity, safety)
    production = basic(demand, production_time, quantity, safety)
    return TwoCards(
        replace(withdrawal, name="withdrawal", formula=formula), replace(production, name="production", formula=formula)
    )


def signal(demand: Number, lead_time: Number, quantity: Number, lot: int, stock: Number = 0) -> Signal:
    """Return trigger r = ceil((D L + SS) / Q) and largest stock r Q + lot Q of a signal kanban.

    lot: containers made at once. Source: Monden, Toyota Production System, signal (triangular) kanban.
    """
    count = replace(constant_quantity(demand, lead_time, quantity, stock), name="signal, trigger")
    return Signal(count.cards, (count.cards + whole("lot", lot, 1)) * count.quantity, count)


def roser(
    takt: Number,
    quantity: Number,
    replenishment: Number,
    replenishment_fluctuation: Number = 0,
    customer_fluctuation: Number = 0,
    margin: int = 0,
) -> CardCount:
    """Return N = ceil((RT + F_R + F_C) / (TT Q)) + S, the five factors of Roser.

    takt: TT, time between two units the customer takes [time per unit]. quantity: Q. replenishment: RT [time].
    replenishment_fluctuation, customer_fluctuation: F_R and F_C, the delays and the surplus demand that are to be
    covered, as time [time]; each stands for itself, none makes up for the other. margin: S [cards].
    Source: Roser, How many kanbans? The kanban formula, parts 1 and 2 (AllAboutLean.com, 2014).
    """
    rate = 1 / number("takt", takt, above=True)
    terms = {
        "lead_time": rate * number("replenishment", replenishment),
        "late": rate * number("replenishment_fluctuation", replenishment_fluctuation),
        "variation": rate * number("customer_fluctuation", customer_fluctuation),
    }
    formula = "ceil((RT + F_R + F_C) / (TT Q)) + S"
    return count_cards("roser", formula, terms, quantity, constant=whole("margin", margin))
