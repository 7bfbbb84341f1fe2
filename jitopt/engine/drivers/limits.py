"""Sizes of numbers that solvers of floating-point models are trusted with.

HiGHS ignores coefficients up to 1e-9 and refuses those from 1e15 on; and every such solver keeps
rows and integrality only within a tolerance, so that a small coefficient beside a large one, or a
large sum, may mean something else than was written.
"""

from __future__ import annotations

__all__ = ["LARGEST", "LARGEST_ACTIVITY", "SMALLEST"]

SMALLEST = 1e-7
"""The smallest coefficient, after its row was scaled."""

LARGEST = 1e6
"""The largest coefficient, after its row was scaled."""

LARGEST_ACTIVITY = 1e9
"""The largest sum that a scaled row can reach within the bounds of its variables."""
