"""Where the instances of a batch come from: files, folders, globs, URLs, instances in memory, rows of a frame."""

from __future__ import annotations

import glob
import json
import os
import queue
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.formats.catalogue import readers
from jitopt.formats.strict_json import layout
from jitopt.problems.base import Instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Source", "sources"]

TRIES = 3
"""How often a URL is asked before its job is marked."""

PAUSE = 0.5
"""Seconds before the second try; twice as long before each further one."""

PATIENCE = 60.0
"""Seconds to wait for a remote file."""

JSON = ".json"

OTHERS = frozenset(("format", "recipe"))
"""Keys of files that name a problem and are no instances: results, recipes of the library."""


@dataclass(frozen=True)
class Source:
    """One instance to be. label: how messages name it. fetch: returns its bytes, or raises `InputError`.

    found: it was found in a folder, so that what is no instance is passed over in silence.
    """

    label: str
    family: str
    fetch: Callable[[], bytes]
    format: str | None = None
    found: bool = False

    @property
    def stem(self) -> str:
        """Name of the file without its ending."""
        return PurePosixPath(self.label.replace(os.sep, "/")).stem


def sources(given: Iterable[Any], format: str | None = None) -> Iterator[Source]:
    """Return the sources in paths, globs, URLs and instances, in order; those of a folder by name.

    Raises
    ------
    InputError
        For a path that leads nowhere, or what is none of these.
    """
    for one in given:
        if isinstance(one, Instance):
            data = (layout(one.to_dict()) + "\n").encode()
            yield Source(f"{one.name}{JSON}", one.problem, partial(_same, data), "json")
        elif isinstance(one, str | os.PathLike):
            yield from _path(os.fspath(one), format)
        else:
            raise InputError(
                "a batch takes paths, URLs and instances", value=type(one).__name__, remedy="read or name the instance"
            )


def _same(data: bytes) -> bytes:
    return data


def _path(path: Any, format: str | None) -> Iterator[Source]:
    if not isinstance(path, str):
        raise InputError("a path must be text", value=path, remedy="give the path as str")
    if "://" in path:
        yield from _url(path, format)
    elif os.path.isdir(path):
        files = sorted(str(file) for file in Path(path).rglob("*") if file.is_file() and not _hidden(file, path))
        yield from (_file(file, format, found=True) for file in files)
    elif os.path.lexists(path):
        yield _file(path, format)
    elif glob.has_magic(path):
        files = sorted(file for file in glob.glob(path, recursive=True) if os.path.isfile(file))
        if not files:
            raise InputError("no file fits the pattern", source=path, remedy="check the pattern")
        yield from (_file(file, format) for file in files)
    else:
        raise InputError("there is no such file or folder", source=path, remedy="check the path")


def _hidden(file: Path, folder: str) -> bool:
    return any(part.startswith((".", "__")) for part in file.relative_to(folder).parts)


def _file(path: str, format: str | None, found: bool = False) -> Source:
    return Source(path, Path(path).absolute().parent.name, partial(_read_file, path), format, found)


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror or error}", source=path, remedy="check the file"
        ) from None


def _url(url: str, format: str | None) -> Iterator[Source]:
    if "::" in url:
        raise InputError("chained URLs are not read", source=url, remedy="give a plain URL, such as s3://bucket/folder")
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
        if glob.has_magic(path):
            files = sorted(str(file) for file in system.glob(path))
        elif system.isdir(path):
            files = sorted(str(file) for file in system.find(path))
        else:
            files = [path]
    except ImportError as error:
        raise InputError(f"this kind of URL needs one more package: {error}", source=url, remedy="install it") from None
    except Exception as error:
        raise InputError(
            f"the URL cannot be used: {type(error).__name__}: {error}", source=url, remedy="check the URL"
        ) from None
    if not files:
        raise InputError("there is nothing at this URL", source=url, remedy="check the URL")
    for file in files:
        label = str(system.unstrip_protocol(file))
        family = PurePosixPath(file).parent.name or "url"
        yield Source(label, family, partial(_fetch, system, file, label), format, found=files != [path])


def _fetch(system: Any, file: str, label: str) -> bytes:
    """Read a remote file; faults of the network are tried again, a refusal is not."""
    for attempt in range(TRIES):
        try:
            return _within(PATIENCE, partial(_whole, system, file))
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise _unreachable(label, error) from None
        except Exception as error:
            if attempt == TRIES - 1:
                raise _unreachable(label, error) from None
            time.sleep(PAUSE * 2**attempt)
    raise AssertionError


def _whole(system: Any, file: str) -> bytes:
    """Read a remote file, and see that nothing is missing (HTTP says so by itself)."""
    data = bytes(system.cat_file(file))
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    if not {"http", "https"} & set(protocols):
        size = system.info(file).get("size")
        if isinstance(size, int) and size != len(data):
            raise OSError(f"{len(data)} of {size} bytes came")
    return data


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """Return what a call returns, or give it up after a while: a server that says nothing holds nobody up."""
    answers: queue.SimpleQueue[tuple[bytes, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except Exception as error:
            answers.put((b"", error))

    threading.Thread(target=run, daemon=True).start()
    try:
        data, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return data


def _unreachable(label: str, error: Exception) -> InputError:
    told = str(error) or type(error).__name__
    return InputError(f"the URL cannot be read: {told}", source=label, remedy="check it, then run again with --resume")


def is_instance(source: Source, data: bytes) -> bool:
    """Tell whether what a folder holds is meant as an instance: other data are passed over, broken JSON is not."""
    if source.label.lower().endswith(JSON):
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return True
        return isinstance(found, dict) and "problem" in found and not OTHERS & found.keys()
    try:
        text = data.decode()
        return any(reader.sniff(text) for name, reader in readers().items() if name != "json")
    except (UnicodeDecodeError, ValueError):
        return False
