"""The library against its files: hashes, sizes, plans, bounds, generators; and, if asked, every bound by its roads."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jitopt.collection.entries import RECIPES, Entry, derived, generated_sha256, read_recipe
from jitopt.collection.manifest import MANIFEST, README, home, library, manifest_text, table_text, with_table
from jitopt.collection.proving import contradictions, prove
from jitopt.errors import JitoptError
from jitopt.formats.atomic import write_text
from jitopt.problems import PROBLEMS
from jitopt.problems.base import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from jitopt.collection.entries import Library
    from jitopt.problems.base import Instance

__all__ = ["PRECISION", "is_below", "same", "update", "verify", "write_library"]

PRECISION = Fraction(1, 10**12)
"""A stated value is the judge's if they differ by no more than this, relative to max(1, |value|)."""


def verify(
    names: Iterable[str] = (),
    *,
    folder: str | Path | None = None,
    prove_seconds: float = 0.0,
    tell: Callable[[str], object] | None = None,
) -> list[str]:
    """Return every breach of the library, one line each; an empty list when all is well.

    What a file says is derived again and compared with the manifest; every known plan is judged, and
    its value must be the one stated; no bound may lie above it; generated instances are generated
    again and compared byte for byte; every file is listed and every listed file is there.

    Parameters
    ----------
    names
        Which instances; empty: all, and the folder and the README as well.
    folder
        A library's folder; None: the one that comes with jitopt.
    prove_seconds
        Above 0: every exact road solves each instance for at most so long [s], and nothing it finds
        may contradict what is known.
    tell
        Called with a line about each instance that roads were asked about.

    Raises
    ------
    InputError
        If there is no manifest or no such instance.
    """
    shelf = library(folder=folder)
    chosen = [shelf[name] for name in names] or list(shelf.values())
    found = [f"{entry.name}: {line}" for entry in chosen for line in _entry(shelf, entry)]
    if not names:
        found += _listing(shelf)
    if prove_seconds > 0:
        for entry in chosen:
            found += _proven(shelf, entry, prove_seconds, tell or (lambda line: None))
    return found


def _entry(shelf: Library, entry: Entry) -> list[str]:
    """Return what is wrong with an entry, its file and its plan."""
    path = shelf.folder / entry.file
    if not path.is_file():
        return [f"the file {entry.file} does not exist"]
    try:
        instance = shelf.read(entry.name)
    except JitoptError as error:
        return [str(error)]
    told = derived(instance, entry.file, path.read_bytes())
    stated = entry.model_dump()
    found = [
        f"{key}: the manifest says {stated[key]!r}, the file gives {value!r}; if the file is right, "
        "run jitopt library verify --update"
        for key, value in told.items()
        if stated[key] != value
    ]
    if path.stem != entry.name:
        found.append(f"the file is called {path.name}, the instance {entry.name}")
    return found + _known(instance, entry) + _generator(instance, entry)


def _known(instance: Instance[Any], entry: Entry) -> list[str]:
    """Return what is wrong with the known plan and values of an instance."""
    known = instance.known
    if known is None or known.plan is None or not known.reference:
        return ["known: a plan and a reference are needed"]
    if (known.optimum is None) == (known.upper is None):
        return ["known: either the optimum or an upper value is needed"]
    found = []
    if known.optimum is not None and known.lower is not None:
        found.append("known: an optimum needs no lower bound beside it")
    if (entry.bound is None) != (entry.proof == "none"):
        found.append(f"proof: {entry.proof!r} does not fit a lower bound of {entry.bound!r}")
    if entry.optimum is not None and entry.proof == "single":
        found.append("proof: one road alone proves a lower bound, no optimum")
    if entry.proof == "cross_checked" and len(entry.methods) < 2:
        found.append("proof: 'cross_checked' needs the two methods that agree")
    try:
        judged = instance.evaluate(instance.plan_type.model_validate(known.plan))
    except ValidationError as error:
        return [*found, f"known: the plan has not the form of a plan: {error.errors()[0]['msg']}"]
    found += [f"known: the plan breaks {v.rule} {' '.join(v.members)}: {v.message}" for v in judged.violations]
    best = known.upper if known.optimum is None else known.optimum
    if best is not None and judged.exact is not None and not same(exact(best), judged.exact):
        found.append(f"known: {best!r} is stated, the plan's objective is {judged.objective!r}")
    if known.lower is not None and judged.exact is not None and exact(known.lower) > judged.exact:
        found.append(f"known: the lower bound {known.lower!r} is refuted by the plan: {judged.objective!r}")
    return found


