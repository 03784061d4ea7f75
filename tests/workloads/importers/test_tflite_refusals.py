"""TensorFlow Lite files that cannot enter: each is told in our words, all reasons at once."""

import contextlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.tflite_files import G, Op, T, constant, file_bytes, wake_word

pytest.importorskip("tflite", reason="tflite is not installed")

from nnasim.errors import FileError, ModelError
from workloads.importers.tflite_reader import read_tflite
from workloads.stepgraph.refusals import RefusedModelError

X, Y = T((1, 4)), T((1, 4))


def refused(tmp_path: Path, model: bytes | G, *more: G, **given: Any) -> str:
    """The message with which a file is refused, without its name."""
    path = tmp_path / "model.tflite"
    path.write_bytes(model if isinstance(model, bytes) else file_bytes(model, *more, **given))
    with pytest.raises((ModelError, RefusedModelError)) as caught:
        read_tflite(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def one(op: Op, *more: T) -> G:
    return G([X, *more, Y], [op])


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, b"") == "is no TensorFlow Lite file: it lacks the mark TFL3"
    assert refused(tmp_path, b"PK\x03\x04" + bytes(100)).endswith("it seems to be a ZIP archive, as torch.save writes")
    with pytest.raises(FileError):
        read_tflite(tmp_path)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    model = file_bytes(G([X, constant(np.ones((3, 4), np.float32)), T((1, 3))],
                         [Op("FULLY_CONNECTED", [0, 1], [2], "FullyConnectedOptions")]))  # fmt: skip
    for end in range(8, len(model), 3):
        message = refused(tmp_path, model[:end])
        assert message.startswith("is truncated or corrupt") or "subgraph" in message, message


