"""An entry of the manifest: what is derived from the instance's file, and what only the manifest knows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from jitopt.errors import InputError, JitoptError
from jitopt.formats import read
from jitopt.formats.strict_json import layout
from jitopt.generators import generate
from jitopt.problems.base import Identifier, Instance, Known, Strict, Table, as_tuple
from jitopt.problems.wording import near

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "NAME",
    "RECIPES",
    "Change",
    "Entry",
    "Generator",
    "Library",
    "Proof",
    "Recipe",
    "derived",
    "generated_sha256",
]

RECIPES = "recipes"
"""Folder of the instances that are generated when they are read."""

Proof = Literal[
    "none", "single", "cross_checked", "exact_algorithm", "closed_form", "enumeration", "certificate", "publication"
]
"""What stands behind the lower bound: the words of the result file, and three that only people can give."""

Options = dict[str, bool | int | float | str]


NAME = re.compile(r"[a-z0-9_]{3,60}")
FILE = re.compile(r"[a-z]+/[a-z0-9_]+\.json")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError("a name has 3 to 60 small letters, digits and underscores")
    return text


def _file(text: str) -> str:
    """Refuse a path that could lead out of the library."""
    if not FILE.fullmatch(text):
        raise ValueError("a file stands as folder/name.json in the library")
    return text


class Generator(Strict):
    """How `jitopt generate` makes an instance again.

    seed, options: as given to `jitopt.generate`; options left out have their defaults.
    file_sha256: of the file that `jitopt generate ... -o FILE.json` writes, byte for byte.
    """

    seed: int
    options: Options
    file_sha256: str

    def command(self, problem: str) -> str:
        """Return the command that writes the file."""
        told = {name: str(value).lower() if isinstance(value, bool) else value for name, value in self.options.items()}
        words = [f"--set {name}={value}" for name, value in told.items()]
        return " ".join([f"jitopt generate {problem} --seed {self.seed}", *words, "-o FILE.json"])


class Recipe(Strict):
    """The file of an instance that is generated when it is read, with what is known of it."""

    recipe: Literal["jitopt-recipe/1"] = "jitopt-recipe/1"
    problem: str
    name: str
    source: str
    generator: Generator
    known: Known


class Change(Strict):
    """A change of what is known: date (ISO 8601), who, what. `by` is free text, shown as it is."""

    date: str
    by: Identifier
    what: str


class Entry(Strict):
    """An instance of the library, as the manifest lists it.

    Derived from the file: name, file (path below `instances/`), problem, origin, source, sha256 (of
    what is asked, as in result files), file_sha256, size (as `jitopt info` tells), rows (of every
    table), optimum or lower and upper (in the unit of the objective), reference.

    The manifest's own: family (class of instances), license (SPDX), proof (what stands behind the
    lower bound), methods (the exact roads that reached it), since (version of jitopt), generator,
    history (who improved what).
    """

    name: Annotated[str, AfterValidator(_name)]
    file: Annotated[str, AfterValidator(_file)]
    problem: str
    family: str = Field(min_length=1, max_length=200)
    origin: Literal["published", "constructed", "generated"]
    source: str
    license: str = "MIT"
    sha256: str
    file_sha256: str
    size: dict[str, int]
    rows: dict[str, int]
    optimum: float | None = None
    lower: float | None = None
    upper: float | None = None
    reference: str
    proof: Proof
    methods: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    since: str
    generator: Generator | None = None
    history: Annotated[tuple[Change, ...], BeforeValidator(as_tuple)] = ()

    @property
    def best(self) -> float | None:
        """The objective of the best known plan."""
        return self.upper if self.optimum is None else self.optimum

    @property
    def bound(self) -> float | None:
        """The best known lower bound; the optimum where it is known."""
        return self.lower if self.optimum is None else self.optimum

    @property
    def gap(self) -> float | None:
        """(best - bound) / |best|, None when there is no bound."""
        if self.best is None or self.bound is None:
            return None
        return abs(self.best - self.bound) / max(abs(self.best), 1e-9)

    @property
    def is_recipe(self) -> bool:
        """Whether the instance is generated when it is read."""
        return self.file.startswith(f"{RECIPES}/")


class Library(Mapping[str, Entry]):
    """Entries by name, in the order of the manifest, and the folder their files stand in."""

    def __init__(self, folder: Path, entries: Mapping[str, Entry]) -> None:
        self.folder = folder
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Entry:
        """Return the entry of this name; an unknown one is refused with the nearest that is known."""
        if name not in self._entries:
            meant = near(name, self._entries)
            raise InputError(
                "the library has no instance of this name",
                value=name,
                remedy=f"did you mean {meant}?" if meant else "`jitopt library list` shows the names",
            )
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether there is an instance of this name."""
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of instances."""
        return len(self._entries)

    def __repr__(self) -> str:
        """Say how many instances there are."""
        return f"Library({len(self)} instances)"

    def read(self, name: str) -> Instance[Any]:
        """Read an instance; a recipe is generated, and refused if it is not what the manifest lists.

        Raises
        ------
        InputError
            If there is no such instance, or its file cannot be read.
        JitoptError
            If the generator makes another instance here than it did when it was listed.
        """
        entry = self[name]
        if not entry.is_recipe:
            return read(self.folder / entry.file)
        found = read_recipe(self.folder / entry.file)
        made = _made(found.problem, found.generator)
        if made.sha256() != entry.sha256:
            raise JitoptError(
                f"{name}: the generator makes another instance here than the library lists; "
                "this version of jitopt or numpy draws other random numbers."
            )
        return made.replace(name=found.name, source=found.source, known=found.known)

    def to_frame(self, like: object = None) -> Any:
        """Return the entries as a data frame, a row each; `like` as in `Plan.to_frame`."""
        from jitopt.frames import to_frame

        words = ("name", "problem", "family", "origin", "optimum", "lower", "upper", "gap", "proof", "file", "sha256")
        rows = list(self.values())
        return to_frame({word: [getattr(entry, word) for entry in rows] for word in words}, like)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file, strictly."""
    from pydantic import ValidationError

    from jitopt.formats.strict_json import loads
    from jitopt.formats.text import read_text
    from jitopt.problems.wording import explain_validation

    text = read_text(path)
    try:
        return Recipe.model_validate(loads(text.text, text.label))
    except ValidationError as error:
        raise explain_validation(error, Recipe, str(path)) from None


