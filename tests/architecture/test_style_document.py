"""The style page's examples are of this project: what it says stands here now does."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "style.md").read_text()
FOLDERS = ("nnasim/front", "nnasim/cli", "nnasim/studies/latency", "nnasim/compiler", "aat_training", "reports")
SOURCES = " ".join(
    " ".join(path.read_text().replace("``", "`").split()) for folder in FOLDERS for path in (ROOT / folder).glob("*.py")
)


def examples(title: str) -> list[tuple[str, str]]:
    part = PAGE.split(f"## {title}")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]
    return [(row[0].strip(), row[1].strip()) for row in rows]


def test_what_stands_there_now_does_and_what_stood_there_does_not() -> None:
    pairs = [*examples("A function says what it returns"), *examples("No riddles")]
    assert len(pairs) > 10
    assert [after for _, after in pairs if after.rstrip(".") not in SOURCES] == []
    assert [before for before, _ in pairs if before in SOURCES] == []


def test_messages_are_those_of_the_program() -> None:
    for _, message in examples("Messages"):
        allowed = re.split(r" = .*?: ", message.strip("`"), maxsplit=1)[1]
        assert allowed in SOURCES
