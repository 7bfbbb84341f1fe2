"""Kernels: moves of the sourcing search that shift quantities between orders.

For a fixed pair of orders the cost is piecewise linear in the quantity shifted, with jumps, so the
best quantity lies where something becomes tight: `amount` offers those.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place, twin

_state: Any = twin("jitopt.heuristics._kernels.sourcing_state", __name__)
_fill: Any = twin("jitopt.heuristics._kernels.sourcing_fill", __name__)
NONE = _state.NONE
draw, chance, put = _state.draw, _state.chance, _state.put
fit, capacity_amount, way_out = _fill.fit, _fill.capacity_amount, _fill.way_out

SCAN = 256
"""Most places looked at in search of a breach."""


@in_place
def pick_part(w: Any) -> int:
    """Return a random part, half of the time one with a breach where there is one."""
    top = w.top[0]
    if top.breaches > 0 and chance(w) < 0.5:
        start = draw(w, top.parts)
        for i in range(min(SCAN, top.parts)):
            p = (start + i) % top.parts
            if w.part[p].short > 0.0 and w.part[p].last > w.part[p].first:
                return int(p)
        start = draw(w, top.suppliers)
        for i in range(min(SCAN, top.suppliers)):
            supplier = w.supplier[(start + i) % top.suppliers]
            if supplier.short > 0.0 and supplier.last > supplier.first:
                k = w.link[supplier.first + draw(w, supplier.last - supplier.first)].offer
                return int(w.link[k].part)
    return int(w.link[draw(w, top.links)].part)


@in_place
def pick_link(w: Any, p: int) -> int:
    """Return a random used link of part p, -1 if it has none."""
    part = w.part[p]
    if part.links == 0:
        return -1
    skip = draw(w, part.links)
    for k in range(part.first, part.last):
        if w.link[k].total > 0:
            if skip == 0:
                return int(k)
            skip -= 1
    return -1


@in_place
def pick_period(w: Any, k: int) -> int:
    """Return a random period in which link k has an order (0 if it has none)."""
    periods = w.top[0].periods
    start = draw(w, periods)
    for i in range(periods):
        t = (start + i) % periods
        if w.cell[k * periods + t].q > 0:
            return int(t)
    return 0


@in_place
def other_link(w: Any, a: int) -> int:
    """Return a random other link of the part of link a (a itself if it is the only one)."""
    part = w.part[w.link[a].part]
    count = part.last - part.first
    if count < 2:
        return a
    b = part.first + draw(w, count - 1)
    return int(b + 1) if b >= a else int(b)


@in_place
def other_period(w: Any, t: int) -> int:
    """Return another period, half of the time a near one (t itself if it is the only one)."""
    periods = w.top[0].periods
    if periods < 2:
        return t
    u = draw(w, periods)
    if chance(w) < 0.5:
        u = min(periods - 1, max(0, t - 2 + int(5.0 * chance(w))))
    if u == t:
        u = t - 1 if t > 0 else t + 1
    return int(u)


# --- where something becomes tight ---------------------------------------------------------


@in_place
def break_amount(w: Any, k: int, up: bool) -> int:
    """Return the units that link k lacks to the next price break, or has above the last one."""
    link = w.link[k]
    ladder, total = link.ladder, link.total
    if w.supplier[link.supplier].ladder >= 0:
        ladder, total = w.supplier[link.supplier].ladder, w.supplier[link.supplier].total
    if ladder < 0:
        return 0
    below = 0
    for i in range(ladder, w.rung[ladder].last):
        if w.rung[i].at > total:
            return int(w.rung[i].at - total) if up else int(total - below)
        below = w.rung[i].at
    return 0 if up else int(total - below)


@in_place
def share_amount(w: Any, a: int, b: int) -> int:
    """Return what brings a share of link a or b to a limit, a random one of four."""
    one, two = w.link[a], w.link[b]
    ordered = w.part[one.part].ordered
    kind = chance(w)
    if kind < 0.25:
        return int(two.most_share * ordered) - int(two.total)
    if kind < 0.5:
        return int(one.total) - int(one.most_share * ordered)
    if kind < 0.75:
        return int(max(two.least_share, two.used_share) * ordered + 0.999999) - int(two.total)
    return int(one.total) - int(max(one.least_share, one.used_share) * ordered + 0.999999)


@in_place
def quality_amount(w: Any, a: int, b: int) -> int:
    """Return what must go from link a to link b for the limit on defects or lateness to be met."""
    one, two = w.link[a], w.link[b]
    part = w.part[one.part]
    defects = -part.defects_most * part.ordered
    late = -part.late_most * part.ordered
    for k in range(part.first, part.last):
        link = w.link[k]
        defects += link.defects * link.total
        late += link.late * link.total
    found = 0.0
    if part.defects_most <= 1.0 and one.defects != two.defects:
        found = defects / (one.defects - two.defects)
    if part.late_most <= 1.0 and one.late != two.late and (found <= 0.0 or chance(w) < 0.5):
        found = late / (one.late - two.late)
    return int(min(found, 1e18) + 0.999999) if found > 0.0 else 0


@in_place
def slack_amount(w: Any, p: int, t: int, u: int) -> int:
    """Return what can come at u instead of t: stock left when later, storage left when earlier."""
    base = p * w.top[0].periods
    slack = NONE
    for i in range(min(t, u), max(t, u)):
        slot = w.slot[base + i]
        slack = min(slack, slot.stock if u > t else w.part[p].storage - slot.stock - slot.demand)
    return int(slack)


@in_place
def amount(w: Any, a: int, t: int, b: int, u: int) -> int:
    """Return a quantity to shift from order (a, t) to order (b, u): all, or where something is tight."""
    periods = w.top[0].periods
    q = int(w.cell[a * periods + t].q)
    kind = int(12.0 * chance(w))
    x = q
    if kind <= 2:
        x = capacity_amount(w, b, u) if kind == 1 else -capacity_amount(w, a, t)
    elif kind <= 4:
        x = break_amount(w, b if kind == 3 else a, kind == 3)
    elif kind == 5:
        x = share_amount(w, a, b)
    elif kind == 6:
        x = quality_amount(w, a, b)
    elif kind == 7:
        x = slack_amount(w, w.link[a].part, t, u)
    elif kind == 8:
        x = int(w.link[b].least - w.cell[b * periods + u].q)
    elif kind == 9:
        x = q - int(w.link[a].least)
    elif kind == 10:
        x = 1 + int(chance(w) * q)
    return q if x <= 0 or x > q else int(x)


# --- the moves -----------------------------------------------------------------------------


@in_place
def shift(w: Any, a: int, t: int, b: int, u: int, x: int) -> None:
    """Shift about x units from order (a, t) to order (b, u), keeping steps and, mostly, least orders."""
    periods = w.top[0].periods
    one, two = w.link[a], w.link[b]
    q = w.cell[a * periods + t].q
    out = x // one.step * one.step
    if out < x and (out == 0 or chance(w) < 0.5):
        out += one.step
    if q - out < one.least and chance(w) < 0.75:
        out = q
    out = min(out, q)
    into = (out + two.step - 1) // two.step * two.step
    if into > out and into > two.step and chance(w) < 0.3:
        into -= two.step
    put(w, a, t, -out)
    put(w, b, u, into)


@in_place
def overloader(w: Any, s: int, t: int, p: int) -> int:
    """Return a random link of supplier s with an order of a part other than p in period t, -1 if none."""
    supplier = w.supplier[s]
    count = supplier.last - supplier.first
    start = draw(w, count)
    for i in range(count):
        k = w.link[supplier.first + (start + i) % count].offer
        if w.link[k].part != p and w.cell[k * w.top[0].periods + t].q > 0:
            return int(k)
    return -1


@in_place
def shift_order(w: Any, length: int) -> None:
    """Shift a quantity between two orders of a random part, then on.

    Up to `length` times what overloads the supplier is shifted on (an ejection chain), or, the first
    time, sometimes the same quantity back (a swap).
    """
    periods = w.top[0].periods
    a = pick_link(w, pick_part(w))
    if a < 0:
        return
    t = pick_period(w, a)
    b, u = a, t
    if chance(w) < 0.6 or length > 0 or periods == 1:
        b = other_link(w, a)
    if b == a or (length == 0 and chance(w) < 0.3):
        u = other_period(w, t)
    if b == a and u == t:
        return
    home = w.link[a].supplier
    x = amount(w, a, t, b, u)
    for i in range(length + 1):
        shift(w, a, t, b, u, x)
        t = u
        s = w.link[b].supplier
        over = w.load[s * periods + t] - w.supplier[s].capacity
        if i == 0 and i < length and chance(w) < 0.4:
            over = x
        a = overloader(w, s, t, w.link[b].part) if over > 0 else (-1)
        if a < 0:
            break
        b = way_out(w, a, t, home)
        if b == a:
            break
        x = min(over, w.cell[a * periods + t].q)


@in_place
def shift_link(w: Any) -> None:
    """Give all orders of a link to another link of the part, period by period."""
    a = pick_link(w, pick_part(w))
    if a < 0:
        return
    b = other_link(w, a)
    if b == a:
        return
    periods = w.top[0].periods
    for t in range(periods):
        q = w.cell[a * periods + t].q
        if q > 0:
            put(w, a, t, -q)
            put(w, b, t, fit(w, b, t, q, w.link[b].capacity))


@in_place
def less(w: Any, k: int, t: int) -> int:
    """Return by how much to lower order (k, t): what is never used, what is above the least or a break, or all."""
    periods = w.top[0].periods
    link = w.link[k]
    q = w.cell[k * periods + t].q
    kind = int(4.0 * chance(w))
    x = int(q)
    if kind <= 1:
        for u in range(t, periods):
            x = min(x, int(w.slot[link.part * periods + u].stock))
    elif kind == 2:
        x = int(q - link.least)
    elif chance(w) < 0.5:
        x = break_amount(w, k, chance(w) < 0.0)
    return int(min(q, max(0, x)) // link.step * link.step)


@in_place
def share_missing(w: Any, k: int) -> int:
    """Return by how much link k must grow for its own least share or a random other link's largest share."""
    link = w.link[k]
    rest = float(w.part[link.part].ordered - link.total)
    other = w.link[other_link(w, k)]
    if chance(w) < 0.5 and other.most_share > 0.0:
        found = other.total / other.most_share - rest - link.total
    else:
        least = min(0.999, max(link.least_share, link.used_share))
        found = rest * least / (1.0 - least) - link.total
    return int(min(max(0.0, found), 1e18) + 0.999999)


