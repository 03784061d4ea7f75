"""`nnasim data`: make a manifest, and the audio beside it where it is composed or synthesised."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, overload

import typer

from nnasim import files
from nnasim.cli.options import MOST_SEED, MOST_UTTERANCES, Force, out_option
from nnasim.cli.progress import with_progress
from nnasim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aat_training.data.clip import Bounds, Clip
    from aat_training.data.manifest import Entry

_HELP = """Make a manifest from speech on disk, or from synthesised speech.

Example: nnasim data synth --voices test --utterances 60 --out speech.jsonl
"""
app = typer.Typer(help=_HELP, rich_markup_mode=None)

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="the corpus's folder")]
_Out = Annotated[Path, out_option("the manifest to write, e.g. train.jsonl")]
_Utterances = Annotated[int, typer.Option(min=1, max=MOST_UTTERANCES, help="how many to make")]
_MinDigits = Annotated[int, typer.Option(min=1, max=100, help="shortest string")]
_MaxDigits = Annotated[int, typer.Option(min=1, max=100, help="longest string")]
_Seed = Annotated[int, typer.Option(min=0, max=MOST_SEED, help="everything random is drawn from it")]


@app.command()
def fsdd(
    folder: _Folder,
    out: _Out,
    takes: Annotated[str | None, typer.Option(metavar="A-B", help="only these takes, e.g. 10-49")] = None,
    utterances: _Utterances = 300,
    min_digits: _MinDigits = 2,
    max_digits: _MaxDigits = 7,
    seed: _Seed = 0,
    force: Force = False,
) -> None:
    """Connected digits: takes of one speaker of the Free Spoken Digit Dataset, joined with pauses over low noise.

    Audio is written beside the manifest (OUT_audio/), word times to OUT.align.jsonl.

    Example: nnasim data fsdd free-spoken-digit-dataset/recordings --takes 5-9 --utterances 300 --seed 1 --out dev.jsonl
    """
    from aat_training.data.fsdd import digit_strings

    clips = digit_strings(
        folder, utterances, takes=_takes(takes), digits=(min_digits, max_digits), seed=seed
    )  # fmt: skip
    _write_corpus(out, clips, "fsdd", utterances, force)


@app.command()
def strings(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX.tsv", help="columns path, text, speaker, split; others ignored")
    ],
    out: _Out,
    split: Annotated[str | None, typer.Option(help="only the rows of this split")] = None,
    speakers: Annotated[str | None, typer.Option(metavar="A,B,...", help="only these speakers")] = None,
    without_speakers: Annotated[str | None, typer.Option(metavar="A,B,...", help="all speakers but these")] = None,
    utterances: _Utterances = 300,
    words: Annotated[str, typer.Option(metavar="A-B", help="words in a string")] = "2-6",
    lead: Annotated[str, typer.Option(metavar="A-B", help="ms of silence before the first word; 0: none")] = "100-300",
    pause: Annotated[str, typer.Option(metavar="A-B", help="ms of silence between two words")] = "30-300",
    tail: Annotated[str, typer.Option(metavar="A-B", help="ms of silence after the last word; 0: none")] = "250-450",
    level: Annotated[
        str, typer.Option(metavar="A-B|none", help="dB of the peak below full scale; none: words as recorded")
    ] = "3-20",
    noise: Annotated[
        str, typer.Option(metavar="A-B|none", help="dB of white noise below the words; none: no noise")
    ] = "30-50",
    speed: Annotated[
        str, typer.Option(metavar="A-B|none", help="% of the speaker's speed and pitch, to train on, e.g. 90-110")
    ] = "none",
    room: Annotated[
        str, typer.Option(metavar="A-B|none", help="ms of a made-up room's reverberation, to train on, e.g. 100-400")
    ] = "none",
    seed: _Seed = 0,
    force: Force = False,
) -> None:
    """Strings of words of one speaker, joined from a folder of single words with pauses over noise.

    The silence around each word is trimmed; the sample rate is the recordings'. Audio is written beside the manifest
    (OUT_audio/), word times to OUT.align.jsonl.

    Example: nnasim data strings commands/index.tsv --split dev --utterances 600 --seed 1 --out dev.jsonl
    """
    from aat_training.data.clip import Surroundings
    from aat_training.data.strings import MOST_WORDS, Style, word_strings
    from aat_training.data.word_index import common_rate, load_word, recordings_by_speaker

    low, high = _span("--words", words, (1, MOST_WORDS))
    around = Surroundings(
        lead_s=_scaled(_span("--lead", lead, _MS), 1e-3),
        pause_s=_scaled(_span("--pause", pause, _MS), 1e-3),
        tail_s=_scaled(_span("--tail", tail, _MS), 1e-3),
        snr_db=_optional_span("--noise", noise, (0, 100)),
    )
    style = Style(
        words=(low, high),
        around=around,
        level_db=_optional_span("--level", level, (0, 60)),
        speed=_scaled(_optional_span("--speed", speed, (50, 200)), 1e-2),
        room_s=_scaled(_optional_span("--room", room, (10, 2000)), 1e-3),
    )
    found = recordings_by_speaker(index, split, _names(speakers), _names(without_speakers))
    clips = word_strings(found, utterances, common_rate(found), load_word, style, seed)
    _write_corpus(out, clips, "strings", utterances, force)


@app.command()
def synth(
    out: _Out,
    voices: Annotated[Literal["train", "test"], typer.Option(help="which voices; the two groups share none")],
    kind: Annotated[Literal["digits", "commands"], typer.Option(help="what is said")] = "digits",
    utterances: _Utterances = 300,
    min_digits: Annotated[
        int | None, typer.Option(min=1, max=100, help="shortest string, of digits; default: 2")
    ] = None,
    max_digits: Annotated[
        int | None, typer.Option(min=1, max=100, help="longest string, of digits; default: 7")
    ] = None,
    sample_rate: Annotated[Literal["8000", "16000"], typer.Option(help="samples a second")] = "8000",
    seed: _Seed = 0,
    force: Force = False,
) -> None:
    """Speech synthesised by eSpeak NG: voice, rate, pitch, pauses and level vary with the seed.

    Audio is written beside the manifest (OUT_audio/), word times to OUT.align.jsonl.

    Example: nnasim data synth --voices train --utterances 1000 --seed 1 --out synth.jsonl
    """
    from aat_training.data.synth import synthesised
    from nnasim.cli.unused import refuse_unused

    if kind != "digits":
        refuse_unused("synth", f"with --kind {kind}", min_digits=min_digits, max_digits=max_digits)
    clips = synthesised(
        utterances, group=voices, kind=kind, digits=(min_digits or 2, max_digits or 7), rate=int(sample_rate), seed=seed
    )  # fmt: skip
    _write_corpus(out, clips, "synth", utterances, force)


@app.command()
def an4(
    folder: _Folder,
    out: _Out,
    split: Annotated[Literal["train", "dev", "test"] | None, typer.Option(help="read SPLIT.tsv of the folder")] = None,
    list_file: Annotated[
        Path | None, typer.Option("--list", help="read this list (columns path, speaker, text)")
    ] = None,
    force: Force = False,
) -> None:
    """CMU AN4 as Sphinx cepstra: a manifest of the utterances that a list names.

    Example: nnasim data an4 an4 --split dev --out an4-dev.jsonl
    """
    from aat_training.data.an4 import an4_entries, the_list

    if split is not None and list_file is not None:
        raise InputError("an4", "--list", list_file, "cannot be given together with --split")
    _write_manifest(out, an4_entries(folder, the_list(folder, split, list_file)), force)


@app.command()
def librispeech(folder: _Folder, out: _Out, force: Force = False) -> None:
    """A LibriSpeech tree on disk: a manifest of its FLAC files and transcripts.

    Example: nnasim data librispeech LibriSpeech/dev-clean --out dev-clean.jsonl
    """
    from aat_training.data.librispeech import librispeech_entries

    _write_manifest(out, librispeech_entries(folder), force)


@app.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="a NeMo manifest, Lhotse cuts (.jsonl, .jsonl.gz), a Kaldi data folder, a CSV or TSV"
        ),
    ],
    out: _Out,
    force: Force = False,
) -> None:
    """Another tool's description of speech as a manifest; audio stays where it is.

    Example: nnasim data import cuts.jsonl.gz --out speech.jsonl
    """
    from aat_training.data.check import check_files
    from aat_training.data.imported import imported
    from aat_training.data.manifest import write_manifest
    from aat_training.data.notes import manifest_notes
    from nnasim.cli.notes import tell

    files.refuse_existing(out, force)
    entries = list(with_progress(imported(source), "utterances"))
    check_files(entries)
    tell(manifest_notes(entries))
    write_manifest(out, entries, force=force)
    print(f"{out}: {len(entries)} utterances, {sum(entry.duration for entry in entries) / 60:.1f} minutes")


_MS = 0, 10_000


def _span(option: str, text: str, allowed: tuple[int, int]) -> tuple[int, int]:
    """``30-300`` or ``30`` as (least, most), both within ``allowed``."""
    match = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", text)
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (-1, -1)
    if not allowed[0] <= low <= high <= allowed[1]:
        raise InputError("strings", option, text, f"must be a number or a range A-B within {allowed[0]}-{allowed[1]}")
    return low, high


def _optional_span(option: str, text: str, allowed: tuple[int, int]) -> Bounds | None:
    return None if text == "none" else _span(option, text, allowed)


@overload
def _scaled(span: Bounds, unit: float) -> Bounds: ...
@overload
def _scaled(span: None, unit: float) -> None: ...
def _scaled(span: Bounds | None, unit: float) -> Bounds | None:
    return None if span is None else (span[0] * unit, span[1] * unit)


def _names(text: str | None) -> list[str]:
    """``05,16`` as names."""
    return [] if text is None else text.split(",")


def _takes(text: str | None) -> range | None:
    """``10-49`` or ``7`` as a range; None stays None."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise InputError("fsdd", "--takes", text, "must be a take or a range of them, e.g. 10-49")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def _write_corpus(out: Path, clips: Iterator[Clip], prefix: str, total: int, force: bool) -> None:
    from aat_training.data.corpus import audio_folder, write_corpus

    count = write_corpus(out, with_progress(clips, "speech", total), prefix, force=force)
    print(f"{out}: {count} utterances, audio in {audio_folder(out)}")


def _write_manifest(out: Path, entries: Iterator[Entry], force: bool) -> None:
    from aat_training.data.manifest import write_manifest

    files.refuse_existing(out, force)
    found = list(with_progress(entries, "utterances"))
    write_manifest(out, found, force=force)
    print(f"{out}: {len(found)} utterances, {sum(entry.duration for entry in found) / 60:.1f} minutes")
