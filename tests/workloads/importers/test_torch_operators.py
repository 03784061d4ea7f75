"""Every operator of the table computes what torch computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional as F

from workloads.importers.torch_reader import read_torch
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.run import FloatRun

Tensors = dict[str, "torch.Tensor"]


class Functions(torch.nn.Module):
    """Many functions of the same tensors: x (2, 3, 8) real, n (2, 3, 8) integers, b (2, 3, 8) truths."""

    def __init__(self, functions: dict[str, Callable[..., object]]) -> None:
        super().__init__()
        self.functions = functions
        generator = torch.Generator().manual_seed(3)
        self.register_buffer("w", torch.randn(8, 8, generator=generator))
        self.register_buffer("k", torch.randn(6, 3, 3, generator=generator))
        self.register_buffer("g", torch.rand(3, generator=generator) + 0.5)

    def forward(self, x: torch.Tensor, n: torch.Tensor, b: torch.Tensor) -> dict[str, object]:
        return {name: function(self, x, n, b) for name, function in self.functions.items()}


def example() -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(2, 3, 8, generator=generator) * 3
    return x, torch.randint(-4, 5, (2, 3, 8), generator=generator), x > 0


def agree(functions: dict[str, Callable[..., object]]) -> StepGraph:
    """The graph of ``functions``, after its float run has given what torch gives, in value, shape and type."""
    module, arguments = Functions(functions).eval(), example()
    graph = read_torch(module, arguments, states=())
    given = dict(zip(graph.inputs, (argument.numpy() for argument in arguments), strict=True))
    run = FloatRun(graph)
    run(given)
    found = [run.value(name) for name in graph.outputs]
    leaves = torch.utils._pytree.tree_leaves(module(*arguments))
    names = [path for path, _ in torch.utils._pytree.tree_flatten_with_path(module(*arguments))[0]]
    assert len(leaves) == len(found)
    for name, leaf, values in zip(names, leaves, found, strict=True):
        np.testing.assert_allclose(values, leaf.numpy(), rtol=2e-5, atol=2e-6, err_msg=str(name))
        assert values.shape == tuple(leaf.shape), name
        assert values.dtype == leaf.numpy().dtype, name
    return graph


POINTWISE = {
    "abs": lambda m, x, n, b: x.abs(),
    "ceil": lambda m, x, n, b: x.ceil(),
    "cos": lambda m, x, n, b: x.cos(),
    "erf": lambda m, x, n, b: x.erf(),
    "exp": lambda m, x, n, b: x.exp(),
    "floor": lambda m, x, n, b: x.floor(),
    "log": lambda m, x, n, b: x.abs().log(),
    "neg": lambda m, x, n, b: -n,
    "reciprocal": lambda m, x, n, b: x.reciprocal(),
    "relu": lambda m, x, n, b: F.relu(x),
    "round": lambda m, x, n, b: x.round(),
    "sigmoid": lambda m, x, n, b: x.sigmoid(),
    "sign": lambda m, x, n, b: x.sign(),
    "sin": lambda m, x, n, b: x.sin(),
    "sqrt": lambda m, x, n, b: x.abs().sqrt(),
    "rsqrt": lambda m, x, n, b: x.abs().rsqrt(),
    "tanh": lambda m, x, n, b: x.tanh(),
    "tanh of integers": lambda m, x, n, b: n.tanh(),
    "gelu": lambda m, x, n, b: F.gelu(x),
    "gelu by tanh": lambda m, x, n, b: F.gelu(x, approximate="tanh"),
    "leaky_relu": lambda m, x, n, b: F.leaky_relu(x, 0.2),
    "elu": lambda m, x, n, b: F.elu(x, 0.7),
    "hardsigmoid": lambda m, x, n, b: F.hardsigmoid(x),
    "hardswish": lambda m, x, n, b: F.hardswish(x),
    "hardtanh": lambda m, x, n, b: F.hardtanh(x, -0.5, 2.0),
    "relu6": lambda m, x, n, b: F.relu6(x),
    "clamp": lambda m, x, n, b: x.clamp(-1, 0.5),
    "clamp from below": lambda m, x, n, b: x.clamp(min=0.1),
    "clamp from above": lambda m, x, n, b: x.clamp(max=0.1),
    "clamp integers": lambda m, x, n, b: n.clamp(-2, 2),
    "clamp by a tensor": lambda m, x, n, b: torch.clamp(x, min=x * 0 + 0.5),
    "silu": lambda m, x, n, b: F.silu(x),
    "mish": lambda m, x, n, b: F.mish(x),
    "softplus": lambda m, x, n, b: F.softplus(x),
    "softplus, steeper": lambda m, x, n, b: F.softplus(x, beta=2.0),
    "logsigmoid": lambda m, x, n, b: F.logsigmoid(x),
    "prelu": lambda m, x, n, b: F.prelu(x, m.g),
    "prelu of one slope": lambda m, x, n, b: F.prelu(x, m.g[:1]),
    "glu": lambda m, x, n, b: F.glu(x),
    "square": lambda m, x, n, b: x.square(),
    "softsign": lambda m, x, n, b: F.softsign(x),
    "log1p": lambda m, x, n, b: x.abs().log1p(),
    "log2": lambda m, x, n, b: x.abs().log2(),
    "log10": lambda m, x, n, b: x.abs().log10(),
    "atan": lambda m, x, n, b: x.atan(),
    "sinh and cosh": lambda m, x, n, b: x.sinh() * x.cosh(),
    "selu": lambda m, x, n, b: F.selu(x),
    "celu": lambda m, x, n, b: F.celu(x, 0.7),
    "expm1": lambda m, x, n, b: x.expm1(),
    "clamp_min": lambda m, x, n, b: torch.clamp_min(x, 1),
    "clamp_max": lambda m, x, n, b: torch.clamp_max(x, 1),
    "threshold": lambda m, x, n, b: F.threshold(x, 0.5, -1.0),
    "itself": lambda m, x, n, b: +x.detach().contiguous() * 1.0,
    "dropout in eval": lambda m, x, n, b: F.dropout(x, 0.5, training=m.training),
}
PAIRWISE = {
    "add": lambda m, x, n, b: x + x.exp(),
    "add a number": lambda m, x, n, b: x + 2,
    "add alpha times": lambda m, x, n, b: torch.add(x, x.tanh(), alpha=0.5),
    "add integers to reals": lambda m, x, n, b: x + n,
    "add integers": lambda m, x, n, b: n + 3,
    "add a real to integers": lambda m, x, n, b: n + 0.5,
    "sub": lambda m, x, n, b: x - x.tanh(),
    "a number less x": lambda m, x, n, b: 1 - x,
    "mul": lambda m, x, n, b: x * m.w[0],
    "mul by a truth": lambda m, x, n, b: x * b,
    "div": lambda m, x, n, b: x / (x.abs() + 1),
    "div integers": lambda m, x, n, b: n / 3,
    "floor of a quotient": lambda m, x, n, b: torch.div(x, 0.3, rounding_mode="floor"),
    "floor_divide": lambda m, x, n, b: x // 0.7,
    "quotient towards zero": lambda m, x, n, b: torch.div(n, 3, rounding_mode="trunc"),
    "pow": lambda m, x, n, b: x**2,
    "pow of reals": lambda m, x, n, b: x.abs() ** -0.5,
    "pow of a number": lambda m, x, n, b: 2.0**x,
    "maximum": lambda m, x, n, b: torch.maximum(x, -x),
    "max of two": lambda m, x, n, b: torch.max(x, x.tanh()),
    "minimum": lambda m, x, n, b: torch.minimum(x, m.w[:3]),
    "remainder": lambda m, x, n, b: n % 3,
    "eq": lambda m, x, n, b: n == 2,
    "ne": lambda m, x, n, b: n != 2,
    "lt": lambda m, x, n, b: x < 0.5,
    "le, integers with a real": lambda m, x, n, b: n <= 0.5,
    "gt": lambda m, x, n, b: x > x.tanh(),
    "ge, of both": lambda m, x, n, b: n >= x,
    "and": lambda m, x, n, b: b & (x > 1),
    "or": lambda m, x, n, b: torch.logical_or(b, x < -1),
    "not": lambda m, x, n, b: ~b,
    "logical and, not": lambda m, x, n, b: torch.logical_and(b, torch.logical_not(x > 1)),
    "xor by comparison": lambda m, x, n, b: b == (x > 1),
}
MOVES = {
    "view": lambda m, x, n, b: x.view(3, 16),
    "reshape": lambda m, x, n, b: x.transpose(0, 1).reshape(6, 8),
    "flatten": lambda m, x, n, b: x.flatten(1),
    "unflatten": lambda m, x, n, b: x.unflatten(2, (2, 4)),
    "squeeze": lambda m, x, n, b: x[:, :1].squeeze(1),
    "unsqueeze": lambda m, x, n, b: x.unsqueeze(1),
    "permute": lambda m, x, n, b: x.permute(2, 0, 1),
    "transpose": lambda m, x, n, b: x.transpose(-1, 0),
    "t": lambda m, x, n, b: x[0].t(),
    "movedim": lambda m, x, n, b: x.movedim(0, 2),
    "expand": lambda m, x, n, b: x[:, :1].expand(-1, 3, -1),
    "expand_as": lambda m, x, n, b: m.w[:1].exp().expand_as(x),
    "tile": lambda m, x, n, b: x.tile(2, 3),
    "repeat": lambda m, x, n, b: x.repeat(2, 1, 1, 3),
    "cat": lambda m, x, n, b: torch.cat([x, x.tanh()], dim=-2),
    "cat with nothing": lambda m, x, n, b: torch.cat([torch.empty(0), x.tanh()]),
    "cat of types": lambda m, x, n, b: torch.cat([x, n]),
    "stack": lambda m, x, n, b: torch.stack([x, -x], dim=2),
    "slice": lambda m, x, n, b: x[:, 1:, -5:-1],
    "slice by steps": lambda m, x, n, b: x[:, :, 1::3],
    "select": lambda m, x, n, b: x[:, -1],
    "narrow": lambda m, x, n, b: x.narrow(2, 3, 4),
    "index_select": lambda m, x, n, b: x.index_select(2, torch.tensor([5, 0, 5])),
    "index by a list": lambda m, x, n, b: x[:, [2, 0]],
    "index by a tensor that arrives": lambda m, x, n, b: m.w[n.abs()],
    "gather": lambda m, x, n, b: x.gather(2, n.abs()),
    "scatter": lambda m, x, n, b: x.scatter(2, n[:, :, :2].abs(), x * 2),
    "scatter a number": lambda m, x, n, b: x.scatter(1, n[:, :2].abs() % 3, 0.5),
    "unfold": lambda m, x, n, b: x.unfold(2, 3, 2),
    "unfold another axis": lambda m, x, n, b: x.unfold(1, 2, 1),
    "chunk": lambda m, x, n, b: x.chunk(3, dim=2),
    "split": lambda m, x, n, b: x.split([1, 7], dim=2),
    "split of which one is read": lambda m, x, n, b: x.split(4, dim=2)[1],
    "tensor_split": lambda m, x, n, b: x.tensor_split(3, dim=2),
    "unbind": lambda m, x, n, b: x.unbind(1),
    "pad": lambda m, x, n, b: F.pad(x, (1, 2, 0, 3), value=0.5),
    "pad less": lambda m, x, n, b: F.pad(x, (-1, 2)),
    "pad by reflection": lambda m, x, n, b: F.pad(x, (2, 3), mode="reflect"),
    "pad by the edge": lambda m, x, n, b: F.pad(x, (2, 0), mode="replicate"),
    "flip": lambda m, x, n, b: x.flip(1, 2),
    "roll": lambda m, x, n, b: x.roll(3, dims=2),
    "roll of all": lambda m, x, n, b: x.roll(-5),
    "where": lambda m, x, n, b: torch.where(b, x, -1.0),
    "masked_fill": lambda m, x, n, b: x.masked_fill(b, float("-inf")),
    "tril": lambda m, x, n, b: x.tril(1),
    "triu": lambda m, x, n, b: x.triu(),
    "to integers": lambda m, x, n, b: x.to(torch.int64),
    "to reals": lambda m, x, n, b: b.float(),
    "like": lambda m, x, n, b: x + torch.zeros_like(x) + x.new_ones(8) + torch.full_like(x, 3.0),
    "written over": lambda m, x, n, b: written_over(x),
    "as strided windows": lambda m, x, n, b: torch.stack([x[..., i : i + 3] for i in range(4)]),
}
REDUCTIONS = {
    "mean": lambda m, x, n, b: x.mean(-1),
    "mean of all": lambda m, x, n, b: x.mean(),
    "mean, axes kept": lambda m, x, n, b: x.mean((0, 2), keepdim=True),
    "sum": lambda m, x, n, b: x.sum(1),
    "sum of truths": lambda m, x, n, b: b.sum(-1),
    "amax": lambda m, x, n, b: x.amax((1, 2)),
    "amin": lambda m, x, n, b: x.amin(0),
    "max with places": lambda m, x, n, b: tuple(x.max(2)),
    "min with places": lambda m, x, n, b: tuple(x.min(1, keepdim=True)),
    "max of all": lambda m, x, n, b: x.max(),
    "argmax": lambda m, x, n, b: x.argmax(-1),
    "argmax of all": lambda m, x, n, b: x.argmax(),
    "argmin": lambda m, x, n, b: x.argmin(1, keepdim=True),
    "softmax": lambda m, x, n, b: x.softmax(1),
    "log_softmax": lambda m, x, n, b: x.log_softmax(-1),
    "logsumexp": lambda m, x, n, b: x.logsumexp(-1),
    "cumsum": lambda m, x, n, b: x.cumsum(2),
    "topk": lambda m, x, n, b: tuple(x.topk(3)),
    "layer_norm": lambda m, x, n, b: F.layer_norm(x, (8,), m.w[0], m.w[1]),
    "layer_norm of two axes, plain": lambda m, x, n, b: F.layer_norm(x, (3, 8)),
    "group_norm": lambda m, x, n, b: F.group_norm(x, 3, m.g, m.g + 1),
    "instance_norm": lambda m, x, n, b: F.instance_norm(x, weight=m.g, bias=m.g)[:1],
    "instance_norm, plain": lambda m, x, n, b: F.instance_norm(x),
    "batch_norm": lambda m, x, n, b: F.batch_norm(x, m.g - 1, m.g, m.g + 2, m.g),
    "batch_norm, plain": lambda m, x, n, b: F.batch_norm(x, m.g - 1, m.g),
    "rms_norm": lambda m, x, n, b: F.rms_norm(x, (8,), m.w[0]),
    "std": lambda m, x, n, b: x.std(-1),
    "norm": lambda m, x, n, b: x.norm(dim=-1),
    "norm of magnitudes": lambda m, x, n, b: x.norm(p=1, dim=-1, keepdim=True),
    "normalize": lambda m, x, n, b: F.normalize(x, dim=-1),
    "avg_pool": lambda m, x, n, b: F.avg_pool1d(x, 4),
    "avg_pool that overlaps": lambda m, x, n, b: F.avg_pool1d(x, 3, 1),
    "avg_pool of two axes": lambda m, x, n, b: F.avg_pool2d(x[:, :, :6], (3, 2)),
    "max_pool of two axes": lambda m, x, n, b: F.max_pool2d(x[:, :, :6], (3, 2)),
    "adaptive_avg_pool of two axes": lambda m, x, n, b: F.adaptive_avg_pool2d(x[:, None], 1),
    "max_pool that reaches beyond": lambda m, x, n, b: F.max_pool1d(x, 3, 1, 1),
    "max_pool that steps over elements": lambda m, x, n, b: F.max_pool1d(x, 2, 1, 1, 2),
    "adaptive_max_pool": lambda m, x, n, b: F.adaptive_max_pool1d(x, 1),
    "max_pool": lambda m, x, n, b: F.max_pool1d(x, 2),
    "adaptive_avg_pool": lambda m, x, n, b: F.adaptive_avg_pool1d(x, 1),
}
PRODUCTS = {
    "linear": lambda m, x, n, b: F.linear(x, m.w, m.w[0]),
    "linear of two axes": lambda m, x, n, b: F.linear(x[0], m.w),
    "linear by what arrives": lambda m, x, n, b: F.linear(x, x[0]),
    "matmul": lambda m, x, n, b: x @ m.w,
    "matmul of vectors": lambda m, x, n, b: x[0, 0] @ x[0, 1],
    "mm": lambda m, x, n, b: torch.mm(x[0], m.w),
    "bmm": lambda m, x, n, b: torch.bmm(x, x.transpose(1, 2)),
    "addmm": lambda m, x, n, b: torch.addmm(m.w[0], x[0], m.w, beta=0.5, alpha=2.0),
    "baddbmm": lambda m, x, n, b: torch.baddbmm(x[:, :, :3], x, x.transpose(1, 2)),
    "einsum": lambda m, x, n, b: torch.einsum("bth,bsh->bts", x, x.tanh()),
    "einsum of a weight": lambda m, x, n, b: torch.einsum("bth,oh->bot", x, m.w),
    "conv1d": lambda m, x, n, b: F.conv1d(x, m.k, m.w.view(-1)[:6], stride=2, padding=1),
    "conv1d, dilated": lambda m, x, n, b: F.conv1d(x, m.k, dilation=2),
    "conv1d, grouped": lambda m, x, n, b: F.conv1d(x, m.k[:3, :1], groups=3),
    "conv1d without a batch": lambda m, x, n, b: F.conv1d(x[0], m.k),
    "conv1d, same": lambda m, x, n, b: F.conv1d(x, m.k[:, :, :2], padding="same"),
    "conv2d": lambda m, x, n, b: F.conv2d(x[:, None], m.k[:, None], padding=(1, 0), stride=(1, 2)),
    "conv3d": lambda m, x, n, b: F.conv3d(x[:, None, None], m.k[:, None, None], stride=1),
    "convolution": lambda m, x, n, b: torch.convolution(x, m.k, None, [1], [1], [1], False, [0], 1),
    "conv_transpose2d": lambda m, x, n, b: F.conv_transpose2d(x[:, None], m.k[:1, :2, None], stride=(1, 2)),
    "conv_transpose1d": lambda m, x, n, b: F.conv_transpose1d(x, m.k[:3], stride=2, padding=1, output_padding=1),
    "embedding": lambda m, x, n, b: F.embedding(n.abs(), m.w),
    "attention": lambda m, x, n, b: F.scaled_dot_product_attention(x, x.tanh(), x),
    "attention, masked": lambda m, x, n, b: F.scaled_dot_product_attention(x, x, x, attn_mask=x[:, :, :3]),
    "attention, hidden": lambda m, x, n, b: F.scaled_dot_product_attention(
        x, x, x, attn_mask=b[:, :1, :3] | ~b[:, 1:2, :3]
    ),
    "attention that sees nothing": lambda m, x, n, b: F.scaled_dot_product_attention(x, x, x, attn_mask=b[:, :, :1]),
    "attention, hidden for good": lambda m, x, n, b: F.scaled_dot_product_attention(
        x, x, x, attn_mask=m.w[:3, :3] > -9
    ),
    "attention, causal": lambda m, x, n, b: F.scaled_dot_product_attention(x, x, x, is_causal=True, scale=0.3),
    "lstm cell": lambda m, x, n, b: torch.lstm_cell(x[0], (x[0, :, :2], x[1, :, :2]), m.w, m.w[:, :2], m.w[0], m.w[1]),
    "gru cell": lambda m, x, n, b: torch.gru_cell(x[0], x[0, :, :2], m.w[:6], m.w[:6, :2], m.w[0, :6], m.w[1, :6]),
}
GROUPS = {"pointwise": POINTWISE, "pairwise": PAIRWISE, "moves": MOVES, "reductions": REDUCTIONS, "products": PRODUCTS}


def written_over(x: torch.Tensor) -> torch.Tensor:
    """Assignments to parts, as modules with caches have them."""
    y = x.clone()
    y[:, 1:, 2:5] = 0.5
    y[:, 0] += x[:, 2]
    y[:, :, -1] = x[:, :, 0]
    return y


@pytest.mark.parametrize("group", GROUPS)
def test_the_float_run_of_what_was_read_is_what_torch_computes(group: str) -> None:
    agree(GROUPS[group])
