"""A streaming encoder like Zipformer2, small, with random weights, written out as its exporters write it.

Six stacks at frame rates of 1, 1/2, 1/4, 1/8, 1/4 and 1/2; in each layer attention weights that are used four times,
non-linear attention, two attentions over values, two convolutions that see the past and their chunk, three feed-forward
blocks and two bypasses. Each layer keeps six caches; a streaming front end keeps one, and a count says how much of the
past is there yet. The structure follows "Zipformer: A faster and better encoder for automatic speech recognition" (Yao
et al., ICLR 2024); the code is ours.
"""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

CACHES = ("key", "nonlin_attn", "val1", "val2", "conv1", "conv2")


def swoosh(x: Tensor, shift: float, slope: float, offset: float) -> Tensor:
    """log(1 + exp(x - shift)) - slope x - offset, of the greater and the distance, so that nothing overflows."""
    zero = torch.zeros_like(x)
    greater, apart = torch.max(zero, x - shift), torch.abs(x - shift)
    return greater + torch.log1p(torch.exp(-apart)) - slope * x - offset


def swoosh_l(x: Tensor) -> Tensor:
    return swoosh(x, 4.0, 0.08, 0.035)


def swoosh_r(x: Tensor) -> Tensor:
    return swoosh(x, 1.0, 0.08, 0.313261687)


class BiasNorm(nn.Module):
    """Divided by the root mean square of what is left without a bias, times a scale."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias, self.log_scale = nn.Parameter(torch.zeros(channels)), nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.mean((x - self.bias) ** 2, dim=-1, keepdim=True) ** -0.5
        return x * (scale * self.log_scale.exp())


class Bypass(nn.Module):
    """Between what went in and what came out, by channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels,), 0.5))

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        return before + (after - before) * self.scale


