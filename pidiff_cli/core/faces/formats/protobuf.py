"""The wire format of protocol buffers, read with every length checked before it is used."""

from __future__ import annotations

from collections.abc import Iterator

from pidiff_cli.core.faces.formats.damage import MOST, Damaged

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
Value = int | memoryview


class Message:
    """One message: the values of each field in the order of the file.

    Raises Damaged: a length runs past the end, a field of an unknown kind, too many fields.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._values: dict[int, list[Value]] = {}
        for count, (number, value) in enumerate(_fields(memoryview(data))):
            if count == MOST:
                raise Damaged(f"a message has more than {MOST} fields")
            self._values.setdefault(number, []).append(value)

    def integer(self, number: int, default: int = 0) -> int:
        """The last value of a varint field, as a signed 64-bit number."""
        value = self._values.get(number, [default])[-1]
        if not isinstance(value, int):
            raise Damaged(f"field {number} is no integer")
        return value - (1 << 64) if value >> 63 == 1 else value

    def content(self, number: int) -> memoryview:
        """The last value of a field of bytes (also of one of fixed width); empty without one."""
        value = self._values.get(number, [memoryview(b"")])[-1]
        if isinstance(value, int):
            raise Damaged(f"field {number} has no bytes")
        return value

    def text(self, number: int) -> str:
        """A name, at most 256 bytes long."""
        return _text(self.content(number))

    def texts(self, number: int) -> tuple[str, ...]:
        """All names of a repeated field."""
        return tuple(_text(part) for part in self._parts(number))

    def messages(self, number: int) -> list[Message]:
        """All messages of a repeated field."""
        return [Message(part) for part in self._parts(number)]

    def integers(self, number: int) -> tuple[int, ...]:
        """A repeated integer, packed into bytes or not."""
        found: list[int] = []
        for value in self._values.get(number, []):
            found += [value] if isinstance(value, int) else _packed(value)
        return tuple(v - (1 << 64) if v >> 63 == 1 else v for v in found)

    def has(self, number: int) -> bool:
        """Whether the field is there."""
        return number in self._values

    def _parts(self, number: int) -> list[memoryview]:
        parts = self._values.get(number, [])
        if any(isinstance(part, int) for part in parts):
            raise Damaged(f"field {number} has no bytes")
        return [part for part in parts if not isinstance(part, int)]


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == BYTES:
            length, at = _varint(data, at)
        elif kind in (EIGHT, FOUR):
            length = 8 if kind == EIGHT else 4
        else:
            raise Damaged(f"a field of the unknown kind {kind}")
        if length > len(data) - at:
            raise Damaged("it ends in the middle of a field")
        yield number, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise Damaged("it ends in the middle of a number")
        byte = data[at]
        value, at = value | (byte & 127) << shift, at + 1
        if byte < 128:
            return value & ((1 << 64) - 1), at
    raise Damaged("a number of more than ten bytes")


def _packed(data: memoryview) -> list[int]:
    found: list[int] = []
    at = 0
    while at < len(data):
        if len(found) == MOST:
            raise Damaged(f"a list has more than {MOST} numbers")
        value, at = _varint(data, at)
        found.append(value)
    return found


def _text(part: memoryview) -> str:
    if len(part) > 256:
        raise Damaged("a name of more than 256 bytes")
    return bytes(part).decode("utf-8", "replace")
