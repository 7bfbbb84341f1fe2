"""Heijunka: in which order, or in which bucket, each product is built."""

from jitopt.problems.heijunka.instance import Bucket, Heijunka, HeijunkaPlan
from jitopt.problems.heijunka.judge import evaluate

__all__ = ["Bucket", "Heijunka", "HeijunkaPlan", "evaluate"]
