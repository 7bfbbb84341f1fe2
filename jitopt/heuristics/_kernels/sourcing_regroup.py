"""Kernels: moves of the sourcing search that plan parts or whole suppliers anew.

A move takes orders away and lists the parts to cover again (`pad.item`, by `pad.key`, top.listed),
names a supplier to keep out (top.shut) and one to draw volume to (top.into, up to top.target);
`carry_out` does the rest, the same for all.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place, twin

_state: Any = twin("jitopt.heuristics._kernels.sourcing_state", __name__)
_fill: Any = twin("jitopt.heuristics._kernels.sourcing_fill", __name__)
_shift: Any = twin("jitopt.heuristics._kernels.sourcing_shift", __name__)
draw, chance, put = _state.draw, _state.chance, _state.put
fit, fill, force, unit_price, look_ahead = _fill.fit, _fill.fill, _fill.force, _fill.unit_price, _fill.look_ahead
pick_part, pick_link, capacity_amount = _shift.pick_part, _shift.pick_link, _fill.capacity_amount
break_amount, other_link = _shift.break_amount, _shift.other_link


@in_place
def enlist(w: Any, p: int, key: float) -> None:
    """Put part p on the list of parts to cover again."""
    row = w.pad[w.top[0].listed]
    row.item = p
    row.key = key
    w.top[0].listed += 1


@in_place
def sort(w: Any) -> None:
    """Sort the list by its keys, ascending (Shell 1959)."""
    n = w.top[0].listed
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            key = w.pad[i].key
            item = w.pad[i].item
            j = i
            while j >= gap and w.pad[j - gap].key > key:
                w.pad[j].key = w.pad[j - gap].key
                w.pad[j].item = w.pad[j - gap].item
                j -= gap
            w.pad[j].key = key
            w.pad[j].item = item
        gap //= 2


@in_place
def strip(w: Any, first: int, last: int) -> None:
    """Remove all orders of the links first..last-1."""
    periods = w.top[0].periods
    for k in range(first, last):
        if w.link[k].total > 0:
            for t in range(periods):
                put(w, k, t, -w.cell[k * periods + t].q)


# --- what to plan anew ---------------------------------------------------------------------


@in_place
def replan_part(w: Any) -> None:
    """Plan a part anew, half of the time without one of its present suppliers."""
    p = pick_part(w)
    k = pick_link(w, p)
    if k >= 0 and chance(w) < 0.5:
        w.top[0].shut = w.link[k].supplier
    strip(w, w.part[p].first, w.part[p].last)
    enlist(w, p, 0.0)


@in_place
def replan_group(w: Any) -> None:
    """Plan a few parts of one supplier anew, in random order."""
    supplier = w.supplier[w.link[draw(w, w.top[0].links)].supplier]
    offers = supplier.last - supplier.first
    start = draw(w, offers)
    for i in range(min(offers, 2 + int(5.0 * chance(w)))):
        p = w.link[w.link[supplier.first + (start + i) % offers].offer].part
        strip(w, w.part[p].first, w.part[p].last)
        enlist(w, p, chance(w))


@in_place
def pick_supplier(w: Any, used: bool) -> int:
    """Return a random supplier with offers that is used or not, any one where none is found."""
    s = 0
    for _ in range(16):
        s = w.link[draw(w, w.top[0].links)].supplier
        if (w.supplier[s].links > 0) == used:
            break
    return int(s)


@in_place
def close_supplier(w: Any, share: float) -> None:
    """Take orders from a supplier, each of its parts with probability `share`."""
    top = w.top[0]
    s = pick_supplier(w, chance(w) < 1.0)
    supplier = w.supplier[s]
    for i in range(supplier.first, supplier.last):
        k = w.link[i].offer
        link = w.link[k]
        if link.total > 0 and chance(w) < share:
            enlist(w, link.part, -link.total * (0.5 + chance(w)))
            strip(w, k, k + 1)
    top.shut = s


@in_place
def swap_suppliers(w: Any) -> None:
    """After `close_supplier`: name another supplier of one of its parts to draw volume to."""
    top = w.top[0]
    supplier = w.supplier[top.shut]
    k = other_link(w, w.link[supplier.first + draw(w, supplier.last - supplier.first)].offer)
    if w.link[k].supplier != top.shut:
        top.into = w.link[k].supplier
        top.target = 1
        w.supplier[top.into].charge = 0.0


@in_place
def climb(w: Any) -> None:
    """Name a supplier to raise: an unused one, or one below a price break (a near one, mostly) or its requirement."""
    top = w.top[0]
    s = pick_supplier(w, chance(w) < 0.5)
    supplier = w.supplier[s]
    top.into = s
    top.target = max(1, supplier.required)
    if supplier.ladder >= 0 and supplier.total >= supplier.required and (supplier.links > 0 or chance(w) < 0.5):
        for i in range(supplier.ladder, w.rung[supplier.ladder].last):
            if w.rung[i].at > supplier.total:
                top.target = w.rung[i].at
                if chance(w) < 0.6:
                    break


# --- carrying it out -----------------------------------------------------------------------


@in_place
def part_price(w: Any, p: int) -> float:
    """Return the mean price per unit that part p is ordered at."""
    part = w.part[p]
    total = 0.0
    for k in range(part.first, part.last):
        if w.link[k].total > 0:
            total += unit_price(w, k, 0) * w.link[k].total
    return float(total / max(1, part.ordered))


@in_place
def take_over(w: Any, k: int, goal: int) -> None:
    """Shift the part of link k from its other links to k, period by period, until its total is `goal`."""
    link = w.link[k]
    part = w.part[link.part]
    periods = w.top[0].periods
    for a in range(part.first, part.last):
        if a == k or w.link[a].total == 0:
            continue
        for t in range(periods):
            q = w.cell[a * periods + t].q
            if q == 0 or link.total >= goal:
                continue
            x = fit(w, k, t, min(q, goal - link.total), capacity_amount(w, k, t))
            out = min(q, x // w.link[a].step * w.link[a].step)
            if q - out < w.link[a].least and x >= q:
                out = q
            if x > 0:
                put(w, a, t, -out)
                put(w, k, t, x)


@in_place
def draw_in(w: Any) -> None:
    """Shift to supplier top.into what is cheaper there, and more, up to a total of top.target."""
    top = w.top[0]
    supplier = w.supplier[top.into]
    supplier.goal = max(supplier.total, top.target)
    top.listed = 0
    for i in range(supplier.first, supplier.last):
        k = w.link[i].offer
        link = w.link[k]
        if w.part[link.part].ordered > link.total and link.capacity >= link.least:
            gain = part_price(w, link.part) - unit_price(w, k, 0)
            enlist(w, k, -gain * (0.8 + 0.4 * chance(w)))
    sort(w)
    for i in range(top.listed):
        row = w.pad[i]
        if row.key >= 0.0 and supplier.total >= top.target:
            break
        goal = w.link[row.item].total + top.target - supplier.total
        take_over(w, row.item, w.part[w.link[row.item].part].ordered if row.key < 0.0 else goal)
    for _ in range(3):
        if supplier.total >= top.target or buy_ahead(w, top.into, top.target - supplier.total) == 0:
            break
    supplier.goal = supplier.total


@in_place
def buy_ahead(w: Any, s: int, missing: int) -> int:
    """Order up to `missing` units more than needed of one part, the cheapest per unit; return what was ordered."""
    supplier = w.supplier[s]
    periods = w.top[0].periods
    best, link, when, amount = 1e300, (-1), 0, 0
    for i in range(supplier.first, supplier.last):
        k = w.link[i].offer
        one = w.link[k]
        look_ahead(w, one.part, 0)
        for t in range(periods - 1, -1, -1):
            x = fit(w, k, t, missing, min(w.pad[t].room, capacity_amount(w, k, t)))
            if x == 0:
                continue
            cost = (one.price + one.extra + w.part[one.part].holding * (periods - t)) * x
            if w.cell[k * periods + t].q == 0:
                cost += one.order_cost
            if one.total == 0:
                cost += one.fixed
            cost /= min(x, missing)
            if cost < best:
                best, link, when, amount = cost, k, t, x
    if link >= 0:
        put(w, link, when, amount)
    return int(amount)


@in_place
def carry_out(w: Any) -> None:
    """Cover the listed parts again without supplier top.shut, then draw volume to supplier top.into."""
    top = w.top[0]
    if top.shut >= 0:
        w.supplier[top.shut].shut = 1
    sort(w)
    for i in range(top.listed):
        p = w.pad[i].item
        force(w, p)
        fill(w, p)
    if top.into >= 0:
        draw_in(w)
        w.supplier[top.into].charge = w.supplier[top.into].fixed
    if top.shut >= 0:
        w.supplier[top.shut].shut = 0
    top.listed = 0
    top.shut = -1
    top.into = -1
