"""TensorFlow Lite operators, each alone in a file, whose tensors and options fit by chance only."""

import random
from typing import Any

import numpy as np

from tests.workloads.importers.tflite_files import G, Op, T, file_bytes, tflite
from workloads.importers.tflite_operators import OPERATORS

WORDS = sorted(OPERATORS)
NUMBERS = (0, 1, -1, 2, 3, -2, 7, 100, 2**31 - 1, -(2**31), 2**30)
REALS = (0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, 3e38, float("nan"), float("inf"), -float("inf"), 1e-45)
_TYPES = ("FLOAT32", "FLOAT32", "INT8", "INT8", "INT32", "INT64", "UINT8", "INT16", "BOOL", "FLOAT16", "STRING")
_NUMPY = {"STRING": "int8"}
_FIELDS = (
    "FusedActivationFunction", "StrideW", "StrideH", "Padding", "DilationWFactor", "DilationHFactor", "FilterWidth",
    "FilterHeight", "DepthMultiplier", "Axis", "KeepDims", "NumSplits", "NumSplitsV", "BeginMask", "EndMask",
    "EllipsisMask", "NewAxisMask", "ShrinkAxisMask", "ValuesCount", "Num", "AdjX", "AdjY", "Exclusive", "Reverse",
    "BatchDims", "Mode", "Beta", "Alpha", "KeepNumDims", "WeightsFormat", "OutputType", "TimeMajor", "CellClip",
)  # fmt: skip


def kind_of(word: str) -> str:
    """The schema's options of an operator, "" if it has none under its own name."""
    names = {name.lower(): name for name in vars(tflite.BuiltinOptions) if name.endswith("Options")}
    known = {"MEAN": "ReducerOptions", "SUM": "ReducerOptions", "REDUCE_MAX": "ReducerOptions",
             "AVERAGE_POOL_2D": "Pool2DOptions", "MAX_POOL_2D": "Pool2DOptions", "REDUCE_MIN": "ReducerOptions",
             "CONCATENATION": "ConcatenationOptions"}  # fmt: skip
    return known.get(word, names.get(f"{word.replace('_', '').lower()}options", ""))


class Operators:
    """Files of one operator each, decided by ``seed``."""

    def __init__(self, seed: object) -> None:
        self.chance = random.Random(str(seed))
        self.common = [self.chance.choice((1, 2, 3)) for _ in range(self.chance.choice((0, 1, 2, 3, 4)))]

    def file(self) -> bytes:
        """The bytes of a file of one operator."""
        word = self.chance.choice(WORDS)
        least, most = OPERATORS[word].operands
        count = self.chance.randint(least, min(most, least + 2)) + (self.chance.random() < 0.03)
        same = self.chance.choice(_TYPES[:4])
        tensors = [self._tensor(place == 0, same) for place in range(count)]
        results = self.chance.randint(1, 3) if OPERATORS[word].parts else 1
        tensors += [self._tensor(True, same) for _ in range(results)]
        inputs = [place if self.chance.random() > 0.03 else -1 for place in range(count)]
        op = Op(word, inputs, list(range(count, count + results)), *self._options(word))
        arriving = [place for place in range(count) if tensors[place].data is None] or [0]
        return file_bytes(G(tensors, [op], inputs=arriving, outputs=list(range(count, count + results))))

    def _shape(self) -> list[int]:
        if self.chance.random() < 0.6:
            return list(self.common)
        sizes = (0, 1, 2, -1) if self.chance.random() < 0.1 else (1, 2, 3, 4)
        return [self.chance.choice(sizes) for _ in range(self.chance.choice((0, 1, 2, 2, 3, 4, 4)))]

    def _tensor(self, flows: bool, same: str) -> T:
        kind, shape = same if self.chance.random() < 0.6 else self.chance.choice(_TYPES), self._shape()
        data = None
        if not flows and self.chance.random() < 0.75:
            shape = [max(0, size) for size in shape]
            data = self._data(kind, shape)
        scales: Any = None
        if kind in ("INT8", "UINT8", "INT16", "INT32") and self.chance.random() < 0.7:
            many = 1 if self.chance.random() < 0.8 else self.chance.randint(0, 4)
            scales = [self.chance.choice((0.5, 0.25, 1.0)) if self.chance.random() < 0.8 else self._real() for _ in
                      range(many)]  # fmt: skip
        zero = self.chance.choice((0, 0, 0, -3, 128, 2**40))
        axis = self.chance.choice((0, 0, 1, 3, 9, -1))
        return T(shape, kind, data, scale=scales, zero=[zero] * len(scales or ()), axis=axis,
                 variable=self.chance.random() < 0.03)  # fmt: skip

    def _data(self, kind: str, shape: list[int]) -> bytes:
        count = int(np.prod(shape))
        numbers = [self._real() if kind.startswith("FLOAT") else self.chance.choice(NUMBERS) if
                   self.chance.random() < 0.3 else self.chance.randint(-2, 4) for _ in range(count)]  # fmt: skip
        with np.errstate(all="ignore"):
            data = np.array(numbers).astype(_NUMPY.get(kind, kind.lower())).tobytes()
        return data[: self.chance.randint(0, len(data))] if self.chance.random() < 0.03 else data

    def _real(self) -> float:
        return self.chance.choice(REALS) if self.chance.random() < 0.4 else self.chance.uniform(-2, 3)

    def _options(self, word: str) -> tuple[str, dict[str, Any]]:
        kind = kind_of(word)
        if not kind or self.chance.random() < 0.1:
            return "", {}
        return kind, {
            name: self._real() if name in ("Beta", "Alpha", "CellClip") else self._option(name)
            for name in _FIELDS
            if hasattr(tflite, f"{kind}Add{name}") and self.chance.random() < 0.8
        }

    def _option(self, name: str) -> int:
        if name in ("FusedActivationFunction", "Padding", "WeightsFormat", "OutputType", "Mode"):
            return self.chance.choice((0, 0, 0, 1, 2, 3, 9, 127))
        if name in ("KeepDims", "AdjX", "AdjY", "Exclusive", "Reverse", "KeepNumDims", "TimeMajor"):
            return self.chance.choice((0, 1))
        return self.chance.choice(NUMBERS) if self.chance.random() < 0.3 else self.chance.choice((0, 1, 1, 1, 2, -1))
