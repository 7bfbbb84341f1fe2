"""Kernels: supermarkets, cards and customers of a plant.

Whoever takes from a supermarket frees cards,
cards authorise releases, a release takes from other supermarkets: loops that may go on are put on a
list and tried one after another, until nothing moves and time may pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jitopt.simulation._kernels.plant_fields as f
from jitopt.jit import in_place, twin

if TYPE_CHECKING:
    from jitopt.simulation._kernels.arrays import Floats, Ints

_calendar: Any = twin("jitopt.simulation._kernels.plant_calendar", __name__)
append, pop, new_row, drop_row = _calendar.append, _calendar.pop, _calendar.new_row, _calendar.drop_row
call, note, schedule, take, touch = _calendar.call, _calendar.note, _calendar.schedule, _calendar.take, _calendar.touch

NEARLY = 1e-9
"""A card of a control comes back when so little of it is missing (sums of shares)."""


@in_place
def measure_stock(n: Ints, x: Floats, loop: int, now: float) -> None:
    """Count the time that the stock of a loop has been what it is."""
    passed = now - x[loop + f.SINCE]
    if passed > 0.0:
        x[loop + f.AREA] += passed * n[loop + f.LEVEL]
        x[n[loop + f.STOCK_BARS] + min(n[loop + f.SHELF], n[loop + f.STOCK_BARS_COUNT] - 1)] += passed
        x[loop + f.SINCE] = now


@in_place
def measure_wip(n: Ints, x: Floats, loop: int, now: float) -> None:
    """Count the time that so many containers of a loop have been under way."""
    passed = now - x[loop + f.WIP_SINCE]
    if passed > 0.0:
        x[loop + f.WIP_AREA] += passed * n[loop + f.WIP]
        x[n[loop + f.WIP_BARS] + min(n[loop + f.WIP], n[loop + f.WIP_BARS_COUNT] - 1)] += passed
        x[loop + f.WIP_SINCE] = now


@in_place
def withdraw(n: Ints, x: Floats, loop: int, grains: int, now: float) -> None:
    """Take from a supermarket what is there, and free the cards of what was taken."""
    measure_stock(n, x, loop, now)
    level = n[loop + f.LEVEL] - grains
    size = n[loop + f.SIZE]
    n[loop + f.LEVEL] = level
    n[loop + f.SHELF] = n[loop + f.SHELF] - 1 if grains == size else (level + size - 1) // size
    n[loop + f.CONSUMED] += grains
    give_back(n, x, loop, grains, now)


@in_place
def give_back(n: Ints, x: Floats, loop: int, grains: int, now: float) -> None:
    """Free the cards of grains that are used up."""
    size = n[loop + f.SIZE]
    if grains == size and n[loop + f.USED] == 0:
        cards = 1
    else:
        before = n[loop + f.USED]
        after = before + grains
        cards = after // size - before // size
        if n[loop + f.FIRST_PIECE] == 1:
            cards = (after + size - 1) // size - (before + size - 1) // size
        n[loop + f.USED] = after % size
    if cards > 0:
        for k in range(n[loop + f.EXITS], n[loop + f.EXITS_END]):
            control = n[k]
            n[control + f.FREE] += cards
            touch(n, n[control + f.ENTRY])
        if n[loop + f.CARDED] == 1:
            free_cards(n, x, loop, cards, now)


@in_place
def free_cards(n: Ints, x: Floats, loop: int, cards: int, now: float) -> None:
    """Put freed cards on their post, but for those that are lost; without a collection they go on."""
    if x[loop + f.LOST_SHARE] > 0.0:
        kept = cards
        for _ in range(cards):
            if take(n, x, n[loop + f.LOST_SOURCE]) < x[loop + f.LOST_SHARE]:
                kept -= 1
        n[loop + f.LOST] += cards - kept
        cards = kept
    if n[loop + f.COLLECTED] == 1:
        n[loop + f.POSTED] += cards
    else:
        send_cards(n, x, loop, cards, now)


@in_place
def send_cards(n: Ints, x: Floats, loop: int, cards: int, now: float) -> None:
    """Let cards go to where they authorise work."""
    if cards > 0 and x[loop + f.CARD_TIME] > 0.0:
        row = new_row(n, f.CARD_MOVE)
        n[row + f.LOOP] = loop
        n[row + f.CARDS] = cards
        n[loop + f.MOVING] += cards
        schedule(n, x, row, now + x[loop + f.CARD_TIME])
    else:
        authorise(n, loop, cards)


@in_place
def authorise(n: Ints, loop: int, cards: int) -> None:
    """Lay cards on the board; full lots authorise the release of their containers."""
    lot = n[loop + f.LOT]
    if lot == 1:
        n[loop + f.AUTHORISED] += cards
    else:
        board = n[loop + f.BOARD] + cards
        n[loop + f.AUTHORISED] += board - board % lot
        n[loop + f.BOARD] = board % lot
    touch(n, loop)


@in_place
def may_release(n: Ints, x: Floats, loop: int) -> bool:
    """Tell whether a loop has cards and material for a container; if material is missing, note which."""
    if n[loop + f.AUTHORISED] == 0 and n[loop + f.OPEN] == 0:
        return False
    for k in range(n[loop + f.ENTRIES], n[loop + f.ENTRIES_END]):
        if n[n[k] + f.FREE] <= 0:
            return False
    for k in range(n[loop + f.INPUTS], n[loop + f.INPUTS_END], 2):
        if n[n[k] + f.LEVEL] < n[k + 1]:
            if n[loop + f.MISSED] < 0:
                n[f.SEQUENCE] += 1
                n[loop + f.WAITED_SINCE] = n[f.SEQUENCE]
            n[loop + f.MISSED] = n[k]
            return False
    return True


@in_place
def release(n: Ints, x: Floats, loop: int, now: float) -> int:
    """Take cards and material for a container, and return it."""
    if n[loop + f.OPEN] == 0:
        n[loop + f.AUTHORISED] -= 1
    for k in range(n[loop + f.ENTRIES], n[loop + f.ENTRIES_END]):
        n[n[k] + f.FREE] -= 1
    missed = n[loop + f.MISSED]
    if missed >= 0:
        n[missed + f.LATE] += 1
        n[loop + f.MISSED] = -1
    for k in range(n[loop + f.INPUTS], n[loop + f.INPUTS_END], 2):
        n[n[k] + f.WITHDRAWALS] += 1
        withdraw(n, x, n[k], n[k + 1], now)
    return born(n, x, loop, now)


@in_place
def born(n: Ints, x: Floats, loop: int, now: float) -> int:
    """Return a new container of a loop, under way from now on."""
    container = new_row(n, f.MOVE)
    n[container + f.LOOP] = loop
    n[container + f.BAD] = 0
    x[container + f.BORN] = now
    measure_wip(n, x, loop, now)
    n[loop + f.WIP] += 1
    n[loop + f.RELEASED] += 1
    note(n, x, now, f.RELEASE, loop)
    return container


@in_place
def depart(n: Ints, x: Floats, container: int, now: float) -> None:
    """Send a finished container to its supermarket, with the next departure."""
    loop = n[container + f.LOOP]
    time = now
    every = x[loop + f.DEPARTURE]
    if every > 0.0:
        trips = now // every
        time = trips * every if trips * every >= now else (trips + 1.0) * every
    if n[loop + f.CONVEYANCE_SOURCE] >= 0:
        time += take(n, x, n[loop + f.CONVEYANCE_SOURCE])
    else:
        time += x[loop + f.CONVEYANCE]
    if time > now:
        schedule(n, x, container, time)
    else:
        arrive(n, x, container, now)


@in_place
def leave(n: Ints, x: Floats, container: int, now: float) -> None:
    """Take a container off those under way."""
    loop = n[container + f.LOOP]
    born_at = x[container + f.BORN]
    measure_wip(n, x, loop, now)
    n[loop + f.WIP] -= 1
    x[loop + f.STAYED] += now - max(born_at, x[f.START])
    n[loop + f.PRODUCED] += n[loop + f.SIZE]
    drop_row(n, container)


@in_place
def arrive(n: Ints, x: Floats, container: int, now: float) -> None:
    """Put a container into its supermarket; what is bad is taken out and counts as used."""
    loop = n[container + f.LOOP]
    lead = now - x[container + f.BORN]
    x[loop + f.LEAD] += lead
    x[loop + f.LEAD_SQUARED] += lead * lead
    n[loop + f.ARRIVED] += 1
    bad = n[container + f.BAD]
    if n[loop + f.SCRAP_SOURCE] >= 0:
        found = int(take(n, x, n[loop + f.SCRAP_SOURCE])) * n[loop + f.GRAINS]
        bad = min(bad + found, n[loop + f.SIZE])
    leave(n, x, container, now)
    note(n, x, now, f.ARRIVAL, loop)
    put(n, x, loop, n[loop + f.SIZE] - bad, now)
    if n[loop + f.OUTPUTS] < n[loop + f.OUTPUTS_END]:
        split(n, x, loop, n[loop + f.SIZE] - bad, now)
    if bad > 0:
        scrap(n, x, loop, bad, now)


@in_place
def put(n: Ints, x: Floats, loop: int, grains: int, now: float) -> None:
    """Put good grains into a supermarket: orders that wait come first, then loops."""
    measure_stock(n, x, loop, now)
    level = n[loop + f.LEVEL] + grains
    n[loop + f.LEVEL] = level
    size = n[loop + f.SIZE]
    n[loop + f.SHELF] = n[loop + f.SHELF] + 1 if grains == size else (level + size - 1) // size
    if n[loop + f.SHELF] > n[loop + f.PEAK]:
        n[loop + f.PEAK] = n[loop + f.SHELF]
    if n[loop + f.SINK] == 1 and level > 0:
        withdraw(n, x, loop, level, now)
    elif n[loop + f.WAITING] >= 0:
        serve(n, x, loop, now)
    offer(n, x, loop)


@in_place
def offer(n: Ints, x: Floats, loop: int) -> None:
    """Let the loops that draw from a supermarket be tried, who has waited longest first."""
    first = n[loop + f.USERS]
    last = n[loop + f.USERS_END]
    if last - first == 1:
        touch(n, n[first])
        return
    after = -1
    for _ in range(first, last):
        chosen = -1
        for k in range(first, last):
            rank = n[n[k] + f.WAITED_SINCE]
            if n[n[k] + f.MISSED] >= 0 and rank > after and (chosen < 0 or rank < n[chosen + f.WAITED_SINCE]):
                chosen = n[k]
        if chosen < 0:
            break
        after = n[chosen + f.WAITED_SINCE]
        touch(n, chosen)


@in_place
def split(n: Ints, x: Floats, loop: int, good: int, now: float) -> None:
    """Put what a loop gives beside its own item into the supermarkets of its co-products."""
    for k in range(n[loop + f.OUTPUTS], n[loop + f.OUTPUTS_END], 2):
        other = n[k]
        grains = n[k + 1] * good // n[loop + f.SIZE]
        n[other + f.PRODUCED] += grains
        put(n, x, other, grains, now)


@in_place
def scrap(n: Ints, x: Floats, loop: int, bad: int, now: float) -> None:
    """Let bad grains count as used: their cards come free."""
    n[loop + f.SCRAPPED] += bad
    return_controls(n, x, loop, bad)
    give_back(n, x, loop, bad, now)


@in_place
def return_controls(n: Ints, x: Floats, loop: int, bad: int) -> None:
    """Give the controls back the shares of their cards that were on bad grains."""
    for k in range(n[loop + f.SPANS], n[loop + f.SPANS_END]):
        control = n[k]
        x[control + f.RETURNED] += x[k] * bad
        while x[control + f.RETURNED] >= 1.0 - NEARLY:
            x[control + f.RETURNED] -= 1.0
            n[control + f.FREE] += 1
            touch(n, n[control + f.ENTRY])


@in_place
def ruin(n: Ints, x: Floats, container: int, now: float) -> None:
    """Let a container without any good unit leave; its card comes free."""
    loop = n[container + f.LOOP]
    leave(n, x, container, now)
    n[loop + f.RUINED] += 1
    note(n, x, now, f.RUIN, loop)
    measure_stock(n, x, loop, now)
    scrap(n, x, loop, n[loop + f.SIZE], now)


@in_place
def measure_backlog(n: Ints, x: Floats, customer: int, now: float) -> None:
    """Count the time that the backlog of a customer has been what it is."""
    passed = now - x[customer + f.BACKLOG_SINCE]
    if n[customer + f.BACKLOG] > 0:
        x[customer + f.BACKLOG_AREA] += passed * n[customer + f.BACKLOG]
        x[customer + f.STOCK_OUT] += passed
    x[customer + f.BACKLOG_SINCE] = now


@in_place
def order(n: Ints, x: Floats, customer: int, now: float) -> None:
    """Let a customer order; what is not there waits or is lost."""
    if n[customer + f.INTERVAL_SOURCE] >= 0:
        interval = take(n, x, n[customer + f.INTERVAL_SOURCE])
    else:
        interval = x[customer + f.INTERVAL]
    schedule(n, x, customer, now + interval)
    loop = n[customer + f.TAKES]
    asked = n[customer + f.ORDER_SIZE]
    if n[customer + f.SIZE_SOURCE] >= 0:
        asked *= int(take(n, x, n[customer + f.SIZE_SOURCE]))
    note(n, x, now, f.ORDERED, customer)
    n[customer + f.DEMANDED] += asked
    n[customer + f.ORDERS] += 1
    there = min(asked, n[loop + f.LEVEL]) if n[loop + f.WAITING] < 0 else 0
    if there > 0:
        n[customer + f.AT_ONCE] += there
        n[customer + f.DELIVERED] += there
        withdraw(n, x, loop, there, now)
    if there == asked:
        n[customer + f.ORDERS_AT_ONCE] += 1
    elif n[customer + f.UNMET_LOST] == 1:
        n[customer + f.UNSERVED] += asked - there
    else:
        row = new_row(n, f.ORDER_ROW)
        n[row + f.OWED] = asked - there
        n[row + f.BUYER] = customer
        x[row + f.BORN] = now
        append(n, loop, f.WAITING, f.WAITING_LAST, row)
        measure_backlog(n, x, customer, now)
        n[customer + f.BACKLOG] += asked - there


@in_place
def serve(n: Ints, x: Floats, loop: int, now: float) -> None:
    """Give orders that wait what is there, first come first served."""
    while n[loop + f.WAITING] >= 0 and n[loop + f.LEVEL] > 0:
        row = n[loop + f.WAITING]
        customer = n[row + f.BUYER]
        given = min(n[row + f.OWED], n[loop + f.LEVEL])
        measure_backlog(n, x, customer, now)
        n[customer + f.BACKLOG] -= given
        n[customer + f.DELIVERED] += given
        x[customer + f.WAITED] += (now - max(x[row + f.BORN], x[f.START])) * given
        n[row + f.OWED] -= given
        if n[row + f.OWED] == 0:
            note(n, x, now, f.SERVED, customer)
            drop_row(n, pop(n, loop, f.WAITING))
        withdraw(n, x, loop, given, now)
