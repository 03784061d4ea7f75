"""Matrix products and convolutions of torch, as its ONNX exporter writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from workloads.importers.torch_calls import AtenCall, Value
from workloads.importers.torch_writer import Writer, each_axis
from workloads.stepgraph.graph import Attribute
from workloads.stepgraph.refusals import CannotEnterError


def linear(write: Writer, call: AtenCall) -> str:
    """x (..., I) with weight (O, I) and bias (O,)."""
    x, weight = write.name(call["input"]), _transposed(write, call["weight"])
    product = write.add("MatMul", [x, weight], call.shape)
    return product if call["bias"] is None else write.add("Add", [product, write.name(call["bias"])], call.shape)


def _transposed(write: Writer, weight: Value) -> str:
    """The transpose of a matrix; of a constant one, as a constant."""
    if write.is_constant(weight):
        return write.rewritten(weight, write.array(weight, "weight").T)
    return write.transpose(write.name(weight), (1, 0))


def matmul(write: Writer, call: AtenCall) -> str:
    """A product of two tensors, batches broadcast."""
    other = call.get("other", call.get("mat2"))
    return write.add("MatMul", [write.name(call["self"]), write.name(other)], call.shape)


def added(write: Writer, call: AtenCall) -> str:
    """beta times a tensor plus alpha times a product."""
    first, second = call.get("mat1", call.get("batch1")), call.get("mat2", call.get("batch2"))
    product = write.add("MatMul", [write.name(first), write.name(second)], call.shape)
    scaled = [(product, call["alpha"]), (write.name(call["self"]), call["beta"])]
    return write.add("Add", [_times(write, name, factor) for name, factor in scaled], call.shape)


def _times(write: Writer, name: str, factor: float) -> str:
    tensor = write.tensor(name)
    return name if factor == 1 else write.add("Mul", [name, write.operand(factor, tensor.dtype)], tensor.shape)


def convolution(write: Writer, call: AtenCall) -> str:
    """x (B, C, *T), or (C, *T), with weight (O, C / groups, *K)."""
    kernel = write.tensor(write.name(call["weight"])).shape[2:]
    spread = len(kernel)
    x, batched = _batched(write, call, spread)
    dilation = each_axis(call["dilation"], spread)
    inputs = [x, write.name(call["weight"])] + ([] if call["bias"] is None else [write.name(call["bias"])])
    numbers: dict[str, Attribute] = {
        "kernel_shape": kernel, "strides": each_axis(call["stride"], spread), "dilations": dilation,
        "pads": _pads(call["padding"], kernel, dilation), "group": call["groups"],
    }  # fmt: skip
    transposed = call.get("transposed", False)
    if transposed:
        numbers["output_padding"] = each_axis(call["output_padding"], spread)
    shape = call.shape if batched else (1, *call.shape)
    result = write.add("ConvTranspose" if transposed else "Conv", inputs, shape, "", **numbers)
    return result if batched else write.reshape(result, call.shape)


def _batched(write: Writer, call: AtenCall, spread: int) -> tuple[str, bool]:
    """The input with a batch, and whether it had one."""
    x = write.name(call["input"])
    shape = write.tensor(x).shape
    return (x, True) if len(shape) == spread + 2 else (write.reshape(x, (1, *shape)), False)


def _pads(padding: str | int | Sequence[int], kernel: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:
    """Begins, then ends. "same" puts an odd element at the end, as torch does."""
    if padding == "valid":
        return (0,) * (2 * len(kernel))
    if isinstance(padding, str):
        totals = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
        return (*(total // 2 for total in totals), *(total - total // 2 for total in totals))
    return each_axis(padding, len(kernel)) * 2


def embedding(write: Writer, call: AtenCall) -> str:
    """The rows of a weight that tokens pick."""
    inputs = [write.name(call["weight"]), write.name(call["indices"])]
    return write.add("Gather", inputs, call.shape, axis=0)


def attention(write: Writer, call: AtenCall) -> str:
    """softmax(q k^T / sqrt(d) + mask) v, both factors of the score scaled by the root, as torch's exporter does."""
    query, key, value = (write.name(call[name]) for name in ("query", "key", "value"))
    shape, keys = write.tensor(query).shape, write.tensor(key).shape
    if call.get("dropout_p"):
        raise CannotEnterError("drops scores at random", "call module.eval() first, and give dropout_p=0 then")
    if call.get("enable_gqa"):
        raise CannotEnterError("shares keys among heads", "repeat them before")
    scale = call.get("scale", 1 / np.sqrt(np.float32(shape[-1])))
    root = write.constant(np.sqrt(np.float32(scale)))
    axes = len(keys)
    turned = write.transpose(key, (*range(axes - 2), axes - 1, axes - 2))
    scaled_query, scaled_key = (write.add("Mul", [name, root], write.tensor(name).shape) for name in (query, turned))
    scores_shape = (*call.shape[:-1], keys[-2])
    scores = write.add("MatMul", [scaled_query, scaled_key], scores_shape)
    if mask := _mask(write, call, scores_shape):
        scores = write.add("Add", [scores, mask], scores_shape)
    weights = write.add("Softmax", [scores], scores_shape, axis=-1)
    return write.add("MatMul", [_seen(write, call, weights), value], call.shape)


def _seen(write: Writer, call: AtenCall, weights: str) -> str:
    """``weights``, zero where a mask of truths hides everything, and softmax is not defined."""
    mask = call.get("attn_mask")
    if mask is None or write.tensor(write.name(mask)).dtype != "bool":
        return weights
    if write.is_constant(mask) and write.array(mask, "mask").any(-1).all():
        return weights
    shape = write.tensor(weights).shape
    undefined = write.add("Not", [write.add("Equal", [weights, weights], shape, "bool")], shape)
    return write.add("Where", [undefined, write.operand(0.0, "float32"), weights], shape, "float32")


def _mask(write: Writer, call: AtenCall, scores: tuple[int, ...]) -> str:
    """The value that is added to the scores: minus infinity where a mask of booleans is false; "" without a mask."""
    if call.get("is_causal"):
        return write.constant(
            np.where(np.tri(scores[-2], scores[-1], dtype=bool), 0, -np.inf).astype(np.float32), "mask"
        )
    if call.get("attn_mask") is None:
        return ""
    mask = write.name(call["attn_mask"])
    if write.tensor(mask).dtype != "bool":
        return mask
    zero, infinite = write.operand(0.0, "float32"), write.operand(-np.inf, "float32")
    return write.add("Where", [mask, zero, infinite], write.tensor(mask).shape, "float32")


PRODUCTS: Mapping[str, Callable[[Writer, AtenCall], str]] = {
    "aten.linear": linear,
    "aten.matmul": matmul,
    "aten.mm": matmul,
    "aten.bmm": matmul,
    "aten.addmm": added,
    "aten.baddbmm": added,
    **dict.fromkeys(("aten.conv1d", "aten.conv2d", "aten.conv3d", "aten.convolution"), convolution),
    "aten.embedding": embedding,
    "aten.scaled_dot_product_attention": attention,
}
