"""Writing a file whole or not at all: temporary file in the same folder, fsync, rename."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from jitopt.errors import InputError, JitoptError

__all__ = ["Target", "check_writable", "make_folder", "write_text"]

Target = str | os.PathLike[str]
"""A path, or "-" for standard output."""


def make_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder, and those above it, where there is none; return its path.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror or error}", source=str(place), remedy="name another folder"
        ) from None
    return place


def write_text(target: Target, text: str) -> None:
    """Write `text` to `target`; a reader sees the old file or the new one, never a part.

    A link is followed. What is no regular file (a pipe, a terminal, /dev/stdout) is written to
    directly.

    Raises
    ------
    InputError
        If the folder does not exist or may not be written to.
    JitoptError
        If writing fails (a full disk); the old file, if any, is untouched.
    """
    if os.fspath(target) == "-":
        sys.stdout.write(text)
        return
    path = check_writable(target)
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path, text)
    except OSError as error:
        raise JitoptError(f"{path}: the file could not be written: {error.strerror or error}.") from None


def check_writable(target: Target) -> Path:
    """Refuse a target that cannot be written, before any work is done for it.

    Returns
    -------
    Path
        The target with links followed.
    """
    label = os.fspath(target)
    try:
        path = Path(os.path.realpath(target))
        folder, exists, is_folder = path.parent, path.exists(), path.is_dir()
    except (OSError, ValueError) as error:
        raise InputError(f"the path cannot be used: {error}", source=repr(label), remedy="name another file") from None
    if is_folder:
        raise InputError("the output is a folder", source=label, remedy="name a file in it")
    if exists and not path.is_file():
        return path
    if not folder.is_dir():
        raise InputError("the output folder does not exist", source=label, remedy=f"make the folder {folder} first")
    if not os.access(folder, os.W_OK | os.X_OK) or (exists and not os.access(path, os.W_OK)):
        raise InputError("the output may not be written", source=label, remedy="check the permissions")
    return path


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".jitopt-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, or those a new file gets."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the rename durable, where the file system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
