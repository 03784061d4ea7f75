from nnasim.errors import NnasimError
from workloads.stepgraph.refusals import Refusal, RefusedModelError, listing


def test_every_node_is_named_and_one_reason_is_said_once() -> None:
    backwards = "runs backward in time too, over frames that have not arrived yet"
    refusals = [
        Refusal("intra", "GRU", backwards),
        Refusal("fft", "com.microsoft.Rfft", "no operator of ONNX", "export with plain operators"),
        Refusal("inter", "GRU", backwards),
    ]
    assert listing(refusals) == [
        f"intra, inter (GRU): {backwards}",
        "fft (com.microsoft.Rfft): no operator of ONNX; export with plain operators",
    ]


def test_the_error_is_one_line_with_the_file_and_exit_code_2() -> None:
    error = RefusedModelError("a.onnx", [Refusal("n\n1", "If", "its condition is data")])
    assert isinstance(error, NnasimError)
    assert str(error) == "a.onnx: refused: n 1 (If): its condition is data"
    assert error.exit_code == 2
    assert error.refusals[0].name == "n\n1"


def test_hidden_characters_of_names_are_shown() -> None:
    assert "\\x1b" in listing([Refusal("\x1b[2J", "If", "its condition is data")])[0]
    assert listing([Refusal("", "If", "its condition is data")]) == ["(unnamed) (If): its condition is data"]