class FeedForward(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(swoosh_l(self.up(x)))


class AttentionWeights(nn.Module):
    """Queries and keys, and how far they are apart."""

    def __init__(self, channels: int, heads: int, width: int, pos_width: int, pos_channels: int) -> None:
        super().__init__()
        self.heads, self.width, self.pos_width = heads, width, pos_width
        self.proj = nn.Linear(channels, heads * (2 * width + pos_width))
        self.pos = nn.Linear(pos_channels, heads * pos_width, bias=False)

    def forward(self, x: Tensor, pos: Tensor, cached: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
        """x (time, batch, channels), cached (left, batch, heads * width), masked (batch, left + time)."""
        heads, width = self.heads, self.width
        q, k, p = torch.split(self.proj(x), [heads * width, heads * width, heads * self.pos_width], dim=-1)
        k = torch.cat([cached, k], dim=0)
        left = cached.shape[0]
        cached = k[k.shape[0] - left :]
        time, batch, _ = x.shape
        seen = k.shape[0]
        q = q.reshape(time, batch, heads, width).permute(2, 1, 0, 3)
        p = p.reshape(time, batch, heads, self.pos_width).permute(2, 1, 0, 3)
        k = k.reshape(seen, batch, heads, width).permute(2, 1, 3, 0)
        scores = torch.matmul(q, k)
        far = self.pos(pos).reshape(1, -1, heads, self.pos_width).permute(2, 0, 3, 1)
        apart = torch.matmul(p, far)
        rows = torch.arange(time - 1, -1, -1).repeat(batch * heads).unsqueeze(-1)
        places = rows + torch.arange(seen)
        apart = apart.reshape(-1, apart.shape[-1])
        apart = torch.gather(apart, dim=1, index=places).reshape(heads, batch, time, seen)
        scores = scores + apart
        scores = scores.masked_fill(masked.unsqueeze(1), -1000.0)
        return scores.softmax(dim=-1), cached


class Values(nn.Module):
    """Attention over values by weights that are there already."""

    def __init__(self, channels: int, heads: int, width: int) -> None:
        super().__init__()
        self.heads, self.inner, self.out = heads, nn.Linear(channels, heads * width), nn.Linear(heads * width, channels)

    def forward(self, x: Tensor, weights: Tensor, cached: Tensor) -> tuple[Tensor, Tensor]:
        values = torch.cat([cached, self.inner(x)], dim=0)
        cached = values[values.shape[0] - cached.shape[0] :]
        seen, batch, _ = values.shape
        values = values.reshape(seen, batch, self.heads, -1).permute(2, 1, 0, 3)
        heard = torch.matmul(weights, values).permute(2, 1, 0, 3).contiguous().view(x.shape[0], batch, -1)
        return self.out(heard), cached


class NonLinear(nn.Module):
    """Attention by one head's weights, gated before and after."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.inner, self.out = nn.Linear(channels, 3 * hidden), nn.Linear(hidden, channels)

    def forward(self, x: Tensor, weights: Tensor, cached: Tensor) -> tuple[Tensor, Tensor]:
        gate, values, after = self.inner(x).chunk(3, dim=2)
        values = values * gate.tanh()
        time, batch, _ = x.shape
        heads = weights.shape[0]
        values = values.reshape(time, batch, heads, -1).permute(2, 1, 0, 3)
        values = torch.cat([cached, values], dim=2)
        cached = values[:, :, values.shape[2] - cached.shape[2] :]
        heard = torch.matmul(weights, values).permute(2, 1, 0, 3).reshape(time, batch, -1)
        return self.out(heard * after), cached


class Convolution(nn.Module):
    """A gated depthwise convolution over the past, and one over the chunk, weighed by the place in it."""

    def __init__(self, channels: int, kernel: int, chunk: int) -> None:
        super().__init__()
        self.left = kernel // 2
        self.inner, self.out = nn.Linear(channels, 2 * channels), nn.Linear(channels, channels)
        self.causal = nn.Conv1d(channels, channels, (kernel + 1) // 2, groups=channels)
        self.chunked = nn.Conv1d(channels, channels, kernel, groups=channels, padding=kernel // 2)
        self.edges = nn.Parameter(torch.randn(2, channels, kernel) * 0.1)
        self.chunk = chunk

    def forward(self, x: Tensor, cached: Tensor) -> tuple[Tensor, Tensor]:
        x, gate = self.inner(x).chunk(2, dim=2)
        x = (x * gate.sigmoid()).permute(1, 2, 0)
        x = torch.cat([cached, x], dim=2)
        cached = x[..., x.shape[2] - self.left :]
        chunk = self.chunked(x[..., self.left :])
        x = self.causal(x) + chunk * self._by_place(chunk.shape[2])
        return self.out(swoosh_r(x.permute(2, 0, 1))), cached

    def _by_place(self, time: int) -> Tensor:
        first, last = self.edges[0], self.edges[1]
        kernel = first.shape[1]
        if time < kernel:
            first, last = first[:, :time], last[:, kernel - time :]
        else:
            pad = torch.zeros(first.shape[0], time - kernel)
            first, last = torch.cat((first, pad), dim=-1), torch.cat((pad, last), dim=-1)
        return 1.0 + (first + last)


class Layer(nn.Module):
    def __init__(self, channels: int, heads: int, kernel: int, chunk: int) -> None:
        super().__init__()
        self.weights = AttentionWeights(channels, heads, width=8, pos_width=4, pos_channels=16)
        self.feed1, self.feed2, self.feed3 = (FeedForward(channels, 3 * channels) for _ in range(3))
        self.nonlinear = NonLinear(channels, 3 * channels // 4)
        self.values1, self.values2 = Values(channels, heads, 6), Values(channels, heads, 6)
        self.conv1, self.conv2 = Convolution(channels, kernel, chunk), Convolution(channels, kernel, chunk)
        self.norm, self.bypass, self.middle = BiasNorm(channels), Bypass(channels), Bypass(channels)

    def forward(self, x: Tensor, pos: Tensor, masked: Tensor, caches: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        key, nonlin, val1, val2, conv1, conv2 = caches
        before = x
        weights, key = self.weights(x, pos, key, masked)
        x = x + self.feed1(x)
        part, nonlin = self.nonlinear(x, weights[0:1], nonlin)
        x = x + part
        part, val1 = self.values1(x, weights, val1)
        x = x + part
        part, conv1 = self.conv1(x, conv1)
        x = x + part
        x = x + self.feed2(x)
        x = self.middle(before, x)
        part, val2 = self.values2(x, weights, val2)
        x = x + part
        part, conv2 = self.conv2(x, conv2)
        x = x + part
        x = x + self.feed3(x)
        return self.bypass(before, self.norm(x)), [key, nonlin, val1, val2, conv1, conv2]


class Stack(nn.Module):
    """Layers at a lower frame rate; what they make is spread out again and bypassed."""

    def __init__(self, channels: int, layers: int, heads: int, kernel: int, rate: int, chunk: int, left: int) -> None:
        super().__init__()
        self.rate, self.time, self.left = rate, chunk // rate, left // rate
        self.layers = nn.ModuleList(Layer(channels, heads, kernel, self.time) for _ in range(layers))
        self.weights, self.bypass = nn.Parameter(torch.zeros(rate)), Bypass(channels)

    def positions(self, width: int = 16) -> Tensor:
        """What says how far two frames are apart, (1, 2 time - 1 + left, width)."""
        places = torch.arange(-(self.time + self.left - 1), self.time, dtype=torch.float32).unsqueeze(1)
        squeezed = places.sign() * (places.abs() + 1).log() / math.log(16.0)
        waves = (torch.atan(squeezed) * torch.arange(1, width // 2 + 1)).unsqueeze(-1)
        return torch.cat([waves.cos(), waves.sin()], dim=-1).reshape(1, -1, width)

    def forward(self, x: Tensor, masked: Tensor, caches: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        before = x
        if self.rate > 1:
            x = self._slower(x)
        masked = masked[:, :: self.rate]
        pos, after = self.positions(), list[Tensor]()
        for number, layer in enumerate(self.layers):
            x, new = layer(x, pos, masked, caches[6 * number : 6 * number + 6])
            after += new
        if self.rate > 1:
            time, batch, channels = x.shape
            x = x.unsqueeze(1).expand(time, self.rate, batch, channels).reshape(time * self.rate, batch, channels)
            x = self.bypass(before, x[: before.shape[0]])
        return x, after

    def _slower(self, x: Tensor) -> Tensor:
        time, batch, channels = x.shape
        x = x.reshape(time // self.rate, self.rate, batch, channels)
        weights = self.weights.softmax(dim=0).unsqueeze(-1).unsqueeze(-1)
        return (x * weights).sum(dim=1)


class FrontEnd(nn.Module):
    """Convolutions that halve the frame rate, and one ConvNeXt block that keeps what it has seen."""

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [nn.Conv2d(1, 4, 3, padding=(0, 1)), nn.Conv2d(4, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=(1, 2))]
        )
        self.deep = nn.Conv2d(16, 16, 7, groups=16, padding=(0, 3))
        self.up, self.down = nn.Conv2d(16, 48, 1), nn.Conv2d(48, 16, 1)
        self.width = (((features - 1) // 2) - 1) // 2
        self.out, self.norm = nn.Linear(16 * self.width, channels), BiasNorm(channels)

    def forward(self, x: Tensor, cached: Tensor) -> tuple[Tensor, Tensor]:
        """x (batch, frames, features); cached (batch, 16, 3, width)."""
        x = x.unsqueeze(1)
        for conv in self.convs:
            x = swoosh_r(conv(x))
        time = x.shape[2] - 3
        seen = torch.cat([cached, x], dim=2)
        cached = seen[:, :, time : time + 3]
        x = x[:, :, :time] + self.down(swoosh_l(self.up(self.deep(seen[:, :, : time + 6]))))
        batch, channels, time, width = x.shape
        x = x.transpose(1, 2).reshape(batch, time, channels * width)
        return self.norm(self.out(x)), cached


class ZipformerLike(nn.Module):
    """``layers`` and ``channels`` of each stack; a call hears a chunk of ``chunk`` frames of 20 ms."""

    def __init__(
        self, layers: Sequence[int], channels: Sequence[int], features: int = 80, chunk: int = 16, left: int = 64
    ) -> None:
        super().__init__()
        rates, kernels, heads = (1, 2, 4, 8, 4, 2), (31, 31, 15, 15, 15, 31), (4, 4, 4, 8, 4, 4)
        self.features, self.chunk, self.left, self.channels = features, chunk, left, tuple(channels)
        self.embed = FrontEnd(features, channels[0])
        self.stacks = nn.ModuleList(
            Stack(width, count, head, kernel, rate, chunk, left)
            for count, width, rate, kernel, head in zip(layers, channels, rates, kernels, heads, strict=False)
        )
        self.weights = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """x (1, 2 chunk + 13, features); states as ``names`` has them."""
        *caches, embedded, processed = states
        x, embedded = self.embed(x, embedded)
        there = torch.arange(self.left).flip(0).expand(1, self.left) >= processed.unsqueeze(1)
        masked = torch.cat([there, torch.zeros(1, self.chunk, dtype=torch.bool)], dim=1)
        x, first, after, outputs = x.permute(1, 0, 2), 0, list[Tensor](), list[Tensor]()
        for stack, width in zip(self.stacks, self.channels, strict=True):
            x = _of_width(x, width)
            count = len(CACHES) * len(stack.layers)
            x, new = stack(x, masked, caches[first : first + count])
            first += count
            after += new
            outputs.append(x)
        x = self._slower(self._full(outputs)).permute(1, 0, 2)
        return (x, *after, embedded, processed + self.chunk)

    def _full(self, outputs: Sequence[Tensor]) -> Tensor:
        """The last stack's channels, with those of earlier ones that it has not."""
        parts, width = [outputs[-1]], outputs[-1].shape[-1]
        for output in reversed(outputs[:-1]):
            if output.shape[-1] > width:
                parts.append(output[..., width:])
                width = output.shape[-1]
        return torch.cat(parts, dim=-1)

    def _slower(self, x: Tensor) -> Tensor:
        time, batch, channels = x.shape
        weights = self.weights.softmax(dim=0).unsqueeze(-1).unsqueeze(-1)
        return (x.reshape(time // 2, 2, batch, channels) * weights).sum(dim=1)

    @property
    def names(self) -> list[str]:
        """What the states are called."""
        count = sum(len(stack.layers) for stack in self.stacks)
        return [f"cached_{cache}_{layer}" for layer in range(count) for cache in CACHES] + [
            "embed_states",
            "processed_lens",
        ]

    def example(self) -> tuple[Tensor, ...]:
        """What one call gets, after a while."""
        states = list[Tensor]()
        for stack, width in zip(self.stacks, self.channels, strict=True):
            for layer in stack.layers:
                heads, left = layer.weights.heads, stack.left
                conv = torch.zeros(1, width, layer.conv1.left)
                states += [
                    torch.zeros(left, 1, heads * 8), torch.zeros(1, 1, left, 3 * width // 4),
                    torch.zeros(left, 1, heads * 6), torch.zeros(left, 1, heads * 6), conv, conv,
                ]  # fmt: skip
        states += [torch.zeros(1, 16, 3, self.embed.width), torch.zeros(1, dtype=torch.int64)]
        return (torch.randn(1, 2 * self.chunk + 13, self.features), *states)


def _of_width(x: Tensor, channels: int) -> Tensor:
    """With as many channels: cut, or zeros behind."""
    if x.shape[-1] >= channels:
        return x[..., :channels]
    return torch.cat([x, torch.zeros(x.shape[0], x.shape[1], channels - x.shape[-1])], dim=-1)


def zipformer_like(
    layers: Sequence[int] = (2, 2, 3, 4, 3, 2), channels: Sequence[int] = (32, 48, 64, 80, 64, 48)
) -> ZipformerLike:
    """The model in eval mode, its weights always the same."""
    torch.manual_seed(0)
    return ZipformerLike(layers, channels).eval()


def exported(model: ZipformerLike, path: Path) -> Path:
    """``model`` as an ONNX file, by torch's exporter that traces, its batch left open as exporters leave it."""
    names = model.names
    axes = dict(zip(names, map(_batch_axis, names), strict=True))
    axes.update({f"new_{name}": axis for name, axis in axes.items()}, x=0, encoder_out=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter says of each shape that it keeps it
        torch.onnx.export(
            model, model.example(), str(path), dynamo=False, opset_version=13, do_constant_folding=False,
            input_names=["x", *names], output_names=["encoder_out", *(f"new_{name}" for name in names)],
            dynamic_axes={name: {axis: "N"} for name, axis in axes.items()},
        )  # fmt: skip
    return path


def _batch_axis(state: str) -> int:
    return 1 if any(cache in state for cache in ("key", "nonlin", "val")) else 0
