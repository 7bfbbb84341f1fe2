"""What is handed over beside an instance: a sequence or box as JSON, CSV or plain lines; the suppliers of parts."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats import strict_json
from jitopt.formats.results import claims
from jitopt.formats.text import Source, Text, read_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.heijunka import Heijunka, HeijunkaPlan

__all__ = ["read_sequence", "read_suppliers"]

SEPARATORS = ",;\t"


def read_sequence(path: Source, instance: Heijunka, clean: Callable[[str], str] = str) -> HeijunkaPlan:
    """Read a plan of a line: a result, a bare plan, a JSON list, a CSV table, or a product on each line.

    Parameters
    ----------
    path
        Path, "-" for standard input, or an open file. CSV: columns `product` and, if wanted, `position`; for a box
        `bucket`, `product`, `quantity`.
    instance
        The instance that it is held against; its products need not be those of the plan.
    clean
        Applied to the text of CSV cells (takes back what guards a spreadsheet).

    Raises
    ------
    InputError
        If it is none of these, with file, place, value and remedy.
    """
    from jitopt.problems.heijunka import HeijunkaPlan

    text = read_text(path)
    if text.text.lstrip()[:1] in ("{", "["):
        data = strict_json.loads(text.text, text.label)
        if isinstance(data, list):
            for row, value in enumerate(data):
                if not isinstance(value, str):
                    raise _wrong(text, f"/{row}", value, "a sequence is a list of products", "write their ids as text")
            data = {"sequence": data}
        told = claims(data, instance, text.label)
        if told["plan"] is None:
            raise InputError("the result has no plan to score", source=text.label, remedy="hand over one that has")
        return HeijunkaPlan.model_validate(told["plan"])
    rows = _rows(text)
    if rows is None:
        lines = (line.strip() for line in text.text.splitlines())
        return HeijunkaPlan(sequence=tuple(line for line in lines if line))
    return HeijunkaPlan.model_validate(_columns(text, rows, clean))


def _rows(text: Text) -> list[dict[str, str]] | None:
    """Return the rows of a CSV table with a column `product`, None where the text has no such heading."""
    lines = text.text.splitlines()
    heading = next((line for line in lines if line.strip()), "")
    separator = max(SEPARATORS, key=heading.count)
    names = [name.strip().strip('"').lower() for name in heading.split(separator)]
    if not {"product", "part"} & set(names):
        return None
    reader = csv.reader((line for line in lines if line.strip()), delimiter=separator)
    next(reader)
    return [{name: cell.strip() for name, cell in zip(names, row, strict=False)} | {"": ""} for row in reader]


def _columns(text: Text, rows: list[dict[str, str]], clean: Callable[[str], str]) -> dict[str, Any]:
    """Return a plan's data: by position where the table tells positions, a box where it tells buckets."""
    products = [clean(row.get("product", "")) for row in rows]
    for number, product in enumerate(products, 2):
        if not product:
            raise _wrong(
                text, f"row {number}, product", None, "every row names a product", "fill the cell or remove the row"
            )
    if rows and "bucket" in rows[0]:
        buckets = [_number(text, row, number, "bucket") for number, row in enumerate(rows, 2)]
        amounts = [_number(text, row, number, "quantity") for number, row in enumerate(rows, 2)]
        return {
            "buckets": [
                {"bucket": int(bucket), "product": product, "quantity": amount}
                for bucket, product, amount in zip(buckets, products, amounts, strict=True)
            ]
        }
    if rows and "position" in rows[0]:
        order = [_number(text, row, number, "position") for number, row in enumerate(rows, 2)]
        for number, position in enumerate(order, 2):
            if order.index(position) != number - 2 and len(set(order)) != len(order):
                raise _wrong(text, f"row {number}, position", int(position), "each position appears once", "correct it")
        products = [product for _, product in sorted(zip(order, products, strict=True), key=lambda pair: pair[0])]
    return {"sequence": products}


def _number(text: Text, row: dict[str, str], number: int, column: str) -> float:
    told = row.get(column, "")
    try:
        value = float(told)
    except ValueError:
        value = math.nan
    whole = column != "quantity"
    if not math.isfinite(value) or value < whole or (whole and value != int(value)):
        kind = "a whole number from 1" if whole else "a number from 0"
        raise _wrong(text, f"row {number}, {column}", told, f"{column} must be {kind}", "correct the cell")
    return value


def read_suppliers(path: Source, clean: Callable[[str], str] = str) -> dict[str, dict[str, float]]:
    """Read who delivers a part: a CSV table with the columns `part`, `supplier` and, if wanted, `share`.

    Returns
    -------
    dict
        {part: {supplier: share}}.

    Raises
    ------
    InputError
        If a column is missing, or a share is none.
    """
    text = read_text(path)
    rows = _rows(text)
    if not rows or not {"part", "supplier"} <= rows[0].keys():
        raise InputError(
            "the suppliers of parts are a CSV table with the columns part and supplier (and share, if wanted)",
            source=text.label,
            remedy="write them in its first row",
        )
    found: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 2):
        part, supplier = clean(row.get("part", "")), clean(row.get("supplier", ""))
        if not part or not supplier:
            raise _wrong(text, f"row {number}", None, "every row names a part and a supplier", "fill the cells")
        share = _number(text, {"quantity": row["share"]}, number, "quantity") if row.get("share") else 1.0
        found.setdefault(part, {})[supplier] = share
    return found


def _wrong(text: Text, place: str, value: object, rule: str, remedy: str) -> InputError:
    return InputError(rule, place=place, value=value, remedy=remedy, source=text.label)
