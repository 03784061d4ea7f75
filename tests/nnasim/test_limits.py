"""The limits are one module, and the manual's table is made of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from nnasim import limits

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs/reference/limits.md"
A_LIMIT = re.compile(r"_?(MOST|MAX|LONGEST|LARGEST|DEEPEST)(_[A-Z_]+)?|_?[A-Z_]+_MAX_[A-Z_]+")
# Numbers of such a name that bound no file, and why.
OTHERS = {
    "ranges of options, variables and fields, which help texts, the manual and the schema show": {
        "aat_training/meeting.py", "nnasim/switches.py",
        "aat_training/config.py", "nnasim/cli/options.py", "nnasim/cli/training_options.py",
        "nnasim/front/arguments.py", "nnasim/front/modules.py", "nnasim/hardware/compiler_options.py",
        "nnasim/hardware/read_latency.py",
        "nnasim/hardware/units.py", "aat_training/data/strings.py", "nnasim/cli/data/shard.py", "nnasim/cli/when.py",
        "nnasim/studies/foreign_speech.py",
    },
    "how much is shown, or said in a message": {
        "aat_training/checkpoint_files.py", "aat_training/ranks.py", "nnasim/cli/compare_results.py",
        "workloads/stepgraph/refusals.py",
        "nnasim/cli/diff.py", "nnasim/cli/explain_folder.py", "nnasim/sharing/waits.py",
        "nnasim/cli/main.py", "nnasim/cli/model_texts.py", "nnasim/cli/rerun.py",
        "nnasim/cli/store/check.py", "nnasim/cli/study/answers.py", "nnasim/cli/told.py", "nnasim/errors.py",
        "nnasim/leftovers.py", "nnasim/markup.py", "nnasim/records.py", "nnasim/results.py", "nnasim/sweeps/listing.py",
        "nnasim/analysis/timeline.py", "nnasim/cli/bench.py", "nnasim/cli/sweep_lines.py",
        "nnasim/studies/explaining/in_brief.py", "nnasim/studies/fitting/words.py", "workloads/stepgraph/steps.py",
        "workloads/importers/tflite_values.py",
        "workloads/importers/onnx_tensors.py", "workloads/stepgraph/lowering/trace_draft.py",
    },
    "how far a search, a cache or a wait goes": {
        "aat_training/quant/fused/graph.py", "nnasim/cli/interrupts.py",
        "aat_training/quant/int8_product.py", "nnasim/compiler/memory_plan.py",
        "nnasim/compiler/residency.py", "nnasim/hardware/drams/controller.py", "nnasim/studies/fitting/model.py",
        "nnasim/studies/fitting/rows.py", "nnasim/studies/fitting/search.py", "nnasim/studies/paper_sized.py",
        "nnasim/studies/explaining/easings.py", "nnasim/studies/explaining/what_ifs.py",
        "nnasim/studies/speed/peers/measure.py", "nnasim/sweeps/cluster.py", "nnasim/sweeps/estimate.py",
        "nnasim/sweeps/evaluate.py", "nnasim/sweeps/local.py", "nnasim/sweeps/pareto.py", "nnasim/sweeps/run.py",
        "nnasim/sweeps/rescue.py",
        "workloads/validation/refit.py",
    },
    "what a package's part may answer": {
        "nnasim/hardware/answers.py", "nnasim/hardware/mac_arrays/checked.py",
        "nnasim/numerics/activation_units/checked.py",
    },
    "what the arithmetic can hold, or a rule of decoding": {
        "aat_training/model/build.py",
        "aat_training/module/parameters.py", "aat_training/module/training.py", "nnasim/numerics/layer_norm.py",
        "nnasim/numerics/softmax.py", "workloads/importers/tflite_file.py", "workloads/stepgraph/decoding/greedy.py",
        "workloads/stepgraph/integers/distance.py", "workloads/stepgraph/lowering/products.py",
        "workloads/stepgraph/normal/tables.py",
    },
}  # fmt: skip


def numbers_of_their_own(path: Path) -> Iterator[str]:
    """Names of limits that ``path`` sets to a number."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            literal = all(isinstance(part, ast.Constant | ast.BinOp | ast.operator | ast.Tuple | ast.expr_context)
                          for part in ast.walk(node.value))  # fmt: skip
            yield from (name for name in names if literal and A_LIMIT.fullmatch(name))


def test_the_manual_has_the_table_as_the_module_writes_it() -> None:
    assert limits.table() in MANUAL.read_text()


def test_every_limit_stands_in_the_table() -> None:
    constants = [value for name, value in vars(limits).items() if name.isupper() and name != "TABLE"]
    assert len(constants) == len(limits.TABLE)
    assert sorted(constants) == sorted(limit.most for limit in limits.TABLE)


def test_no_room_has_a_limit_of_its_own() -> None:
    """Whoever writes `MOST_ROWS = 1000` in a reader puts it into nnasim/limits.py, or says above why it is none."""
    folders = ("nnasim", "aat_training", "workloads")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    of_their_own = {
        str(path.relative_to(ROOT)): names
        for path in paths
        if path.name != "limits.py" and (names := list(numbers_of_their_own(path)))
    }
    known = set().union(*OTHERS.values())
    assert {path: names for path, names in of_their_own.items() if path not in known} == {}
    assert known <= of_their_own.keys()


def test_options_offer_what_files_may_hold() -> None:
    from nnasim.cli import options

    assert (options.MOST_UTTERANCES, options.MOST_FRAMES) == (limits.MANIFEST_LINES, limits.TRACE_CALLS)
    assert options.MOST_TRIALS == limits.SWEEP_POINTS
