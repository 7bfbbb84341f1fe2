"""A choice forced on a kanban instance: container and cards of a loop, places or cards of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.problems.kanban.instance import MOST_CARDS
from jitopt.problems.kanban.line import MOST_PLACES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.kanban.instance import Kanban

__all__ = ["force"]

Columns = dict[str, list[Any]]


def force(instance: Kanban, choice: Mapping[str, str]) -> Kanban:
    """Return the instance with `loop=L` made to take `container=C`, `cards=N`, or both.

    Raises
    ------
    InputError
        For a missing or unknown key, or a loop, container or option that does not exist.
    """
    if instance.line is not None:
        return _force_line(instance, choice)
    if "loop" not in choice or len(choice) < 2 or set(choice) - {"loop", "container", "cards"}:
        raise InputError(
            "a choice for kanban names a loop, and a container, a number of cards, or both",
            value=dict(choice),
            remedy="write loop=L1 cards=12",
        )
    loop, cards = choice["loop"], _cards(choice.get("cards"))
    if loop not in instance.rows_of:
        raise InputError("there is no such loop", value=loop, remedy="see `jitopt info`")
    kept = _kept(instance, loop, choice.get("container"), cards)
    data = instance.to_dict()
    data.pop("known", None)
    uses = data.get("uses")
    if instance.options is not None:
        data["options"] = _select(data["options"], kept)
        if uses:
            place = {row: number for number, row in enumerate(kept)}
            data["uses"] = _select(uses, [row for row, option in enumerate(uses["option"]) if option in place])
            data["uses"]["option"] = [place[option] for option in data["uses"]["option"]]
        return type(instance).parse(data)
    data["containers"] = _select(data["containers"], kept)
    if uses and "container" in uses:
        left = set(zip(data["containers"]["loop"], data["containers"]["container"], strict=True))
        pairs = zip(uses["loop"], uses["container"], strict=True)
        data["uses"] = _select(uses, [row for row, pair in enumerate(pairs) if pair[1] is None or pair in left])
    if cards is not None:
        row = data["loops"]["loop"].index(loop)
        for name in ("minimum", "maximum"):
            column = data["loops"].setdefault(name, [None] * len(data["loops"]["loop"]))
            column[row] = cards
    return type(instance).parse(data)


def _force_line(instance: Kanban, choice: Mapping[str, str]) -> Kanban:
    """Return the line with the places or cards at one of its places, `place=1 cards=3`, counted along the flow."""
    line = instance.line
    assert line is not None
    word = "buffers" if line.word == "place" else "cards"
    if set(choice) != {"place", word}:
        raise InputError(
            f"a choice for this line names a place and its {word}", value=dict(choice), remedy=f"write place=1 {word}=2"
        )
    where = choice["place"]
    if where not in [str(place + 1) for place in range(line.decided)]:
        remedy = f"write a number from 1 to {line.decided}, counted along the flow"
        raise InputError("there is no such place", value=where, remedy=remedy)
    count = _cards(choice[word])
    data = instance.to_dict()
    data.pop("known", None)
    for name, usual in (("minimum", line.lows), ("maximum", (MOST_PLACES,) * line.decided)):
        column = list(getattr(line, name) or usual)
        column[int(where) - 1] = count
        data["line"][name] = column
    return type(instance).parse(data)


def _kept(instance: Kanban, loop: str, container: str | None, cards: int | None) -> list[int]:
    """Return the rows of the options, or of the containers, that the choice leaves."""
    table: Any = instance.options or instance.containers
    mine = [row for row in instance.rows_of[loop] if container in (None, table.container[row])]
    if instance.options is not None and cards is not None:
        mine = [row for row in mine if instance.options.cards[row] == cards]
    if not mine:
        what = f"container {container!r}" if container is not None else "such option"
        raise InputError(f"loop {loop!r} has no {what}", value=container or cards, remedy="see `jitopt info`")
    out = set(instance.rows_of[loop]) - set(mine)
    return [row for row in range(table.rows()) if row not in out]


def _select(table: Columns, rows: list[int]) -> Columns:
    return {name: [column[row] for row in rows] for name, column in table.items()}


def _cards(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isdecimal() and text.isascii()) or int(text) > MOST_CARDS:
        raise InputError("cards must be a whole number", value=text, remedy="write cards=12")
    return int(text)
