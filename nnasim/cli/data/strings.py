"""`nnasim data strings`: strings of words, joined from a folder of single words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.data.options import OutManifest, Seed, Utterances
from nnasim.cli.data.spans import MILLISECONDS, optional_span, scaled, span
from nnasim.cli.data.written import refuse_read, write_speech
from nnasim.cli.options import Force, Quiet

DEFAULT_PAUSE = "30-300"


def command(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX.tsv", help="columns path, text, speaker, split; others ignored")
    ],
    out: OutManifest,
    split: Annotated[str | None, typer.Option(help="only rows of this split")] = None,
    speakers: Annotated[str | None, typer.Option(metavar="A,B,...", help="only these speakers")] = None,
    without_speakers: Annotated[str | None, typer.Option(metavar="A,B,...", help="all speakers but these")] = None,
    utterances: Utterances = 300,
    words: Annotated[str, typer.Option(metavar="A-B", help="words in a string")] = "2-6",
    lead: Annotated[str, typer.Option(metavar="A-B", help="ms of silence before the first word; 0: none")] = "100-300",
    pause: Annotated[
        str | None, typer.Option(metavar="A-B", help="ms of silence between two words; default: 30-300")
    ] = None,
    tail: Annotated[str, typer.Option(metavar="A-B", help="ms of silence after the last word; 0: none")] = "250-450",
    level: Annotated[
        str, typer.Option(metavar="A-B|none", help="dB of the peak below full scale; none: words as recorded")
    ] = "3-20",
    noise: Annotated[
        str, typer.Option(metavar="A-B|none", help="dB of white noise below the words; none: no noise")
    ] = "30-50",
    speed: Annotated[
        str, typer.Option(metavar="A-B|none", help="% of the speaker's speed and pitch, for training data, e.g. 90-110")
    ] = "none",
    room: Annotated[
        str, typer.Option(metavar="A-B|none", help="ms of artificial reverberation, for training data, e.g. 100-400")
    ] = "none",
    seed: Seed = 0,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write strings of words of one speaker, joined from a folder of single words with pauses over noise.

    The silence around each word is trimmed; the sample rate is that of the recordings. Audio is written beside the
    manifest (OUT_audio/), word times to OUT.align.jsonl.

    Example: nnasim data strings commands/index.tsv --split dev --utterances 600 --seed 1 --out dev.jsonl
    """
    from aat_training.data.clip import Surroundings
    from aat_training.data.strings import MOST_WORDS, Style, word_strings
    from aat_training.data.word_index import common_rate, load_word, recordings_by_speaker
    from nnasim.cli.unused import refuse_unused

    low, high = span("--words", words, (1, MOST_WORDS))
    if high == 1:
        refuse_unused("strings", "with --words 1, which have none between them", pause=pause)
    around = Surroundings(
        lead_s=scaled(span("--lead", lead, MILLISECONDS), 1e-3),
        pause_s=scaled(span("--pause", DEFAULT_PAUSE if pause is None else pause, MILLISECONDS), 1e-3),
        tail_s=scaled(span("--tail", tail, MILLISECONDS), 1e-3),
        snr_db=optional_span("--noise", noise, (0, 100)),
    )
    style = Style(
        words=(low, high),
        around=around,
        level_db=optional_span("--level", level, (0, 60)),
        speed=scaled(optional_span("--speed", speed, (50, 200)), 1e-2),
        room_s=scaled(optional_span("--room", room, (10, 2000)), 1e-3),
    )
    recordings = recordings_by_speaker(index, split, _names(speakers), _names(without_speakers))
    refuse_read(out, [index, *(recording.path for own in recordings.values() for recording in own)], force)
    clips = word_strings(recordings, utterances, common_rate(recordings), load_word, style, seed)
    write_speech(out, clips, "strings", utterances, quiet=quiet, force=force)


def _names(text: str | None) -> list[str]:
    """The names in a text such as ``05,16``."""
    return [] if text is None else text.split(",")
