"""Mutants of a file that keep its structure, so that they come further than its first check.

Each takes a file's bytes and a source of chance, and gives the bytes of a mutant; equal seeds give equal mutants.
"""

from __future__ import annotations

import io
import json
import random
import re
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.hostile import TEXTS, renamed, texts

Mutate = Callable[[bytes, random.Random], bytes]

ABSURD: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2, 255, 2**16, 2**31, -(2**31), 2**62, 2**63, 10**30, 10**350, 0.5, -0.0, 1e-300, -1e300,
    1e300, 5e-324, "", "x", "nan", "inf", "-inf", "\u202e", "\0", "\u2028", "</script>", "../..", "/dev/stdin",
    "$\\frac{", "=1+1", "a\nb", "x" * 5000, [], {}, [[]], [0], [1e300] * 50, {"a": 1},
)  # fmt: skip
"""Values that no field expects: other types, ends of ranges, and texts that mean something to somebody."""
FEW = (1, 1, 1, 2, 3)
"""How many changes a mutant has: mostly one, so that what stands behind the first check is reached too."""
_WORDS = struct.Struct("<i")
_ENDS = (0, 1, -1, 2**31 - 1, -(2**31), 2**16, 2**24, 127, 128, 255, 256)
_TOKEN = re.compile(rb"[-+]?\d[\d.eE+-]*|\w+")


def of_json(data: bytes, rng: random.Random) -> bytes:
    """One to three values replaced, removed, doubled, or taken from elsewhere in the file; or a name, everywhere."""
    changed = [json.loads(data)]
    if rng.random() < 0.2 and (names := sorted(texts(changed))):
        return _encoded(renamed(changed[0], rng.choice(names), rng.choice(TEXTS)))
    for _ in range(rng.choice(FEW)):
        _change_tree(changed, rng)
    return _encoded(changed[0])


def _encoded(tree: Any) -> bytes:
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def of_json_lines(data: bytes, rng: random.Random) -> bytes:
    """One line changed as JSON, or lines changed as text."""
    lines = data.splitlines()
    place = rng.randrange(len(lines))
    try:
        lines[place] = of_json(lines[place], rng)
    except ValueError:
        return of_text(data, rng)
    return of_text(b"\n".join(lines), rng) if rng.random() < 0.2 else b"\n".join([*lines, b""])


def of_json_within(*names: str) -> Mutate:
    """A mutant of JSON that for three of four has its changes under one of ``names``, as far as they stand there."""

    def mutate(data: bytes, rng: random.Random) -> bytes:
        whole = json.loads(data)
        there = [name for name in names if isinstance(whole, dict) and isinstance(whole.get(name), dict | list)]
        if not there or rng.random() < 0.25:
            return of_json(data, rng)
        name = rng.choice(there)
        whole[name] = json.loads(of_json(_encoded(whole[name]), rng))
        return _encoded(whole)

    return mutate


def of_text(data: bytes, rng: random.Random) -> bytes:
    """One to three words, numbers or lines of a table or of YAML replaced, removed, doubled or moved."""
    for _ in range(rng.choice(FEW)):
        data = _other_token(data, rng) if rng.random() < 0.7 else _other_lines(data, rng)
    return data


def of_bytes(data: bytes, rng: random.Random) -> bytes:
    """One to four bits, bytes, aligned words or stretches changed, cut or doubled."""
    changed = bytearray(data)
    for _ in range(rng.choice(FEW)):
        if not changed:
            break
        place = rng.randrange(len(changed))
        match rng.randrange(6):
            case 0:
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                changed[place] = rng.choice((0, 255, rng.randrange(256)))
            case 2:
                place -= place % 4
                changed[place : place + 4] = _WORDS.pack(rng.choice(_ENDS))
            case 3:
                del changed[place : place + rng.choice((1, 4, 64, len(changed)))]
            case 4:
                changed[place:place] = changed[place : place + rng.choice((1, 4, 64))]
            case _:
                length = rng.choice((1, 8, 32))
                other = rng.randrange(len(changed))
                changed[place : place + length] = changed[other : other + length]
    return bytes(changed)


def of_zip(data: bytes, rng: random.Random) -> bytes:
    """One member of an archive changed, as text where it is text, and all packed again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    members[name] = of_bytes(members[name], rng) if rng.random() < 0.5 else _other_head(members[name], rng)
    if rng.random() < 0.2:
        members[rng.choice(("../x.npy", "x", name + "\0", "x.npy"))] = members.pop(name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return packed.getvalue()


def of_onnx(data: bytes, rng: random.Random) -> bytes:
    """One to three fields of the messages of an ONNX model replaced, removed, doubled or taken from elsewhere."""
    import onnx

    proto = onnx.ModelProto()
    proto.ParseFromString(data)
    for _ in range(rng.choice(FEW)):
        _change_message(rng.choice(list(_messages(proto))), rng)
    return bytes(proto.SerializeToString())


def of_sqlite(data: bytes, rng: random.Random) -> bytes:
    """Values of rows replaced or taken from other rows; texts that hold JSON changed as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.sqlite"
        path.write_bytes(data)
        connection = sqlite3.connect(path)
        with connection:
            for _ in range(rng.choice(FEW)):
                _change_row(connection, rng)
        connection.close()
        return path.read_bytes()


def sometimes_bytes(mutate: Mutate) -> Mutate:
    """``mutate``, and for one mutant of six ``of_bytes`` instead: what no longer is of that kind is refused as well."""

    def mutated(data: bytes, rng: random.Random) -> bytes:
        if rng.random() < 1 / 6:
            return of_bytes(data, rng)
        try:
            return mutate(data, rng)
        except Exception:  # ``data`` is a mutant that its own format no longer reads
            return of_bytes(data, rng)

    return mutated


