"""Small streaming models as ONNX files: a product with a state, and the three parts of a transducer."""

from pathlib import Path

import numpy as np
from onnx import helper

from tests.workloads.onnx_models import model

SIZE = 4
_START = np.zeros((1, SIZE), np.float32)


def streaming(path: Path, name: str = "x") -> Path:
    """y = relu(W x + s), which is s at the next call; its inputs and outputs are called after ``name``."""
    nodes = [
        helper.make_node("MatMul", [name, "w"], ["wx"], name="/layer/product"),
        helper.make_node("Add", ["wx", "state"], ["sum"], name="/layer/sum"),
        helper.make_node("Relu", ["sum"], ["new_state"], name="/layer/relu"),
    ]
    weight = np.random.default_rng(0).normal(size=(SIZE, SIZE)).astype(np.float32) / 4
    _write(path, model(nodes, {name: _START, "state": _START}, ["new_state"], {"w": weight}))
    return path


def refused(path: Path) -> Path:
    """Two nodes that nobody knows."""
    nodes = [
        helper.make_node("Swirl", ["x"], ["a"], name="/swirl", domain="com.example"),
        helper.make_node("NonZero", ["a"], ["y"], name="/nonzero"),
    ]
    _write(path, model(nodes, {"x": _START}, ["y"]))
    return path


def transducer_files(folder: Path, size: int = 3) -> dict[str, Path]:
    """Encoder (1, 4, ``size``) -> (1, 2, ``size``), decoder (1, 2) -> (1, ``size``), joiner -> (1, 5)."""
    rng = np.random.default_rng(1)
    x, y, row = np.zeros((1, 4, size), np.float32), np.zeros((1, 2), np.int64), np.zeros((1, size), np.float32)
    bounds = {"from": np.array([0]), "to": np.array([2]), "axis": np.array([1]), "shape": np.array([1, 2 * size])}
    weights = {
        "w": rng.normal(size=(size, size)).astype(np.float32),
        "rows": rng.normal(size=(5, size)).astype(np.float32),
        "d": rng.normal(size=(2 * size, size)).astype(np.float32),
        "j": rng.normal(size=(size, 5)).astype(np.float32),
    }
    encoder = [
        helper.make_node("Slice", ["x", "from", "to", "axis"], ["part"], name="/take"),
        helper.make_node("MatMul", ["part", "w"], ["encoder_out"], name="/product"),
    ]
    decoder = [
        helper.make_node("Gather", ["rows", "y"], ["each"], name="/look_up"),
        helper.make_node("Reshape", ["each", "shape"], ["flat"], name="/flat"),
        helper.make_node("MatMul", ["flat", "d"], ["decoder_out"], name="/product"),
    ]
    joiner = [
        helper.make_node("Add", ["encoder_out", "decoder_out"], ["sum"], name="/sum"),
        helper.make_node("Tanh", ["sum"], ["tanh"], name="/tanh"),
        helper.make_node("MatMul", ["tanh", "j"], ["logit"], name="/output"),
    ]
    taken = {name: bounds[name] for name in ("from", "to", "axis")}
    parts = {
        "encoder": model(encoder, {"x": x}, ["encoder_out"], taken | {"w": weights["w"]}),
        "decoder": model(
            decoder, {"y": y}, ["decoder_out"],
            {"rows": weights["rows"], "d": weights["d"], "shape": bounds["shape"]},
        ),
        "joiner": model(joiner, {"encoder_out": row, "decoder_out": row}, ["logit"], {"j": weights["j"]}),
    }  # fmt: skip
    for name, proto in parts.items():
        _write(folder / f"{name}.onnx", proto)
    return {name: folder / f"{name}.onnx" for name in parts}


def _write(path: Path, proto: object) -> None:
    path.write_bytes(proto.SerializeToString())  # type: ignore[attr-defined]