def _made(problem: str, generator: Generator) -> Instance[Any]:
    return _generated(problem, generator.seed, tuple(sorted(generator.options.items())))


@lru_cache(maxsize=1)
def _generated(problem: str, seed: int, options: tuple[tuple[str, Any], ...]) -> Instance[Any]:
    """Generate an instance; the last one is kept, because it is read and then compared."""
    return generate(problem, seed=seed, **dict(options))


def generated_sha256(problem: str, generator: Generator) -> tuple[str, str]:
    """Return the hashes of what the generator makes here: of its file, and of what it asks."""
    made = _made(problem, generator)
    return file_sha256((layout(made.to_dict()) + "\n").encode()), made.sha256()


def file_sha256(data: bytes) -> str:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def derived(instance: Instance[Any], file: str, data: bytes) -> dict[str, Any]:
    """Return what an entry takes from its instance and from the bytes of its file."""
    first = instance.source.partition(":")[0].partition(",")[0]
    known = instance.known or Known()
    return {
        "name": instance.name,
        "file": file,
        "problem": instance.problem,
        "origin": first if first in ("constructed", "generated") else "published",
        "source": instance.source,
        "sha256": instance.sha256(),
        "file_sha256": file_sha256(data),
        "size": told_size(instance),
        "rows": rows_of(instance),
        "optimum": known.optimum,
        "lower": known.lower,
        "upper": known.upper,
        "reference": known.reference,
    }


def told_size(instance: Any) -> dict[str, int]:
    """Return the size as `jitopt info` tells it: breaks as written, without the start of each ladder at 0."""
    size = dict(instance.size())
    if "breaks" in size:
        size["breaks"] = instance.discounts.rows() if instance.discounts else 0
    return size


def rows_of(instance: Any) -> dict[str, int]:
    """Return the number of rows of every table that the instance has."""
    tables = {name: getattr(instance, name) for name in instance.TABLES}
    return {name: table.rows() for name, table in tables.items() if isinstance(table, Table)}
