"""Kernels of `heijunka_mixed`: the price of a sequence around a stretch of slots, and the walk.

A line is what was built before slot 1 and then the sequence. A move changes the units of some free slots; what the
stretch from the first to the last of them costs is added up before and after it. Largest deviations, stations and
the cap of moves depend on the whole line and are always taken in full.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jitopt.jit import kernel

__all__ = ["World", "begin", "improve", "refresh", "total"]

BEFORE, LINE, SEED, STEP, BEST_STEP, COLOUR_LIMIT, CAP, PROBE, WIDEST = range(9)
"""Entries of `entry`. CAP: most moves, -1 without one. PROBE: number of changes kept in `sample`, -1: keep none.
COLOUR_LIMIT: 0 without one. WIDEST: largest spacing."""

OBJECTIVE, BROKEN, BEST, BEST_BROKEN, WARMTH, PENALTY, COOLING, MOVE_PRICE = range(8)
"""Entries of `level`."""

MOST, LENGTH, LOW, HIGH, POWER, GROUP = range(6)
"""Columns of `rules`. POWER: 0 counts windows, else the power of the excess; -1: a hard rule. GROUP: the maximum to
which the price belongs, -1: a sum."""

NEAR = 12
"""Farthest free slot of a near move."""


class World(NamedTuple):
    """What the walk works on.

    line, best: product rows. free: places of the line that may change. current: the row in force of each place, -1
    without one. flows, flow: coefficients by product; weight and total. flow_kind: power and group. reached: sums of
    the flows. rules, price, carry: windows. pairs, pair_group: price of neighbours. minutes, station: work less takt;
    room, price of overload, of idle time, of an overload. spacing, longest, shortest (0 without), colour: of products.
    top: maxima. found: a sum and what is broken. waits: waiting times.
    """

    line: Any
    best: Any
    free: Any
    current: Any
    flows: Any
    flow: Any
    flow_kind: Any
    reached: Any
    rules: Any
    price: Any
    carry: Any
    pairs: Any
    pair_group: Any
    minutes: Any
    station: Any
    spacing: Any
    longest: Any
    shortest: Any
    colour: Any
    top: Any
    found: Any
    waits: Any
    sample: Any
    entry: Any
    level: Any


@kernel
def refresh(world: World, a: int, b: int) -> None:
    """Sum the flows up again from place a to b."""
    before = world.entry[BEFORE]
    for f in range(len(world.flows)):
        for t in range(a, b + 1):
            world.reached[f, t - before + 1] = world.reached[f, t - before] + world.flows[f, world.line[t]]


@kernel
def add(world: World, group: int, value: float) -> None:
    """Add a price to the sum, or to a maximum."""
    if group < 0:
        world.found[0] += value
    elif value > world.top[group]:
        world.top[group] = value


@kernel
def add_flows(world: World, a: int, b: int) -> None:
    """Add the deviations of rates and usages."""
    before, slots = world.entry[BEFORE], world.entry[LINE] - world.entry[BEFORE]
    for f in range(len(world.flows)):
        power, group = world.flow_kind[f, 0], world.flow_kind[f, 1]
        first, last = (a - before, b - before) if group < 0 else (0, slots - 1)
        weight, pace = world.flow[f, 0], world.flow[f, 1] / slots
        for s in range(first, last + 1):
            off = abs(world.reached[f, s + 1] - pace * (s + 1))
            add(world, group, weight * (off * off if power == 2 else off))


@kernel
def add_rules(world: World, a: int, b: int) -> None:
    """Add the windows of the ratio rules."""
    end = world.entry[LINE]
    for r in range(len(world.rules)):
        most, length, group = world.rules[r, MOST], world.rules[r, LENGTH], world.rules[r, GROUP]
        low, high, power = world.rules[r, LOW], world.rules[r, HIGH], world.rules[r, POWER]
        if group < 0:
            low, high = max(low, a - length + 1), min(high, b)
        load = 0
        if low <= high:
            for t in range(low, min(low + length, end)):
                load += world.carry[r, world.line[t]]
        for start in range(low, high + 1):
            over = load - most
            if over > 0 and power < 0:
                world.found[1] += over
            elif over > 0:
                add(world, group, world.price[r] * (1 if power == 0 else over if power == 1 else over * over))
            load -= world.carry[r, world.line[start]]
            if start + length < end:
                load += world.carry[r, world.line[start + length]]


@kernel
def add_pairs(world: World, a: int, b: int) -> None:
    """Add changeovers and colour changes, and the units that are moved."""
    end, before = world.entry[LINE], world.entry[BEFORE]
    for k in range(len(world.pairs)):
        group = world.pair_group[k]
        first, last = (a, min(b + 1, end - 1)) if group < 0 else (before, end - 1)
        for t in range(max(1, first), last + 1):
            add(world, group, world.pairs[k, world.line[t - 1], world.line[t]])
    if world.level[MOVE_PRICE] > 0:
        for t in range(a, b + 1):
            if world.current[t] >= 0 and world.current[t] != world.line[t]:
                world.found[0] += world.level[MOVE_PRICE]
    if world.entry[CAP] >= 0:
        moved = 0
        for t in range(before, end):
            moved += world.current[t] >= 0 and world.current[t] != world.line[t]
        world.found[1] += max(0, moved - world.entry[CAP])


@kernel
def add_work(world: World) -> None:
    """Add overload and idle time of the whole line."""
    for k in range(len(world.minutes)):
        room, here = world.station[k, 0], 0.0
        for t in range(world.entry[BEFORE], world.entry[LINE]):
            there = here + world.minutes[k, world.line[t]]
            if there > room:
                world.found[0] += world.station[k, 1] * (there - room) + world.station[k, 3]
            elif there < 0:
                world.found[0] -= world.station[k, 2] * there
            here = min(max(there, 0.0), room)


@kernel
def add_runs(world: World, a: int, b: int) -> None:
    """Add what runs of a product and of a colour are too long or too short."""
    end, before = world.entry[LINE], world.entry[BEFORE]
    for colours in range(2):
        if colours == 1 and world.entry[COLOUR_LIMIT] == 0:
            break
        lo, hi = max(before, a - 1), min(end - 1, b + 1)
        own = world.colour if colours == 1 else world.longest[1]
        while lo > before and own[world.line[lo - 1]] == own[world.line[lo]]:
            lo -= 1
        while hi < end - 1 and own[world.line[hi + 1]] == own[world.line[hi]]:
            hi += 1
        run = 0
        for t in range(lo, hi + 1):
            row = world.line[t]
            run += 1
            if t == hi or own[world.line[t + 1]] != own[row]:
                most = world.entry[COLOUR_LIMIT] if colours == 1 else world.longest[0, row]
                if most > 0 and run > most:
                    world.found[1] += run - most
                if colours == 0 and run < world.shortest[row]:
                    world.found[1] += world.shortest[row] - run
                run = 0


@kernel
def add_spacings(world: World, a: int, b: int) -> None:
    """Add what units of a product are too near each other."""
    end, before = world.entry[LINE], world.entry[BEFORE]
    for t in range(a, min(end, b + world.entry[WIDEST])):
        row = world.line[t]
        for back in range(1, min(world.spacing[row], t - before + 1)):
            if world.line[t - back] == row:
                world.found[1] += world.spacing[row] - back
                break


@kernel
def local(world: World, a: int, b: int) -> None:
    """Put into `found` what the stretch costs and breaks, and what depends on the whole line."""
    world.found[0] = world.found[1] = 0.0
    for g in range(len(world.top)):
        world.top[g] = 0.0
    add_flows(world, a, b)
    add_rules(world, a, b)
    add_pairs(world, a, b)
    add_work(world)
    add_runs(world, a, b)
    if world.entry[WIDEST] > 1:
        add_spacings(world, a, b)
    for g in range(len(world.top)):
        world.found[0] += world.top[g]


@kernel
def total(world: World) -> None:
    """Put into `found` what the whole line costs and breaks; its sums are computed anew."""
    refresh(world, world.entry[BEFORE], world.entry[LINE] - 1)
    local(world, world.entry[BEFORE], world.entry[LINE] - 1)


@kernel
def keep(world: World) -> None:
    """Keep the line if it is the best so far."""
    level = world.level
    less = level[BROKEN] - level[BEST_BROKEN]
    if less < -1e-9 or (less < 1e-9 and level[OBJECTIVE] < level[BEST] - 1e-9 * max(1.0, abs(level[BEST]))):
        level[BEST], level[BEST_BROKEN] = level[OBJECTIVE], level[BROKEN]
        world.entry[BEST_STEP] = world.entry[STEP]
        world.best[:] = world.line


@kernel
def begin(world: World) -> None:
    """Score the line anew."""
    total(world)
    world.level[OBJECTIVE], world.level[BROKEN] = world.found[0], world.found[1]
    keep(world)


@kernel
def draw(world: World, below: int) -> int:
    """Return a random number from 0 to below - 1."""
    world.entry[SEED] = world.entry[SEED] * 48271 % 2147483647
    return int(world.entry[SEED] % below)


@kernel
def turn(world: World, i: int, j: int) -> None:
    """Reverse the units of the free slots i to j."""
    while i < j:
        s, t = world.free[i], world.free[j]
        world.line[s], world.line[t] = world.line[t], world.line[s]
        i += 1
        j -= 1


@kernel
def move(world: World, kind: int, i: int, j: int, back: bool) -> None:
    """Change the units of the free slots i to j: 0, 1 exchange, 2 reversal, 3 first behind last, 4 the other way."""
    if kind < 2:
        s, t = world.free[i], world.free[j]
        world.line[s], world.line[t] = world.line[t], world.line[s]
    elif kind == 2:
        turn(world, i, j)
    elif (kind == 3) == back:
        turn(world, i, j - 1)
        turn(world, i, j)
    else:
        turn(world, i, j)
        turn(world, i, j - 1)


@kernel
def improve(world: World, steps: int) -> None:
    """Propose so many moves, and take those that cost no more than chance allows."""
    entry, level, many = world.entry, world.level, len(world.free)
    for _ in range(steps):
        entry[STEP] += 1
        level[WARMTH] *= level[COOLING]
        kind, i = draw(world, 5), draw(world, many)
        j = draw(world, many) if kind == 0 else i + 1 + draw(world, NEAR)
        if kind > 1 and draw(world, 4) == 0:
            j = draw(world, many)
        i, j = min(i, j), max(i, j)
        if j >= many or i == j or (kind < 2 and world.line[world.free[i]] == world.line[world.free[j]]):
            continue
        a, b = world.free[i], world.free[j]
        local(world, a, b)
        price, broken = world.found[0], world.found[1]
        move(world, kind, i, j, False)
        refresh(world, a, b)
        local(world, a, b)
        price, broken = world.found[0] - price, world.found[1] - broken
        change = price + level[PENALTY] * broken
        if entry[PROBE] >= 0 and entry[PROBE] < len(world.sample) and abs(price) > 1e-9:
            world.sample[entry[PROBE]] = abs(price)
            entry[PROBE] += 1
        if change <= level[WARMTH] * world.waits[entry[STEP] % len(world.waits)]:
            level[OBJECTIVE] += price
            level[BROKEN] += broken
            keep(world)
        else:
            move(world, kind, i, j, True)
            refresh(world, a, b)
