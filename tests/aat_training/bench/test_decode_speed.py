"""The benchmark of decoding measures all five systems, each against itself."""

from __future__ import annotations

from aat_training.bench import decode_speed


def test_every_system_has_a_figure():
    figures = decode_speed.figures(decode_speed.timings(utterances=2, rounds=1))
    assert list(figures) == [
        f"decode_{system}_batch_32" for system in ("float", "cpu_int8", "cpu_fallback", "naive", "aat")
    ]
    assert all(figure["value"] > 0 and figure["ratio"] > 0 for figure in figures.values())
