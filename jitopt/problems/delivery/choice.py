"""A choice forced on a delivery instance: the frequency of a supplier, or the multiple of a part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.delivery.instance import Delivery

__all__ = ["force"]


def force(instance: Delivery, choice: Mapping[str, str]) -> Delivery:
    """Return the instance with `supplier=S` made to deliver at `frequency=F`; a milk run goes along.

    In the strict cyclic form: `part=P` made to come `every=M` base periods.

    Raises
    ------
    InputError
        For a missing or unknown key, or a supplier, frequency or part that does not exist, or a
        frequency that the supplier may not have.
    """
    keys = ("part", "every") if instance.cyclic else ("supplier", "frequency")
    if set(choice) != set(keys):
        example = "part=P every=2" if instance.cyclic else "supplier=S frequency=1-2"
        raise InputError(
            f"a choice for this delivery instance names a {keys[0]} and {keys[1]}",
            value=dict(choice),
            remedy=f"write {example}",
        )
    return _multiple(instance, choice) if instance.cyclic else _frequency(instance, choice)


def _frequency(instance: Delivery, choice: Mapping[str, str]) -> Delivery:
    supplier, frequency = choice["supplier"], choice["frequency"]
    stop = next((stop for stop in instance.stops if supplier in stop.suppliers), None)
    if stop is None:
        raise InputError("there is no such supplier with demand", value=supplier, remedy="see `jitopt info`")
    if frequency not in instance.menu:
        raise InputError("there is no such frequency", value=frequency, remedy="see `jitopt info`")
    for name in stop.suppliers:
        if frequency not in instance.choices.get(name, instance.menu):
            raise InputError(f"{name!r} may not deliver at this frequency", value=frequency, remedy="see `allowed`")
    table = instance.allowed
    pairs = [] if table is None else list(zip(table.supplier, table.frequency, strict=True))
    pairs = [pair for pair in pairs if pair[0] not in stop.suppliers] + [(name, frequency) for name in stop.suppliers]
    return instance.replace(allowed={"supplier": [s for s, _ in pairs], "frequency": [f for _, f in pairs]})


def _multiple(instance: Delivery, choice: Mapping[str, str]) -> Delivery:
    part, text = choice["part"], choice["every"]
    if part not in instance.parts.part:
        raise InputError("there is no such part", value=part, remedy="see `jitopt info`")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 10**7):
        raise InputError("every must be a whole number of base periods", value=text, remedy="write every=2")
    data = instance.to_dict()["parts"]
    every = list(data.get("every") or [None] * instance.parts.rows())
    every[instance.parts.part.index(part)] = int(text)
    return instance.replace(parts=data | {"every": every})
