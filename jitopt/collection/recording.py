"""What may join the library, and writing it down: the instance's file, then the manifest."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jitopt.collection.entries import (
    NAME,
    RECIPES,
    Change,
    Entry,
    Generator,
    Library,
    Recipe,
    derived,
    generated_sha256,
    read_recipe,
)
from jitopt.collection.verification import write_library
from jitopt.errors import InputError
from jitopt.formats.atomic import write_text
from jitopt.formats.strict_json import layout
from jitopt.problems.wording import explain_validation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.base import Instance

__all__ = ["LARGEST_FILE", "check_clone", "check_words", "made_by", "newcomer", "record"]

LARGEST_FILE = 150_000
"""Bytes of the largest instance that is kept as a file; a larger one is kept as the recipe of its generator."""


def check_words(**words: str | None) -> None:
    """Refuse credits and classes that are no line of text."""
    for key, text in words.items():
        if text is not None and not (len(text.strip()) > 0 and len(text) <= 200 and text.isprintable()):
            raise InputError(f"{key} must be a line of 1 to 200 letters", value=text, remedy="correct it")


def check_clone(folder: Path) -> None:
    """Refuse to write into an installed package: what is recorded there is lost."""
    own = Path(str(files("jitopt.instances"))).resolve()
    if folder.resolve() == own and not (own.parent / "pyproject.toml").is_file():
        remedy = "clone jitopt and name its folder: --folder instances; or only check: --dry-run"
        raise InputError("the library that is installed with jitopt is not written to", remedy=remedy)


def made_by(instance: Instance[Any], generator: Mapping[str, Any] | None) -> Generator | None:
    """Return how an instance is generated, with the hash of the file; refuse what makes another one."""
    if generator is None:
        return None
    try:
        found = Generator.model_validate({**generator, "file_sha256": ""})
    except ValidationError as error:
        raise explain_validation(error, Generator, "generator") from None
    written, asked = generated_sha256(instance.problem, found)
    if asked != instance.sha256():
        raise InputError("seed and options make another instance than the one given", remedy="correct them")
    return found.model_copy(update={"file_sha256": written})


def newcomer(shelf: Library, instance: Instance[Any], family: str | None, generator: Generator | None) -> Instance[Any]:
    """Refuse an instance that cannot be added to the library; return it without what it says is known."""
    size = len(layout(instance.to_dict()).encode())
    origin = derived(instance, "", b"")["origin"]
    for wrong, rule, remedy in (
        (not family, "the library does not have this instance; a new one needs a class", 'give one: --family "..."'),
        (not NAME.fullmatch(instance.name), "a name has 3 to 60 small letters, digits and underscores", "rename it"),
        (instance.name in shelf, "the library has another instance of this name", "rename it"),
        (not instance.source.strip(), "a new instance says where it comes from", 'fill in its "source"'),
        (
            (origin == "generated") != (generator is not None),
            "a generated instance has a generator, and a source that begins with the word generated",
            'give --generator a JSON file {"seed": ..., "options": {...}}, and correct the source',
        ),
        (
            size > LARGEST_FILE and generator is None,
            f"a file may have at most {LARGEST_FILE} bytes",
            "give its generator instead",
        ),
    ):
        if wrong:
            raise InputError(rule, value=instance.name, remedy=remedy)
    return instance.replace(known=None)


def record(shelf: Library, entry: Entry | None, instance: Instance[Any], own: dict[str, Any], change: Change) -> None:
    """Write the instance's file, then the manifest and the list."""
    text = layout(instance.to_dict()) + "\n"
    file = entry.file if entry else f"{instance.problem}/{instance.name}.json"
    recipe = _recipe(shelf, entry, instance, own["generator"], len(text.encode()))
    if recipe is not None:
        file = f"{RECIPES}/{instance.name}.json"
        text = layout(recipe.model_dump(mode="json", exclude_none=True)) + "\n"
    kept = {"license": entry.license, "since": entry.since} if entry else {"since": version("jitopt")}
    history = (*(entry.history if entry else ()), change)
    made = Entry.model_validate(derived(instance, file, text.encode()) | own | kept | {"history": history})
    write_text(str(shelf.folder / file), text)
    write_library(shelf.folder, [made if old is entry else old for old in shelf.values()] + ([] if entry else [made]))


def _recipe(
    shelf: Library, entry: Entry | None, instance: Instance[Any], generator: Generator | None, size: int
) -> Recipe | None:
    """Return the recipe that stands for an instance; None where its own file does."""
    known = instance.known
    if entry is not None and entry.is_recipe:
        return read_recipe(shelf.folder / entry.file).model_copy(update={"known": known})
    if entry is None and generator is not None and known is not None and size > LARGEST_FILE:
        return Recipe(
            problem=instance.problem, name=instance.name, source=instance.source, generator=generator, known=known
        )
    return None
