"""A test that meets the last net fails, though it looks at no exit code: here, or in a process that it starts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

DEFECT = """
def command():
    raise ValueError("unforeseen")
"""
TESTS = """
import subprocess, sys
from pathlib import Path

from nnasim.cli.main import main
from nnasim.cli.table import Command

MEET = "from test_nets import meet; meet()"

def meet():
    return main(["unforeseen"], {"unforeseen": Command("unforeseen", "")})

def test_here():
    meet()

def test_in_another_process():
    subprocess.run([sys.executable, "-c", MEET], cwd=Path(__file__).parent)

def test_that_meets_no_net():
    main(["presets", "edge25"])
"""


def test_a_test_that_meets_the_last_net_fails(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "unforeseen.py").write_text(DEFECT)
    (tmp_path / "test_nets.py").write_text(TESTS)
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", "-rA", "--tb=line"]
    done = subprocess.run([*pytest, f"--rootdir={tmp_path}", "."], cwd=tmp_path, capture_output=True, text=True)
    ends = re.findall(r"^(ERROR|FAILED|PASSED) test_nets.py::(\w+)", done.stdout, re.MULTILINE)
    assert {name for end, name in ends if end == "ERROR"} == {"test_here", "test_in_another_process"}, done.stdout
    assert ("PASSED", "test_that_meets_no_net") in ends
