"""Opening an ONNX file: it is looked over before it is parsed, and neither checked nor completed by any other tool."""

from __future__ import annotations

import mmap
import os
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim import files, limits
from nnasim.errors import NOT_GIVEN, FileError, MissingExtraError, ModelError
from workloads.importers.onnx_wire import NotWholeError, TooMuchError, look_over

if TYPE_CHECKING:
    from onnx import ModelProto

MOST_BYTES = limits.ONNX_BYTES
"""The most bytes of the file itself, weights included: parsing takes twice as much. Larger weights are beside it."""

OLDEST_OPSET, NEWEST_OPSET = 7, 26


def parsed(path: Path) -> ModelProto:
    """The ModelProto in the file at ``path``.

    Raises FileError for a file that is not regular, or too large; ModelError for one that is not an ONNX model, is cut
    off, or declares more than a model does; MissingExtraError if onnx is not installed.
    """
    model_type = _onnx().ModelProto
    with files.open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise FileError(
                path, f"has {size:,} bytes, at most {MOST_BYTES:,} are allowed; keep weights as external data"
            )
        if not size:
            raise FileError(path, "is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            _check(path, data)
            model = model_type()
            try:
                model.ParseFromString(data)
            except _decode_error():
                raise _foreign(path) from None
    if not model.HasField("graph") or not model.graph.output:
        raise _foreign(path)
    _check_versions(path, model)
    elements = sum(map(_elements_beside, (model.graph, *model.functions)))
    if elements > limits.ONNX_ELEMENTS:
        raise ModelError(path, "weights beside it", elements, f"at most {limits.ONNX_ELEMENTS:,} elements are allowed")
    return model


def _elements_beside(graph: Any) -> int:
    """Elements of all weights of a graph or function that are in other files, of which many may be the same bytes."""
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    tensors = [*getattr(graph, "initializer", ())]
    tensors += [tensor for each in attributes for tensor in (each.t, *each.tensors)]
    inner = [body for each in attributes for body in (each.g, *each.graphs) if body.node]
    own = sum(prod(tensor.dims) for tensor in tensors if tensor.external_data and len(tensor.dims) <= limits.MODEL_AXES)
    return own + sum(map(_elements_beside, inner))


def _check(path: Path, data: memoryview) -> None:
    try:
        look_over(data)
    except NotWholeError:
        raise _foreign(path) from None
    except TooMuchError as error:
        raise ModelError(path, "", NOT_GIVEN, f"{error}, so it is not read") from None


def _foreign(path: Path) -> ModelError:
    return ModelError(path, "", NOT_GIVEN, f"is no ONNX model, or one that is cut off{files.seems(path)}")


def opsets(model: Any) -> dict[str, int]:
    """Versions of the operator sets by domain, of a model or a function; ONNX's own domain is ""."""
    return {plain(entry.domain): int(entry.version) for entry in model.opset_import}


def plain(domain: str | bytes) -> str:
    """The name of a domain; ONNX's own is ""."""
    return "" if domain == "ai.onnx" else text(domain)


def text(value: str | bytes) -> str:
    """A name or text of the file; protobuf gives bytes if it is not UTF-8."""
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def _check_versions(path: Path, model: ModelProto) -> None:
    version = opsets(model).get("")
    if version is None and not model.functions:
        raise ModelError(path, "opset_import", NOT_GIVEN, "does not say which version of ONNX's operators it uses")
    if version is not None and not OLDEST_OPSET <= version <= NEWEST_OPSET:
        raise ModelError(path, "opset_import", version, f"must be {OLDEST_OPSET} .. {NEWEST_OPSET}")


def _onnx() -> Any:
    try:
        import onnx
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise MissingExtraError("onnx", "onnx") from None
    return onnx


def _decode_error() -> type[Exception]:
    from google.protobuf.message import DecodeError

    return DecodeError
