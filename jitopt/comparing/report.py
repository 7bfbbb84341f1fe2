"""The report: one HTML file that needs no network, and in which no text of a user is markup or code."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jitopt.comparing.definitions import DEFINITIONS
from jitopt.comparing.figures import figure_data
from jitopt.comparing.points import profile_points
from jitopt.comparing.wording import VIEWS, columns_of, shown, visible
from jitopt.errors import JitoptError
from jitopt.formats.atomic import check_writable, write_text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from jitopt.comparing.groups import Group
    from jitopt.comparing.study import VariantComparison

__all__ = ["html_text", "write_html"]

MOST_ROWS = 3000
"""Most rows of a table in the report; the CSV files have them all."""

OPEN = ("counts", "times", "plans", "pairs", "starts", "left_out", "contradictions")
"""Tables that are shown open; the long ones are folded."""


def write_html(study: VariantComparison, path: str | os.PathLike[str]) -> None:
    """Write the report, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written there.
    JitoptError
        If plotly or jinja2 are not installed.
    """
    check_writable(path)
    write_text(path, html_text(study))


def html_text(study: VariantComparison) -> str:
    """Return the report."""
    try:
        import jinja2
        from markupsafe import Markup
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise JitoptError(f"The report needs {error.name}. Remedy: pip install plotly jinja2.") from None
    scripts = [_script(get_plotlyjs()), _script(_own("report.js"))]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["visible"] = visible
    template = environment.from_string(_own("report.html.j2"))
    return template.render(
        policy=_policy(scripts),
        # The only texts that are not escaped: files of this package and of plotly.
        style=Markup(_own("report.css")),
        scripts=[Markup(script) for script in scripts],
        figures=figure_data(study),
        groups=[_label(group) for group in study.groups if study.profiles(group)],
        points=list(profile_points(study)),
        tables=list(_tables(study)),
        study=study,
        settings=study.settings.to_dict(),
        manifest=list(_facts(study.manifest)),
        definitions=DEFINITIONS,
        written=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        versions=_versions(),
        instances=len({run.key for run in study.runs}),
        variants=sorted({run.variant for run in study.runs}),
        seeds=sorted({run.seed for run in study.runs}),
    )


def _own(name: str) -> str:
    return files("jitopt.comparing").joinpath(name).read_text(encoding="utf-8")


def _script(text: str) -> str:
    """Return a script that may stand in a page: nothing in it ends its element, line ends are those of the page."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


def _policy(scripts: list[str]) -> str:
    """Return the content security policy: these very scripts may run, and nothing may be fetched."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _label(group: Group) -> str:
    return visible(group.label) + ("" if group.time_limit is None else f" ({group.time_limit:g} s)")


def _tables(study: VariantComparison) -> Iterator[dict[str, Any]]:
    for view in VIEWS:
        table = study.tables[view.table]
        if not table:
            continue
        size = len(next(iter(table.values())))
        columns = columns_of(view, study)
        rows = [[shown(table, column, row) for column in columns] for row in range(min(size, MOST_ROWS))]
        yield {
            "name": view.table, "title": view.title, "lead": view.lead, "open": view.table in OPEN and size <= 200,
            "heads": [(column.head, column.kind != "text") for column in columns], "rows": rows,
            "cut": size - len(rows),
        }  # fmt: skip


def _facts(data: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """Return nested data as lines of name and value."""
    for name, value in data.items():
        if isinstance(value, dict) and value:
            yield from _facts(value, f"{place}{name}.")
        else:
            told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            yield visible(f"{place}{name}"), visible(told)


def _versions() -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("jitopt", "numpy", "scipy", "plotly"))
