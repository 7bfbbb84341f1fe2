"""Kernels: supermarkets, cards and customers of a plant.

Whoever takes from a supermarket frees cards, cards authorise releases, a release takes from other
supermarkets: loops that may go on are put on a list and tried one after another, until nothing
moves and time may pass. The memory (n, x, m, y) is described in `plant_fields`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, inlined, merged, twin

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints, Matrix, Table

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
append, pop, new_row, drop_row = _calendar.append, _calendar.pop, _calendar.new_row, _calendar.drop_row
note, schedule, schedule_new = _calendar.note, _calendar.schedule, _calendar.schedule_new
take, touch = _calendar.take, _calendar.touch

NEARLY = 1e-9
"""A card of a control comes back when so little of it is missing (sums of shares)."""


@inlined
def measure_stock(n: Table, x: Matrix, y: Floats, loop: int, now: float) -> None:
    """Count the time that the stock of a loop has been what it is."""
    passed = now - x[loop, f.SINCE]
    if passed > 0.0:
        x[loop, f.AREA] += passed * n[loop, f.LEVEL]
        y[n[loop, f.STOCK_BARS] + min(n[loop, f.SHELF], n[loop, f.STOCK_BARS_COUNT] - 1)] += passed
        x[loop, f.SINCE] = now


@inlined
def measure_wip(n: Table, x: Matrix, y: Floats, loop: int, now: float) -> None:
    """Count the time that so many containers of a loop have been under way."""
    passed = now - x[loop, f.WIP_SINCE]
    if passed > 0.0:
        x[loop, f.WIP_AREA] += passed * n[loop, f.WIP]
        y[n[loop, f.WIP_BARS] + min(n[loop, f.WIP], n[loop, f.WIP_BARS_COUNT] - 1)] += passed
        x[loop, f.WIP_SINCE] = now


@merged
def withdraw(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, grains: int, now: float) -> None:
    """Take from a supermarket what is there, and free the cards of what was taken."""
    measure_stock(n, x, y, loop, now)
    level = n[loop, f.LEVEL] - grains
    size = n[loop, f.SIZE]
    n[loop, f.LEVEL] = level
    n[loop, f.SHELF] = n[loop, f.SHELF] - 1 if grains == size else (level + size - 1) // size
    n[loop, f.CONSUMED] += grains
    give_back(n, x, m, y, loop, grains, now)


@merged
def give_back(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, grains: int, now: float) -> None:
    """Free the cards of grains that are used up."""
    size = n[loop, f.SIZE]
    if grains == size and n[loop, f.USED] == 0:
        if n[loop, f.PLAIN_CARDS] == 1:
            n[loop, f.AUTHORISED] += 1
            touch(n, m, loop)
        else:
            free(n, x, m, y, loop, 1, now)
        return
    before = n[loop, f.USED]
    after = before + grains
    cards = after // size - before // size
    if n[loop, f.FIRST_PIECE] == 1:
        cards = (after + size - 1) // size - (before + size - 1) // size
    n[loop, f.USED] = after % size
    if cards > 0:
        free(n, x, m, y, loop, cards, now)


@in_place
def free(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, cards: int, now: float) -> None:
    """Free the cards of containers: of controls, and those of the loop but for those that are lost."""
    for k in range(n[loop, f.EXITS], n[loop, f.EXITS_END]):
        control = m[k]
        n[control, f.FREE] += cards
        touch(n, m, n[control, f.ENTRY])
    if n[loop, f.CARDED] == 0:
        return
    if x[loop, f.LOST_SHARE] > 0.0:
        kept = cards
        for _ in range(cards):
            if take(n, y, n[loop, f.LOST_SOURCE]) < x[loop, f.LOST_SHARE]:
                kept -= 1
        n[loop, f.LOST] += cards - kept
        cards = kept
    if n[loop, f.COLLECTED] == 1:
        n[loop, f.POSTED] += cards
    else:
        send_cards(n, x, m, y, loop, cards, now)


@in_place
def send_cards(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, cards: int, now: float) -> None:
    """Let cards go to where they authorise work."""
    if cards > 0 and x[loop, f.CARD_TIME] > 0.0:
        row = new_row(n, f.CARD_MOVE)
        n[row, f.LOOP] = loop
        n[row, f.CARDS] = cards
        n[loop, f.MOVING] += cards
        schedule_new(n, m, y, row, now + x[loop, f.CARD_TIME])
    else:
        authorise(n, m, loop, cards)


@inlined
def authorise(n: Table, m: Ints, loop: int, cards: int) -> None:
    """Lay cards on the board; full lots authorise the release of their containers."""
    lot = n[loop, f.LOT]
    if lot == 1:
        n[loop, f.AUTHORISED] += cards
    else:
        board = n[loop, f.BOARD] + cards
        n[loop, f.AUTHORISED] += board - board % lot
        n[loop, f.BOARD] = board % lot
    touch(n, m, loop)


@merged
def may_release(n: Table, m: Ints, loop: int) -> bool:
    """Tell whether a loop has cards and material for a container; if material is missing, note which."""
    if n[loop, f.AUTHORISED] == 0 and n[loop, f.OPEN] == 0:
        return False
    for k in range(n[loop, f.ENTRIES], n[loop, f.ENTRIES_END]):
        if n[m[k], f.FREE] <= 0:
            return False
    for k in range(n[loop, f.INPUTS], n[loop, f.INPUTS_END], 2):
        if n[m[k], f.LEVEL] < m[k + 1]:
            if n[loop, f.MISSED] < 0:
                n[0, f.SEQUENCE] += 1
                n[loop, f.WAITED_SINCE] = n[0, f.SEQUENCE]
            n[loop, f.MISSED] = m[k]
            return False
    return True


@merged
def release(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, now: float) -> int:
    """Take cards and material for a container, and return it."""
    if n[loop, f.OPEN] == 0:
        n[loop, f.AUTHORISED] -= 1
    for k in range(n[loop, f.ENTRIES], n[loop, f.ENTRIES_END]):
        n[m[k], f.FREE] -= 1
    missed = n[loop, f.MISSED]
    if missed >= 0:
        n[missed, f.LATE] += 1
        n[loop, f.MISSED] = -1
    for k in range(n[loop, f.INPUTS], n[loop, f.INPUTS_END], 2):
        n[m[k], f.WITHDRAWALS] += 1
        withdraw(n, x, m, y, m[k], m[k + 1], now)
    return born(n, x, m, y, loop, now)


@inlined
def born(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, now: float) -> int:
    """Return a new container of a loop, under way from now on."""
    container = new_row(n, f.MOVE)
    n[container, f.LOOP] = loop
    n[container, f.BAD] = 0
    x[container, f.BORN] = now
    measure_wip(n, x, y, loop, now)
    n[loop, f.WIP] += 1
    note(n, m, y, now, f.RELEASE, loop)
    return container


@in_place
def end_move(n: Table, x: Matrix, m: Ints, y: Floats, container: int, now: float) -> None:
    """Let a container arrive that was on its way."""
    arrive(n, x, m, y, container, now)


@in_place
def depart(n: Table, x: Matrix, m: Ints, y: Floats, container: int, now: float) -> None:
    """Let a container leave with the next departure, and arrive after its time on the way."""
    loop = n[container, f.LOOP]
    time = now
    every = x[loop, f.DEPARTURE]
    if every > 0.0:
        trips = now // every
        time = trips * every if trips * every >= now else (trips + 1.0) * every
    if n[loop, f.CONVEYANCE_SOURCE] >= 0:
        time += take(n, y, n[loop, f.CONVEYANCE_SOURCE])
    else:
        time += x[loop, f.CONVEYANCE]
    if time > now:
        schedule_new(n, m, y, container, time)
    else:
        end_move(n, x, m, y, container, now)


@inlined
def leave(n: Table, x: Matrix, m: Ints, y: Floats, container: int, now: float) -> None:
    """Take a container off those under way."""
    loop = n[container, f.LOOP]
    measure_wip(n, x, y, loop, now)
    n[loop, f.WIP] -= 1
    x[loop, f.STAYED] += now - x[container, f.BORN]
    drop_row(n, container)


@merged
def arrive(n: Table, x: Matrix, m: Ints, y: Floats, container: int, now: float) -> None:
    """Put a container into its supermarket; what is bad is taken out and counts as used."""
    loop = n[container, f.LOOP]
    n[loop, f.ARRIVED] += 1
    bad = n[container, f.BAD]
    leave(n, x, m, y, container, now)
    note(n, m, y, now, f.ARRIVAL, loop)
    if n[loop, f.SCRAP_SOURCE] >= 0:
        found = int(take(n, y, n[loop, f.SCRAP_SOURCE])) * n[loop, f.GRAINS]
        bad = min(bad + found, n[loop, f.SIZE])
    put(n, x, m, y, loop, n[loop, f.SIZE] - bad, now)
    if n[loop, f.OUTPUTS] < n[loop, f.OUTPUTS_END]:
        split(n, x, m, y, loop, n[loop, f.SIZE] - bad, now)
    if bad > 0:
        scrap(n, x, m, y, loop, bad, now)


@merged
def put(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, grains: int, now: float) -> None:
    """Put good grains into a supermarket: orders that wait come first, then loops."""
    measure_stock(n, x, y, loop, now)
    level = n[loop, f.LEVEL] + grains
    n[loop, f.LEVEL] = level
    size = n[loop, f.SIZE]
    n[loop, f.SHELF] = n[loop, f.SHELF] + 1 if grains == size else (level + size - 1) // size
    if n[loop, f.SHELF] > n[loop, f.PEAK]:
        n[loop, f.PEAK] = n[loop, f.SHELF]
    if n[loop, f.SINK] == 1 or n[loop, f.WAITING] >= 0:
        serve(n, x, m, y, loop, now)
    first = n[loop, f.USERS]
    users = n[loop, f.USERS_END] - first
    if users == 1:
        if n[m[first], f.MISSED] >= 0:
            touch(n, m, m[first])
    elif users > 1:
        offer(n, m, first, first + users)


@in_place
def offer(n: Table, m: Ints, first: int, last: int) -> None:
    """Let the loops that wait for a supermarket be tried, who has waited longest first."""
    after = -1
    for _ in range(first, last):
        chosen = -1
        for k in range(first, last):
            rank = n[m[k], f.WAITED_SINCE]
            if n[m[k], f.MISSED] >= 0 and rank > after and (chosen < 0 or rank < n[chosen, f.WAITED_SINCE]):
                chosen = m[k]
        if chosen < 0:
            break
        after = n[chosen, f.WAITED_SINCE]
        touch(n, m, chosen)


@in_place
def split(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, good: int, now: float) -> None:
    """Put what a loop gives beside its own item into the supermarkets of its co-products."""
    for k in range(n[loop, f.OUTPUTS], n[loop, f.OUTPUTS_END], 2):
        other = m[k]
        grains = m[k + 1] * good // n[loop, f.SIZE]
        n[other, f.PRODUCED] += grains
        put(n, x, m, y, other, grains, now)


@in_place
def scrap(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, bad: int, now: float) -> None:
    """Let bad grains count as used: their cards come free."""
    n[loop, f.SCRAPPED] += bad
    return_controls(n, x, m, y, loop, bad)
    give_back(n, x, m, y, loop, bad, now)


@in_place
def return_controls(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, bad: int) -> None:
    """Give the controls back the shares of their cards that were on bad grains."""
    for k in range(n[loop, f.SPANS], n[loop, f.SPANS_END]):
        control = m[k]
        x[control, f.RETURNED] += y[k] * bad
        while x[control, f.RETURNED] >= 1.0 - NEARLY:
            x[control, f.RETURNED] -= 1.0
            n[control, f.FREE] += 1
            touch(n, m, n[control, f.ENTRY])


@in_place
def ruin(n: Table, x: Matrix, m: Ints, y: Floats, container: int, now: float) -> None:
    """Let a container without any good unit leave; its card comes free."""
    loop = n[container, f.LOOP]
    leave(n, x, m, y, container, now)
    n[loop, f.RUINED] += 1
    note(n, m, y, now, f.RUIN, loop)
    measure_stock(n, x, y, loop, now)
    scrap(n, x, m, y, loop, n[loop, f.SIZE], now)


@inlined
def measure_backlog(n: Table, x: Matrix, customer: int, now: float) -> None:
    """Count the time that the backlog of a customer has been what it is."""
    passed = now - x[customer, f.BACKLOG_SINCE]
    if n[customer, f.BACKLOG] > 0:
        x[customer, f.BACKLOG_AREA] += passed * n[customer, f.BACKLOG]
        x[customer, f.STOCK_OUT] += passed
    x[customer, f.BACKLOG_SINCE] = now


@in_place
def order(n: Table, x: Matrix, m: Ints, y: Floats, customer: int, now: float) -> None:
    """Let a customer order; what is not there waits or is lost."""
    if n[customer, f.INTERVAL_SOURCE] >= 0:
        interval = take(n, y, n[customer, f.INTERVAL_SOURCE])
    else:
        interval = x[customer, f.INTERVAL]
    schedule(n, m, y, customer, now + interval)
    loop = n[customer, f.TAKES]
    asked = n[customer, f.ORDER_SIZE]
    if n[customer, f.SIZE_SOURCE] >= 0:
        asked *= int(take(n, y, n[customer, f.SIZE_SOURCE]))
    note(n, m, y, now, f.ORDERED, customer)
    n[customer, f.DEMANDED] += asked
    n[customer, f.ORDERS] += 1
    there = min(asked, n[loop, f.LEVEL]) if n[loop, f.WAITING] < 0 else 0
    if there > 0:
        n[customer, f.AT_ONCE] += there
        n[customer, f.DELIVERED] += there
        withdraw(n, x, m, y, loop, there, now)
    if there == asked:
        n[customer, f.ORDERS_AT_ONCE] += 1
    elif n[customer, f.UNMET_LOST] == 1:
        n[customer, f.UNSERVED] += asked - there
    else:
        row = new_row(n, f.ORDER_ROW)
        n[row, f.OWED] = asked - there
        n[row, f.BUYER] = customer
        x[row, f.BORN] = now
        append(n, loop, f.WAITING, f.WAITING_LAST, row)
        measure_backlog(n, x, customer, now)
        n[customer, f.BACKLOG] += asked - there


@in_place
def serve(n: Table, x: Matrix, m: Ints, y: Floats, loop: int, now: float) -> None:
    """Give orders that wait what is there, first come first served; or all to those who take whatever comes."""
    if n[loop, f.SINK] == 1 and n[loop, f.LEVEL] > 0:
        withdraw(n, x, m, y, loop, n[loop, f.LEVEL], now)
    while n[loop, f.WAITING] >= 0 and n[loop, f.LEVEL] > 0:
        row = n[loop, f.WAITING]
        customer = n[row, f.BUYER]
        given = min(n[row, f.OWED], n[loop, f.LEVEL])
        measure_backlog(n, x, customer, now)
        n[customer, f.BACKLOG] -= given
        n[customer, f.DELIVERED] += given
        x[customer, f.WAITED] += (now - max(x[row, f.BORN], x[0, f.START])) * given
        n[row, f.OWED] -= given
        if n[row, f.OWED] == 0:
            note(n, m, y, now, f.SERVED, customer)
            drop_row(n, pop(n, loop, f.WAITING))
        withdraw(n, x, m, y, loop, given, now)
