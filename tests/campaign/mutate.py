"""Valid inputs made invalid: bytes at random, and by the structure of what they are."""

from __future__ import annotations

import copy
import io
import json
import random
import struct
import zipfile
import zlib
from functools import cache
from typing import Any

LONG = "x" * 100_000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 10**300, 1e308, -1e38, 0.5, "", "x", LONG,
    "../../etc/passwd", "/etc/passwd", "/dev/zero", "\x1b[2J\x1b]8;;http://e\x07", "\u202eabc",
    "\udc80", "a\nb\rc", "(a+)+$", ".*", "[red]", "~", "C:\\x", "nul", "\0", [], {}, [[]], [None],
    [1, "a", None], {"": ""}, {"a": {"b": {"c": {}}}}, [0] * 5000, ["a"] * 5000,
    float("nan"), float("inf"), "NaN", "1e999", "2020-01-01", "*a", "&a",
)  # fmt: skip
_PNG = b"\x89PNG\r\n\x1a\n"


def of_bytes(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, cut, doubled or put in."""
    made = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 2, 5, 40))):
        at, kind = rng.randrange(len(made) + 1), rng.randrange(7)
        if kind == 0 and made:
            made[at % len(made)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del made[at:]
        elif kind == 2:
            made[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice((1, 4, 60))))
        elif kind == 3:
            made[at : at + 8] = rng.choice((b"\0", b"\xff", b"\x7f")) * 8
        elif kind == 4:
            made[at:at] = made[at : at + rng.randrange(1, 400)]
        elif kind == 5:
            del made[at : at + rng.randrange(1, 40)]
        else:
            made[at:at] = rng.choice(
                (b"[" * 3000, b'{"a":' * 3000, b"\xff\xfe", b"9" * 9000, b"\r")
            )
        made = made or bytearray(b"\0")
    return bytes(made)


def of_value(value: Any, rng: random.Random) -> Any:
    """A JSON value with one or a few of its parts of another kind, size or name."""
    value = json.loads(json.dumps(value))
    for _ in range(rng.choice((1, 1, 1, 2, 6))):
        value = _changed(value, rng)
    return value


def _changed(value: Any, rng: random.Random) -> Any:
    inner = value
    while True:
        if not isinstance(inner, (dict, list)) or not inner:
            return copy.deepcopy(rng.choice(ODD))
        key = rng.choice([*inner]) if isinstance(inner, dict) else rng.randrange(len(inner))
        if isinstance(inner[key], (dict, list)) and inner[key] and rng.random() < 0.7:
            inner = inner[key]
            continue
        break
    kind = rng.randrange(8)
    if kind < 5:
        inner[key] = copy.deepcopy(rng.choice(ODD))
    elif kind == 5:
        del inner[key]
    elif isinstance(inner, dict):
        inner[rng.choice(("later", LONG, "", "\x1b[31m", "__class__"))] = copy.deepcopy(inner[key])
    else:
        inner.extend(copy.deepcopy(inner[:200]) * rng.choice((1, 50)))
    return value


def of_json(data: bytes, rng: random.Random) -> bytes:
    """A JSON document, by its structure or by its bytes."""
    kind = rng.randrange(10)
    if kind < 2:
        return of_bytes(data, rng)
    if kind == 2:
        deep = rng.choice((50, 2000, 200_000))
        return rng.choice((b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep))
    if kind == 3:
        return b'{"schema": 1, "schema": 2, ' + data.lstrip()[1:]
    if kind == 4:
        part = rng.choice((b"[],", b"{},", b'{"a":[]},', b'"\\u0001",', b"1.5,", b'["a"],'))
        return b'{"a": [' + part * rng.choice((1000, 1_000_000)) + b"0]}"
    text = json.dumps(of_value(json.loads(data), rng), ensure_ascii=rng.random() < 0.5)
    coding = rng.choice(("utf-8",) * 8 + ("utf-16", "utf-8-sig"))
    return text.encode(coding, "surrogatepass")


def of_yaml(data: bytes, rng: random.Random) -> bytes:
    """A recipe."""
    text, kind = data.decode(), rng.randrange(8)
    lines = text.splitlines()
    if kind < 2:
        return of_bytes(data, rng)
    if kind == 2:
        bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        bomb += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
        return "\n".join([*lines, *bomb]).encode()
    if kind == 3:
        return (text + rng.choice(("[", "{", "- ", "? ", "a: ", "  ", "!!", "'"))).encode() + (
            rng.choice((b"[", b"- ", b"{a: ", b"? ", b"\t")) * rng.choice((10, 20_000))
        )
    at = rng.randrange(len(lines))
    key = lines[at].partition(":")[0]
    odd = rng.choice((
        "2020-01-01", "!!python/object/apply:os.system [ls]", "!!binary aGk=",
        "!!timestamp 2020-01-01", "&a *a", "*b", "1:2:3:4", "0x7fffffffffffffffff", "9" * 20_000,
        ".inf", ".nan", "1e400", "[1, 2]", "{a: b}", "null", "~", "yes", '"\\x1b[31m"',
        "|\n  a\n  b", "-1", "1_000", LONG[:50_000], "''",
    ))  # fmt: skip
    lines[at] = rng.choice((f"{key}: {odd}", f"{odd}: 1", f"{lines[at]}\n{lines[at]}"))
    return "\n".join(lines).encode()


def of_tensors(data: bytes, rng: random.Random) -> bytes:
    """A safetensors file: header, lengths, or values that are no numbers."""
    kind = rng.randrange(6)
    (length,) = struct.unpack("<Q", data[:8])
    if kind == 0 or length > len(data):
        return of_bytes(data, rng)
    head, body = data[8 : 8 + length], bytearray(data[8 + length :])
    if kind == 1:
        return struct.pack("<Q", rng.choice((0, 1, 2**63, len(data), 2**64 - 1))) + head + body
    if kind in (2, 3) and len(body) >= 4:
        odd = rng.choice((float("nan"), float("inf"), 1e38, -1e38))
        at = rng.randrange(len(body) // 4) * 4
        body[at : at + 4] = struct.pack("<f", odd)
        return data[: 8 + length] + bytes(body)
    try:
        value = json.loads(head)
    except ValueError:
        return of_bytes(data, rng)
    made = json.dumps(of_value(value, rng)).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(made)) + made + bytes(body)


def of_png(data: bytes, rng: random.Random, key: bytes = b"pidiff") -> bytes:
    """A picture: sizes, chunks, bombs in texts, or its record changed."""
    kind = rng.randrange(7)
    if kind == 0 or not data.startswith(_PNG):
        return of_bytes(data, rng)
    chunks = _chunks(data)
    if kind == 1:
        sizes = [rng.choice((0, 1, 9990, 20_000, 2**31 - 1, 2**32 - 1)) for _ in range(2)]
        chunks[0] = b"IHDR", struct.pack(">II", *sizes) + chunks[0][1][8:]
    elif kind == 2:
        bomb = _zeros()
        chunks.insert(1, rng.choice((
            (b"zTXt", b"pidiff\0\0" + bomb), (b"iCCP", b"x\0\0" + bomb),
            (b"iTXt", b"pidiff\0\x01\0\0\0" + bomb), (b"tEXt", b"pidiff\0" + b"9" * 2_000_000),
        )))  # fmt: skip
    elif kind == 3:
        chunks = [chunks[0], *[rng.choice(chunks) for _ in range(rng.choice((3, 500)))], chunks[-1]]
    else:
        for i, (name, content) in enumerate(chunks):
            if name == b"tEXt" and content.startswith(key + b"\0"):
                record = of_json(content[len(key) + 1 :], rng)
                chunks[i] = name, key + b"\0" + record
    return _PNG + b"".join(_chunk(name, content) for name, content in chunks)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(_PNG)
    while at + 8 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def of_zip(data: bytes, rng: random.Random) -> bytes:
    """An exported profile: an entry changed as its kind is, the index made to fit, or bombs."""
    kind = rng.randrange(8)
    if kind == 0:
        return of_bytes(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    if kind == 1:
        return _bomb(data, rng.choice((3, 400)))
    if kind == 2:
        entries[rng.choice(("../x", "photos/a\x1b[31m.png", "x" * 300, "photos/n.html", "/x"))] = (
            b"x"
        )
    else:
        name = rng.choice([*entries])
        entries[name] = by_name(name)(entries[name], rng)
    return zipped(entries, zipfile.ZIP_STORED, fit=rng.random() < 0.9 and "export.json" in entries)


@cache
def _zeros() -> bytes:
    return zlib.compress(b"\0" * 30_000_000, 9)


@cache
def _bomb(data: bytes, count: int) -> bytes:
    """An export with so many more entries that unpack to 0.9 MB each."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for i in range(count):
        entries[f"photos/{i:03d}_face.png"] = bytes(900_000)
    return zipped(entries, zipfile.ZIP_DEFLATED, fit=True)


def by_name(name: str) -> Any:
    """The mutator of a file by its ending."""
    ending = name.rpartition(".")[2]
    return {"json": of_json, "jsonl": of_bytes, "png": of_png, "safetensors": of_tensors}.get(
        ending, of_bytes
    )


def zipped(entries: dict[str, bytes], packing: int, fit: bool) -> bytes:
    """A zip of these; with ``fit`` index and manifest list what is in it."""
    import hashlib

    if fit:
        digests = {k: hashlib.sha256(v).hexdigest() for k, v in entries.items()}
        try:
            told = json.loads(entries["profile.json"])
            hidden = ("profile.json", "export.json")
            told["files"] = {k: v for k, v in digests.items() if k not in hidden}
            entries["profile.json"] = json.dumps(told).encode("utf-8", "surrogatepass")
            digests["profile.json"] = hashlib.sha256(entries["profile.json"]).hexdigest()
        except (ValueError, TypeError, RecursionError, MemoryError):
            pass
        files = {
            k: {"bytes": len(entries[k]), "sha256": v}
            for k, v in digests.items()
            if k != "export.json"
        }
        index = {"format": "pidiff profile", "version": 1, "photos": True, "files": files}
        entries["export.json"] = json.dumps(index).encode("utf-8", "surrogatepass")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name, packing
            archive.writestr(info, content)
    return buffer.getvalue()
