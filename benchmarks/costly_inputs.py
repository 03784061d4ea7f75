"""Hostile inputs that could cost much: each a way to write it, and the command that reads it.

Commands run in a folder of whole small files (``tests.fuzz.seeds``), which hostile ones are named beside.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

Write = Callable[[Path], None]
ROWS = 10_000_000


class Attack(NamedTuple):
    """``write``: puts the files into a folder. ``command``: the words behind `nnasim`, run there."""

    name: str
    write: Write
    command: str


def _text(name: str, text: Callable[[], str | bytes]) -> Write:
    def write(folder: Path) -> None:
        content = text()
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def _sparse(name: str, size: int = 3_900_000_000, head: bytes = b"") -> Write:
    """A file of ``size`` bytes, most of them zeros that the disk does not hold."""

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        with open(folder / name, "wb") as file:
            file.write(head)
            file.truncate(size)

    return write


def _lines(name: str, head: str, line: str, count: int = ROWS) -> Write:
    """A header line, and ``line`` over and over."""

    def write(folder: Path) -> None:
        with open(folder / name, "w") as file:
            file.write(head)
            for _ in range(0, count, 100_000):
                file.write(line * min(count, 100_000))

    return write


def _changed(name: str, of: str, change: Callable[[dict], object]) -> Write:
    """The seed ``of``, JSON, changed in place and written as ``name``."""

    def write(folder: Path) -> None:
        record = json.loads((folder / of).read_text())
        change(record)
        (folder / name).write_text(json.dumps(record))

    return write


def _both(*writes: Write) -> Write:
    def write(folder: Path) -> None:
        for each in writes:
            each(folder)

    return write


def _nothing(folder: Path) -> None:
    pass


# Checkpoints and arrays


def _weights(header: Callable[[], bytes], size: int | None = None) -> Write:
    """A checkpoint's folder `h` with weights of this header."""

    def write(folder: Path) -> None:
        (folder / "h").mkdir()
        (folder / "h/model.json").write_bytes((folder / "checkpoint/model.json").read_bytes())
        head = header()
        with open(folder / "h/model.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(head)) + head)
            if size:
                file.truncate(size)

    return write


def _names(count: int, width: int = 0) -> bytes:
    entry = {"dtype": "F32", "shape": [1] * width or [0], "data_offsets": [0, 0]}
    return json.dumps({f"{number:x}": entry for number in range(count)}).encode()


def _metadata(count: int) -> bytes:
    return json.dumps({"__metadata__": {f"{number:x}": "" for number in range(count)}}).encode()


def _as(name: str, header: Callable[[], bytes], size: int | None = None) -> Write:
    def write(folder: Path) -> None:
        head = header()
        with open(folder / name, "wb") as file:
            file.write(struct.pack("<Q", len(head)) + head)
            if size:
                file.truncate(size)

    return write


def _one_array(elements: int, dtype: str = "F32", bytes_each: int = 4) -> bytes:
    entry = {"dtype": dtype, "shape": [elements], "data_offsets": [0, elements * bytes_each]}
    return json.dumps({"x": entry}).encode()


def _zip(name: str, members: int, size: int) -> Write:
    """An .npz of so many arrays of zeros, which pack a thousandfold."""

    def write(folder: Path) -> None:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            array = io.BytesIO()
            np.save(array, np.zeros(size, np.float32))
            for number in range(members):
                archive.writestr(f"x{number}.npy", array.getvalue())

    return write


# Speech


def _flac_of_an_hour(folder: Path) -> None:
    import soundfile

    with soundfile.SoundFile(folder / "hour.flac", "w", 48_000, 1, "PCM_16") as file:
        for _ in range(3600):
            file.write(np.zeros(48_000, np.int16))
    _manifest_of("hour.flac", 1, 3600.0)(folder)


def _manifest_of(audio: str, lines: int, duration: float = 1.0) -> Write:
    def write(folder: Path) -> None:
        entry = {"audio_filepath": audio, "duration": duration, "text": "one two"}
        (folder / "h.jsonl").write_text("".join(json.dumps({**entry, "id": str(n)}) + "\n" for n in range(lines)))

    return write


def _shards(change: Callable[[dict], object]) -> Write:
    """The seeds' folder of shards as `s`, with an index that says otherwise."""

    def write(folder: Path) -> None:
        import shutil

        shutil.copytree(folder / "shards", folder / "s")
        index = json.loads((folder / "s/index.json").read_text())
        change(index)
        (folder / "s/index.json").write_text(json.dumps(index))

    return write


def _large_tar(folder: Path) -> None:
    def grow(index: dict) -> None:
        index["shards"][0]["audio_bytes"] = 30_000_000_000

    _shards(grow)(folder)
    os.truncate(folder / "s/audio_0.tar", 30_000_000_000)


# Models


def _node(operator: str, inputs: list[str], outputs: list[str], **attributes: object):
    from onnx import helper

    return helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes)


