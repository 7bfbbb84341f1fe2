"""The steps of the chain: each makes an ordinary instance from the plant and what was decided before.

A step reads nothing but the plant, its analysis and the decisions before it; what it hands on is
plain data in `Decisions`.
"""

from jitopt.planning.steps.decisions import Decisions, SupplierLoop
from jitopt.planning.steps.delivery import delivery_instance, take_delivery
from jitopt.planning.steps.heijunka import heijunka_instance
from jitopt.planning.steps.kanban import kanban_instance, take_kanban
from jitopt.planning.steps.sourcing import sourcing_instance, take_sourcing

__all__ = [
    "Decisions",
    "SupplierLoop",
    "delivery_instance",
    "heijunka_instance",
    "kanban_instance",
    "sourcing_instance",
    "take_delivery",
    "take_kanban",
    "take_sourcing",
]
