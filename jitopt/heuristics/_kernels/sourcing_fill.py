"""Kernels: greedy orders for the uncovered demand of a part, at the least cost per unit."""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place, twin

_state: Any = twin("jitopt.heuristics._kernels.sourcing_state", __name__)
NONE = _state.NONE
chance, factor, put = _state.chance, _state.factor, _state.put


@in_place
def look_ahead(w: Any, p: int, t: int) -> None:
    """Fill `lack` (largest shortage from t on) and `room` (storage left from each period on)."""
    periods = w.top[0].periods
    base = p * periods
    worst = 0
    for u in range(t, periods):
        worst = max(worst, -w.slot[base + u].stock)
        w.pad[u].lack = worst
    left = NONE
    storage = w.part[p].storage
    for u in range(periods - 1, -1, -1):
        left = min(left, storage - w.slot[base + u].stock - w.slot[base + u].demand)
        w.pad[u].room = left


@in_place
def fit(w: Any, k: int, t: int, want: int, room: int) -> int:
    """Return what to add to the order of link k in period t: `want` rounded up, no more than `room`."""
    link = w.link[k]
    if room <= 0 or want <= 0:
        return 0
    held = w.cell[k * w.top[0].periods + t].q
    x = (want + link.step - 1) // link.step * link.step
    x = max(x, link.least - held)
    if x > room:
        x = room // link.step * link.step
        if held + x < link.least:
            return 0
    return int(x)


@in_place
def link_room(w: Any, k: int, t: int) -> int:
    """Return what the order of link k in period t can grow by; only the quote's capacity counts when loose."""
    link = w.link[k]
    top = w.top[0]
    room = link.capacity - w.cell[k * top.periods + t].q
    if top.loose == 0:
        room = min(room, w.supplier[link.supplier].capacity - w.load[link.supplier * top.periods + t])
        room = min(room, w.pad[t].room)
        if link.most_share < 1.0:
            part = w.part[link.part]
            room = min(room, int(link.most_share * max(part.need, part.ordered)) - link.total)
    return int(room)


@in_place
def allowed(w: Any, k: int) -> bool:
    """Tell whether link k may be used by a greedy step (counts are kept unless loose)."""
    link = w.link[k]
    supplier = w.supplier[link.supplier]
    top = w.top[0]
    if supplier.shut != 0 or link.capacity < link.least:
        return False
    if link.total > 0 or top.loose != 0:
        return True
    if link.fresh != 0 and top.switched >= top.switches_most:
        return False
    if supplier.links == 0 and top.used >= top.suppliers_most:
        return False
    part = w.part[link.part]
    return bool(part.links < part.most)


@in_place
def unit_price(w: Any, k: int, more: int) -> float:
    """Return the price per unit of link k, defects and lateness included, if `more` were added."""
    link = w.link[k]
    supplier = w.supplier[link.supplier]
    price = link.price
    if link.ladder >= 0:
        price *= factor(w, link.ladder, link.total + more)
    elif supplier.ladder >= 0:
        price *= factor(w, supplier.ladder, max(supplier.goal, supplier.total + more))
    return float(price + link.extra)


@in_place
def entry(w: Any, k: int, rest: int) -> float:
    """Return the fixed costs of taking up link k, per unit of the volume they will serve."""
    link = w.link[k]
    supplier = w.supplier[link.supplier]
    cost = 0.0
    if link.total == 0:
        cost += link.fixed / max(1, rest)
    if supplier.links == 0:
        cost += supplier.charge / max(1, supplier.spread, rest)
    return cost


@in_place
def lot_ahead(w: Any, k: int, t: int, price: float) -> tuple[float, int]:
    """Return (cost per useful unit, quantity) of the best order of link k in period t.

    It is for the shortages of some periods from t on (the stopping rule of Silver and Meal 1973).
    """
    periods = w.top[0].periods
    link = w.link[k]
    rest = w.pad[periods - 1].lack
    holding = w.part[link.part].holding
    room = link_room(w, k, t)
    setup = link.order_cost if w.cell[k * periods + t].q == 0 else 0.0
    best, amount = 1e300, 0
    held = 0.0
    covered = 0
    for u in range(t, periods):
        if w.pad[u].lack == covered:
            continue
        held += holding * (u - t) * (w.pad[u].lack - covered)
        covered = w.pad[u].lack
        x = fit(w, k, t, covered, room)
        useful = min(x, rest)
        if useful > 0:
            score = (price * x + setup + held + holding * max(0, x - covered)) / useful
            if score < best:
                best, amount = score, x
        if x < covered or w.top[0].loose == 1:
            break
    return best, amount


@in_place
def best_lot(w: Any, k: int, t: int) -> tuple[float, int, int]:
    """Return (cost per useful unit, period, quantity) of the best order of link k against a shortage in t.

    A lot from t on, or one of an earlier period where capacity binds or an order stands.
    """
    periods = w.top[0].periods
    link = w.link[k]
    rest = w.pad[periods - 1].lack
    lack = w.pad[t].lack
    price = unit_price(w, k, rest) + entry(w, k, rest)
    holding = w.part[link.part].holding
    best, amount = lot_ahead(w, k, t, price)
    when = t
    ready = amount >= lack
    for u in range(t - 1, -1, -1):
        stands = w.cell[k * periods + u].q > 0
        if stands or not ready:
            x = fit(w, k, u, lack, link_room(w, k, u))
            if x > 0:
                setup = 0.0 if stands else link.order_cost
                score = (price * x + setup + holding * (t - u) * x) / min(x, rest)
                if score < best:
                    best, when, amount = score, u, x
                ready = True
    return best, when, amount


