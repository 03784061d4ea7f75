"""What holds for every test: none is judged by time, and no command that one runs meets the last net."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine would fail it
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where this session and every process that it starts keep temporary files, and so reports of the last net."""
    folder = tmp_path_factory.mktemp("t")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)  # asked for anew
        yield folder


@pytest.fixture(autouse=True)
def no_defect(temporary: Path) -> Iterator[None]:
    """Fails the test that met the last net, in this process or in another. Tests of the net itself move `tempdir`."""
    yield
    reports = [path for path in temporary.iterdir() if path.name.startswith("nnasim-defect-")]
    texts = [path.read_text() for path in reports]
    for path in reports:
        path.unlink()
    assert not texts, texts[0]
