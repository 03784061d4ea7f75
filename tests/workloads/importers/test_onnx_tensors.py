"""Weights of every type and place are arrays; floats of fewer bits are float32."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workloads.onnx_models import helper, model, onnx
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.graph import Array
from workloads.stepgraph.run import FloatRun

TensorProto = onnx.TensorProto
NUMBERS = [0.0, 1.5, -2.0, 100.0]


def held(tensor: Any, folder: Path) -> Array:
    """What a file of one constant holds."""
    tensor.name = "w"
    proto = model([helper.make_node("Identity", ["w"], ["y"])], {}, ["y"], opset=21)
    proto.graph.initializer.append(tensor)
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return read_onnx(path).constants["y"]


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("FLOAT", "float32"), ("FLOAT16", "float32"), ("BFLOAT16", "float32"), ("DOUBLE", "float64"), ("INT8", "int8"),
        ("UINT8", "uint8"), ("INT16", "int16"), ("INT32", "int32"), ("INT64", "int64"), ("BOOL", "bool"),
        ("FLOAT8E5M2", "float32"), ("INT4", "int8"),
    ],
)  # fmt: skip
def test_types_are_read_from_bytes_and_from_numbers(kind: str, dtype: str, raw: bool, tmp_path: Path) -> None:
    number = getattr(TensorProto, kind)
    numbers = [0, 1, -2, 3] if "INT" in kind and "U" not in kind else [0, 1, 2, 3] if "U" in kind else NUMBERS
    numbers = [0, 1, 1, 0] if kind == "BOOL" else numbers
    if raw:
        stored = np.array(numbers).astype(helper.tensor_dtype_to_np_dtype(number))
        tensor = onnx.numpy_helper.from_array(stored.reshape(2, 2))
    else:
        tensor = helper.make_tensor("w", number, (2, 2), numbers)
    values = held(tensor, tmp_path)
    assert values.dtype == dtype
    if kind == "FLOAT8E5M2":
        numbers = [0, 1.5, -2, 96]  # two bits of mantissa
    assert values.tolist() == np.array(numbers).reshape(2, 2).tolist()


def stored_beside(folder: Path, array: Array, kind: int, data: bytes, offset: int = 0) -> Any:
    """A tensor whose elements stand in a file beside the model, behind ``offset`` other bytes."""
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "weights.bin").write_bytes(bytes(offset) + data)
    tensor = TensorProto(dims=array.shape, data_type=kind, data_location=TensorProto.EXTERNAL)
    for key, text in {"location": "deep/weights.bin", "offset": str(offset), "length": str(len(data))}.items():
        tensor.external_data.add(key=key, value=text)
    return tensor


def test_weights_beside_the_model_are_read_from_where_they_stand(tmp_path: Path) -> None:
    array = np.array(NUMBERS, np.float32).reshape(2, 2)
    tensor = stored_beside(tmp_path, array, TensorProto.FLOAT, array.tobytes(), offset=12)
    assert held(tensor, tmp_path).tolist() == array.tolist()
    halves = stored_beside(tmp_path, array, TensorProto.FLOAT16, array.astype(np.float16).tobytes())
    assert held(halves, tmp_path).tolist() == array.tolist()
    upper = (array.view(np.uint32) >> 16).astype(np.uint16)
    values = held(stored_beside(tmp_path, array, TensorProto.BFLOAT16, upper.tobytes()), tmp_path)
    assert (values.dtype, values.tolist()) == (np.float32, array.tolist())


def test_weights_may_share_bytes_of_a_file(tmp_path: Path) -> None:
    """Tied weights do: one at the very place of another, or overlapping it."""
    numbers = np.array([*NUMBERS, 7, 8], np.float32)
    first = stored_beside(tmp_path, numbers, TensorProto.FLOAT, numbers.tobytes())
    for shape, offset in (((6,), 0), ((2, 2), 8), ((0,), 24)):
        other = TensorProto(dims=shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
        for key, text in {"location": "deep/weights.bin", "offset": str(offset)}.items():
            other.external_data.add(key=key, value=text)
        assert held(first, tmp_path).tolist() == numbers.tolist()
        count = int(np.prod(shape))
        assert held(other, tmp_path).tolist() == numbers[offset // 4 :][:count].reshape(shape).tolist()


def test_a_link_within_the_models_folder_is_followed(tmp_path: Path) -> None:
    array = np.array(NUMBERS, np.float32)
    tensor = stored_beside(tmp_path, array, TensorProto.FLOAT, array.tobytes())
    (tmp_path / "link.bin").symlink_to(tmp_path / "deep" / "weights.bin")
    tensor.external_data[0].value = "link.bin"
    assert held(tensor, tmp_path).tolist() == array.tolist()


def test_a_model_that_onnx_itself_saves_with_its_weights_beside_it_runs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in ((1, 64), (64, 32)))
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": x}, ["y"], {"w": w})
    path = tmp_path / "model.onnx"
    onnx.save(proto, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert path.stat().st_size < w.nbytes
    np.testing.assert_allclose(FloatRun(read_onnx(path))({"x": x})["y"], x @ w, rtol=1e-6)


def test_weights_of_halves_compute_in_float32(tmp_path: Path) -> None:
    x, w = np.ones((1, 4), np.float16), np.full((4, 2), 0.1, np.float16)
    proto = model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": x}, ["y"], {"w": w})
    (tmp_path / "model.onnx").write_bytes(proto.SerializeToString())
    graph = read_onnx(tmp_path / "model.onnx")
    assert {graph.tensor(name).dtype for name in ("x", "y")} == {"float32"}
    assert FloatRun(graph)({"x": x.astype(np.float32)})["y"].dtype == np.float32