def _onnx(make: Callable[[], bytes], name: str = "h.onnx") -> Write:
    return _text(name, make)


def _model(nodes: list, tensors: list, shape: tuple[int, ...] = (1, 4)) -> bytes:
    import onnx
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in (("x", shape), ("y", None)))
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    return onnx.ModelProto(ir_version=8, graph=graph, opset_import=[helper.make_opsetid("", 17)]).SerializeToString()


def _many_nodes(count: int) -> Callable[[], bytes]:
    def make() -> bytes:
        nodes = [_node("Relu", [f"a{n - 1}" if n else "x"], [f"a{n}"]) for n in range(count)]
        return _model([*nodes, _node("Relu", [f"a{count - 1}"], ["y"])], [])

    return make


def _doubled(times: int) -> Callable[[], bytes]:
    """Concatenated with itself over and over: twice the elements each time."""

    def make() -> bytes:
        nodes = [_node("Concat", [f"a{n - 1}" if n else "x"] * 2, [f"a{n}"], axis=1) for n in range(times)]
        return _model([*nodes, _node("Relu", [f"a{times - 1}"], ["y"])], [])

    return make


def _constant(name: str, *values: int):
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(values, np.int64), name)


def _filled(operator: str) -> Callable[[], bytes]:
    """A constant of 10^12 elements that a few bytes ask for."""

    def make() -> bytes:
        if operator == "Range":
            made = _node("Range", ["zero", "many", "one"], ["large"])
            sizes = [_scalar("zero", 0), _scalar("many", 10**12), _scalar("one", 1)]
        else:
            made = _node(operator, ["size"] if operator == "ConstantOfShape" else ["x", "size"], ["large"])
            sizes = [_constant("size", 10**6, 10**6)]
        ends = [] if operator != "Range" else [_node("Cast", ["large"], ["cast"], to=1)]
        last = "cast" if ends else "large"
        return _model(
            [made, *ends, _node("ReduceMean", [last], ["m"], keepdims=0), _node("Add", ["x", "m"], ["y"])], sizes
        )

    return make


def _scalar(name: str, value: int):
    from onnx import numpy_helper

    return numpy_helper.from_array(np.array(value, np.int64), name)


def _external(size: int) -> Write:
    """Weights of ``size`` bytes beside the model, zeros that the disk does not hold."""

    def make() -> bytes:
        from onnx import TensorProto

        columns = size // 16
        weight = TensorProto(name="w", dims=[4, columns], data_type=1, data_location=TensorProto.EXTERNAL)
        weight.external_data.add(key="location", value="h.bin")
        return _model([_node("MatMul", ["x", "w"], ["y"])], [weight])

    return _both(_onnx(make), _sparse("h.bin", size))


def _many_externals(folder: Path) -> None:
    """Write a model of a thousand weights, each the same 64 MB of one file."""
    from onnx import TensorProto

    tensors, nodes = [], []
    for number in range(1000):
        weight = TensorProto(name=f"w{number}", dims=[4, 4_000_000], data_type=1, data_location=TensorProto.EXTERNAL)
        weight.external_data.add(key="location", value="h.bin")
        tensors.append(weight)
        nodes.append(_node("MatMul", ["x", f"w{number}"], [f"y{number}" if number else "y"]))
    (folder / "h.onnx").write_bytes(_model(nodes, tensors))
    _sparse("h.bin", 64_000_000)(folder)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _deep_ifs(depth: int) -> Callable[[], bytes]:
    """One branch within the other."""

    def make() -> bytes:
        from onnx import TensorProto, helper

        output = _field(12, helper.make_tensor_value_info("y", TensorProto.FLOAT, None).SerializeToString())
        inner = _node("Relu", ["x"], ["y"]).SerializeToString()
        for _ in range(depth):
            body = _field(1, inner) + output
            branches = [
                _field(5, _field(1, name) + _field(6, body) + _varint(20 << 3) + b"\x05")
                for name in (b"then_branch", b"else_branch")
            ]
            inner = _field(1, b"x") + _field(2, b"y") + _field(4, b"If") + branches[0]
        graph = _field(1, inner) + _field(11, helper.make_tensor_value_info("x", 1, [1]).SerializeToString()) + output
        return _varint(1 << 3) + b"\x08" + _field(7, graph) + _field(8, helper.make_opsetid("", 17).SerializeToString())

    return make


