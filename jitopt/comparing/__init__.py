"""Comparing the variants of a batch: statistics, tables, one report."""

from jitopt.comparing.study import VariantComparison, compare

__all__ = ["VariantComparison", "compare"]
