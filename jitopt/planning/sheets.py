"""Raw tables, of a plant or of less: a folder of CSV files, a workbook, or JSON. Nothing is interpreted yet."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.errors import InputError
from jitopt.formats import strict_json
from jitopt.formats.text import read_text
from jitopt.planning.cells import Formula, columns_of
from jitopt.planning.findings import Finding
from jitopt.planning.tables import TABLES

if TYPE_CHECKING:
    from jitopt.problems.base import Table

__all__ = ["PLANT", "Kind", "Sheet", "SheetRow", "sheets_of", "sheets_of_columns"]

SEPARATORS = ",;\t|"


class Kind(NamedTuple):
    """What a source holds.

    word: its name, in messages and as "problem" in JSON. tables: by name. page: where they are described. single: the
    table that a .csv file by itself holds; "": none.
    """

    word: str
    tables: Mapping[str, type[Table]]
    page: str
    single: str = ""


PLANT = Kind("plant", TABLES, "docs/plants.md")


class SheetRow(NamedTuple):
    """A row: its number as the spreadsheet shows it, its cells by header."""

    number: int
    cells: dict[str, Any]
    surplus: int = 0


class Sheet(NamedTuple):
    """A raw table: file it came from, headers, rows; typed: the source tells numbers from text."""

    source: str
    headers: tuple[str, ...]
    rows: list[SheetRow]
    typed: bool = False
    pointer: bool = False


def sheets_of(path: str | os.PathLike[str], kind: Kind = PLANT) -> tuple[str, dict[str, Sheet], list[Finding]]:
    """Return the name of what is read, its raw tables, and a finding for each table that cannot be read.

    Parameters
    ----------
    path
        A folder of CSV files named after their tables, an .xlsx with a sheet per table, or a .json.
    kind
        Which tables there may be.

    Raises
    ------
    InputError
        If it is none of these.
    """
    place = Path(path)
    if place.is_dir():
        return _clean(place.resolve().name), *_folder(place, kind)
    if place.suffix.lower() == ".xlsx":
        return _clean(place.stem), *_workbook(place, kind)
    if place.suffix.lower() == ".json":
        return _json(place, kind)
    if place.suffix.lower() == ".csv" and kind.single and place.is_file():
        return _clean(place.stem), {kind.single: _csv(place, kind.tables[kind.single])}, []
    if not place.exists():
        raise InputError("there is no such file or folder", source=os.fspath(path), remedy="check the path")
    raise InputError(
        f"a {kind.word} is a {'.csv, a ' if kind.single else ''}folder of CSV files, an .xlsx or a .json",
        source=os.fspath(path),
        remedy="name one of these",
    )


def _clean(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:200] or "plant"


def _known(name: str, source: str, kind: Kind) -> None:
    if name not in kind.tables:
        raise InputError(
            f"a {kind.word} has no table of this name",
            value=name,
            source=source,
            remedy=f"rename or remove it; the tables are {', '.join(kind.tables)}",
        )


def _collect(
    name: str, source: str, kind: Kind, read: Callable[[], Sheet], found: dict[str, Sheet], bad: list[Finding]
) -> None:
    """Read a table; what refuses it is kept, so that all is told at once."""
    try:
        _known(name, source, kind)
        found[name] = read()
    except InputError as error:
        bad.append(Finding.of_error(error, name))


def _folder(place: Path, kind: Kind) -> tuple[dict[str, Sheet], list[Finding]]:
    found: dict[str, Sheet] = {}
    bad: list[Finding] = []
    for file in sorted(place.iterdir()):
        if file.suffix.lower() == ".csv" and not file.name.startswith("."):
            _collect(file.stem, str(file), kind, partial(_table, file, kind), found, bad)
    if not found and not bad:
        raise InputError("the folder holds no CSV file", source=str(place), remedy=f"see {kind.page} for the tables")
    return found, bad


def _table(file: Path, kind: Kind) -> Sheet:
    return _csv(file, kind.tables[file.stem])


def _csv(file: Path, table: type[Table]) -> Sheet:
    """Read a CSV file; the byte order mark that spreadsheets write is let through."""
    data = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    text = read_text(_Named(data, str(file))).text
    separator = _separator(text, columns_of(table))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        records = list(reader)
    except csv.Error as error:
        raise InputError(
            f"not a valid CSV file: {error}",
            place=f"line {reader.line_num}",
            source=str(file),
            remedy="check the quotes around this place",
        ) from None
    return _sheet(str(file), records)


class _Named(io.BytesIO):
    """Bytes that know the file they came from."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def _separator(text: str, known: Mapping[str, Any]) -> str:
    """Return the separator that finds most known columns in the first line."""
    first = text.split("\n", 1)[0]

    def found(separator: str) -> int:
        cells = next(csv.reader([first], delimiter=separator), [])
        return len({cell.strip() for cell in cells} & set(known))

    return max(SEPARATORS, key=lambda separator: (found(separator), -SEPARATORS.index(separator)))


