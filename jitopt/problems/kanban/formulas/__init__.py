"""Card formulas in exact arithmetic: every number counts as the decimal it is written as.

All are base-stock levels divided by the quantity of a container (Monden, Toyota Production System).
Rational parts are fractions; square roots and normal quantiles are floats, and decimals of 80
digits where a float could not decide how to round: 100 x 2 x 1.1 / 20 is 11 cards, not 12.

* `classic`: Toyota, Monden, supplier cycle, two cards, signal, lot-forming board, statistical, Roser.
* `erp`: SAP, Oracle, Dynamics AX, KanbanBOX, and the container for given cards.
* `replenishment`: the lead time, built of its parts. `circulation`: lost, partial and quarantined containers.
* `peaks`: temporary cards. `market`: positions of a supermarket.
* `jitopt.problems.kanban.normal`: what is not rational. `auditor`: many formulas on many loops, and why they disagree.
"""

from jitopt.problems.kanban.formulas.circulation import circulating
from jitopt.problems.kanban.formulas.classic import (
    Signal,
    TwoCards,
    basic,
    constant_cycle,
    constant_quantity,
    lot_board,
    roser,
    signal,
    statistical,
    supplier_cycle,
    two_cards,
)
from jitopt.problems.kanban.formulas.count import CardCount
from jitopt.problems.kanban.formulas.erp import ContainerSize, ax, container_for_cards, kanbanbox, oracle, sap
from jitopt.problems.kanban.formulas.market import Market, positions, signal_positions
from jitopt.problems.kanban.formulas.peaks import TemporaryCards, temporary_cards
from jitopt.problems.kanban.formulas.replenishment import Replenishment, replenishment_time
from jitopt.problems.kanban.normal import ceiling, loss, quantile, safety_stock

__all__ = [
    "CardCount",
    "ContainerSize",
    "Market",
    "Replenishment",
    "Signal",
    "TemporaryCards",
    "TwoCards",
    "ax",
    "basic",
    "ceiling",
    "circulating",
    "constant_cycle",
    "constant_quantity",
    "container_for_cards",
    "kanbanbox",
    "loss",
    "lot_board",
    "oracle",
    "positions",
    "quantile",
    "replenishment_time",
    "roser",
    "safety_stock",
    "sap",
    "signal",
    "signal_positions",
    "statistical",
    "supplier_cycle",
    "temporary_cards",
    "two_cards",
]