@in_place
def dilution(w: Any, k: int) -> int:
    """Return by how much link k must grow for the average share of defects or late units to fall to its limit."""
    link = w.link[k]
    part = w.part[link.part]
    defects, late = 0.0, 0.0
    for a in range(part.first, part.last):
        defects += (w.link[a].defects - part.defects_most) * w.link[a].total
        late += (w.link[a].late - part.late_most) * w.link[a].total
    found = 0.0
    if link.defects < part.defects_most:
        found = defects / (part.defects_most - link.defects)
    if link.late < part.late_most:
        found = max(found, late / (part.late_most - link.late))
    return int(min(max(0.0, found), 1e18) + 0.999999)


@in_place
def more(w: Any, k: int, t: int) -> int:
    """Return by how much to raise order (k, t): to a break, a requirement, a shortage, a share, or a step."""
    link = w.link[k]
    supplier = w.supplier[link.supplier]
    kind = int(6.0 * chance(w))
    x = int(link.step)
    if kind == 0:
        x = break_amount(w, k, chance(w) < 1.0)
    elif kind == 1:
        x = int(max(link.required - link.total, supplier.required - supplier.total))
    elif kind == 2:
        x = int(-w.slot[link.part * w.top[0].periods + t].stock)
    elif kind == 3:
        x = share_missing(w, k)
    elif kind == 4:
        x = dilution(w, k)
    return int(fit(w, k, t, max(1, x), link.capacity))


@in_place
def adjust(w: Any) -> None:
    """Order more or less of a random link."""
    p = pick_part(w)
    k = pick_link(w, p)
    if k >= 0 and chance(w) < 0.5:
        t = pick_period(w, k)
        put(w, k, t, -less(w, k, t))
        return
    part = w.part[p]
    k = part.first + draw(w, part.last - part.first)
    t = draw(w, w.top[0].periods)
    put(w, k, t, more(w, k, t))
