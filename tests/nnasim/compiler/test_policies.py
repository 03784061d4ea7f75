from pathlib import Path

import pytest

from nnasim.compiler.placement import place
from nnasim.compiler.policies import POLICIES, load_policy, placed
from nnasim.errors import ConfigError
from nnasim.hardware import load_preset
from nnasim.ir.trace import OpTrace
from tests.nnasim.ir.foreign_traces import host_trace
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

TINY = RnntShape(
    input_features=8, frame_ms=30, encoder_units=8, encoder_before=2, embedding=8, prediction_units=8,
    prediction_layers=1, joint_units=8, outputs=5,
)  # fmt: skip


@pytest.fixture(scope="module")
def trace() -> OpTrace:
    return build_trace(TINY, 4, 1)


def on_chip(trace: OpTrace, policy: str) -> set[str]:
    units = place(placed(trace, load_policy(policy)), load_preset("edge256"))
    return {op for graph in units.values() for op, unit in graph.items() if unit == "nna"}


def test_per_operator_only_the_unsupported_leave_the_chip(trace: OpTrace) -> None:
    chip = on_chip(trace, "vela")
    assert {"enc0.x", "enc0.gates", "enc1.x", "output.mm"} <= chip
    assert not {"enc0.sigmoid", "enc0.tanh_c", "joint.tanh"} & chip


def test_a_graph_is_cut_once_at_its_first_unsupported_operator(trace: OpTrace) -> None:
    chip = on_chip(trace, "edge_tpu")
    assert {"enc0.x", "enc0.gates", "pred0.x", "joint.add"} <= chip
    assert not {"enc0.forget", "enc1.x", "joint_enc.mm", "output.mm"} & chip


def test_a_layer_runs_whole_or_not_at_all(trace: OpTrace) -> None:
    chip = on_chip(trace, "ane")
    assert not any(op.startswith(("enc0.", "enc1.", "pred0.", "joint.")) for op in chip)
    assert {"joint_enc.mm", "output.mm", "embedding.lookup"} <= chip


def test_a_file_names_groups_and_rule(tmp_path: Path, trace: OpTrace) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("on_cpu: [argmax]\n")
    assert "output.argmax" not in on_chip(trace, str(path))
    path.write_text("policy: ane\n")
    assert load_policy(path) is POLICIES["ane"]


@pytest.mark.parametrize("text", ["on_cpu: [argmaxx]", "rule: often", "policy: tpu", "[]", "extra: 1"])
def test_a_wrong_file_is_refused_with_its_field(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"wrong\.yaml"):
        load_policy(path)


def test_a_wrong_name_lists_what_is_known() -> None:
    with pytest.raises(ConfigError, match="edge_tpu"):
        load_policy("nothing")


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_model_of_anybodys_has_on_the_cpu_stays_there(policy: str) -> None:
    """The host's own operations by their group, others because a user said so."""
    model = host_trace().model_copy(update={"op_placement": {"body/in": "cpu"}})
    assert on_chip(model, policy) == {"y/requantise", "body/out", "body.y/requantise"}
    assert set(placed(model, load_policy(policy)).placement) == set(model.placement)
