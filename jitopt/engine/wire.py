"""Messages between the calling process and its workers: a length, then JSON, then what is attached to it."""

from __future__ import annotations

import os
import struct
import threading
from typing import Any

import pydantic_core

__all__ = ["ATTACHED", "Sender", "Splitter", "read_message"]

HEAD = struct.Struct(">I")
LARGEST = 1 << 31

ATTACHED = "attached"
"""Key of the bytes that follow a message to a worker; in the message itself stands how many they are."""


def pack(message: dict[str, Any]) -> bytes:
    """Return the bytes of a message."""
    body = pydantic_core.to_json(message)
    return HEAD.pack(len(body)) + body


def read_message(descriptor: int) -> dict[str, Any] | None:
    """Read one message, waiting for it; None when the other side has closed."""
    head = _read_exactly(descriptor, HEAD.size)
    if head is None:
        return None
    body = _read_exactly(descriptor, HEAD.unpack(head)[0])
    if body is None:
        return None
    message: dict[str, Any] = pydantic_core.from_json(body)
    if ATTACHED in message:
        message[ATTACHED] = _read_exactly(descriptor, message[ATTACHED])
        return None if message[ATTACHED] is None else message
    return message


def _read_exactly(descriptor: int, count: int) -> bytes | None:
    chunks = []
    while count:
        chunk = os.read(descriptor, min(count, 1 << 20))
        if not chunk:
            return None
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)


class Sender:
    """Writes messages to a descriptor; safe from several threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, **message: Any) -> None:
        """Write one message whole."""
        with self._lock:
            self._write(pack(message))

    def attach(self, attached: bytes, **message: Any) -> None:
        """Write one message whole, and bytes behind it that are not JSON."""
        with self._lock:
            self._write(pack({**message, ATTACHED: len(attached)}))
            self._write(attached)

    def _write(self, content: bytes) -> None:
        data = memoryview(content)
        while data:
            data = data[os.write(self._descriptor, data) :]


class Splitter:
    """Cuts a stream of bytes into messages as they become complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Add bytes; return the messages that are complete now.

        Raises
        ------
        ValueError
            When the bytes are no messages (a worker that writes garbage).
        """
        self._buffer += data
        found = []
        while len(self._buffer) >= HEAD.size:
            (length,) = HEAD.unpack(self._buffer[: HEAD.size])
            if length > LARGEST:
                raise ValueError("garbage instead of a message")
            if len(self._buffer) < HEAD.size + length:
                break
            body = bytes(self._buffer[HEAD.size : HEAD.size + length])
            del self._buffer[: HEAD.size + length]
            message = pydantic_core.from_json(body)
            if not isinstance(message, dict) or "type" not in message:
                raise ValueError("a message without a type")
            found.append(message)
        return found
