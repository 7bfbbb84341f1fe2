"""A plan in force and a change of what is asked: the instance of levelling anew, with the plan made to fit.

As little as can be is changed here: units are taken out and put in, and what cannot be built yet is put off. Where the
rest goes is what the solve decides, at a price per move against the plan made to fit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.problems.wording import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jitopt.problems.heijunka.instance import Heijunka, HeijunkaPlan

__all__ = ["Changed", "Edit", "change_demand"]


@dataclass(frozen=True)
class Edit:
    """What was done to the plan in force to make it fit.

    action: "put_in", "taken_out" or "put_off". product: id. slot: where it stood, None if put in. to: where it
    stands in the plan made to fit, None if taken out. units: so many. reason: in words.
    """

    action: str
    product: str
    slot: int | None
    to: int | None
    units: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the edit as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Changed:
    """The instance of levelling anew, with the plan made to fit as its plan in force, and what was done to it."""

    instance: Heijunka
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class _Order:
    """What changes: units more of products, slots whose unit is withdrawn, first slot of what is missing."""

    change: Mapping[str, int]
    withdrawn: tuple[int, ...]
    first: Mapping[str, tuple[int, str]]
    frozen: int


def change_demand(
    instance: Heijunka,
    plan: HeijunkaPlan,
    change: Mapping[str, int],
    withdrawn: Iterable[int] = (),
    missing: Mapping[str, int] | None = None,
    frozen: int = 0,
    price: float = 0.0,
    at_most: int | None = None,
) -> Changed:
    """Return the instance after a change, with the plan in force made to fit it.

    See `jitopt.relevel`.

    Raises
    ------
    InputError
        For a product, part or slot that does not exist, units that are built already, or a slot that nothing can fill.
    """
    order = _Order(change, tuple(sorted(set(withdrawn))), _first_slots(instance, missing or {}), frozen)
    _check(instance, plan, order)
    edits: list[Edit] = []
    if instance.box is None:
        sequence = _sequence(instance, plan, order, edits)
        built = Counter(sequence)
        current: dict[str, Any] = {"sequence": sequence}
    else:
        buckets = _buckets(instance, plan, order, edits)
        rows = [(at, product, units) for at, slot in enumerate(buckets, 1) for product, units in slot.items() if units]
        built = Counter()
        for _, product, units in rows:
            built[product] += units
        names = ("bucket", "product", "quantity")
        current = {"buckets": {name: [row[column] for row in rows] for column, name in enumerate(names)}}
    demand = [built[product] for product in instance.products.product]
    kept = max([frozen, *(slot - 1 for slot, _ in order.first.values())])
    products = {**instance.products.model_dump(exclude_none=True), "demand": demand}
    by_day = {} if instance.demands is None else {"demands": _by_day(instance, demand)}
    changed = instance.replace(
        products=products,
        **by_day,
        current={**current, "price": price, "at_most": at_most},
        frozen=min(kept, len(current["sequence"]) if instance.box is None else instance.slots),
        known=None,
    )
    return Changed(changed, tuple(edits))


def _first_slots(instance: Heijunka, missing: Mapping[str, int]) -> dict[str, tuple[int, str]]:
    """Return the first slot that may build a product, and what is missing until then; parts of parts are followed."""
    users: dict[str, set[str]] = defaultdict(set)
    if instance.bill:
        for product, part, quantity in zip(
            instance.bill.product, instance.bill.part, instance.bill.quantity, strict=True
        ):
            if quantity:
                users[part].add(product)
    if instance.options:
        for product, ratio in zip(instance.options.product, instance.options.ratio, strict=True):
            users[ratio].add(product)
    found: dict[str, tuple[int, str]] = {}
    for item, slot in missing.items():
        if item not in instance.index and item not in users:
            meant = near(item, [*instance.index, *users])
            raise InputError(
                "what is missing must be a product, a part of the bill of material, or a ratio rule's option",
                place="missing",
                value=item,
                remedy=f"did you mean {meant!r}?" if meant else "see `jitopt info`",
            )
        _check_slot(instance, "missing", slot, instance.slots + 1)
        reached, waiting = {item}, [item]
        while waiting:
            for user in users[waiting.pop()] - reached:
                reached.add(user)
                waiting.append(user)
        for product in reached & instance.index.keys():
            found[product] = max(found.get(product, (0, "")), (slot, item))
    return found


def _check_slot(instance: Heijunka, place: str, slot: object, last: int) -> None:
    if isinstance(slot, bool) or not isinstance(slot, int) or not 1 <= slot <= last:
        raise InputError(f"a slot is a whole number from 1 to {last}", place=place, value=slot, remedy="correct it")


def _check(instance: Heijunka, plan: HeijunkaPlan, order: _Order) -> None:
    length = len(plan.sequence or ()) if instance.box is None else instance.slots
    if isinstance(order.frozen, bool) or not isinstance(order.frozen, int) or not 0 <= order.frozen <= length:
        raise InputError(
            f"the frozen slots are a whole number from 0 to {length}",
            place="frozen",
            value=order.frozen,
            remedy="tell how many slots of the plan in force are built or must stay",
        )
    for slot in order.withdrawn:
        _check_slot(instance, "withdrawn", slot, length)
    for product, units in order.change.items():
        if product not in instance.index:
            meant = near(product, instance.index)
            raise InputError(
                "the demand of products of the instance can change only",
                place="change",
                value=product,
                remedy=(f"did you mean {meant!r}? Correct it" if meant else "correct it")
                + ", or add it to the table products first (demand 0)",
            )
        if isinstance(units, bool) or not isinstance(units, int):
            raise InputError("a change is a whole number of units", place=f"change/{product}", value=units,
                             remedy="write 2 for two more, -2 for two fewer")  # fmt: skip
    odd = [row.product for row in plan.buckets or () if row.product not in instance.index]
    odd += [product for product in plan.sequence or () if product not in instance.index]
    if odd:
        raise InputError(
            "the plan in force may hold products of the instance only",
            place="/plan",
            value=odd[0],
            remedy="add it to the table products (demand 0 if it is no longer built)",
        )


# --- a sequence ----------------------------------------------------------------------------------


def _sequence(instance: Heijunka, plan: HeijunkaPlan, order: _Order, edits: list[Edit]) -> list[str]:
    """Return the sequence made to fit: first what goes, then what comes, then what must wait."""
    units = list(enumerate(plan.sequence or (), 1))
    out = _leaving(units, order, edits)
    kept: list[tuple[int | None, str]] = [unit for unit in units if unit[0] not in out]
    frozen, rest = kept[: order.frozen], kept[order.frozen :]
    for product, more in order.change.items():
        rest = _put_in(rest, product, more)
    queue = [(product, slot) for slot, product in rest]
    found = [product for _, product in frozen]
    wait = max((slot for slot, _ in order.first.values()), default=0)
    while queue:
        at = len(found) + 1
        row = 0
        if at < wait:
            may = [r for r, (product, _) in enumerate(queue) if order.first.get(product, (0, ""))[0] <= at]
            if not may:
                raise _nothing(at, order.first[queue[0][0]])
            row = next((r for r in may if _fits(instance, found, queue[r][0])), may[0])
        product, slot = queue.pop(row)
        found.append(product)
        if slot is None:
            edits.append(Edit("put_in", product, None, at, 1, "more are asked"))
        elif product in order.first and slot < order.first[product][0] <= at:
            first, missing = order.first[product]
            edits.append(Edit("put_off", product, slot, at, 1, f"{missing} is missing until slot {first}"))
    return found


def _fits(instance: Heijunka, built: list[str], product: str) -> bool:
    """Tell whether a product may follow what is built, by the hard rules that look back."""
    row, at = instance.index[product], len(built)
    spacing = instance.spacing_of(row)
    if product in built[max(0, at - spacing + 1) :]:
        return False
    longest = instance.longest_run_of(row)
    if longest is not None and at >= longest and all(other == product for other in built[at - longest :]):
        return False
    for rule in instance.ratio_rules:
        if rule.hard and row in rule.products:
            window = built[max(0, at - rule.in_any + 1) :]
            if 1 + sum(instance.index[other] in rule.products for other in window) > rule.at_most:
                return False
    return True


def _leaving(units: Sequence[tuple[int, str]], order: _Order, edits: list[Edit]) -> set[int]:
    """Return the slots whose units are taken out: those withdrawn, then of a product the last ones."""
    out: set[int] = set()
    for slot in order.withdrawn:
        if slot <= order.frozen:
            raise _built(units[slot - 1][1], f"slot {slot} does not", order.frozen)
        out.add(slot)
        edits.append(Edit("taken_out", units[slot - 1][1], slot, None, 1, "withdrawn"))
    for product, more in order.change.items():
        free = [slot for slot, name in units if name == product and slot > order.frozen and slot not in out]
        if len(free) < -more:
            raise _built(product, f"only {len(free)} of {-more} units do", order.frozen)
        for slot in free[len(free) + more :] if more < 0 else ():
            out.add(slot)
            edits.append(Edit("taken_out", product, slot, None, 1, "fewer are asked"))
    return out


def _built(product: str, what: str, frozen: int) -> InputError:
    return InputError(
        f"what is taken out must stand behind the {frozen} frozen slots, which {what}",
        place="change",
        value=product,
        remedy="freeze fewer slots, or take out less",
    )


def _nothing(slot: int, reason: tuple[int, str]) -> InputError:
    return InputError(
        f"nothing can be built in slot {slot}: every unit that is left waits for what is missing",
        place="missing",
        value=f"{reason[1]} until slot {reason[0]}",
        remedy="tell an earlier slot, or put in units that do not need it",
    )


def _put_in(rest: list[tuple[int | None, str]], product: str, more: int) -> list[tuple[int | None, str]]:
    """Put units in evenly: the q-th of m before the share (2q - 1)/(2m) of what is there."""
    found, length = list(rest), len(rest)
    for q in range(more, 0, -1):
        found.insert((2 * q - 1) * length // (2 * more), (None, product))
    return found


# --- a box ---------------------------------------------------------------------------------------


def _buckets(instance: Heijunka, plan: HeijunkaPlan, order: _Order, edits: list[Edit]) -> list[dict[str, int]]:
    """Return the box made to fit: fewer from the last buckets, more and what must wait into the emptiest."""
    if order.withdrawn:
        raise InputError("a bucket has no order of its units", place="withdrawn", value=order.withdrawn[0],
                         remedy="tell the change of the product's demand")  # fmt: skip
    slots: list[dict[str, int]] = [defaultdict(int) for _ in range(instance.slots)]
    for row in plan.buckets or ():
        if row.bucket <= instance.slots:
            slots[row.bucket - 1][row.product] += int(row.quantity)
    for product, more in sorted(order.change.items(), key=lambda entry: entry[1] >= 0):
        for at in range(instance.slots, order.frozen, -1):
            units = min(max(0, -more), slots[at - 1][product])
            if units:
                slots[at - 1][product] -= units
                more += units
                edits.append(Edit("taken_out", product, at, None, units, "fewer are asked"))
        if more < 0:
            raise _built(product, f"only {more - order.change[product]} of {-order.change[product]} units do",
                         order.frozen)  # fmt: skip
        first = max(order.frozen + 1, order.first.get(product, (0, ""))[0])
        for _ in range(more):
            edits.append(Edit("put_in", product, None, _place(slots, product, first), 1, "more are asked"))
    for product, (first, missing) in order.first.items():
        for at in range(order.frozen + 1, min(first, instance.slots + 1)):
            for _ in range(slots[at - 1].pop(product, 0)):
                to = _place(slots, product, first)
                edits.append(Edit("put_off", product, at, to, 1, f"{missing} is missing until bucket {first}"))
    return slots


def _by_day(instance: Heijunka, demand: Sequence[int]) -> dict[str, Any]:
    """Return the demand by day: what is more is due on the last day, what is less is not due on the last ones."""
    table, box = instance.demands, instance.box
    rows = list(zip(table.product, table.day, table.quantity, strict=True)) if table else []
    due = {(product, day): quantity for product, day, quantity in rows}
    last = (box.days if box else None) or 1
    for product, before, now in zip(instance.products.product, instance.products.demand, demand, strict=True):
        if now > before:
            due[product, last] = due.get((product, last), 0) + now - before
        surplus = before - now
        for day in range(last, 0, -1):
            less = min(max(0, surplus), due.get((product, day), 0))
            if less:
                due[product, day] -= less
                surplus -= less
    columns = [(product, day, quantity) for (product, day), quantity in due.items()]
    return {name: [row[at] for row in columns] for at, name in enumerate(("product", "day", "quantity"))}


def _place(slots: list[dict[str, int]], product: str, first: int) -> int:
    """Put a unit into the emptiest bucket from `first` on; return the bucket."""
    if first > len(slots):
        raise _nothing(len(slots), (first, product))
    to = min(range(first, len(slots) + 1), key=lambda at: (sum(slots[at - 1].values()), at))
    slots[to - 1][product] = slots[to - 1].get(product, 0) + 1
    return to
