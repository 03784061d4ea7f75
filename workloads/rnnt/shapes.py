"""The shape of a streaming RNN-T: all that the op graphs of a trace follow from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from nnasim import files
from nnasim.errors import ConfigError
from nnasim.records import Flag, Frozen, Integer, Number, validated

# What people describe recognisers by, and this simulator has no operations for.
FAMILIES = {
    **dict.fromkeys(("projection", "projection_units", "proj_size", "encoder_projection"), "projections of LSTMs are"),
    **dict.fromkeys(("cell", "cell_type", "rnn_type", "gru"), "cells are always LSTMs; other cells are"),
    **dict.fromkeys(("bidirectional", "bidir"), "layers that look ahead, such as bidirectional ones, are"),
    **dict.fromkeys(("peephole", "peepholes", "use_peephole"), "peepholes are"),
    **dict.fromkeys(
        ("encoder", "encoder_type", "architecture", "conformer", "transformer", "attention", "attention_heads", "heads",
         "convolution", "conv", "kernel_size", "subsampling"),
        "encoders are stacks of LSTMs; conformers, transformers and convolutions are",
    ),
    **dict.fromkeys(("decoder", "predictor", "stateless"), "prediction networks are stacks of LSTMs; others are"),
}  # fmt: skip


class RnntShape(Frozen):
    """Sizes of an RNN-T. One input frame is a stack of feature frames and covers ``frame_ms`` milliseconds.

    ``encoder_before`` LSTM layers run every input frame; with ``reduction`` r > 1 the outputs of r consecutive frames
    are then stacked, and ``encoder_after`` layers run once for them.
    """

    name: str = Field("custom", max_length=200)
    input_features: Integer = Field(gt=0, le=65536)
    frame_ms: Number = Field(gt=0, le=10_000)
    encoder_units: Integer = Field(gt=0, le=65536)
    encoder_before: Integer = Field(gt=0, le=64)
    reduction: Integer = Field(1, gt=0, le=16)
    encoder_after: Integer = Field(0, ge=0, le=64)
    embedding: Integer = Field(gt=0, le=65536)
    prediction_units: Integer = Field(gt=0, le=65536)
    prediction_layers: Integer = Field(gt=0, le=64)
    joint_units: Integer = Field(gt=0, le=65536)
    outputs: Integer = Field(gt=1, le=1_000_000)
    layer_norm: Flag = False

    @model_validator(mode="after")
    def _reduced_layers(self) -> RnntShape:
        if self.reduction > 1 and self.encoder_after == 0:
            raise ValueError(f"encoder_after: with reduction {self.reduction}, at least 1 layer must follow it")
        if self.reduction == 1 and self.encoder_after > 0:
            raise ValueError("encoder_after: without a reduction every layer counts as encoder_before")
        return self

    @property
    def encoder_layers(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the encoder's LSTM layers: those that run every input frame, and those behind the reduction."""
        names = tuple(f"enc{number}" for number in range(self.encoder_before + self.encoder_after))
        return names[: self.encoder_before], names[self.encoder_before :]

    @property
    def lstm_layers(self) -> tuple[str, ...]:
        """Names of all LSTM layers, in the order in which they run."""
        before, after = self.encoder_layers
        return (*before, *after, *(f"pred{number}" for number in range(self.prediction_layers)))

    @property
    def weights(self) -> int:
        """Number of weights (matrices and embedding, without biases)."""
        units, pred = self.encoder_units, self.prediction_units
        encoder = 4 * units * (self.input_features + (2 * self.encoder_before - 1) * units)
        if self.encoder_after:
            encoder += 4 * units * (self.reduction * units + (2 * self.encoder_after - 1) * units)
        prediction = 4 * pred * (self.embedding + (2 * self.prediction_layers - 1) * pred)
        joint = self.joint_units * (units + pred + self.outputs)
        return encoder + prediction + joint + self.outputs * self.embedding


def _paper(name: str, **sizes: int | float) -> RnntShape:
    return RnntShape.model_validate({"name": name, **sizes})


# Sizes of published recognisers; what a publication leaves open is said at the shape.
SHAPES: dict[str, RnntShape] = {
    shape.name: shape
    for shape in (
        _paper(
            "rnnt-paper", input_features=192, frame_ms=30, encoder_units=1024, encoder_before=5,
            embedding=512, prediction_units=1024, prediction_layers=2, joint_units=512, outputs=4001,
        ),
        # MLPerf inference RNN-T: 80 mel x 3 stacked frames of 10 ms; 320-wide prediction network there, here the
        # study's 2 x 512; 1,023 outputs as the study names them.
        _paper(
            "rnnt-mlperf", input_features=240, frame_ms=30, encoder_units=1024, encoder_before=2, reduction=2,
            encoder_after=3, embedding=512, prediction_units=512, prediction_layers=2, joint_units=512, outputs=1023,
        ),
        # The reduction after the second layer and the 4,001 outputs are assumed.
        _paper(
            "rnnt-85m", input_features=192, frame_ms=30, encoder_units=1024, encoder_before=2, reduction=2,
            encoder_after=6, embedding=512, prediction_units=512, prediction_layers=2, joint_units=768, outputs=4001,
        ),
    )
}  # fmt: skip


def load_shape(name_or_path: str | Path) -> RnntShape:
    """A known shape by name, or one from a YAML file. Raises ConfigError or FileError."""
    if str(name_or_path) in SHAPES:
        return SHAPES[str(name_or_path)]
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        allowed = f"known are {', '.join(SHAPES)}, or a .yaml file{files.seems(path)}"
        raise ConfigError("shape", "name", str(name_or_path), allowed)
    data = files.read_yaml(path)
    if not isinstance(data, dict):
        raise ConfigError(path, "", data, "must be a mapping of shape fields")
    files.refuse_other(data, "a shape file", path)
    refuse_other_families(data, path)
    return validated(RnntShape, {"name": path.stem[:200], **data}, path)


def refuse_other_families(data: dict[str, Any], path: Path) -> None:
    """Raise ConfigError if a shape file describes a model of which no trace can be built."""
    for key, value in data.items():
        if str(key).lower() in FAMILIES:
            what = FAMILIES[str(key).lower()]
            fields = list(RnntShape.model_fields)
            near = next((f"did you mean {name}? " for name in fields if name.startswith(str(key).lower())), "")
            allowed = f"{what} not supported by a shape file; {near}allowed are {', '.join(fields)}"
            raise ConfigError(path, str(key), value, allowed)