def same(stated: Fraction, true: Fraction) -> bool:
    """Tell whether a stated value is the true one, but for the rounding of a written number."""
    return abs(stated - true) <= PRECISION * max(Fraction(1), abs(true))


def is_below(value: Fraction, other: Fraction) -> bool:
    """Tell whether a value is lower than another, by more than the rounding of a written number."""
    return value < other and not same(value, other)


def _generator(instance: Instance[Any], entry: Entry) -> list[str]:
    """Generate an instance again: the same file, byte for byte, and the same question."""
    if entry.generator is None:
        return ["generator: a generated instance needs its seed and options"] if entry.origin == "generated" else []
    written, asked = generated_sha256(entry.problem, entry.generator)
    found = []
    if written != entry.generator.file_sha256:
        found.append(f"generator: {entry.generator.command(entry.problem)} writes another file here than it did")
    if asked != instance.sha256():
        found.append("generator: seed and options make another instance")
    return found


def _listing(shelf: Library) -> list[str]:
    """Return what is wrong with the folder: files that are not listed, texts that are not what is derived."""
    listed = [entry.file for entry in shelf.values()]
    folders = (*PROBLEMS, RECIPES)
    there = {path.relative_to(shelf.folder).as_posix() for word in folders for path in shelf.folder.glob(f"{word}/*")}
    found = [f"{file}: it is not listed; add it by jitopt library submit" for file in sorted(there - {*listed})]
    found += [f"{file}: it is listed twice" for file in sorted({file for file in listed if listed.count(file) > 1})]
    asked = [entry.sha256 for entry in shelf.values()]
    found += [f"{e.name}: another instance asks the same" for e in shelf.values() if asked.count(e.sha256) > 1]
    entries = list(shelf.values())
    if (shelf.folder / MANIFEST).read_text(encoding="utf-8") != manifest_text(entries):
        found.append(f"{MANIFEST}: it is not in its own layout; run jitopt library verify --update")
    if table_text(entries) not in (shelf.folder / README).read_text(encoding="utf-8"):
        found.append(f"{README}: its list is not the manifest's; run jitopt library verify --update")
    return found


def _proven(shelf: Library, entry: Entry, seconds: float, tell: Callable[[str], object]) -> list[str]:
    """Let every exact road solve an instance, and compare what it finds with what is known."""
    instance = shelf.read(entry.name)
    found = []
    for road in prove(instance, seconds, target=entry.bound):
        tell(f"{entry.name}: {road.words(entry)}")
        found += [f"{entry.name}: {line}" for line in contradictions(road, entry)]
    return found


def update(folder: str | Path | None = None) -> list[str]:
    """Derive the manifest and the list of the README from the files again; return the names that changed.

    What only the manifest knows (family, proof, generator, history) is kept.

    Raises
    ------
    InputError
        If there is no manifest, or a listed file cannot be read.
    """
    shelf = library(folder=folder)
    changed = []
    entries = []
    for entry in shelf.values():
        path = shelf.folder / entry.file
        recipe = read_recipe(path) if entry.is_recipe else None
        own = {"generator": recipe.generator} if recipe else {}
        asked = entry.model_copy(update=own)
        if recipe:
            asked = asked.model_copy(update={"sha256": generated_sha256(recipe.problem, recipe.generator)[1]})
        instance = type(shelf)(shelf.folder, {entry.name: asked}).read(entry.name)
        fresh = asked.model_copy(update=derived(instance, entry.file, path.read_bytes()))
        entries.append(fresh)
        changed += [entry.name] if fresh != entry else []
    write_library(shelf.folder, entries)
    return changed


def write_library(folder: Path, entries: list[Entry]) -> None:
    """Write the manifest and the list of the README."""
    readme = home(folder) / README
    text = with_table(readme.read_text(encoding="utf-8"), entries)
    write_text(str(folder / MANIFEST), manifest_text(entries))
    write_text(str(readme), text)