def test_everything_that_cannot_enter_is_said_at_once(tmp_path: Path) -> None:
    graph = G(
        [X, T((1, 4), name="a"), T((1, 4), name="b"), T((1, 4), name="c"), T((1, 4), name="d")],
        [
            Op("CUSTOM", [0], [1], custom="MyDetector"),
            Op("WHILE", [1], [2]),
            Op("RESIZE_BILINEAR", [2, 2], [3]),
            Op("CUSTOM", [3], [4], custom="MyDetector"),
        ],
    )
    assert refused(tmp_path, graph) == (
        "refused: a, d (CUSTOM MyDetector): is a custom operator; export with built-in operators. "
        "b (WHILE): branches or loops over data; export one step, without control flow. "
        "c (RESIZE_BILINEAR): is not known here; the manual lists the operators that are"
    )


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        (one(Op("TANH", [-1], [1])), "lacks an operand"),
        (one(Op("ADD", [0], [1])), "has 1 operands and 1 results"),
        (one(Op("RESHAPE", [0, 1], [2]), T((2,), "INT32")), "which nothing has written"),
        (one(Op("ADD", [0, 1], [2], "MulOptions"), constant(np.ones(4, np.float32))), "options of another operator"),
        (one(Op("ADD", [0, 1], [2], "AddOptions"), constant(np.ones(3, np.float32))), "which do not fit"),
        (one(Op("ADD", [0, 1], [2], "AddOptions", {"FusedActivationFunction": 5}), constant(np.ones(4, np.float32))),
         "has the fused activation 5"),
        (one(Op("FULLY_CONNECTED", [0, 1], [2], "FullyConnectedOptions"), T((4, 4), sparse=True)), "which is sparse"),
        (one(Op("FULLY_CONNECTED", [0, 1], [2], "FullyConnectedOptions"), constant(np.ones((4, 3), np.float32))),
         "has weights of 3 inputs on data of shape (1, 4)"),
        (G([X, constant(np.ones((3, 4), np.float32)), Y], [Op("FULLY_CONNECTED", [0, 1], [2])]),
         "gives the shape (1, 3), where the file declares (1, 4)"),
        (G([T((1, -1)), Y], [Op("TANH", [0], [1])]), "must be a shape of at most 8 axes"),
        (G([T((1, 1), signature=(1, -1)), Y], [Op("TANH", [0], [1])]), "has the undecided shape (1, -1)"),
        (G([T((1, 1 << 30)), Y], [Op("TANH", [0], [1])]), "has 1,073,741,824 elements, more than 268,435,456"),
        (G([T((1,) * 9), Y], [Op("TANH", [0], [1])]), "must be a shape of at most 8 axes"),
        (G([X, T((1, 4), buffer=7)], [Op("TANH", [0], [1])]), "buffer = 7: must be one of the file's 1"),
        (one(Op("ADD", [0, 1], [2], "AddOptions"), T((4,), data=b"123")), "must hold 16 bytes, as FLOAT32 of (4,)"),
        (one(Op("ADD", [0, 1], [2], "AddOptions"), T((4,), "INT8", b"1234", scale=-1.0)), "must be greater than 0"),
        (one(Op("ADD", [0, 1], [2], "AddOptions"), T((4,), "INT8", b"1234", scale=1.0, zero=128)), "integer of INT8"),
        (one(Op("ADD", [0, 1], [2], "AddOptions"), constant(np.full(4, np.nan, np.float32))), "which holds NaN"),
        (one(Op("ADD", [0, 1], [2], "AddOptions"), T((4,), "INT8", b"1234", scale=[1.0, 2.0])), "must have 2 places"),
        (G([X, Y], [Op("TANH", [5], [1])]), "operator 0: inputs = 5: must be one of the subgraph's 2 tensors"),
        (G([X, Y], [Op("TANH", [0], [1])], inputs=(9,)), "inputs = 9: must be one of the subgraph's 2 tensors"),
        (G([X, Y], [Op("TANH", [0], [1]), Op("ABS", [0], [1])]), "writes 't1', which is there already"),
        (G([X, Y], [Op("SPLIT", [0, 0], [1, 1])]), "writes 't1', which is there already"),
        (G([T((1, 4), "STRING"), Y], [Op("TANH", [0], [1])]), "t0 (input): meets 't0', which is of the type STRING"),
        (one(Op("ADD", [0, 1], [2], "AddOptions"), T((4,), "BFLOAT16", b"12345678")), "which nothing has written"),
        (G([X, Y, Y], [Op("TANH", [0], [1, 2])]), "has 1 operands and 2 results"),
        (one(Op("CUMSUM", [0, 1], [2], "CumsumOptions"), constant(np.zeros(3, np.int32))), "takes 3 numbers"),
        (one(Op("RESHAPE", [0, 1], [2]), constant(np.full(2, np.inf, np.float32))), "from real numbers"),
        (G([T((1,), "INT32"), T(()), T((1,))], [Op("EMBEDDING_LOOKUP", [0, 1], [2])], inputs=(0, 1)), "single number"),
        (G([T((1, 4, 1, 2)), T((3, 2)), T((1, 2, 2, 2)), T((1, 4, 1, 3))], [
            Op("TANH", [1], [2]), Op("CONV_2D", [2, 0], [3], "Conv2DOptions", {"StrideW": 1, "StrideH": 1})],
           inputs=(0, 1)), "gives the shape (3, 2), where the file declares (1, 2, 2, 2)"),
        (G([T((1, 4)), constant(np.ones((3, 0), np.float32)), T((1, 3))],
           [Op("FULLY_CONNECTED", [0, 1], [2], "FullyConnectedOptions")]), "has weights of shape"),
        (G([X, Y], []), "t1 (output): reads 't1', which nothing has written"),
        (G([X, T((), "RESOURCE"), Y], [Op("READ_VARIABLE", [1], [2])]), "uses no variable of the model"),
        (G([X, T((), "RESOURCE"), Y], [Op("VAR_HANDLE", [], [1]), Op("READ_VARIABLE", [1], [2])]),
         "is read, and no subgraph that runs once gives it a constant to start from"),
        (G([X, Y], [Op("CALL_ONCE", [], [], "CallOnceOptions", {"InitSubgraphIndex": 4}), Op("TANH", [0], [1])]),
         "subgraph 4 (CALL_ONCE): is not one of the file's 1 to run once"),
        (G([T((1, 4, 1, 2)), constant(np.ones((3, 9, 1, 2), np.float32)), T((1, 1, 1, 3))],
           [Op("CONV_2D", [0, 1], [2], "Conv2DOptions", {"Padding": 1, "StrideW": 1, "StrideH": 1})]),
         "has a kernel that spans (9, 1) of data that has (4, 1)"),
        (G([T((1, 4, 1, 2)), constant(np.ones((3, 1, 1, 2), np.float32)), T((1, 4, 1, 3))],
           [Op("CONV_2D", [0, 1], [2], "Conv2DOptions")]), "has the stride (0, 0)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(graph: G, why: str, tmp_path: Path) -> None:
    assert why in refused(tmp_path, graph)


@pytest.mark.parametrize(
    ("op", "tensors", "why"),
    [
        (Op("NEG", [0], [1]), [T((3,), "BOOL"), T((3,), "BOOL")], "takes no bool"),
        (Op("SIGN", [0], [1]), [T((3,), "BOOL"), T((3,), "BOOL")], "takes no bool"),
        (Op("LOG_SOFTMAX", [0], [1]), [T((3,), "BOOL"), T((3,), "BOOL")], "takes no bool"),
        (Op("GATHER", [0, 1], [2], "GatherOptions"), [X, T((2,)), T((2, 4))], "takes places of int32 or int64"),
        (Op("GATHER", [0, 1], [2], "GatherOptions"), [X, constant(np.array([9], np.int32)), T((1, 4))],
         "takes place 9 of an axis of 1"),
        (Op("SELECT_V2", [0, 1, 2], [3]), [X, X, X, X], "takes a bool and two of one type"),
        (Op("COS", [0], [1]), [X, T((1, 4), "INT32")], "as float32 (1, 4), where the file declares int32 (1, 4)"),
    ],
)  # fmt: skip
def test_operands_that_do_not_fit_an_operator_are_refused(op: Op, tensors: list[T], why: str, tmp_path: Path) -> None:
    assert why in refused(tmp_path, G(tensors, [op], inputs=[i for i in op.inputs if tensors[i].data is None]))


def test_several_entries_are_refused(tmp_path: Path) -> None:
    part = G([X, Y], [Op("TANH", [0], [1])])
    assert refused(tmp_path, part, part, entries=2).startswith("signatures = 2: must be one")


def test_what_runs_once_may_only_assign_constants(tmp_path: Path) -> None:
    main = G([X, Y], [Op("CALL_ONCE", [], [], "CallOnceOptions", {"InitSubgraphIndex": 1}), Op("TANH", [0], [1])])
    message = refused(tmp_path, main, G([X, Y], [Op("TANH", [0], [1])]))
    assert "subgraph 1, operator 0 (TANH): runs once before the first call" in message


def test_a_vector_that_claims_billions_of_parts_is_refused_at_once(tmp_path: Path) -> None:
    """Each length in the file is set to the greatest that there is, one after the other."""
    model = bytearray(file_bytes(G([X, Y], [Op("TANH", [0], [1])])))
    for place in range(0, len(model) - 4, 4):
        changed = bytearray(model)
        changed[place : place + 4] = struct.pack("<I", 0x7FFFFFFF)
        _entered_or_refused(tmp_path, bytes(changed))


@pytest.mark.parametrize("seed", range(4))
def test_no_mutant_of_a_real_model_raises_anything_else(seed: int, tmp_path: Path) -> None:
    """The tables lie before and behind the weights; bytes there are changed, one to four at a time."""
    model = wake_word("alexa").read_bytes()
    rng = np.random.default_rng(seed)
    tables = np.concatenate([np.arange(0, 6_000), np.arange(len(model) - 16_000, len(model))])
    for _ in range(30):
        changed = bytearray(model)
        for place in rng.choice(tables, rng.integers(1, 5)):
            changed[place] = rng.integers(256)
        _entered_or_refused(tmp_path, bytes(changed))


def _entered_or_refused(tmp_path: Path, model: bytes) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(model)
    with contextlib.suppress(ModelError, RefusedModelError):
        read_tflite(path)


def test_options_that_lie_outside_of_the_file_are_refused_as_it_is(tmp_path: Path) -> None:
    """They are read when an operator asks, behind the tables that are read at once; a mutant has found it."""
    find = Path(__file__).parents[2] / "fuzz" / "finds" / "tflite-imported.4e4626d1"
    assert "is truncated or corrupt: bytes 9835 to 9836 are not among its 784" in refused(tmp_path, find.read_bytes())
