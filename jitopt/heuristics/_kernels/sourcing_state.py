"""Kernels: the plan of a sourcing search, its cost and its breaches, changed and undone cell by cell.

`w` is a `World` (jitopt/heuristics/_sourcing_world.py); k is a link, t a period, p a part and s a
supplier, by row. Cost and breach of a plan are sums of one
term per part, one per supplier and one for the counts; a change marks what it touches, `settle`
recomputes the marked terms, `keep` or `revert` ends the move.

Machine code is made for every literal that is an argument; int(0) keeps literals from being such.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place

NONE = 1 << 60
NEAR = 1e-9
"""Relative tolerance of price breaks, that of the judge."""
MOST = 1e-3
"""Largest tolerance of price breaks (units), that of the judge."""
SAFE = 1e-10
"""Tolerance of shares: a tenth of the judge's."""
MODULUS = 2147483647


@in_place
def draw(w: Any, n: int) -> int:
    """Return a random integer of 0..n-1 (Lehmer's generator, Park and Miller 1988)."""
    top = w.top[0]
    top.random = (top.random * 48271) % MODULUS
    return int(top.random % n)


@in_place
def chance(w: Any) -> float:
    """Return a random number between 0 and 1."""
    top = w.top[0]
    top.random = (top.random * 48271) % MODULUS
    return float(top.random / 2147483647.0)


@in_place
def factor(w: Any, ladder: int, total: int) -> float:
    """Return the price factor on the whole of `total` units."""
    if ladder < 0 or total <= 0:
        return 1.0
    rung = w.rung[ladder]
    reach = total + min(NEAR * max(w.top[0].one, float(total)), MOST * w.top[0].one)
    last = ladder
    while last + 1 < rung.last and w.rung[last + 1].at <= reach:
        last += 1
    if rung.kind == 0:
        return float(w.rung[last].factor)
    paid = w.rung[last].factor * (total - w.rung[last].at)
    for i in range(ladder, last):
        paid += w.rung[i].factor * (w.rung[i + 1].at - w.rung[i].at)
    return float(paid / total)


# --- terms ---------------------------------------------------------------------------------


@in_place
def link_terms(w: Any, k: int) -> tuple[float, float]:
    """Return cost and breach (grid units) of the orders of one used link."""
    link = w.link[k]
    price = link.price
    if w.supplier[link.supplier].ladder >= 0:
        price = 0.0
    elif link.ladder >= 0:
        price *= factor(w, link.ladder, link.total)
    cost = link.fixed + (price + link.extra) * link.total
    short = 0.0
    periods = w.top[0].periods
    for cell in range(k * periods, (k + 1) * periods):
        q = w.cell[cell].q
        if q > 0:
            cost += link.order_cost
            if q < link.least:
                short += link.least - q
            elif q > link.capacity:
                short += q - link.capacity
    return cost, short


@in_place
def stock_terms(w: Any, p: int) -> tuple[float, float]:
    """Return holding cost and breach of demand and storage (grid units) of a part."""
    part = w.part[p]
    periods = w.top[0].periods
    held = 0
    short = 0
    for i in range(p * periods, (p + 1) * periods):
        stock = w.slot[i].stock
        if stock > 0:
            held += stock
        else:
            short -= stock
        above = stock + w.slot[i].demand - part.storage
        if above > 0:
            short += above
    return part.holding * held, float(short)


@in_place
def share_short(w: Any, k: int, ordered: float) -> float:
    """Return by how much the link's total breaks the share limits (grid units)."""
    link = w.link[k]
    least = link.least_share
    if link.total > 0 and link.used_share > least:
        least = link.used_share
    if least > 0.0 and link.total < (least - SAFE) * ordered:
        return float(least * ordered - link.total)
    if link.most_share < 1.0 and link.total > (link.most_share + SAFE) * ordered:
        return float(link.total - link.most_share * ordered)
    return 0.0


@in_place
def part_terms(w: Any, p: int) -> tuple[float, float]:
    """Return cost and weighted breach of a part."""
    part = w.part[p]
    ordered = float(part.ordered)
    cost, short = stock_terms(w, p)
    defects = 0.0
    late = 0.0
    for k in range(part.first, part.last):
        link = w.link[k]
        if link.total > 0:
            a, b = link_terms(w, k)
            cost += a
            short += b
            defects += link.defects * link.total
            late += link.late * link.total
        short += share_short(w, k, ordered)
        if link.total < link.required:
            short += link.required - link.total
    if defects > (part.defects_most + SAFE) * ordered:
        short += defects - part.defects_most * ordered
    if late > (part.late_most + SAFE) * ordered:
        short += late - part.late_most * ordered
    count = max(0, part.least - part.links) + max(0, part.links - part.most)
    return cost, short * part.scale + count


@in_place
def supplier_terms(w: Any, s: int) -> tuple[float, float]:
    """Return cost and weighted breach of a supplier: fixed cost, purchase on its total, capacity."""
    supplier = w.supplier[s]
    periods = w.top[0].periods
    cost = 0.0
    short = 0
    if supplier.links > 0:
        cost = supplier.fixed
        if supplier.ladder >= 0:
            cost += supplier.value * factor(w, supplier.ladder, supplier.total)
        for i in range(s * periods, (s + 1) * periods):
            if w.load[i] > supplier.capacity:
                short += w.load[i] - supplier.capacity
    if supplier.total < supplier.required:
        short += supplier.required - supplier.total
    return cost, short * w.top[0].scale


@in_place
def count_short(w: Any) -> int:
    """Return by how many suppliers or new links the counts are broken."""
    top = w.top[0]
    few = max(0, top.suppliers_least - top.used)
    many = max(0, top.used - top.suppliers_most)
    return int(few + many + max(0, top.switched - top.switches_most))