def _loop(trips: int) -> Callable[[], bytes]:
    def make() -> bytes:
        from onnx import TensorProto, helper

        info = helper.make_tensor_value_info
        body = helper.make_graph(
            [_node("Relu", ["in"], ["out"]), _node("Identity", ["c"], ["go"])],
            "body",
            [info("n", TensorProto.INT64, []), info("c", TensorProto.BOOL, []), info("in", 1, [1, 4])],
            [info("go", TensorProto.BOOL, []), info("out", 1, [1, 4])],
        )
        return _model([_node("Loop", ["trips", "", "x"], ["y"], body=body)], [_scalar("trips", trips)])

    return make


def _tiny_fields(folder: Path) -> None:
    """190 MB of empty nodes, two bytes each."""
    graph = b"\x0a\x00" * 95_000_000
    (folder / "h.onnx").write_bytes(_varint(1 << 3) + b"\x08" + _field(7, graph))


def _strings(folder: Path) -> None:
    """190 MB of a node's inputs, each of one letter."""
    node = b"\x0a\x01x" * 60_000_000
    (folder / "h.onnx").write_bytes(_varint(1 << 3) + b"\x08" + _field(7, _field(1, node)))


def _tflite_zeros(size: int) -> Write:
    return _sparse("h.tflite", size, b"\x1c\0\0\0TFL3" + bytes(60))


def _tflite_vectors(folder: Path) -> None:
    """Write a table whose vector says 2^30 members."""
    data = bytearray((folder / "model.tflite").read_bytes())
    for place in range(8, len(data) - 4, 4):
        if struct.unpack_from("<I", data, place)[0] in (2, 3, 5):
            struct.pack_into("<I", data, place, 2**30)
    (folder / "h.tflite").write_bytes(data)


# Stores and journals


def _store(statements: Callable[[sqlite3.Connection], object], name: str = "h.sqlite") -> Write:
    """The seeds' store, changed by SQL."""

    def write(folder: Path) -> None:
        (folder / name).write_bytes((folder / "store.sqlite").read_bytes())
        connection = sqlite3.connect(folder / name, isolation_level=None)
        connection.execute("PRAGMA journal_mode = DELETE")
        statements(connection)
        connection.close()

    return write


def _endless_view(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE points RENAME TO old")
    connection.execute(
        "CREATE VIEW points AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS key, study, status, point, figures, message, seconds, sum FROM n, old"
    )


def _long_value(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE points SET figures = CAST(zeroblob(900000000) AS TEXT) WHERE rowid = 1")


def _many_rows(connection: sqlite3.Connection) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) "
        "INSERT INTO points SELECT 'k' || i, study, status, point, figures, message, seconds, NULL "
        "FROM n, (SELECT * FROM points LIMIT 1)"
    )


def _many_studies(connection: sqlite3.Connection) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
        "INSERT INTO studies SELECT 'k' || i, record, NULL FROM n, (SELECT * FROM studies LIMIT 1)"
    )


def _long_figures(connection: sqlite3.Connection) -> None:
    """Write a row of 800,000 figures."""
    figures = json.dumps({f"f{n}": 1.0 for n in range(800_000)})
    connection.execute("UPDATE points SET figures = ?, sum = NULL WHERE rowid = 1", (figures,))


def _many_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    for number in range(30_000):
        connection.execute(f"CREATE TABLE t{number} (a)")
    connection.execute("COMMIT")


def _claims(connection: sqlite3.Connection) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) "
        "INSERT INTO claims SELECT 'k' || i, 'nobody' FROM n"
    )


# YAML


def _sweep(axes: str, more: str = "") -> Callable[[], str]:
    return lambda: f"base: edge256\ntraces: [small.json]\naxes: {axes}\nobjectives: [rtf]\n{more}"


def _aliases() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines) + "\n"