def _sheet(source: str, records: list[list[Any]], typed: bool = False) -> Sheet:
    """Take the first record as header; rows without any cell are passed over, but counted."""
    if not records:
        raise InputError("the table is empty", source=source, remedy="write a header and rows")
    headers = [str(cell).strip() if cell is not None else "" for cell in records[0]]
    while headers and not headers[-1]:
        headers.pop()
    repeated = next((h for h in headers if headers.count(h) > 1), None)
    if repeated is not None:
        raise InputError(
            "each column may appear only once", place="row 1", value=repeated, source=source, remedy="rename one"
        )
    rows = []
    for number, record in enumerate(records[1:], start=2):
        cells = list(record)
        while cells and _empty(cells[-1]):
            cells.pop()
        if cells:
            surplus = max(0, len(cells) - len(headers))
            padded = cells + [None] * (len(headers) - len(cells))
            rows.append(SheetRow(number, dict(zip(headers, padded, strict=False)), surplus))
    return Sheet(source, tuple(headers), rows, typed)


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _workbook(place: Path, kind: Kind) -> tuple[dict[str, Sheet], list[Finding]]:
    if not place.is_file():
        raise InputError("there is no such file", source=str(place), remedy="check the path")
    try:
        import openpyxl
    except ImportError:
        raise InputError(
            "reading .xlsx needs openpyxl, which is not installed",
            source=str(place),
            remedy='install it with pip install "jitopt[excel]", or save the sheets as CSV files in a folder',
        ) from None
    try:
        book = openpyxl.load_workbook(place, read_only=True, data_only=True)
    except Exception as error:
        raise InputError(
            f"the workbook cannot be read: {error}", source=str(place), remedy="save it again as .xlsx"
        ) from None
    found: dict[str, Sheet] = {}
    bad: list[Finding] = []
    try:
        formulas = openpyxl.load_workbook(place, read_only=True) if _has_formulas(place) else None
        for sheet in book.worksheets:
            source = f"{place}, sheet {_clean(sheet.title)}"
            written = formulas[sheet.title] if formulas else None
            _collect(sheet.title, source, kind, partial(_worksheet, source, sheet, written), found, bad)
        if formulas:
            formulas.close()
    finally:
        book.close()
    return found, bad


def _has_formulas(place: Path) -> bool:
    """Tell whether a cell of the workbook has a formula; most tables have none, and are read once only."""
    with zipfile.ZipFile(place) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(b"<f>" in data or b"<f " in data for data in map(archive.read, names))


def _worksheet(source: str, sheet: Any, written: Any) -> Sheet:
    """Read a sheet; a formula without a saved value is kept as such, for it is no empty cell."""
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    for row, formulas in zip(rows, written.iter_rows(values_only=True) if written else (), strict=False):
        for place, text in enumerate(formulas):
            if place < len(row) and row[place] is None and isinstance(text, str) and text.startswith("="):
                row[place] = Formula(text)
    return _sheet(source, rows)


def _json(place: Path, kind: Kind) -> tuple[str, dict[str, Sheet], list[Finding]]:
    text = read_text(place)
    data = strict_json.loads(text.text, text.label)
    if not isinstance(data, dict) or data.get("problem") != kind.word:
        raise InputError(
            f'a {kind.word} is a JSON object with "problem": "{kind.word}"',
            source=text.label,
            remedy=f"see {kind.page}",
        )
    version = data.get("version", 1)
    if version != 1 or isinstance(version, bool):
        raise InputError(
            f"this jitopt reads a {kind.word} of version 1",
            place="/version",
            value=version,
            source=text.label,
            remedy="upgrade jitopt",
        )
    name = data.get("name", text.stem)
    if not isinstance(name, str) or not name:
        raise InputError("the name must be text", place="/name", value=name, source=text.label, remedy="correct it")
    tables = {key: value for key, value in data.items() if key not in ("problem", "version", "name", "source")}
    return _clean(name), *sheets_of_columns(tables, text.label, kind)


def sheets_of_columns(
    tables: Mapping[str, Any], source: str, kind: Kind = PLANT
) -> tuple[dict[str, Sheet], list[Finding]]:
    """Return raw tables from columns ({table: {column: [values]}}), and what refuses single ones."""
    found: dict[str, Sheet] = {}
    bad: list[Finding] = []
    for table, columns in tables.items():
        _collect(table, source, kind, partial(_of_columns, table, columns, source), found, bad)
    return found, bad


def _of_columns(table: str, columns: Any, source: str) -> Sheet:
    if not isinstance(columns, Mapping) or not all(isinstance(c, list | tuple) for c in columns.values()):
        raise InputError(
            "a table is an object of columns, each a list",
            place=f"/{table}",
            source=source,
            remedy='write {"column": [values]}',
        )
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise InputError(
            "every column of a table must have as many rows as the others",
            place=f"/{table}",
            value=sorted(lengths),
            source=source,
            remedy="add the missing entries (null where a cell is empty)",
        )
    count = lengths.pop() if lengths else 0
    rows = [SheetRow(r + 2, {name: column[r] for name, column in columns.items()}) for r in range(count)]
    return Sheet(source, tuple(columns), rows, typed=True, pointer=True)
