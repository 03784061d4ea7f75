"""Run by the Python that has Vela: `python vela_model.py FILE N K` writes a TensorFlow Lite model of one int8 layer.

A fully connected layer of K inputs and N outputs with zero-mean random weights. It imports no nnasim: it is run where
nnasim may not be; the classes that it builds with are Vela's own copy of the format.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ethosu.vela.tflite import (
    Buffer,
    FullyConnectedOptions,
    Model,
    Operator,
    OperatorCode,
    QuantizationParameters,
    SubGraph,
    Tensor,
)

FULLY_CONNECTED, OPTIONS_OF_FULLY_CONNECTED, INT8 = 9, 8, 9  # numbers of the format's schema


def _vector(build: Any, start: Callable[..., Any], items: Sequence[float], prepend: str) -> int:
    start(build, len(items))
    for item in reversed(items):
        getattr(build, prepend)(item)
    end: int = build.EndVector()
    return end


def _tensor(build: Any, name: str, shape: list[int], buffer: int, scale: float) -> int:
    text = build.CreateString(name)
    scales = _vector(build, QuantizationParameters.StartScaleVector, [scale], "PrependFloat32")
    zeros = _vector(build, QuantizationParameters.StartZeroPointVector, [0], "PrependInt64")
    QuantizationParameters.Start(build)
    QuantizationParameters.AddScale(build, scales)
    QuantizationParameters.AddZeroPoint(build, zeros)
    quantisation = QuantizationParameters.End(build)
    dimensions = _vector(build, Tensor.StartShapeVector, shape, "PrependInt32")
    Tensor.Start(build)
    Tensor.AddShape(build, dimensions)
    Tensor.AddType(build, INT8)
    Tensor.AddBuffer(build, buffer)
    Tensor.AddName(build, text)
    Tensor.AddQuantization(build, quantisation)
    end: int = Tensor.End(build)
    return end


def _buffer(build: Any, data: bytes) -> int:
    content = build.CreateByteVector(data) if data else None
    Buffer.Start(build)
    if content is not None:
        Buffer.AddData(build, content)
    end: int = Buffer.End(build)
    return end


def _operator(build: Any) -> int:
    FullyConnectedOptions.Start(build)
    options = FullyConnectedOptions.End(build)
    reads = _vector(build, Operator.StartInputsVector, [0, 1, -1], "PrependInt32")
    writes = _vector(build, Operator.StartOutputsVector, [2], "PrependInt32")
    Operator.Start(build)
    Operator.AddOpcodeIndex(build, 0)
    Operator.AddInputs(build, reads)
    Operator.AddOutputs(build, writes)
    Operator.AddBuiltinOptionsType(build, OPTIONS_OF_FULLY_CONNECTED)
    Operator.AddBuiltinOptions(build, options)
    end: int = Operator.End(build)
    return end


def _graph(build: Any, n: int, k: int) -> int:
    tensors = [
        _tensor(build, "x", [1, k], 0, 1 / 128),
        _tensor(build, "w", [n, k], 1, 1 / 1024),
        _tensor(build, "y", [1, n], 0, 1 / 16),
    ]
    listed = _vector(build, SubGraph.StartTensorsVector, tensors, "PrependUOffsetTRelative")
    reads = _vector(build, SubGraph.StartInputsVector, [0], "PrependInt32")
    writes = _vector(build, SubGraph.StartOutputsVector, [2], "PrependInt32")
    operators = _vector(build, SubGraph.StartOperatorsVector, [_operator(build)], "PrependUOffsetTRelative")
    SubGraph.Start(build)
    SubGraph.AddTensors(build, listed)
    SubGraph.AddInputs(build, reads)
    SubGraph.AddOutputs(build, writes)
    SubGraph.AddOperators(build, operators)
    end: int = SubGraph.End(build)
    return end


def model(n: int, k: int) -> bytes:
    """The file's bytes; the weights are seeded, of a bell shape as trained ones are."""
    build = flatbuffers.Builder(n * k + 4096)
    weights = np.random.default_rng(0).normal(0, 32, n * k).round().clip(-127, 127).astype(np.int8)
    buffers = [_buffer(build, b""), _buffer(build, weights.tobytes())]
    stored = _vector(build, Model.StartBuffersVector, buffers, "PrependUOffsetTRelative")
    graphs = _vector(build, Model.StartSubgraphsVector, [_graph(build, n, k)], "PrependUOffsetTRelative")
    OperatorCode.Start(build)
    OperatorCode.AddDeprecatedBuiltinCode(build, FULLY_CONNECTED)
    OperatorCode.AddBuiltinCode(build, FULLY_CONNECTED)
    OperatorCode.AddVersion(build, 4)
    code = OperatorCode.End(build)
    codes = _vector(build, Model.StartOperatorCodesVector, [code], "PrependUOffsetTRelative")
    Model.Start(build)
    Model.AddVersion(build, 3)
    Model.AddOperatorCodes(build, codes)
    Model.AddSubgraphs(build, graphs)
    Model.AddBuffers(build, stored)
    build.Finish(Model.End(build), file_identifier=b"TFL3")
    return bytes(build.Output())


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(model(int(sys.argv[2]), int(sys.argv[3])))
