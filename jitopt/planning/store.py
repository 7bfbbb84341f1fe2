"""What a plan leaves in its folder, and what of it may be used again.

`manifest.json` notes for each step the key of its inputs (hash of instance, settings and
versions) and the hash of its result file. A result is used again only if the key is the same, the
file is unchanged, the search was not cut off by the clock, and the judge accepts the plan again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.engine.result import Result
from jitopt.errors import InputError, JitoptError
from jitopt.formats.atomic import make_folder, write_text
from jitopt.formats.results import FORMAT as RESULT_FORMAT
from jitopt.formats.results import read_result, write_result
from jitopt.formats.strict_json import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.base import Instance

__all__ = ["Store", "slug"]

FORMAT = "jitopt-manifest/1"
REPEATABLE = ("proof", "work_limit", "gap")
"""How a search ends whose outcome the next run would find again."""


def slug(name: str) -> str:
    """Return the name of a step as a part of file names: other signs replaced, a hash in their place."""
    head, _, rest = name.partition(" ")
    if not rest:
        return head
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", rest).strip("-.")[:60]
    return f"{head}-{rest}" if plain == rest else f"{head}-{plain}-{hashlib.sha256(rest.encode()).hexdigest()[:6]}"


class Store:
    """The folder of a plan; without a folder nothing is kept."""

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self.folder: Path | None = None if folder is None else Path(folder)
        self._steps: dict[str, dict[str, Any]] = {}
        self._files: list[str] = []
        self._old: list[str] = []
        self._results: dict[str, bytes] = {}
        self._read()

    def open(self) -> None:
        """Make the folder.

        Raises
        ------
        InputError
            If it cannot be made or written to.
        """
        if self.folder is None:
            return
        make_folder(self.folder)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise InputError("the folder may not be written to", source=str(self.folder), remedy="check permissions")

    def _read(self) -> None:
        """Remember what an earlier run noted; a manifest that cannot be read counts as none."""
        if self.folder is None:
            return
        try:
            data = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
            steps = data["steps"] if data["format"] == FORMAT else {}
            self._old = [str(file) for file in data.get("files", ())]
            for name, step in steps.items():
                self._remember(name, step)
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return

    def _remember(self, name: str, noted: dict[str, Any]) -> None:
        """Hold the result of a step of an earlier run, which this run may write over before it asks for it."""
        assert self.folder is not None
        try:
            text = (self.folder / f"{slug(name)}.result.json").read_bytes()
        except OSError:
            return
        if hashlib.sha256(text).hexdigest() == noted.get("result_sha256"):
            self._results[str(noted.get("key"))] = text

    @staticmethod
    def key(instance: Instance[Any], settings: Mapping[str, Any], versions: Mapping[str, str]) -> str:
        """Return the hash of everything the result of a step depends on."""
        inputs = [instance.sha256(), dict(settings), dict(versions), RESULT_FORMAT]
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def recall(self, key: str, instance: Instance[Any]) -> Result[Any] | None:
        """Return the result of an earlier run, judged again; None where none answers this question."""
        text = self._results.get(key)
        if text is None:
            return None
        try:
            result = Result.from_dict(read_result(io.BytesIO(text), instance.problem), instance.plan_type)
        except (OSError, JitoptError, ValueError, KeyError, TypeError):
            return None
        if result.plan is None or result.stopped_by not in REPEATABLE:
            return None
        found = instance.evaluate(result.plan)
        return result if found.feasible and found.objective == result.objective else None

    def keep(self, name: str, key: str, instance: Instance[Any], result: Result[Any]) -> None:
        """Write the instance and result of a step, and note them in the manifest."""
        if self.folder is None:
            return
        self.write(f"{slug(name)}.instance.json", layout(instance.to_dict()) + "\n")
        file = self.folder / f"{slug(name)}.result.json"
        write_result(result.to_dict(), str(file))
        self.note(name, key, instance)

    def note(self, name: str, key: str, instance: Instance[Any]) -> None:
        """Note a step whose files are in the folder."""
        if self.folder is None:
            return
        file = self.folder / f"{slug(name)}.result.json"
        self._steps[name] = {
            "key": key,
            "instance_sha256": instance.sha256(),
            "result": file.name,
            "result_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        self._files += [file.name, f"{slug(name)}.instance.json"]
        self._write_manifest()

    def _write_manifest(self) -> None:
        files = sorted({*self._files, *self._old})
        data = {"format": FORMAT, "steps": self._steps, "files": files}
        if self.folder is not None:
            write_text(self.folder / "manifest.json", layout(data) + "\n")

    def write(self, file: str, text: str) -> None:
        """Write a file of the folder."""
        if self.folder is not None:
            write_text(self.folder / file, text)
            self._files.append(file)

    def close(self) -> tuple[str, ...]:
        """Remove what an earlier run left and this one did not write; return the files of the folder."""
        if self.folder is None:
            return ()
        gone, self._old = set(self._old) - set(self._files), []
        self._write_manifest()
        for file in gone:
            if Path(file).name == file and file != "manifest.json":
                (self.folder / file).unlink(missing_ok=True)
        return (*sorted(set(self._files)), "manifest.json")