@in_place
def feasible(w: Any) -> bool:
    """Tell whether the settled plan keeps every rule."""
    return bool(w.top[0].breaches == 0 and count_short(w) == 0)


# --- changes -------------------------------------------------------------------------------


@in_place
def move(w: Any, k: int, t: int, x: int) -> None:
    """Add x units to the order of link k in period t, in all books (no undo)."""
    if x == 0:
        return
    top = w.top[0]
    link = w.link[k]
    s = link.supplier
    p = link.part
    supplier = w.supplier[s]
    part = w.part[p]
    w.cell[k * top.periods + t].q += x
    w.load[s * top.periods + t] += x
    for i in range(p * top.periods + t, (p + 1) * top.periods):
        w.slot[i].stock += x
    before = link.total
    link.total += x
    supplier.total += x
    supplier.value += link.price * x
    part.ordered += x
    turned = int(link.total > 0) - int(before > 0)
    if turned != 0:
        part.links += turned
        top.switched += turned * link.fresh
        opened = int(supplier.links > 0)
        supplier.links += turned
        top.used += int(supplier.links > 0) - opened
        if supplier.links == 0:
            supplier.value = 0.0


@in_place
def begin(w: Any) -> None:
    """Start a move."""
    top = w.top[0]
    top.stamp += 1
    top.log = 0
    top.parts_seen = 0
    top.suppliers_seen = 0
    top.old_used = top.used
    top.old_switched = top.switched


@in_place
def put(w: Any, k: int, t: int, x: int) -> None:
    """Add x units to the order of link k in period t, as a part of the present move."""
    top = w.top[0]
    link = w.link[k]
    cell = k * top.periods + t
    if w.cell[cell].stamp != top.stamp:
        w.cell[cell].stamp = top.stamp
        w.cell[top.log].logged = cell
        w.cell[top.log].old = w.cell[cell].q
        top.log += 1
    part = w.part[link.part]
    if part.stamp != top.stamp:
        part.stamp = top.stamp
        part.old_cost = part.cost
        part.old_short = part.short
        w.part[top.parts_seen].seen = link.part
        top.parts_seen += 1
    supplier = w.supplier[link.supplier]
    if supplier.stamp != top.stamp:
        supplier.stamp = top.stamp
        supplier.old_cost = supplier.cost
        supplier.old_short = supplier.short
        supplier.old_value = supplier.value
        w.supplier[top.suppliers_seen].seen = link.supplier
        top.suppliers_seen += 1
    move(w, k, t, x)


@in_place
def settle(w: Any) -> None:
    """Recompute the terms that the move touched: new_cost, new_short, new_breaches."""
    top = w.top[0]
    cost = 0.0
    short = 0.0
    breaches = 0
    for i in range(top.parts_seen):
        p = w.part[i].seen
        part = w.part[p]
        part.cost, part.short = part_terms(w, p)
        cost += part.cost - part.old_cost
        short += part.short - part.old_short
        breaches += int(part.short > 0.0) - int(part.old_short > 0.0)
    for i in range(top.suppliers_seen):
        s = w.supplier[i].seen
        supplier = w.supplier[s]
        supplier.cost, supplier.short = supplier_terms(w, s)
        cost += supplier.cost - supplier.old_cost
        short += supplier.short - supplier.old_short
        breaches += int(supplier.short > 0.0) - int(supplier.old_short > 0.0)
    used, switched = top.used, top.switched
    after = count_short(w)
    top.used, top.switched = top.old_used, top.old_switched
    short += after - count_short(w)
    top.used, top.switched = used, switched
    top.new_cost = top.cost + cost
    top.new_short = top.short + short
    top.new_breaches = top.breaches + breaches


@in_place
def keep(w: Any) -> None:
    """Accept the settled move."""
    top = w.top[0]
    top.cost = top.new_cost
    top.short = top.new_short
    top.breaches = top.new_breaches
    for i in range(top.suppliers_seen):
        supplier = w.supplier[w.supplier[i].seen]
        supplier.goal = supplier.total


@in_place
def revert(w: Any) -> None:
    """Undo the move."""
    top = w.top[0]
    for i in range(top.log):
        cell = w.cell[i].logged
        move(w, cell // top.periods, cell % top.periods, w.cell[i].old - w.cell[cell].q)
    for i in range(top.parts_seen):
        part = w.part[w.part[i].seen]
        part.cost = part.old_cost
        part.short = part.old_short
    for i in range(top.suppliers_seen):
        supplier = w.supplier[w.supplier[i].seen]
        supplier.cost = supplier.old_cost
        supplier.short = supplier.old_short
        supplier.value = supplier.old_value
        supplier.goal = supplier.total


@in_place
def evaluate(w: Any) -> None:
    """Recompute every term of the plan from its quantities."""
    top = w.top[0]
    begin(w)
    for p in range(top.parts):
        w.part[p].seen = p
        w.part[p].old_cost = 0.0
        w.part[p].old_short = 0.0
    for s in range(top.suppliers):
        supplier = w.supplier[s]
        supplier.seen = s
        supplier.old_cost = 0.0
        supplier.old_short = 0.0
        supplier.value = 0.0
        for i in range(supplier.first, supplier.last):
            link = w.link[w.link[i].offer]
            supplier.value += link.price * link.total
    top.parts_seen = top.parts
    top.suppliers_seen = top.suppliers
    top.cost = 0.0
    top.short = float(count_short(w))
    top.breaches = 0
    settle(w)
    keep(w)


@in_place
def load(w: Any) -> None:
    """Replace the plan by the plan `best`; to be evaluated."""
    top = w.top[0]
    for k in range(top.links):
        for t in range(top.periods):
            cell = k * top.periods + t
            move(w, k, t, w.cell[cell].best - w.cell[cell].q)
