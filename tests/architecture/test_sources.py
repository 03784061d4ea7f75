"""Rules that every source file keeps, read from its syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("nnasim", "reports", "workloads", "aat_training", "tests")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
MOST_LINES = 400

# Whatever runs code that stands in data, or hands a text to a shell.
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"}
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "torch.load", "torch.save", "torch.jit.load",
    "torch.hub.load", "joblib.load", "joblib.dump", "yaml.load", "yaml.full_load", "yaml.unsafe_load",
    "pd.read_pickle", "pandas.read_pickle", "np.save", "np.savez",
}  # fmt: skip


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _keyword(call: ast.Call, name: str) -> object:
    for keyword in call.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def offences(source: str) -> Iterator[str]:
    """What ``source`` does that could run code from data."""
    for node in ast.walk(ast.parse(source)):
        for module in _imported(node):
            if module.partition(".")[0] in FORBIDDEN_MODULES:
                yield f"line {node.lineno}: imports {module}"
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name in FORBIDDEN_CALLS:
            yield f"line {node.lineno}: calls {name}"
        if name in ("np.load", "numpy.load") and _keyword(node, "allow_pickle") is not False:
            yield f"line {node.lineno}: np.load without allow_pickle=False"
        if _keyword(node, "shell") is True:
            yield f"line {node.lineno}: shell=True"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "torch.load('model')",
        "torch.save(state, 'model')",
        "np.load('a.npy')",
        "np.load('a.npy', allow_pickle=True)",
        "yaml.load(text)",
        "eval('1')",
        "exec('1')",
        "subprocess.run('ls', shell=True)",
        "os.system('ls')",
    ],
)
def test_the_rule_catches(source: str) -> None:
    assert list(offences(source))


def test_the_rule_allows_arrays_without_code() -> None:
    assert not list(offences("np.load('a.npy', allow_pickle=False); subprocess.run(['ls']); re.compile('x')"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_comes_from_data(path: Path) -> None:
    complaints = list(offences(path.read_text()))
    if path.is_relative_to(ROOT / "tests"):  # the manual's examples are run, and files are written as users have them
        complaints = [offence for offence in complaints if not offence.endswith(("calls exec", "calls np.savez"))]
    assert complaints == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_called_after_nothing(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "misc", "common"}
    assert not path.stem.endswith("_old")


def test_one_place_turns_a_librarys_complaint_into_our_line() -> None:
    """Whatever catches a validation error itself words it in its own way, or lets the library's sentence through."""
    homes = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] != "tests"
        if any(
            isinstance(node, ast.Name) and node.id == "ValidationError"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    ]
    assert homes == ["nnasim/records.py"]


def test_no_test_asserts_on_time() -> None:
    """A busy machine is no defect. A wait may have an end, which then says that it was in vain."""
    clocks = {"process_time", "perf_counter", "monotonic", "getrusage", "thread_time"}
    asserting = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] == "tests"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert) and node.msg is None
        if clocks & {part.attr for part in ast.walk(node.test) if isinstance(part, ast.Attribute)}
    ]
    assert not asserting
