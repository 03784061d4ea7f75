"""A record that could not be read back is refused when it is written, not when it is needed."""

import pytest

from nnasim import files
from nnasim.errors import FileError
from nnasim.ir.io import read_trace, write_record
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import SHAPES


def test_what_is_written_can_be_read_back(tmp_path, monkeypatch):
    trace, path = build_trace(SHAPES["rnnt-paper"], 4, 1), tmp_path / "trace.json"
    write_record(path, trace)
    assert read_trace(path) == trace
    monkeypatch.setattr(files, "JSON_MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(FileError, match="fewer utterances"):
        write_record(tmp_path / "other.json", trace)
    assert not (tmp_path / "other.json").exists()