def _holders(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of every value within ``tree``."""
    stack = [tree]
    while stack:
        holder = stack.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, value in pairs:
            yield holder, key
            stack.append(value)


def _change_tree(tree: list[Any], rng: random.Random) -> None:
    places = list(_holders(tree))
    holder, key = rng.choice(places)
    if rng.random() < 0.5:
        holder[key] = _alike(holder[key], key, places, rng)
        return
    match rng.randrange(6):
        case 0:
            del holder[key]
            if not tree:
                tree.append(None)
        case 1:
            other_holder, other_key = rng.choice(places)
            holder[key] = _copied(other_holder[other_key])
        case 2 if isinstance(holder, list):
            holder.insert(key, _copied(holder[key]))
        case 3 if isinstance(holder, dict):
            holder[rng.choice(("x", "", "\u202e", "__class__", "kind"))] = holder.pop(key)
        case _:
            holder[key] = rng.choice(ABSURD)


def _alike(value: Any, key: Any, places: list[tuple[Any, Any]], rng: random.Random) -> Any:
    """What passes a check of types: a number near or far, or the value of a field of the same name elsewhere."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 and rng.random() < 0.6:
        return rng.choice(
            (value + 1, value - 1, -value, value * 1000, 0, 2 * value, value / 1000, 10 ** rng.randrange(20))
        )
    kin = [holder[name] for holder, name in places if name == key and type(holder[name]) is type(value)]
    other = [holder[name] for holder, name in places if type(holder[name]) is type(value)]
    return _copied(rng.choice(rng.choice((kin, other))))


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _other_token(data: bytes, rng: random.Random) -> bytes:
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return data + b"x"
    token = rng.choice(tokens)
    absurd = rng.choice(ABSURD)
    text = absurd if isinstance(absurd, str) else json.dumps(absurd)
    new = rng.choice((text.encode("utf-8", "surrogatepass"), rng.choice(tokens)[0], b"", token[0] * 2, b"-" + token[0]))
    return data[: token.start()] + new + data[token.end() :]


def _other_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b"\n"]
    place = rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[place]
        case 1:
            lines.insert(rng.randrange(len(lines)), lines[place])
        case 2:
            lines[place] = lines[place].replace(rng.choice((b",", b":", b" ")), rng.choice((b"", b",,", b"\t", b"{")))
        case _:
            lines[place] = b" " * rng.randrange(4) + lines[place].strip() + rng.choice((b"", b"\r\n", b'"', b"\0"))
    return b"".join(lines)


def _other_head(data: bytes, rng: random.Random) -> bytes:
    return of_text(data[:128], rng) + data[128:]


def _messages(message: Any) -> Iterator[Any]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in value if _repeated(field) else (value,):
                yield from _messages(each)


def _repeated(field: Any) -> bool:
    return bool(field.is_repeated) if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED


def _change_message(message: Any, rng: random.Random) -> None:
    fields = [field for field, _ in message.ListFields()] or list(message.DESCRIPTOR.fields)
    field = rng.choice(fields if rng.random() < 0.8 else list(message.DESCRIPTOR.fields))
    if rng.random() < 0.1:
        message.ClearField(field.name)
    elif _repeated(field):
        _change_list(getattr(message, field.name), field, rng)
    elif field.message_type is None:
        setattr(message, field.name, _scalar(field, getattr(message, field.name), rng))


def _change_list(values: Any, field: Any, rng: random.Random) -> None:
    if not len(values):
        values.add() if field.message_type is not None else values.append(_scalar(field, None, rng))
        return
    place, other = rng.randrange(len(values)), rng.randrange(len(values))
    match rng.randrange(3):
        case 0:
            del values[place]
        case 1 if field.message_type is not None:
            values.add().CopyFrom(values[other])
        case 2 if field.message_type is not None:
            values[place].CopyFrom(values[other])
        case 1:
            values.append(values[other])
        case _:
            values[place] = _scalar(field, values[place], rng)


def _scalar(field: Any, value: Any, rng: random.Random) -> Any:
    if field.cpp_type == field.CPPTYPE_STRING:
        old = value if value is not None else b"" if field.type == field.TYPE_BYTES else ""
        texts = ("", "x", "\u202e", "</script>", "../../x", "x" * 3000)
        new = rng.choice(texts)
        return of_bytes(old, rng) if isinstance(old, bytes) else rng.choice((new, old + "_", new))
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return rng.choice((0.0, -1.0, 1e38, float("nan"), float("inf"), 1e-38))
    if field.cpp_type == field.CPPTYPE_ENUM:
        return rng.choice(field.enum_type.values).number
    return rng.choice((0, 1, -1, 2, 3, 7, 16, 2**31 - 1, -(2**31), (value or 0) + 1) + (2**62,) * (
        field.cpp_type == field.CPPTYPE_INT64))  # fmt: skip


def _change_row(connection: sqlite3.Connection, rng: random.Random) -> None:
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    table = rng.choice(sorted(tables))
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = rng.choice(columns)
    rows = connection.execute(f'SELECT rowid, "{column}" FROM "{table}"').fetchall()
    if not rows:
        return
    row, value = rng.choice(rows)
    if isinstance(value, str) and value[:1] in "{[" and rng.random() < 0.7:
        new: Any = of_json(value.encode(), rng).decode()
    else:
        absurd = rng.choice((*ABSURD, b"\xff\0", rng.choice(rows)[1], float("inf")))
        too_large = isinstance(absurd, int) and not -(2**63) <= absurd < 2**63
        new = str(absurd) if isinstance(absurd, list | dict) or too_large else absurd
    try:
        connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (new, row))
    except sqlite3.Error:  # what the schema itself refuses
        return
