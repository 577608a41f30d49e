"""FlatBuffers tables, read with every offset and length checked before it is used."""

from __future__ import annotations

import struct

from pidiff_cli.core.faces.formats.damage import MOST, Damaged


class Table:
    """A table at a place of a buffer; fields by their number in the schema.

    Raises Damaged: an offset or a length points outside of the buffer.
    """

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - _unpack("<i", data, at)
        self._size = _unpack("<H", data, self._fields)
        if self._size < 4 or self._size % 2:
            raise Damaged("a table of fields has an odd size")

    def has(self, number: int) -> bool:
        """Whether the field is there."""
        return self._place(number) is not None

    def byte(self, number: int, default: int = 0) -> int:
        """A field of one byte, signed."""
        return self._scalar("<b", number, default)

    def integer(self, number: int, default: int = 0) -> int:
        """A field of four bytes, signed."""
        return self._scalar("<i", number, default)

    def content(self, number: int) -> memoryview:
        """A vector of bytes; empty without one."""
        start, count = self._vector(number, 1)
        return memoryview(self._data)[start : start + count]

    def integers(self, number: int, most: int = 8) -> tuple[int, ...]:
        """A vector of int32, at most `most` long."""
        start, count = self._short(number, most)
        return struct.unpack_from(f"<{count}i", self._data, start)

    def tables(self, number: int) -> list[Table]:
        """A vector of tables, at most MOST long."""
        start, count = self._short(number)
        places = range(start, start + 4 * count, 4)
        return [Table(self._data, at + _unpack("<I", self._data, at)) for at in places]

    def table(self, number: int) -> Table | None:
        """A field that is a table, or of a union; None without one."""
        place = self._place(number)
        if place is None:
            return None
        return Table(self._data, place + _unpack("<I", self._data, place))

    def _place(self, number: int) -> int | None:
        if 4 + 2 * number >= self._size:
            return None
        offset = _unpack("<H", self._data, self._fields + 4 + 2 * number)
        return self._at + offset if offset else None

    def _scalar(self, form: str, number: int, default: int) -> int:
        place = self._place(number)
        return default if place is None else _unpack(form, self._data, place)

    def _vector(self, number: int, width: int) -> tuple[int, int]:
        place = self._place(number)
        if place is None:
            return 0, 0
        start = place + _unpack("<I", self._data, place)
        count = _unpack("<I", self._data, start)
        if count * width > len(self._data) - start - 4:
            raise Damaged("a list is longer than the file")
        return start + 4, count

    def _short(self, number: int, most: int = MOST) -> tuple[int, int]:
        start, count = self._vector(number, 4)
        if count > most:
            raise Damaged(f"a list has more than {most} entries")
        return start, count


def root(data: bytes, mark: bytes) -> Table:
    """The table a file begins with, when its four-byte mark is there."""
    if data[4:8] != mark:
        raise Damaged(f"the mark {mark.decode()} is not in it")
    return Table(data, _unpack("<I", data, 0))


def _unpack(form: str, data: bytes, at: int) -> int:
    if not 0 <= at <= len(data) - struct.calcsize(form):
        raise Damaged("an offset points outside of it")
    return int(struct.unpack_from(form, data, at)[0])
