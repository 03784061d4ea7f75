"""This package's own recogniser as StepGraphs, as its ONNX export would have them."""

from collections.abc import Mapping

import numpy as np

from tests.workloads.stepgraph.hand_made import Sheet
from workloads.rnnt.shapes import RnntShape
from workloads.stepgraph.graph import Array, StepGraph
from workloads.stepgraph.standard import standard_form

Parameters = Mapping[str, Array]
"""As torch names them: ``layers.enc0.weight_ih_l0`` and its like."""


def links(shape: RnntShape) -> tuple[tuple[tuple[str, str], ...], ...]:
    """What passes between the graphs."""
    last = "encoder_top" if shape.reduction > 1 else "encoder"
    stack = ((("encoder", "stack_out"), ("encoder_top", "stack_out")),) if shape.reduction > 1 else ()
    return (
        *stack,
        ((last, "encoder_out"), ("joint", "encoder_out")),
        (("prediction", "decoder_out"), ("joint", "decoder_out")),
        (("joint", "token"), ("prediction", "y")),
    )


def random_parameters(shape: RnntShape, seed: int = 0) -> dict[str, Array]:
    """Weights of a recogniser."""
    random, made = np.random.default_rng(seed), dict[str, Array]()

    def put(name: str, *size: int) -> None:
        made[name] = (random.normal(size=size) / np.sqrt(size[-1])).astype(np.float32)

    for layer, inputs, units in lstm_sizes(shape):
        put(f"layers.{layer}.weight_ih_l0", 4 * units, inputs)
        put(f"layers.{layer}.weight_hh_l0", 4 * units, units)
        put(f"layers.{layer}.bias_ih_l0", 4 * units)
    put("embedding.weight", shape.outputs, shape.embedding)
    put("joint_enc.weight", shape.joint_units, shape.encoder_units)
    put("joint_enc.bias", shape.joint_units)
    put("joint_pred.weight", shape.joint_units, shape.prediction_units)
    put("output.weight", shape.outputs, shape.joint_units)
    put("output.bias", shape.outputs)
    return made


def lstm_sizes(shape: RnntShape) -> list[tuple[str, int, int]]:
    """(layer, inputs, units) of every LSTM."""
    units, own, before = shape.encoder_units, shape.prediction_units, shape.encoder_before
    encoder = [(f"enc{n}", units if n else shape.input_features, units) for n in range(before)]
    for n in range(before, before + shape.encoder_after):
        encoder.append((f"enc{n}", units if n > before else units * shape.reduction, units))
    prediction = [(f"pred{n}", own if n else shape.embedding, own) for n in range(shape.prediction_layers)]
    return encoder + prediction


def recogniser_graphs(shape: RnntShape, parameters: Parameters) -> dict[str, StepGraph]:
    """``encoder``, ``encoder_top`` behind a reduction, ``prediction`` and ``joint``, which ends in the token."""
    makers = {"encoder": _encoder, "encoder_top": _top, "prediction": _decoder, "joint": _joiner}
    if shape.reduction == 1:
        del makers["encoder_top"]
    return {name: standard_form(make(shape, parameters)) for name, make in makers.items()}


def _encoder(shape: RnntShape, parameters: Parameters) -> StepGraph:
    sheet = Sheet("encoder", x=(1, 1, shape.input_features))
    layers = [name for name, *_ in lstm_sizes(shape) if name.startswith("enc")]
    h = _stack(sheet, parameters, "x", layers[: shape.encoder_before])
    if shape.reduction == 1:
        return sheet.graph(_linear(sheet, parameters, "joint_enc", h, "encoder_out"))
    frames, units = shape.reduction, shape.encoder_units
    sheet.arrives("stack", frames, units)
    left = sheet.slice("stack", 0, 1, frames)
    sheet.state("stack", sheet.op("Concat", left, h, axis=0, out="stack_out"))
    return sheet.graph()


def _top(shape: RnntShape, parameters: Parameters) -> StepGraph:
    sheet = Sheet("encoder_top", stack_out=(shape.reduction, shape.encoder_units))
    x = sheet.reshape("stack_out", 1, 1, shape.reduction * shape.encoder_units)
    layers = [name for name, *_ in lstm_sizes(shape) if name.startswith("enc")]
    h = _stack(sheet, parameters, x, layers[shape.encoder_before :])
    return sheet.graph(_linear(sheet, parameters, "joint_enc", h, "encoder_out"))


def _decoder(shape: RnntShape, parameters: Parameters) -> StepGraph:
    sheet = Sheet("prediction")
    rows = sheet.op("Gather", sheet.constant(parameters["embedding.weight"]), sheet.token("y", 1, 1), name="embedding")
    h = _stack(sheet, parameters, rows, [name for name, *_ in lstm_sizes(shape) if name.startswith("pred")])
    return sheet.graph(_linear(sheet, parameters, "joint_pred", h, "decoder_out"))


def _joiner(shape: RnntShape, parameters: Parameters) -> StepGraph:
    sheet = Sheet("joint", encoder_out=(1, shape.joint_units), decoder_out=(1, shape.joint_units))
    z = sheet.op("Add", "encoder_out", "decoder_out", name="joint.add", out="z")
    logits = _linear(sheet, parameters, "output", sheet.op("Tanh", z, name="joint.tanh"), "logits")
    return sheet.graph(sheet.op("ArgMax", logits, name="output.argmax", out="token", axis=1))


def _linear(sheet: Sheet, parameters: Parameters, layer: str, x: str, out: str) -> str:
    weight = sheet.constant(parameters[f"{layer}.weight"].T)
    if f"{layer}.bias" not in parameters:
        return sheet.op("MatMul", x, weight, name=f"{layer}.mm", out=out)
    product = sheet.op("MatMul", x, weight, name=f"{layer}.mm")
    return sheet.op("Add", product, sheet.constant(parameters[f"{layer}.bias"]), name=f"{layer}.add", out=out)


def _stack(sheet: Sheet, parameters: Parameters, x: str, layers: list[str]) -> str:
    """LSTM layers one on the other, with states of their own; returns the last h, (1, units)."""
    for layer in layers:
        part = {name: parameters[f"layers.{layer}.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih")}
        units = part["weight_hh"].shape[1]
        for state in "hc":
            sheet.arrives(f"{layer}.{state}", 1, 1, units)
        w, r, b = (_onnx_gates(part[name], units)[None] for name in ("weight_ih", "weight_hh", "bias_ih"))
        both = np.concatenate([b, np.zeros_like(b)], -1)
        operands = [sheet.constant(values) for values in (w, r, both)]
        first = sheet.op("LSTM", x, *operands, "", f"{layer}.h", f"{layer}.c", name=layer, outputs=3, hidden_size=units)
        y, h, c = sheet.outs(first)
        sheet.state(f"{layer}.h", h)
        sheet.state(f"{layer}.c", c)
        x = sheet.reshape(y, 1, 1, units)
    return sheet.reshape(x, 1, units)


def _onnx_gates(rows: Array, units: int) -> Array:
    """torch's gates input, forget, cell, output as ONNX's input, output, forget, cell."""
    return rows.reshape(4, units, *rows.shape[1:])[[0, 3, 1, 2]].reshape(rows.shape)