MILLION = "{sram.bytes: {range: [100000, 900000, 1000]}, host.handoff_us: {range: [1, 50, 1000]}}"
EVALUATE = "evaluate --manifest manifest.jsonl --checkpoint h --system float --limit 1"
SPOKEN = "evaluate --manifest h.jsonl --checkpoint checkpoint --system float --limit 1"
SIMULATE = "simulate h.json --out out.json --quiet"
TRAIN = "train --recipe tiny --train s --dev manifest.jsonl --steps 1 --out out"
IMPORT = "import h.onnx --period-ms 10 --seconds 0.05 --out out.json"
LOAD = (
    "simulate small.json --out out.json --set host.other_load_per_second=999999 --set host.other_load_us=1 "
    "--set host.float_matmul_gflops=0.001"
)
FIT = "fit h.csv --fields host.handoff_us --out out.yaml"

ATTACKS = (
    Attack("safetensors: a header of 900,000 names", _weights(lambda: _names(900_000)), EVALUATE),
    Attack("safetensors: a header of 20,000 names", _weights(lambda: _names(20_000)), EVALUATE),
    Attack("safetensors: a header of 16 MB of metadata", _weights(lambda: _metadata(1_000_000)), EVALUATE),
    Attack("safetensors: 99 MB of `[`", _weights(lambda: b"[" * 99_000_000), EVALUATE),
    Attack("safetensors: 16 MB of `[`", _weights(lambda: b"[" * 15_999_999), EVALUATE),
    Attack("safetensors: a shape of 5,000,000 axes", _weights(lambda: _names(1, 5_000_000)), EVALUATE),
    Attack("safetensors: 3.9 GB, sparse, header of another size", _weights(lambda: _names(1), 3_900_000_000), EVALUATE),
    Attack(
        "safetensors: 3.9 GB, sparse, one array as its header says",
        _weights(lambda: _one_array(974_999_960), 8 + len(_one_array(974_999_960)) + 4 * 974_999_960),
        EVALUATE,
    ),
    Attack(
        "calibration: safetensors of 3.9 GB, sparse",
        _as("h.safetensors", lambda: _one_array(974_999_960), 8 + len(_one_array(974_999_960)) + 4 * 974_999_960),
        "import model.onnx --period-ms 10 --seconds 0.05 --out out.json --calibrate h.safetensors",
    ),
    Attack(
        "calibration: an .npz of 10 x 100 MB of zeros",
        _zip("h.npz", 10, 25_000_000),
        "import model.onnx --period-ms 10 --seconds 0.05 --out out.json --calibrate h.npz",
    ),
    Attack(
        "calibration: an .npz of 120 MB of zeros",
        _zip("h.npz", 1, 30_000_000),
        "import model.onnx --period-ms 10 --seconds 0.05 --out out.json --calibrate h.npz",
    ),
    Attack(
        "calibration: an .npz of 5,000 arrays",
        _zip("h.npz", 5_000, 1),
        "import model.onnx --period-ms 10 --seconds 0.05 --out out.json --calibrate h.npz",
    ),
    Attack(
        "calibration: an .npz of 4,000 arrays",
        _zip("h.npz", 4_000, 1),
        "import model.onnx --period-ms 10 --seconds 0.05 --out out.json --calibrate h.npz",
    ),
    Attack("trace: 100 MB", _sparse("h.json", 100_000_000, b"{"), SIMULATE),
    Attack("trace: 16 MB of `[`", _text("h.json", lambda: "[" * 15_999_999), SIMULATE),
    Attack('trace: 16 MB of `{"":`', _text("h.json", lambda: '{"":' * 3_999_999), SIMULATE),
    Attack("trace: 16 MB of `[],`", _text("h.json", lambda: "[" + "[]," * 5_333_332 + "1]"), SIMULATE),
    Attack("trace: 16 MB of numbers", _text("h.json", lambda: "[" + "1," * 7_999_998 + "1]"), SIMULATE),
    Attack(
        "trace: 16 MB of names",
        _text("h.json", lambda: json.dumps({f"{n:x}": 0 for n in range(1_200_000)})[:15_999_999]),
        SIMULATE,
    ),
    Attack(
        "trace: 1,200,000 unknown fields",
        _changed("h.json", "small.json", lambda t: t.update({f"{n:x}": 0 for n in range(1_100_000)})),
        SIMULATE,
    ),
    Attack("trace: 16 MB of digits", _text("h.json", lambda: "9" * 15_999_999), SIMULATE),
    Attack('trace: 16 MB of `"`', _text("h.json", lambda: '"' * 15_999_999), SIMULATE),
    Attack("trace: 16 MB of `\\`", _text("h.json", lambda: '"' + "\\" * 15_999_998), SIMULATE),
    Attack(
        "trace: a shape of 10^6 axes",
        _changed("h.json", "small.json", lambda t: next(iter(t["tensors"].values())).update(shape=[9] * 10**6)),
        SIMULATE,
    ),
    Attack(
        "trace: every tensor 2^40 elements",
        _changed("h.json", "small.json", lambda t: [x.update(shape=[2**20, 2**20]) for x in t["tensors"].values()]),
        SIMULATE,
    ),
    Attack(
        "trace: every size 2^20",
        _changed(
            "h.json", "small.json", lambda t: [x.update(shape=[2**20] * len(x["shape"])) for x in t["tensors"].values()]
        ),
        SIMULATE,
    ),
    Attack(
        "trace: 150,000 tensors",
        _changed(
            "h.json",
            "small.json",
            lambda t: t["tensors"].update({f"t{n}": dict(next(iter(t["tensors"].values()))) for n in range(100_000)}),
        ),
        SIMULATE,
    ),
    Attack(
        "trace: 40,000 operations",
        _changed(
            "h.json",
            "small.json",
            lambda t: next(iter(t["graphs"].values()))["ops"].extend(
                [next(iter(t["graphs"].values()))["ops"][-1]] * 40_000
            ),
        ),
        SIMULATE,
    ),
    Attack(
        "trace of 400,000 frames, from a shape",
        _nothing,
        "trace --shape rnnt-paper --frames 400000 --symbols 1 --out out.json",
    ),
    Attack(
        "trace: 200,000 utterances",
        _changed("h.json", "small.json", lambda t: t["utterances"].extend(t["utterances"] * 100_000)),
        SIMULATE,
    ),
    Attack("difference: 16 MB of `[`", _text("h.json", lambda: "[" * 15_999_999), "diff h.json imported.json"),
    Attack(
        "result: 16 MB of `[],`",
        _text("h.json", lambda: "[" + "[]," * 5_333_332 + "1]"),
        "report h.json --out out.html",
    ),
    Attack(
        "result: 700,000 numbers in place of each list",
        _changed(
            "h.json",
            "result.json",
            lambda t: [t.update({k: [1] * 700_000}) for k, v in list(t.items()) if isinstance(v, list)],
        ),
        "report h.json --out out.html",
    ),
    Attack(
        "result: 700,000 fields in place of each record",
        _changed(
            "h.json",
            "result.json",
            lambda t: [
                t.update({k: {f"{n}": 1 for n in range(200_000)}}) for k, v in list(t.items()) if isinstance(v, dict)
            ],
        ),
        "compare-results h.json result.json",
    ),
    Attack(
        "result: a command of 1,000,000 words",
        _changed("h.json", "result.json", lambda t: t.update(command=["x"] * 1_000_000)),
        "rerun h.json",
    ),
    Attack(
        "result explained: 16 MB of numbers", _text("h.json", lambda: "[" + "1," * 7_999_998 + "1]"), "explain h.json"
    ),
    Attack("budget: 1 MB of aliases", _text("h.yaml", _aliases), "check-budget result.json h.yaml"),
    Attack(
        "budget: 20,000 limits",
        _text("h.yaml", lambda: "limits: {" + ", ".join(f"a{n}: 1" for n in range(9_000)) + "}\n"),
        "check-budget result.json h.yaml",
    ),
    Attack(
        "chip: an alias of an alias, 12 times",
        _text("h.yaml", _aliases),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of `[`",
        _text("h.yaml", lambda: "[" * 999_999),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of `- `",
        _text("h.yaml", lambda: "- " * 499_999),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of `? `",
        _text("h.yaml", lambda: "? " * 499_999),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of `a: `",
        _text("h.yaml", lambda: "a: " * 333_333),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of line ends",
        _text("h.yaml", lambda: "\n" * 999_999),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB in one text",
        _text("h.yaml", lambda: 'a: "' + "\\n" * 499_990 + '"'),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of a plain text",
        _text("h.yaml", lambda: "a: " + "x " * 499_990),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of `#`",
        _text("h.yaml", lambda: "#" * 999_999),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack(
        "chip: 1 MB of `&a `",
        _text("h.yaml", lambda: "&a " * 333_333),
        "simulate small.json --preset h.yaml --out out.json",
    ),
    Attack("chip: other work that saturates the CPU", _nothing, LOAD),
    Attack("chip: 10^-7 bytes a cycle", _nothing, "simulate small.json --out out.json --set sram.bytes_per_cycle=1e-7"),
    Attack(
        "chip: 1e-300 bytes a second", _nothing, "simulate small.json --out out.json --set dram.bytes_per_second=1e-300"
    ),
    Attack("chip: tiles of 64 bytes", _nothing, "simulate small.json --out out.json --set sram.weight_tile_bytes=64"),
    Attack(
        "chip: an array of 2^40 rows", _nothing, "simulate small.json --out out.json --set mac_array.rows=1099511627776"
    ),
    Attack(
        "sweep: a contradiction over 10^6 points",
        _text("h.yaml", _sweep(MILLION, "constraints: [sram.bytes > 1000000000]\n")),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: a contradiction of two axes over 10^6 points",
        _text("h.yaml", _sweep(MILLION, "constraints: [sram.bytes * host.handoff_us > 1000000000]\n")),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: a contradiction over 10^6 points, searched",
        _text("h.yaml", _sweep(MILLION, "constraints: [sram.bytes * host.handoff_us > 1000000000]\n")),
        "search h.yaml --store out.sqlite --trials 4 --jobs 1",
    ),
    Attack(
        "sweep: a power of powers",
        _text(
            "h.yaml",
            _sweep(MILLION, "constraints: [sram.bytes * sram.bytes * sram.bytes * sram.bytes * sram.bytes > 1]\n"),
        ),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: 5,000 constraints",
        _text("h.yaml", _sweep(MILLION, "constraints: [" + ", ".join(["sram.bytes > 1"] * 5_000) + "]\n")),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: an axis of 10^12 points",
        _text("h.yaml", _sweep("{host.handoff_us: {range: [1, 50, 1000000000000]}}")),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: 10^9 points",
        _text(
            "h.yaml",
            _sweep(
                "{"
                + ", ".join(
                    f"{f}: {{range: [1, 50, 1000]}}"
                    for f in ("host.handoff_us", "dram.read_latency_ns", "host.op_overhead_us")
                )
                + "}"
            ),
        ),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: an axis of 300,000 values",
        _text("h.yaml", _sweep("{host.handoff_us: {list: [" + "1," * 300_000 + "1]}}")),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: a value of 350 digits",
        _text("h.yaml", _sweep("{host.handoff_us: {list: [" + "9" * 350 + "]}}")),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: a value of 900,000 digits",
        _text("h.yaml", _sweep("{host.handoff_us: {list: [" + "9" * 900_000 + "]}}")),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack(
        "sweep: 9,000 traces",
        _text(
            "h.yaml",
            lambda: (
                "base: edge256\ntraces: ["
                + ", ".join(["small.json"] * 9_000)
                + "]\naxes: "
                + MILLION
                + "\nobjectives: [rtf]\n"
            ),
        ),
        "sweep h.yaml --store out.sqlite --dry-run --jobs 1",
    ),
    Attack("store: points without end", _store(_endless_view), "sweep-export h.sqlite --out out.csv"),
    Attack("store: a value of 900 MB", _store(_long_value), "sweep-export h.sqlite --out out.csv"),
    Attack("store: a value of 900 MB, checked", _store(_long_value), "store check h.sqlite"),
    Attack("store: a row of 800,000 figures", _store(_long_figures), "sweep-export h.sqlite --out out.csv"),
    Attack("store: a row of 800,000 figures, its page", _store(_long_figures), "sweep-report h.sqlite --out out.html"),
    Attack("store: 1,500,000 points", _store(_many_rows), "sweep-export h.sqlite --out out.csv"),
    Attack("store: 1,500,000 points, its page", _store(_many_rows), "sweep-report h.sqlite --out out.html"),
    Attack("store: 300,000 sweeps", _store(_many_studies), "sweep-export h.sqlite --out out.csv"),
    Attack("store: 30,000 tables", _store(_many_tables), "sweep-export h.sqlite --out out.csv"),
    Attack("store: 2,000,000 claims", _store(_claims, "out.sqlite"), "sweep sweep.yaml --store out.sqlite --jobs 1"),
    Attack("store: 3.9 GB of zeros", _sparse("h.sqlite"), "sweep-export h.sqlite --out out.csv"),
    Attack(
        "store: 3.9 GB behind SQLite's first bytes",
        _sparse("h.sqlite", head=b"SQLite format 3\0" + bytes(84)),
        "store check h.sqlite",
    ),
    Attack(
        "journal: one line of 100 MB",
        _text("h.log", lambda: b"x" * 100_000_000),
        "search sweep.yaml --store out.sqlite --trials 1 --jobs 1 --storage h.log",
    ),
    Attack(
        "journal: 2,000,000 lines",
        _lines("h.log", "", '{"op_code": 4, "worker_id": "x", "study_id": 0}\n', 2_000_000),
        "search sweep.yaml --store out.sqlite --trials 1 --jobs 1 --storage h.log",
    ),
    Attack(
        "journal: 3.9 GB, sparse",
        _sparse("h.log"),
        "search sweep.yaml --store out.sqlite --trials 1 --jobs 1 --storage h.log",
    ),
    Attack(
        "journal: lines of `[`",
        _lines("h.log", "", "[" * 100_000 + "\n", 100),
        "search sweep.yaml --store out.sqlite --trials 1 --jobs 1 --storage h.log",
    ),
    Attack("ONNX: 20,000 nodes", _onnx(_many_nodes(20_000)), IMPORT),
    Attack("ONNX: 60,000 nodes", _onnx(_many_nodes(60_000)), IMPORT),
    Attack("ONNX: 400,000 nodes", _onnx(_many_nodes(400_000)), IMPORT),
    Attack("ONNX: 95,000,000 empty nodes", _tiny_fields, IMPORT),
    Attack("ONNX: a node of 60,000,000 inputs", _strings, IMPORT),
    Attack("ONNX: twice the elements, 40 times", _onnx(_doubled(40)), IMPORT),
    Attack("ONNX: twice the elements, 24 times", _onnx(_doubled(24)), IMPORT),
    Attack("ONNX: a constant of 10^12 elements", _onnx(_filled("ConstantOfShape")), IMPORT),
    Attack("ONNX: Range of 10^12 elements", _onnx(_filled("Range")), IMPORT),
    Attack("ONNX: Expand to 10^12 elements", _onnx(_filled("Expand")), IMPORT),
    Attack("ONNX: Tile to 10^12 elements", _onnx(_filled("Tile")), IMPORT),
    Attack("ONNX: 16 GB of weights beside it", _external(16_000_000_000), IMPORT),
    Attack("ONNX: 1.6 GB of weights beside it", _external(1_600_000_000), IMPORT),
    Attack("ONNX: 1,000 weights, each the same 64 MB", _many_externals, IMPORT),
    Attack("ONNX: 10,000 branches within each other", _onnx(_deep_ifs(10_000)), IMPORT),
    Attack("ONNX: a loop of 10^12 rounds", _onnx(_loop(10**12)), IMPORT),
    Attack("ONNX: a loop of 9,999 rounds", _onnx(_loop(9_999)), IMPORT),
    Attack("ONNX: 3.9 GB, sparse", _sparse("h.onnx"), IMPORT),
    Attack("ONNX: 190 MB of zeros", _sparse("h.onnx", 190_000_000), IMPORT),
    Attack("TFLite: 3.9 GB, sparse", _tflite_zeros(3_900_000_000), "import h.tflite --period-ms 10 --out out.json"),
    Attack("TFLite: 250 MB of zeros", _tflite_zeros(250_000_000), "import h.tflite --period-ms 10 --out out.json"),
    Attack("TFLite: vectors of 2^30", _tflite_vectors, "import h.tflite --period-ms 10 --out out.json"),
    Attack(
        "calls: 10^7 rows",
        _lines("h.csv", "time_s,graph\n", "0.01,model\n"),
        "import model.onnx --calls h.csv --out out.json",
    ),
    Attack(
        "calls: one line of 200 MB",
        _text("h.csv", lambda: b"time_s,graph\n" + b"x" * 200_000_000),
        "import model.onnx --calls h.csv --out out.json",
    ),
    Attack(
        "calls: a quote that never ends",
        _text("h.csv", lambda: b'time_s,graph\n"' + b"x\n" * 20_000_000),
        "import model.onnx --calls h.csv --out out.json",
    ),
    Attack(
        "calls: 300,000 columns",
        _text("h.csv", lambda: ",".join(f"c{n}" for n in range(3_000_000)) + "\n"),
        "import model.onnx --calls h.csv --out out.json",
    ),
    Attack(
        "calls: 400,000 rows",
        _text("h.csv", lambda: "time_s,graph\n" + "".join(f"{n / 100},model\n" for n in range(400_001))),
        "import model.onnx --calls h.csv --out out.json",
    ),
    Attack(
        "calls: every 1 us of 10^6 s", _nothing, "import model.onnx --period-ms 0.001 --seconds 1000000 --out out.json"
    ),
    Attack(
        "products: 10^7 rows",
        _lines("h.csv", "Layer,M,N,K,\n", "a,1,64,32,\n"),
        "import h.csv --period-ms 10 --out out.json",
    ),
    Attack(
        "products: sizes of 2^20",
        _lines("h.csv", "Layer,M,N,K,\n", "a,1048576,1048576,1048576,\n", 100),
        "import h.csv --period-ms 10 --out out.json",
    ),
    Attack(
        "products: 5,000 layers",
        _text("h.csv", lambda: "Layer,M,N,K,\n" + "".join(f"a{n},1,1048576,32,\n" for n in range(5_000))),
        "import h.csv --period-ms 10 --out out.json",
    ),
    Attack(
        "measured table: 10^7 rows",
        _lines("h.csv", "array_size,M,k_tiles,total_cycles\n", "8,1,1,34\n"),
        "validate --reference h.csv --out out",
    ),
    Attack(
        "measured table: one line of 200 MB",
        _text("h.csv", lambda: b"array_size,M,k_tiles,total_cycles\n" + b"8" * 200_000_000),
        "validate --reference h.csv --out out",
    ),
    Attack(
        "measured table: a row of 2^40",
        _text("h.csv", lambda: "array_size,M,k_tiles,total_cycles\n8,1099511627776,1099511627776,34\n"),
        "validate --reference h.csv --out out",
    ),
    Attack("timings: 10^7 rows", _lines("h.csv", "M,N,K,measured_us\n", "1,64,64,65.8\n"), FIT),
    Attack(
        "timings: 100,000 rows of 2^20",
        _lines("h.csv", "M,N,K,measured_us\n", "1048576,1048576,1048576,65.8\n", 100_000),
        FIT,
    ),
    Attack("timings: one line of 200 MB", _text("h.csv", lambda: b"M,N,K,measured_us\n" + b"8" * 200_000_000), FIT),
    Attack(
        "evaluations of a fit: 64 MB of `[`",
        _text("fitted.h.evaluated.jsonl", lambda: b"[" * 63_000_000),
        "fit board.csv --fields host.handoff_us --out fitted.h --resume",
    ),
    Attack("manifest: 2,000,000 lines", _lines("h.jsonl", "", '{"text":"","duration":1}\n', 2_000_000), SPOKEN),
    Attack("manifest: 50,000 lines of one file", _manifest_of("speech1.wav", 50_000), SPOKEN),
    Attack("manifest: a line of 60 MB", _text("h.jsonl", lambda: b"[" * 60_000_000), SPOKEN),
    Attack("manifest: 3.9 GB, sparse", _sparse("h.jsonl"), SPOKEN),
    Attack("speech: an hour of silence in FLAC", _flac_of_an_hour, SPOKEN),
    Attack(
        "speech: a WAV of 3.9 GB, sparse",
        _both(
            _sparse(
                "h.wav",
                head=b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0"
                b"\0\x77\x01\0\x02\0\x10\0data\0\0\0\xe0",
            ),
            _manifest_of("h.wav", 1),
        ),
        SPOKEN,
    ),
    Attack("shards: an index of 40,000 shards", _shards(lambda i: i.update(shards=i["shards"][:1] * 40_000)), TRAIN),
    Attack("shards: a tar of 30 GB, sparse", _large_tar, TRAIN),
    Attack(
        "checkpoint: a recogniser of 10^6 layers",
        _both(
            _weights(lambda: _names(1)),
            _changed("h/model.json", "checkpoint/model.json", lambda m: json.dumps(_grown(m))),
        ),
        EVALUATE,
    ),
    Attack(
        "list of words: 10^7 rows",
        _lines("h.tsv", "path\ttext\tspeaker\tsplit\n", "a.wav\tone\ta\ttrain\n", 5_000_000),
        "data strings h.tsv --out out.jsonl",
    ),
    Attack(
        "list of AN4: 10^7 rows",
        _lines("h.tsv", "path\tspeaker\ttext\n", "a\ta\tone\n", 2_000_000),
        "data an4 . --list h.tsv --out out.jsonl",
    ),
)


def _grown(record: dict) -> dict:
    """Every whole number of a checkpoint's description, made large."""
    for key, value in record.items():
        if isinstance(value, dict):
            _grown(value)
        elif isinstance(value, int) and not isinstance(value, bool) and "version" not in key:
            record[key] = 10**6
    return record
