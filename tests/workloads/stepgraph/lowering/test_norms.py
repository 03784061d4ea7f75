"""A layer norm's gain and bias may be one number for all elements: they are repeated for the chip."""

import numpy as np
import pytest

from nnasim.numerics.config import NumericsConfig
from nnasim.studies.importing import When, import_graphs
from tests.workloads.onnx_models import helper, model
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.graph import Array


def constants_of(path: str, gain: Array, bias: Array) -> dict[str, list[float]]:
    """The integers of an import of a layer norm over the last two axes."""
    x = np.random.default_rng(0).normal(size=(1, 2, 3)).astype(np.float32)
    node = helper.make_node("LayerNormalization", ["x", "gain", "bias"], ["y"], axis=1)
    proto = model([node], {"x": x}, ["y"], {"gain": gain, "bias": bias})
    with open(path, "wb") as file:
        file.write(proto.SerializeToString())
    calls = When(period_ms=10, seconds=0.02)
    heard = {"x": np.stack([x * factor for factor in (1, 2, 3, 4, 5)])}
    made = import_graphs({"m": read_onnx(path)}, calls, NumericsConfig(), steps=heard)
    return {name: values.tolist() for name, values in made.constants.items()}


@pytest.mark.parametrize("shape", [(), (1,)])
def test_one_gain_and_one_bias_stand_for_all_elements(shape: tuple[int, ...], tmp_path: object) -> None:
    gain, bias = np.full(shape, 0.5, np.float32), np.full(shape, 0.25, np.float32)
    repeated = [np.broadcast_to(values.reshape(()), (2, 3)).copy() for values in (gain, bias)]
    path = f"{tmp_path}/model.onnx"
    assert constants_of(path, gain, bias) == constants_of(path, *repeated) != {}
