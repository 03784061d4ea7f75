"""Streaming modules as people write them, small, with random weights; each with an example and its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Case:
    """A module, what one call of it gets, and which outputs the next call finds where."""

    module: nn.Module
    example: tuple[Any, ...]
    states: Mapping[str, int | str] = field(default_factory=dict)


class DoubleSwish(nn.Module):
    """Icefall's activation."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x - 1.0)


class BasicNorm(nn.Module):
    """Icefall's norm: only the length is taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.eps = nn.Parameter(torch.tensor(0.25).log())

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.mean(x**2, dim=-1, keepdim=True) + self.eps.exp()) ** -0.5


class IcefallLayer(nn.Module):
    """An LSTM with projection and a feed-forward block, each with a residual sum."""

    def __init__(self, width: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, units, proj_size=width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), DoubleSwish(), nn.Dropout(0.1), nn.Linear(2 * width, width)
        )
        self.norm_final = BasicNorm()
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y, (h, c) = self.lstm(x, (h, c))
        x = x + self.dropout(y)
        x = x + self.dropout(self.feed_forward(x))
        return self.norm_final(x), h, c


class IcefallEncoder(nn.Module):
    """Convolutions over 9 frames that make one, then layers of LSTM; states of all layers in two tensors."""

    def __init__(self, features: int = 12, width: int = 8, units: int = 10, layers: int = 2) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=(0, 1)), DoubleSwish(), nn.Conv2d(4, 4, 3, stride=2), DoubleSwish(),
            nn.Conv2d(4, 4, 3, stride=2), DoubleSwish(),
        )  # fmt: skip
        frames = ((features - 1) // 2 - 1) // 2
        self.out = nn.Linear(4 * frames, width)
        self.layers = nn.ModuleList(IcefallLayer(width, units) for _ in range(layers))

    def forward(self, x: Tensor, states: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x (1, 9, features)."""
        x = self.conv(x.unsqueeze(1))
        batch, channels, time, width = x.size()
        x = self.out(x.transpose(1, 2).contiguous().view(batch, time, channels * width)).permute(1, 0, 2)
        h_all, c_all = [], []
        for index, layer in enumerate(self.layers):
            x, h, c = layer(x, states[0][index : index + 1], states[1][index : index + 1])
            h_all.append(h)
            c_all.append(c)
        return x.permute(1, 0, 2), (torch.cat(h_all, dim=0), torch.cat(c_all, dim=0))


