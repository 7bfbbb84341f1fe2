"""Kernel of the least largest rate deviation: units placed by earliest due date within windows.

With a deviation of at most m_i/D, unit j of product i may be built from position ceil((j D - m_i)/d_i) to
position floor(((j - 1) D + m_i)/d_i) + 1 and nowhere else. Unit jobs with windows meet all their due dates,
if they can, when of those that may be built the one due first is always taken.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

__all__ = ["place"]


@in_place
def push(heap: Any, due: Any, size: int, product: int) -> None:
    """Add a product to the heap of those that may be built, first due on top; ties by row."""
    place = size
    while place > 0:
        above = (place - 1) >> 1
        other = heap[above]
        if due[other] < due[product] or (due[other] == due[product] and other < product):
            break
        heap[place] = other
        place = above
    heap[place] = product


@in_place
def pop(heap: Any, due: Any, size: int) -> int:
    """Take the product due first from a heap of `size` and return it."""
    found = heap[0]
    product, size, place = heap[size - 1], size - 1, 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size:
            a, b = heap[below], heap[below + 1]
            if due[b] < due[a] or (due[b] == due[a] and b < a):
                below += 1
        other = heap[below]
        if due[product] < due[other] or (due[product] == due[other] and product < other):
            break
        heap[place] = other
        place = below
    heap[place] = product
    return found


@in_place
def place(demand: Any, most: Any, begin: int, built: Any, rows: Any, head: Any, after: Any, heap: Any, due: Any) -> int:
    """Fill rows[begin:] with product rows so that no deviation of product i exceeds most[i]/D.

    built: units of each product before `begin`; changed on the way. head (one entry for each position and one
    more), after, heap, due (one for each product): room to work in. Returns the position (from 0) that finds no
    unit, or that a unit has waited beyond its due date, or D where all goes well.
    """
    units = len(rows)
    for k in range(begin, units + 1):
        head[k] = -1
    for i in range(len(demand)):
        if built[i] < demand[i]:
            release = max(-((most[i] - (built[i] + 1) * units) // demand[i]), begin + 1) - 1
            after[i] = head[release]
            head[release] = i
            due[i] = min(units, (built[i] * units + most[i]) // demand[i] + 1) - 1
    size = 0
    for k in range(begin, units):
        i = head[k]
        while i >= 0:
            push(heap, due, size, i)
            size += 1
            i = after[i]
        if size == 0:
            return k
        i = pop(heap, due, size)
        size -= 1
        if due[i] < k:
            return k
        rows[k] = i
        built[i] += 1
        if built[i] < demand[i]:
            release = max(-((most[i] - (built[i] + 1) * units) // demand[i]), k + 2) - 1
            after[i] = head[release]
            head[release] = i
            due[i] = min(units, (built[i] * units + most[i]) // demand[i] + 1) - 1
    return units
