"""Files are looked at before torch is imported, and a checkpoint that stands elsewhere is told where."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nnasim.cli.main import main
from workloads.bundled import checkpoints_folder

FLOAT = str(checkpoints_folder() / "float")
TRAIN = ["train", "--recipe", "tiny", "--out", "o", "--train"]
MISSING = [
    ([*TRAIN, "nowhere.jsonl", "--dev", "there.jsonl"], "nowhere.jsonl: cannot be read"),
    ([*TRAIN, "there.jsonl", "--dev", "nowhere.jsonl"], "nowhere.jsonl: cannot be read"),
    ([*TRAIN, "there.jsonl", "--dev", "there.jsonl", "--init", "nowhere"], "nowhere: cannot be read"),
    (["evaluate", "--checkpoint", FLOAT, "--manifest", "nowhere.jsonl", "--system", "float"], "nowhere.jsonl"),
    (["evaluate", "--checkpoint", "nowhere", "--manifest", "there.jsonl", "--system", "float"], "nowhere: cannot"),
    (["evaluate", "--checkpoint", FLOAT, "--manifest", "there.jsonl", "--system", "float"], "gone.wav"),
    (["trace", "--checkpoint", FLOAT, "--manifest", "nowhere.jsonl", "--out", "t.json"], "nowhere.jsonl: cannot"),
    (["trace", "--checkpoint", "nowhere", "--manifest", "there.jsonl", "--out", "t.json"], "nowhere: cannot be read"),
    (["compare", "--manifest", "nowhere.jsonl", "--out", "c"], "nowhere.jsonl: cannot be read"),
    (["compare", "--checkpoints", "nowhere", "--out", "c"], "nowhere: cannot be read"),
    (["study", "aat", "--manifest", "nowhere.jsonl", "--out", "s"], "nowhere.jsonl: cannot be read"),
    (["study", "numerics", "--recipe", "tiny", "--train", "nowhere.jsonl", "--dev", "there.jsonl", "--models", "m",
      "--out", "s"], "nowhere.jsonl: cannot be read"),
]  # fmt: skip
SCRIPT = """
import json, sys
from nnasim.cli.main import main
for arguments in json.loads(sys.argv[1]):
    code = main(arguments)
    print(code, "torch" in sys.modules)
"""


def test_a_missing_file_is_told_before_torch_is_imported(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    line = {"id": "a", "audio_filepath": "gone.wav", "duration": 1.0, "text": "one", "speaker": "x"}
    (tmp_path / "there.jsonl").write_text(json.dumps(line) + "\n")
    command = [sys.executable, "-c", SCRIPT, json.dumps([arguments for arguments, _ in MISSING])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["2 False"] * len(MISSING), done.stderr
    for complaint, (arguments, message) in zip(done.stderr.splitlines(), MISSING, strict=True):
        assert message in complaint, arguments
    assert [path.name for path in tmp_path.iterdir()] == ["there.jsonl"]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for place in ("models/float", "models/aat", "all/models/float", "all/models/aat", "half/float", "empty/other"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        if not place.startswith("empty"):
            (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
            (folder / "model.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("models/float", "is itself a checkpoint; give its parent folder, {0}/models"),
        ("models/float/model.safetensors", "is itself a checkpoint; give its parent folder, {0}/models"),
        ("all", "holds no aat/, a folder with model.safetensors and model.json; give {0}/all/models"),
        ("half", "holds no aat/"),
        ("empty", "holds no aat/"),
        ("models/float/model.json", "is no folder of checkpoints"),
    ],
)
def test_a_folder_of_checkpoints_that_is_not_one_is_told_what_to_give(
    place: str, message: str, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--checkpoints", str(folders / place), "--out", str(folders / "c")]) == 2
    assert capsys.readouterr().err.startswith(f"nnasim: {folders / place}: {message.format(folders)}")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("models", "is a folder of checkpoints; give one of them: {0}/models/aat, {0}/models/float"),
        ("all", "holds no model.safetensors"),
        ("empty", "holds no model.safetensors"),
    ],
)
def test_a_checkpoint_that_is_none_is_told_which_there_are(
    place: str, message: str, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech = str(folders / "m.jsonl")
    assert main(["evaluate", "--checkpoint", str(folders / place), "--manifest", speech, "--system", "float"]) == 2
    assert capsys.readouterr().err.startswith(f"nnasim: {folders / place}: {message.format(folders)}")
