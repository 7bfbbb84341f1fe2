"""A batch store by its path, for reading only."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError, JitoptError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["open_store"]


@contextmanager
def open_store(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open the store at a path for reading, and close it again.

    Raises
    ------
    InputError
        If there is no such file, or it is no store.
    """
    if not Path(path).exists():
        raise InputError("there is no such store", source=str(path), remedy="name the STORE of a jitopt batch")
    try:
        module = importlib.import_module("jitopt.batching.store")
    except ModuleNotFoundError as error:
        raise JitoptError("Batch stores cannot be read by this version of jitopt.") from error
    store = module.Store.open(path)
    try:
        yield store
    finally:
        close = getattr(store, "close", None)
        if close is not None:
            close()
