"""The `compiler` section: how the compiler trades latency for traffic."""

from __future__ import annotations

from pydantic import Field

from nnasim.hardware.section import Section
from nnasim.records import Integer

MOST_CHUNK_FRAMES = 32
MOST_BATCH_STREAMS = 32


class CompilerConfig(Section):
    """Choices of the compiler, not of the silicon. They are in the preset, so that a study can vary them."""

    chunk_frames: Integer = Field(
        1,
        ge=1,
        le=MOST_CHUNK_FRAMES,
        description="frames whose input projections run as one matmul; the first of them waits for the last",
    )
    batch_streams: Integer = Field(
        1,
        ge=1,
        le=MOST_BATCH_STREAMS,
        description="streams whose waiting calls of one graph run together and read their weights once",
    )