class StatelessDecoder(nn.Module):
    """Icefall's prediction network: the last two symbols and a grouped convolution."""

    def __init__(self, symbols: int = 20, width: int = 8, context: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, width, padding_idx=0)
        self.conv = nn.Conv1d(width, width, context, groups=width // 4, bias=False)
        self.decoder_proj = nn.Linear(width, width)

    def forward(self, y: Tensor) -> Tensor:
        """y (1, context)."""
        embedded = self.embedding(y).permute(0, 2, 1)
        return self.decoder_proj(F.relu(self.conv(embedded).permute(0, 2, 1)).squeeze(1))


class Joiner(nn.Module):
    """Both sides projected, added, and squashed."""

    def __init__(self, width: int = 8, symbols: int = 20) -> None:
        super().__init__()
        self.encoder_proj = nn.Linear(width, width)
        self.output_linear = nn.Linear(width, symbols)

    def forward(self, encoder_out: Tensor, decoder_out: Tensor) -> Tensor:
        return self.output_linear(torch.tanh(self.encoder_proj(encoder_out) + decoder_out))


class LstmEncoder(nn.Module):
    """Layers of LSTM that end in a norm, batch first, and a projection to the joiner."""

    def __init__(self, features: int = 12, units: int = 8) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units, num_layers=2, batch_first=True)
        self.norm = nn.LayerNorm(units)
        self.out = nn.Linear(units, units)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x (1, T, features)."""
        y, state = self.lstm(x, state)
        return self.out(self.norm(y)), state


class GruSpotter(nn.Module):
    """Two layers of GRU over a chunk of frames; the last one decides."""

    def __init__(self, features: int = 10, units: int = 12, words: int = 5) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features)
        self.gru = nn.GRU(features, units, num_layers=2, batch_first=True)
        self.head = nn.Linear(units, words)

    def forward(self, x: Tensor, h: Tensor) -> dict[str, Tensor]:
        """x (1, T, features)."""
        y, h = self.gru(self.norm(x.transpose(1, 2)).transpose(1, 2), h)
        return {"words": F.log_softmax(self.head(y[:, -1]), dim=-1), "h": h}


class LstmSpotter(nn.Module):
    """One LSTM with projection; its state is a buffer of the module."""

    def __init__(self, features: int = 10, units: int = 12, projection: int = 6, words: int = 5) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units, proj_size=projection, batch_first=True)
        self.head = nn.Linear(projection, words)
        self.register_buffer("h", torch.zeros(1, 1, projection))
        self.register_buffer("c", torch.zeros(1, 1, units))

    def forward(self, x: Tensor) -> Tensor:
        """x (1, T, features)."""
        y, (h, c) = self.lstm(x, (self.h, self.c))
        self.h.copy_(h)
        self.c.copy_(c)
        return torch.sigmoid(self.head(y[:, -1]))


class ConvStep(nn.Module):
    """A causal convolution over channels-first chunks, given what it has heard before."""

    def __init__(self, channels: int = 6, kernel: int = 5) -> None:
        super().__init__()
        self.past = kernel - 1
        self.pointwise = nn.Conv1d(channels, 2 * channels, 1)
        self.depthwise = nn.Conv1d(channels, channels, kernel, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor, cache: Tensor) -> tuple[Tensor, Tensor]:
        """x (1, channels, T), cache (1, channels, kernel - 1)."""
        heard = torch.cat([cache, F.glu(self.pointwise(x), dim=1)], dim=2)
        y = self.norm(self.depthwise(heard).transpose(1, 2)).transpose(1, 2)
        return x + self.out(F.silu(y)), heard[:, :, -self.past :]


class ConvBlock(nn.Module):
    """The same, with a buffer that it assigns."""

    def __init__(self, channels: int = 6, kernel: int = 5) -> None:
        super().__init__()
        self.step = ConvStep(channels, kernel)
        self.register_buffer("cache", torch.full((1, channels, kernel - 1), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        """x (1, channels, T)."""
        y, self.cache = self.step(x, self.cache)
        return y


class CachedAttention(nn.Module):
    """Attention of one frame over the keys and values of the last ones, and a feed-forward block."""

    def __init__(self, width: int = 8, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, cache: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x (1, 1, width); cache: keys and values (1, heads, past, width / heads)."""
        query, key, value = (self._by_head(part) for part in self.qkv(self.norm(x)).chunk(3, dim=-1))
        key, value = torch.cat([cache[0], key], dim=2), torch.cat([cache[1], value], dim=2)
        seen = F.scaled_dot_product_attention(query, key, value)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.feed_forward(x), (key[:, :, 1:], value[:, :, 1:])

    def _by_head(self, x: Tensor) -> Tensor:
        return x.view(1, -1, self.heads, x.shape[-1] // self.heads).transpose(1, 2)


class StreamingEmformer(nn.Module):
    """torchaudio's Emformer, one segment a call, as it is once its past is full."""

    def __init__(self, width: int = 8, layers: int = 2) -> None:
        super().__init__()
        from torchaudio.models import Emformer

        self.emformer = Emformer(
            width, 2, 16, layers, segment_length=4, left_context_length=6, right_context_length=2, max_memory_size=3
        )
        for layer in self.emformer.emformer_layers:
            layer._unpack_state = _whole_past

    def forward(self, x: Tensor, states: list[list[Tensor]]) -> tuple[Tensor, list[list[Tensor]]]:
        """x (1, 4 + 2, width); states of each layer: memory, keys, values."""
        past = [[*state, torch.zeros(1, 1, dtype=torch.int32)] for state in states]
        y, _, past = self.emformer.infer(x, torch.tensor([x.shape[1]]), past)
        return y, [state[:3] for state in past]


def _whole_past(state: list[Tensor]) -> list[Tensor]:
    return state[:3]


def icefall_encoder() -> Case:
    example = (torch.randn(1, 9, 12), (torch.zeros(2, 1, 8), torch.zeros(2, 1, 10)))
    return Case(IcefallEncoder(), example, {"states": 1})


def lstm_encoder() -> Case:
    return Case(LstmEncoder(), (torch.randn(1, 3, 12), (torch.zeros(2, 1, 8), torch.zeros(2, 1, 8))), {"state": 1})


def conv_step() -> Case:
    return Case(ConvStep(), (torch.randn(1, 6, 4), torch.zeros(1, 6, 4)), {"cache": 1})


def icefall_decoder() -> Case:
    return Case(StatelessDecoder(), (torch.tensor([[0, 3]]),))


def joiner() -> Case:
    return Case(Joiner(), (torch.randn(1, 8), torch.randn(1, 8)))


def gru_spotter() -> Case:
    return Case(GruSpotter(), (torch.randn(1, 3, 10), torch.zeros(2, 1, 12)), {"h": "h"})


def lstm_spotter() -> Case:
    return Case(LstmSpotter(), (torch.randn(1, 3, 10),))


def conv_block() -> Case:
    return Case(ConvBlock(), (torch.randn(1, 6, 4),))


def cached_attention() -> Case:
    return Case(
        CachedAttention(), (torch.randn(1, 1, 8), (torch.zeros(1, 2, 5, 4), torch.zeros(1, 2, 5, 4))), {"cache": 1}
    )


def emformer() -> Case:
    states = [[torch.zeros(rows, 1, 8) for rows in (3, 6, 6)] for _ in range(2)]
    return Case(StreamingEmformer(), (torch.randn(1, 6, 8), states), {"states": 1})


CASES: Mapping[str, Callable[[], Case]] = {
    function.__name__: function
    for function in (
        icefall_encoder, icefall_decoder, joiner, lstm_encoder, gru_spotter, lstm_spotter, conv_step, conv_block,
        cached_attention, emformer,
    )
}  # fmt: skip


def case(name: str) -> Case:
    """The case ``name`` with weights that are always the same, in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        made = CASES[name]()
        with torch.no_grad():
            for parameter in made.module.parameters():
                parameter.uniform_(-0.5, 0.5)
            for buffer_name, buffer in made.module.named_buffers():
                if "running" in buffer_name:
                    buffer.uniform_(0.5, 1.5)
    return Case(made.module.eval(), made.example, made.states)
