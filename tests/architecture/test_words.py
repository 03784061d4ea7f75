"""No file speaks of what a stranger has not got."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("nnasim", "reports", "workloads", "aat_training", "benchmarks", "tests", "docs")
TEXTS = sorted(
    path
    for path in [*ROOT.iterdir(), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    if path.suffix in {".py", ".md", ".toml", ".yaml", ".c", ".j2", ".cff", ".csv"} and path != Path(__file__)
)
ABSENT = re.compile(r"\b(design|hardware|house|interface|examples)\.md\b|\.\./shared|/work/")


def test_no_file_speaks_of_papers_that_are_not_here() -> None:
    speaking = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in TEXTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ABSENT.search(line)
    ]
    assert speaking == []


def test_every_package_says_what_lives_in_it() -> None:
    silent = [path for path in TEXTS if path.name == "__init__.py" and path.read_text().startswith('"""."""')]
    assert silent == []
