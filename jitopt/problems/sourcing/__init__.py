"""Sourcing: which suppliers, for which part, how much, when."""

from jitopt.problems.sourcing.instance import Order, Sourcing, SourcingPlan
from jitopt.problems.sourcing.judge import evaluate

__all__ = ["Order", "Sourcing", "SourcingPlan", "evaluate"]
