"""Kernels of `sourcing_assign`: construction and local search.

`search` runs cycles of threshold accepting. Results depend on the state handed in and the number
of iterations only, not on how they are cut into calls.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import in_place, twin

_state: Any = twin("jitopt.heuristics._kernels.sourcing_state", __name__)
_fill: Any = twin("jitopt.heuristics._kernels.sourcing_fill", __name__)
_shift: Any = twin("jitopt.heuristics._kernels.sourcing_shift", __name__)
_regroup: Any = twin("jitopt.heuristics._kernels.sourcing_regroup", __name__)
NONE = _state.NONE
chance, begin, settle, keep, revert = _state.chance, _state.begin, _state.settle, _state.keep, _state.revert
load, evaluate, count_short, feasible = _state.load, _state.evaluate, _state.count_short, _state.feasible
unit_price, entry = _fill.unit_price, _fill.entry
shift_order, shift_link, adjust = _shift.shift_order, _shift.shift_link, _shift.adjust
enlist, strip, carry_out, climb = _regroup.enlist, _regroup.strip, _regroup.carry_out, _regroup.climb
replan_part, replan_group = _regroup.replan_part, _regroup.replan_group
close_supplier, swap_suppliers = _regroup.close_supplier, _regroup.swap_suppliers

WINDOW = 256
"""Iterations between two adaptations of threshold and breach weight."""
UPHILL = 0.20
"""Share of uphill moves at the start of a cycle."""
NOISE = 0.15
"""Relative noise on the scores of greedy steps."""
BUSY = 100
"""Links x periods of a supplier above which its moves become rarer."""


# --- construction --------------------------------------------------------------------------


@in_place
def expect(w: Any, optimism: float) -> None:
    """Set the volume of each supplier that the greedy counts on: for price breaks and fixed costs."""
    top = w.top[0]
    for s in range(top.suppliers):
        supplier = w.supplier[s]
        volume = 0
        for i in range(supplier.first, supplier.last):
            part = w.part[w.link[w.link[i].offer].part]
            volume += part.need // max(1, min(part.last - part.first, 4))
        if supplier.capacity < NONE // top.periods:
            volume = min(volume, supplier.capacity * top.periods)
        supplier.spread = max(1, volume)
        supplier.goal = int(optimism * volume)


@in_place
def regret(w: Any, p: int) -> float:
    """Return what part p loses if its cheapest link is gone (Vogel's rule), times its need."""
    part = w.part[p]
    first, second = 1e300, 1e300
    for k in range(part.first, part.last):
        score = unit_price(w, k, part.need) + entry(w, k, part.need)
        if score < first:
            first, second = score, first
        elif score < second:
            second = score
    return 1e300 if second >= 1e300 else float((second - first) * part.need)


@in_place
def clear(w: Any, optimism: float) -> None:
    """Take all orders away and list all parts, by falling regret, to be covered anew."""
    top = w.top[0]
    strip(w, 0, top.links)
    expect(w, optimism)
    for p in range(top.parts):
        if w.part[p].last > w.part[p].first:
            enlist(w, p, -regret(w, p) * (1.0 + top.noise * chance(w)))


# --- search --------------------------------------------------------------------------------


@in_place
def change(w: Any) -> None:
    """Do a random move; moves of whole suppliers are rarer where these are large."""
    top = w.top[0]
    kind = chance(w)
    if top.cycle == 1 and top.breaches > 0:
        kind *= 0.8
    if kind < 0.5:
        shift_order(w, 4 * int(0.25 + chance(w)))
    elif kind < 0.6:
        shift_link(w)
    elif kind < 0.7:
        adjust(w)
    elif kind < 0.88:
        replan_part(w)
    elif kind < 0.92 or chance(w) * top.links * top.periods > BUSY * top.suppliers:
        replan_group(w)
    elif kind < 0.96:
        climb(w)
    else:
        close_supplier(w, 1.0 if kind < 0.98 else 0.5)
        if kind > 0.985:
            swap_suppliers(w)


@in_place
def better(w: Any, cost: float) -> bool:
    """Tell whether `cost` is below the best found so far, by more than rounding."""
    best = w.top[0].best_cost
    return bool(cost < best - 1e-9 * max(1.0, abs(best)) or best > 1e300)


@in_place
def save(w: Any, before: bool) -> None:
    """Copy the plan to `best`: as it is, or as it was before the present move."""
    top = w.top[0]
    for cell in range(top.links * top.periods):
        w.cell[cell].best = w.cell[cell].q
    if before:
        for i in range(top.log):
            w.cell[w.cell[i].logged].best = w.cell[i].old
    top.saved = 1


@in_place
def note(w: Any) -> None:
    """Note the plan if it is the best so far (it is copied when the search leaves it)."""
    top = w.top[0]
    if feasible(w) and better(w, top.cost):
        top.best_cost = top.cost
        top.saved = 0


@in_place
def decide(w: Any) -> None:
    """Take the move if it worsens the weighted cost by less than a random part of the threshold."""
    top = w.top[0]
    settle(w)
    worse = top.weight * (top.new_short - top.short) + top.new_cost - top.cost
    if worse > top.heat * chance(w):
        revert(w)
    else:
        if worse > 1e-12 * abs(top.cost):
            top.uphill += 1
        wins = top.new_breaches == 0 and count_short(w) == 0 and better(w, top.new_cost)
        if top.saved == 0 and not wins:
            save(w, top.saved == 0)
        keep(w)
        note(w)


@in_place
def adapt(w: Any) -> None:
    """Steer the share of uphill moves towards its schedule and the weight of breaches towards the border."""
    top = w.top[0]
    done = (top.iteration - top.cycle_start) / max(1, top.cycle_end - top.cycle_start)
    target = UPHILL * (1.0 - done) * (1.0 - done)
    if top.cycle <= 1 or done > 0.9:
        top.heat = 0.0
    elif top.uphill > target * WINDOW:
        top.heat *= 0.8
    else:
        top.heat = max(top.heat * 1.25, 1e-6 * top.weight_least)
    if top.infeasible == WINDOW:
        top.weight = min(top.weight * 1.5, 1e6 * top.weight_least)
    elif top.infeasible == 0 and done < 0.8:
        top.weight = max(top.weight * 0.9, top.weight_least)
    top.uphill = 0
    top.infeasible = 0


@in_place
def next_cycle(w: Any) -> None:
    """End a cycle and choose where the next begins: at the best plan or at a new construction."""
    top = w.top[0]
    if top.saved == 0:
        save(w, top.saved != 0)
    if top.cycle > 0:
        gain = top.best_cost < top.last_cost - 1e-9 * max(1.0, abs(top.last_cost))
        top.idle = 0 if gain else top.idle + 1
        if not gain:
            top.cycle_length = top.cycle_length * 7 // 5
    patience = top.patience if top.best_cost < 1e300 else top.patience * 3 // 2
    if top.idle >= patience:
        top.done = 1
    top.last_cost = top.best_cost
    top.fresh = int(top.cycle % 4 == 3)
    if top.best_cost > 1e300:
        top.fresh = int(top.cycle % 2 == 0)
    if top.cycle == 0:
        top.fresh = 1 - top.given
    if top.fresh == 0 and (top.best_cost < 1e300 or top.given == 1):
        load(w)
    evaluate(w)
    if top.fresh == 0:
        note(w)
    top.given = 0
    top.cycle += 1
    top.cycle_start = top.iteration
    top.cycle_end = top.iteration + top.cycle_length


@in_place
def build(w: Any) -> None:
    """Replace the plan by a new construction, the first one without noise; to be carried out."""
    top = w.top[0]
    if top.cycle > 1:
        top.noise = 0.5
    clear(w, 0.5 if top.cycle == 1 else chance(w))
    top.heat = 1e300


@in_place
def set_out(w: Any) -> None:
    """Set threshold and weight for a cycle that begins at the plan at hand."""
    top = w.top[0]
    for s in range(top.suppliers):
        w.supplier[s].spread = 0
    top.noise = NOISE
    top.heat = 0.0 if top.cycle <= 1 else 0.02 * top.weight_least
    top.fresh = -1
    if top.weight_least == 0.0:
        dearest = 0.0
        for k in range(top.links):
            link = w.link[k]
            period = (link.price + link.extra) / w.part[link.part].scale + link.order_cost
            dearest = max(dearest, period + link.fixed + w.supplier[link.supplier].fixed)
        top.weight_least = max(1e-9, 0.01 * dearest)
        top.weight = 100.0 * top.weight_least


@in_place
def search(w: Any, iterations: int) -> None:
    """Do iterations, the first of which constructs; `done` is set when `patience` cycles were in vain."""
    top = w.top[0]
    for _ in range(iterations):
        if top.iteration >= top.cycle_end:
            next_cycle(w)
        if top.done != 0:
            break
        begin(w)
        if top.fresh == 1:
            build(w)
        else:
            change(w)
        carry_out(w)
        if top.log > 0:
            decide(w)
        if top.fresh >= 0:
            set_out(w)
        top.infeasible += int(not feasible(w))
        top.iteration += 1
        if top.iteration % WINDOW == 0:
            adapt(w)
    if top.saved == 0:
        save(w, top.saved != 0)
