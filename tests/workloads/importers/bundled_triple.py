"""The bundled recogniser as others have a transducer: encoder, decoder and joiner of plain torch, and as ONNX files."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from aat_training.checkpoint import read_checkpoint

CHECKPOINT = Path(__file__).parents[3] / "workloads/bundled/checkpoints/float"
Weights = Mapping[str, Tensor]


def _lstm(weights: Weights, layer: str) -> nn.LSTM:
    prefix = f"layers.{layer}."
    own = {name.removeprefix(prefix): values for name, values in weights.items() if name.startswith(prefix)}
    units, inputs = own["weight_hh_l0"].shape[1], own["weight_ih_l0"].shape[1]
    module = nn.LSTM(inputs, units, batch_first=True)
    module.load_state_dict({**own, "bias_hh_l0": torch.zeros(4 * units)})
    return module


def _linear(weights: Weights, layer: str) -> nn.Linear:
    weight, bias = weights[f"{layer}.weight"], weights.get(f"{layer}.bias")
    module = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    module.load_state_dict({"weight": weight} | ({"bias": bias} if bias is not None else {}))
    return module


class Encoder(nn.Module):
    """A chunk of ``reduction`` frames to one output: a layer below the reduction, one above, and the projection."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.register_buffer("mean", weights["feature_mean"])
        self.register_buffer("scale", weights["feature_scale"])
        self.below, self.above, self.out = _lstm(weights, "enc0"), _lstm(weights, "enc1"), _linear(weights, "joint_enc")

    def forward(self, x: Tensor, h0: Tensor, c0: Tensor, h1: Tensor, c1: Tensor) -> tuple[Tensor, ...]:
        """x (1, reduction, features), states (1, 1, units)."""
        y, (h0, c0) = self.below((x - self.mean) * self.scale, (h0, c0))
        y, (h1, c1) = self.above(y.reshape(1, 1, -1), (h1, c1))
        return self.out(y)[:, 0], h0, c0, h1, c1


class Decoder(nn.Module):
    """The last symbol, through one layer."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(weights["embedding.weight"])
        self.lstm, self.out = _lstm(weights, "pred0"), _linear(weights, "joint_pred")

    def forward(self, y: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
        """y (1, 1), states (1, 1, units)."""
        out, (h, c) = self.lstm(self.embedding(y), (h, c))
        return self.out(out)[:, 0], h, c


class Joiner(nn.Module):
    """Both sides added and squashed."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.out = _linear(weights, "output")

    def forward(self, encoder_out: Tensor, decoder_out: Tensor) -> Tensor:
        return self.out(torch.tanh(encoder_out + decoder_out))


@dataclass(frozen=True)
class Part:
    """A module, what a call of it gets, and the names of both sides; a state ``s`` comes out as ``new_s``."""

    module: nn.Module
    example: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def states(self) -> dict[str, int]:
        """Inputs that are states, by the places of their outputs."""
        return {name.removeprefix("new_"): place for place, name in enumerate(self.outputs) if name.startswith("new_")}


def triple() -> dict[str, Part]:
    """Encoder, decoder and joiner with the bundled weights."""
    checkpoint = read_checkpoint(CHECKPOINT)
    weights = {name: torch.from_numpy(values) for name, values in checkpoint.part("model").items()}
    units, own = weights["layers.enc0.weight_hh_l0"].shape[1], weights["layers.pred0.weight_hh_l0"].shape[1]
    reduction = weights["layers.enc1.weight_ih_l0"].shape[1] // units
    wide, narrow = torch.zeros(1, 1, units), torch.zeros(1, 1, own)
    joint = torch.zeros(1, len(weights["joint_enc.bias"]))
    frames = torch.zeros(1, reduction, len(weights["feature_mean"]))
    states = ("h0", "c0", "h1", "c1")
    return {
        "encoder": Part(Encoder(weights).eval(), (frames, wide, wide, wide, wide), ("x", *states),
                        ("encoder_out", *(f"new_{state}" for state in states))),
        "decoder": Part(Decoder(weights).eval(), (torch.tensor([[1]]), narrow, narrow), ("y", "h", "c"),
                        ("decoder_out", "new_h", "new_c")),
        "joiner": Part(Joiner(weights).eval(), (joint, joint), ("encoder_out", "decoder_out"), ("logits",)),
    }  # fmt: skip


def exported(folder: Path) -> dict[str, Path]:
    """The three as ONNX files."""
    paths = {}
    for role, part in triple().items():
        paths[role] = folder / f"{role}.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of batches other than 1, and of itself
            torch.onnx.export(
                part.module, part.example, str(paths[role]), dynamo=False, opset_version=17,
                input_names=list(part.inputs), output_names=list(part.outputs),
            )  # fmt: skip
    return paths