@in_place
def cover(w: Any, p: int, t: int) -> bool:
    """Place the best order against the shortage of part p in period t, if there is one to place."""
    top = w.top[0]
    look_ahead(w, p, t)
    part = w.part[p]
    best, link, when, amount = 1e300, (-1), 0, 0
    for k in range(part.first, part.last):
        if allowed(w, k):
            score, u, x = best_lot(w, k, t)
            score *= 1.0 + top.noise * chance(w)
            if x > 0 and score < best:
                best, link, when, amount = score, k, u, x
    if link < 0:
        return False
    put(w, link, when, amount)
    return True


# --- making room ---------------------------------------------------------------------------


@in_place
def capacity_amount(w: Any, k: int, t: int) -> int:
    """Return what is left of the capacity of link k and its supplier in period t (below 0: overload)."""
    link = w.link[k]
    periods = w.top[0].periods
    left = w.supplier[link.supplier].capacity - w.load[link.supplier * periods + t]
    return int(min(left, link.capacity - w.cell[k * periods + t].q))


@in_place
def way_out(w: Any, k: int, t: int, home: int) -> int:
    """Return the link to shift order (k, t) to: cheapest with room in t, or of supplier `home`; else k."""
    part = w.part[w.link[k].part]
    best, found = 1e300, k
    for b in range(part.first, part.last):
        s = w.link[b].supplier
        if b == k or (s != home and capacity_amount(w, b, t) <= 0):
            continue
        score = unit_price(w, b, 0) * (1.0 + 0.2 * chance(w))
        if w.supplier[s].links == 0:
            score += w.supplier[s].charge / max(1, w.cell[k * w.top[0].periods + t].q)
        if score < best:
            best, found = score, b
    return int(found)


@in_place
def evict(w: Any, k: int, t: int, want: int) -> bool:
    """Shift other parts' orders of period t away from the supplier of link k until `want` fits there."""
    supplier = w.supplier[w.link[k].supplier]
    periods = w.top[0].periods
    for i in range(supplier.first, supplier.last):
        if capacity_amount(w, k, t) >= want:
            break
        a = w.link[i].offer
        q = w.cell[a * periods + t].q
        b = way_out(w, a, t, -1) if q > 0 and a != k else a
        if b == a or w.supplier[w.link[b].supplier].shut != 0:
            continue
        missing = want - capacity_amount(w, k, t)
        x = fit(w, b, t, min(q, missing), capacity_amount(w, b, t))
        out = min(q, x // w.link[a].step * w.link[a].step)
        if q - out < w.link[a].least and x >= q:
            out = q
        if out > 0 and (out == q or q - out >= w.link[a].least):
            put(w, a, t, -out)
            put(w, b, t, x)
    return bool(capacity_amount(w, k, t) >= want)


@in_place
def make_room(w: Any, p: int, t: int) -> bool:
    """Make room for the shortage of part p in period t at one of its suppliers, if that can be."""
    part = w.part[p]
    want = -w.slot[p * w.top[0].periods + t].stock
    for k in range(part.first, part.last):
        if allowed(w, k) and w.link[k].capacity >= want and evict(w, k, t, want):
            return True
    return False


@in_place
def fill(w: Any, p: int) -> None:
    """Cover the shortages of part p; breaks shares, counts and storage only where nothing else is left."""
    top = w.top[0]
    part = w.part[p]
    tries = 2 * (part.last - part.first + 1) * top.periods + 8
    top.loose = 0
    eased = False
    t = 0 * tries
    while t < top.periods and tries > 0:
        if w.slot[p * top.periods + t].stock >= 0:
            t += 1
            continue
        tries -= 1
        placed = cover(w, p, t)
        if not placed and top.loose == 1:
            break
        eased = not placed and not eased and make_room(w, p, t)
        top.loose = int(not placed and not eased)
    top.loose = 0


@in_place
def stretch(w: Any, k: int, target: int) -> None:
    """Raise the total of link k to `target`: shortages first, then where there is room, latest first."""
    link = w.link[k]
    top = w.top[0]
    for i in range(2 * top.periods):
        if link.total >= target:
            break
        t = i if i < top.periods else 2 * top.periods - 1 - i
        look_ahead(w, link.part, t)
        want = target - link.total
        if i < top.periods:
            want = min(want, w.pad[t].lack)
        put(w, k, t, fit(w, k, t, want, link_room(w, k, t)))


@in_place
def force(w: Any, p: int) -> None:
    """Order what links of part p must have: required quantities and least shares."""
    part = w.part[p]
    for k in range(part.first, part.last):
        link = w.link[k]
        target = max(link.required, int(link.least_share * part.need + 0.999999))
        if link.total < target and link.capacity >= link.least:
            stretch(w, k, target)
