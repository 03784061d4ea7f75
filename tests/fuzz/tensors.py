"""Mutants of safetensors files: names, shapes, types and numbers that agree with one another, and some that do not."""

from __future__ import annotations

import json
import random
import struct
from dataclasses import dataclass, replace

from tests.fuzz.mutation import FEW, of_bytes, of_json

_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
          "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1}  # fmt: skip
_NUMBERS = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e30, -1e30, 3.4e38, -3.4e38, float("nan"), float("inf"))


@dataclass(frozen=True)
class Tensor:
    """One of the file, by its type's name."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


def of_safetensors(data: bytes, rng: random.Random) -> bytes:
    """One to three tensors changed, and the header written anew; for one mutant of four the header itself, as JSON."""
    if rng.random() < 0.25:
        size = int.from_bytes(data[:8], "little")
        header = of_json(data[8 : 8 + size], rng)
        return len(header).to_bytes(8, "little") + header + data[8 + size :]
    tensors, metadata = parsed(data)
    for _ in range(rng.choice(FEW)):
        _change(tensors, rng)
    if rng.random() < 0.05:
        metadata = {"x": "\u202e", "format": "pt"}
    return packed(tensors, metadata)


def parsed(data: bytes) -> tuple[dict[str, Tensor], dict[str, str] | None]:
    """The tensors by name, in the order of their numbers, and what the file says of itself."""
    size = int.from_bytes(data[:8], "little")
    header, numbers = json.loads(data[8 : 8 + size]), data[8 + size :]
    metadata = header.pop("__metadata__", None)
    told = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    return {
        name: Tensor(entry["dtype"], tuple(entry["shape"]), numbers[slice(*entry["data_offsets"])])
        for name, entry in told
    }, metadata


def packed(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The file of them, offsets without gaps."""
    header: dict[str, object] = {} if metadata is None else {"__metadata__": metadata}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + len(tensor.data)
        header[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": (begin, end)}
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(tensor.data for tensor in tensors.values())


def _change(tensors: dict[str, Tensor], rng: random.Random) -> None:
    name, other = rng.choice(sorted(tensors)), rng.choice(sorted(tensors))
    tensor = tensors[name]
    match rng.randrange(10):
        case 0:
            tensors[name], tensors[other] = tensors[other], tensor
        case 1:
            tensors[name] = tensors[other]
        case 2 if len(tensors) > 1:
            del tensors[name]
        case 3:
            tensors[rng.choice(("x", "", "model.x", "\u202e", name + "_", "optimizer.9.step"))] = tensor
        case 4:
            tensors[name] = _retyped(tensor, rng)
        case 5:
            tensors[name] = replace(tensor, shape=_reshaped(tensor.shape, rng))
        case 6:
            tensors[name] = _resized(tensor, rng)
        case _:
            tensors[name] = replace(tensor, data=_other_numbers(tensor, rng))


def _retyped(tensor: Tensor, rng: random.Random) -> Tensor:
    """The same bytes as numbers of another type, the last axis longer or shorter by that."""
    dtype = rng.choice(sorted(_BYTES))
    if not tensor.shape:
        return replace(tensor, dtype=dtype, data=tensor.data[:1] * _BYTES[dtype])
    *front, last = tensor.shape
    return replace(tensor, dtype=dtype, shape=(*front, last * _BYTES[tensor.dtype] // _BYTES[dtype]))


def _reshaped(shape: tuple[int, ...], rng: random.Random) -> tuple[int, ...]:
    """The same number of elements."""
    return rng.choice(
        (shape[::-1], (*shape, 1), (1, *shape), shape[:-2] + ((shape[-2] * shape[-1],) if shape[1:] else shape))
    )


def _resized(tensor: Tensor, rng: random.Random) -> Tensor:
    """The first axis empty, shorter, or longer."""
    if not tensor.shape or not tensor.shape[0]:
        return replace(tensor, shape=(0,), data=b"")
    rows = len(tensor.data) // tensor.shape[0]
    count = rng.choice((0, 1, tensor.shape[0] - 1, tensor.shape[0] + 1, 2 * tensor.shape[0]))
    return replace(tensor, shape=(count, *tensor.shape[1:]), data=(tensor.data * 2)[: count * rows])


def _other_numbers(tensor: Tensor, rng: random.Random) -> bytes:
    """One number special, or all of them; or bits changed."""
    size = _BYTES[tensor.dtype]
    if tensor.dtype not in ("F32", "F64"):
        changed = of_bytes(tensor.data, rng)
        return changed[: len(tensor.data)].ljust(len(tensor.data), b"\0")
    number, count = struct.pack("<f" if size == 4 else "<d", rng.choice(_NUMBERS)), len(tensor.data) // size
    if rng.random() < 0.3 or not count:
        return number * count
    place = size * rng.randrange(count)
    return tensor.data[:place] + number + tensor.data[place + size :]
