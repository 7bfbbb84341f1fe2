"""A loop as the formulas see it, and what each named formula makes of it.

Every house uses one of these formulas on the same figures. A formula that does not know a figure leaves it out;
that is what the auditor tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from jitopt.problems.kanban.formulas import classic, erp
from jitopt.problems.kanban.formulas.count import CardCount, count_cards

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VARIANTS", "LoopFigures", "Variant", "lot_containers"]

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class LoopFigures:
    """The figures of a loop, exact.

    demand: D [units per day]. quantity: Q. lead_time: L, interval: R [days]. safety: alpha, share of the demand that
    is covered. service: probability (0.5: none asked). demand_sd: [units per square root of a day]. lead_time_sd:
    [days]. good: share of what is supplied. signal: "first_piece", "empty" or None (not told). withdrawal: the part of
    L in which a withdrawal card fetches, None without two cards. epei: of the machine that makes the part [days].
    value: of a unit [money]. cycle: the part comes with deliveries, and L counts in whole ones of R.
    """

    loop: str
    part: str
    demand: Fraction
    quantity: Fraction
    lead_time: Fraction
    interval: Fraction = ZERO
    safety: Fraction = ZERO
    service: float = 0.5
    demand_sd: Fraction = ZERO
    lead_time_sd: Fraction = ZERO
    good: Fraction = ONE
    signal: str | None = None
    withdrawal: Fraction | None = None
    epei: Fraction | None = None
    value: Fraction = ZERO
    cycle: bool = False

    @property
    def window(self) -> Fraction:
        """W = L + R, what the cards must cover [days]."""
        return self.lead_time + self.interval

    @property
    def waiting(self) -> Fraction:
        """L rounded up to whole deliveries, less L [days]."""
        if not self.interval:
            return ZERO
        return math.ceil(self.lead_time / self.interval) * self.interval - self.lead_time

    @property
    def added(self) -> int:
        """The card that SAP and AX add unless the first piece calls: their default where nothing is told."""
        return 0 if self.signal == "first_piece" else 1


class Variant(NamedTuple):
    """A named formula. compute: for a loop, None where it does not apply. needs: to what loops it applies."""

    title: str
    formula: str
    compute: Callable[[LoopFigures], CardCount | None]
    needs: str = "every loop"


def _jitopt(loop: LoopFigures) -> CardCount:
    """Return what the rule `cards_needed` of a kanban instance asks for; see docs/problems/kanban.md."""
    later = loop.waiting if loop.cycle else ZERO
    window = loop.window + later
    mean = loop.demand * window
    terms = {
        "lead_time": loop.demand * loop.lead_time,
        "interval": loop.demand * loop.interval,
        "whole_deliveries": loop.demand * later,
        "safety": mean * loop.safety,
        "yield": mean * (1 + loop.safety) * (1 / loop.good - 1),
    }
    variance = window * loop.demand_sd**2 + loop.demand**2 * loop.lead_time_sd**2
    return count_cards(
        "jitopt",
        "ceil((D W (1 + alpha) + z sqrt(W sd^2 + D^2 sd_L^2)) / (y Q)) + [empty]",
        terms,
        loop.quantity,
        service=loop.service,
        variances={"variation": variance / loop.good**2},
        constant=int(loop.signal == "empty"),
    )


def _toyota(loop: LoopFigures) -> CardCount:
    return classic.basic(loop.demand, loop.lead_time, loop.quantity, loop.safety)


def _monden(loop: LoopFigures) -> CardCount:
    stock = loop.demand * loop.window * loop.safety
    return classic.constant_cycle(loop.demand, loop.lead_time, loop.interval, loop.quantity, stock)


def _sap(loop: LoopFigures) -> CardCount:
    return erp.sap(loop.demand, loop.lead_time, loop.quantity, 1 + loop.safety, loop.added)


def _oracle(loop: LoopFigures) -> CardCount:
    return erp.oracle(loop.demand, loop.lead_time, loop.quantity)


def _ax(loop: LoopFigures) -> CardCount:
    return erp.ax(
        loop.demand, loop.lead_time, loop.quantity, loop.safety, loop.added,
        service=loop.service, demand_sd=loop.demand_sd,
    )  # fmt: skip


def _kanbanbox(loop: LoopFigures) -> CardCount:
    return erp.kanbanbox(loop.demand, loop.lead_time, loop.quantity, loop.safety)


def _statistical(loop: LoopFigures) -> CardCount | None:
    if loop.service == 0.5:
        return None
    return classic.statistical(
        loop.demand, loop.lead_time, loop.quantity, service=loop.service, demand_sd=loop.demand_sd,
        lead_time_sd=loop.lead_time_sd, interval=loop.interval,
    )  # fmt: skip


def _supplier_cycle(loop: LoopFigures) -> CardCount | None:
    if not loop.interval:
        return None
    terms = {
        "interval": loop.demand * loop.interval,
        "lead_time": loop.demand * loop.lead_time,
        "whole_deliveries": loop.demand * loop.waiting,
        "safety": loop.demand * loop.safety * (loop.window + loop.waiting),
    }
    return count_cards("supplier_cycle", "ceil(D (A (1 + C) / B + s) / Q)", terms, loop.quantity)


def _two_cards(loop: LoopFigures) -> CardCount | None:
    if loop.withdrawal is None or not 0 < loop.withdrawal < loop.window:
        return None
    making = loop.window - loop.withdrawal
    found = classic.two_cards(loop.demand, loop.withdrawal, making, loop.quantity, loop.safety)
    mean = loop.demand * loop.window
    terms = {
        "lead_time": mean - loop.demand * loop.interval,
        "interval": loop.demand * loop.interval,
        "safety": mean * loop.safety,
    }
    raw = sum(terms.values(), ZERO) / loop.quantity
    return CardCount(
        found.cards, raw, terms, loop.quantity, 0, "two_cards", "ceil(D L_w (1 + alpha) / Q) + ceil(D L_p ...)"
    )


def _lot_board(loop: LoopFigures) -> CardCount | None:
    if loop.epei is None:
        return None
    stock = loop.demand * loop.lead_time * loop.safety
    found = classic.lot_board(loop.demand, loop.lead_time, loop.epei, loop.quantity, stock)
    terms = dict(found.terms)
    terms["lot"] = terms.pop("interval")
    return CardCount(found.cards, found.raw, terms, found.quantity, 0, found.name, found.formula)


def lot_containers(loop: LoopFigures) -> int:
    """Return the containers of a lot that lasts one EPEI."""
    return max(1, math.ceil(loop.demand * (loop.epei or ZERO) / loop.quantity))


def _signal(loop: LoopFigures) -> CardCount | None:
    if loop.epei is None:
        return None
    lot = lot_containers(loop)
    found = classic.basic(loop.demand, loop.lead_time, loop.quantity, loop.safety)
    terms = dict(found.terms) | {"lot": lot * loop.quantity}
    return CardCount(
        found.cards + lot, found.raw + lot, terms, loop.quantity, 0, "signal", "ceil(D L (1 + alpha) / Q) + lot"
    )


def _roser(loop: LoopFigures) -> CardCount:
    terms = {
        "lead_time": loop.demand * loop.lead_time,
        "interval": loop.demand * loop.interval,
        "safety": loop.demand * loop.window * loop.safety,
    }
    return count_cards(
        "roser",
        "ceil((RT + F_R + F_C) / (TT Q)) + S",
        terms,
        loop.quantity,
        service=loop.service,
        variances={
            "variation": loop.window * loop.demand_sd**2,
            "late": loop.demand**2 * loop.lead_time_sd**2,
        },
    )


VARIANTS: dict[str, Variant] = {
    "jitopt": Variant("jitopt (rule cards_needed)", "ceil((D W (1 + alpha) + z sqrt(V)) / (y Q)) + [empty]", _jitopt),
    "toyota": Variant("Toyota, constant quantity", "ceil(D L (1 + alpha) / Q)", _toyota),
    "monden_cycle": Variant("Monden, constant cycle", "ceil((D (R + L) + SS) / Q)", _monden),
    "sap": Variant("SAP", "ceil(RT AC SF / CONT + C)", _sap),
    "oracle": Variant("Oracle", "ceil(D L / S) + 1", _oracle),
    "ax": Variant("Dynamics AX and 365", "ceil((D L (f + 1) + SS) / Q) + m", _ax),
    "kanbanbox": Variant("KanbanBOX", "ceil(D LT (1 + S) / C)", _kanbanbox),
    "statistical": Variant(
        "statistical", "ceil((D W + z sqrt(V)) / Q)", _statistical, "loops with a service target"
    ),
    "supplier_cycle": Variant(
        "supplier cycle A-B-C", "ceil(D (A (1 + C) / B + s) / Q)", _supplier_cycle, "loops with a fixed interval"
    ),
    "two_cards": Variant(
        "two cards", "ceil(D L_w (1 + alpha) / Q) + ceil(D L_p (1 + alpha) / Q)", _two_cards,
        "loops whose withdrawal time is told",
    ),
    "lot_board": Variant(
        "lot-forming board", "ceil((D (EPEI + L) + SS) / Q)", _lot_board, "loops made on a machine with changeovers"
    ),
    "signal": Variant(
        "signal kanban with its lot", "ceil(D L (1 + alpha) / Q) + lot", _signal,
        "loops made on a machine with changeovers",
    ),
    "roser": Variant("Roser, fluctuations one by one", "ceil((RT + F_R + F_C) / (TT Q)) + S", _roser),
}  # fmt: skip
"""The formulas of an audit, in the order they are told."""
