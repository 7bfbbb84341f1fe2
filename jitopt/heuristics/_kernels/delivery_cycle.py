"""Kernel of the joint replenishment problem: one walk down the base period through every breakpoint.

Between two breakpoints no best multiple changes, so the plan of an interval costs 2 sqrt(A B) with
A = S + sum s_i/k_i and B = sum k_i H_i; at a breakpoint one k_i grows by 1.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import kernel

FRESH = 512
"""Breakpoints after which the sums are computed anew, so that rounding errors do not add up."""


@kernel
def total(first: float, minor: Any, half: Any, every: Any, ordering: bool) -> float:
    """Return A (ordering) or B, summed with a carry for what rounding loses (Kahan)."""
    value, carry = first, 0.0
    for i in range(len(minor)):
        term = minor[i] / every[i] if ordering else half[i] * every[i]
        part = term - carry
        after = value + part
        carry = (after - value) - part
        value = after
    return value


@kernel
def walk(major: float, minor: Any, half: Any, every: Any, items: Any, limit: float, found: Any) -> Any:
    """Visit every interval from the longest base period down.

    every: multiples of the first interval (changed on the way). items: whose multiple grows at each
    breakpoint, in order. limit: intervals with A B <= limit are noted in `found`, by the number of
    breakpoints passed. Returns the least A B and how many were noted.
    """
    a = total(major, minor, half, every, True)
    b = total(0.0, minor, half, every, False)
    best, noted = a * b, 0
    for event in range(len(items) + 1):
        if a * b < best:
            best = a * b
        if a * b <= limit and noted < len(found):
            found[noted] = event
            noted += 1
        if event == len(items):
            break
        i = items[event]
        a += minor[i] / (every[i] + 1) - minor[i] / every[i]
        b += half[i]
        every[i] += 1
        if event % FRESH == FRESH - 1:
            a = total(major, minor, half, every, True)
            b = total(0.0, minor, half, every, False)
    return best, noted
