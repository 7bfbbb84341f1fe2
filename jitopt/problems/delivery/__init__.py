"""Delivery: how often each supplier delivers, alone or on a milk run."""

from jitopt.problems.delivery.instance import Delivery, DeliveryPlan, Rhythm
from jitopt.problems.delivery.judge import evaluate

__all__ = ["Delivery", "DeliveryPlan", "Rhythm", "evaluate"]
