"""A hand-made study becomes a document whose figures and tables say what the record says."""

from dataclasses import replace

import pytest

from nnasim.analysis.realtime import Endpointer, RealTime
from reports.blocks import recorded
from reports.study_document import study_document
from reports.study_record import Accuracy, Decoder, EfficiencyGain, GainMap, LatencyStudy, Placed, RateGain
from reports.summary import Gain
from reports.to_html import html
from reports.to_markdown import markdown

STEPS = [Placed("all on the CPU", 3.0, 30.0, 0.0), Placed("joint_tanh", 1.0, 10.0, 5.0)]


def worded(placed: Placed, wrong: float) -> Placed:
    return replace(placed, words={"aat": Accuracy(placed.label, wrong, None, 1, 100)})


def seen(upl: float | None) -> RealTime:
    parts = {} if upl is None else {"chunk": 10.0, "emission_delay": 0.0, "endpointer": upl - 12.0, "engine": 2.0}
    return RealTime("u", 1.0, 2.0, 0, 0, 2.0, "early" if upl is None else "endpointer", upl, parts)


@pytest.fixture
def study() -> LatencyStudy:
    return latency_study()


def latency_study() -> LatencyStudy:
    rates = {"float": 0.02, "cpu_fallback": 0.02, "naive": 0.06, "aat": 0.03}
    accuracies = [Accuracy(name, rate, (rate / 2, 2 * rate), 3, 100) for name, rate in rates.items()]
    return LatencyStudy(
        preset="edge256",
        manifest="speech.jsonl",
        utterances=2,
        audio_seconds=4.0,
        symbols_per_second=2.0,
        command="nnasim study aat --out DIR",
        endpointers=(Endpointer("trailing_blanks", 800), Endpointer("fixed_wait", 240)),
        accuracies=accuracies,
        gain=Gain(
            wer_lost_errors=20, wer_recovered_errors=15, wer_recovered_pct=75.0, wer_recovered_pct_ci=(50.0, 90.0)
        ),
        realtime={("aat", "trailing_blanks"): [seen(None), seen(None)], ("aat", "fixed_wait"): [seen(250.0)] * 2},
        delays_s={"aat": [0.1, 0.2]},
        delay_source="the word times beside the manifest",
        weights={"trained": 453_856},
        systems={"trained": [Placed("cpu_int8", 0.2, 8.0, 0.0), Placed("aat", 0.1, 4.0, 9.0)]},
        waterfalls={"trained": [worded(STEPS[0], 0.0514), worded(STEPS[1], 0.0123)], "large": STEPS},
        policies={"trained": STEPS},
        maps={"trained": GainMap((5.0, 50.0), (1e9, 25e9), ((4.0, 6.0), (8.0, None)), 53.8)},
        efficiencies={"trained": [EfficiencyGain(0.7, {"aat": 9.1, "float": 31.7}, 3.25)]},
        rates={"large": [RateGain(1, 1.5, 4.9, 4.0, 250.0), RateGain(4, 6.0, 4.9, 5.5, 300.0)]},
        decoders=[Decoder("aat", 4, accuracies[3], (1.0, 2.0), 5.0, 80.0, 15.0, 100.0, 70.0, 0.25, 768)],
        chip_facts=[("host.handoff_us", "50 us", "assumed")],
    )


def test_every_part_of_the_study_stands_in_both_forms(study: LatencyStudy) -> None:
    document = study_document(study)
    page, text = html(document), markdown(document)
    for words in (
        "wins back 75.0 % of what naive loses against float (15 of 20 errors; 95 % interval 50 to 90 %)",
        "trailing",
        "joint",
        "Greedy and beam search",
        "What was assumed",
        "453,856",
        "53.8",
        "hypothesis_save",
        "768 bytes",
    ):
        assert words in page
        assert words in text


def test_utterances_closed_early_have_no_picture_and_are_counted(study: LatencyStudy) -> None:
    section = next(part for part in study_document(study).sections if part.name == "real-time")
    assert [figure.name for figure in section.figures] == ["waits-fixed_wait"]
    closings = next(table for table in section.tables if table.name == "closings")
    assert closings.rows[0] == ("aat", "trailing_blanks", 2, 0, 0, 2)


def test_a_gain_that_was_not_computed_is_a_dash(study: LatencyStudy) -> None:
    claim = study_document(study).sections[0]
    assert next(table for table in claim.tables if table.name == "gain_map").rows[1] == ("trained", 50.0, 8.0, None)
    assert ">—<" in claim.figures[0].svg


def test_the_range_of_what_a_dram_delivers_stands_beside_the_gain(study: LatencyStudy) -> None:
    table = next(table for table in study_document(study).sections[0].tables if table.name == "efficiency")
    assert table.columns[2:] == ("engine latency of aat [ms]", "engine latency of float [ms]", "gain [%]")
    assert table.rows == (("trained", 0.7, 9.1, 31.7, 3.25),)


def words_of(study: LatencyStudy) -> list[str]:
    """The paragraphs of the first section."""
    return [block for block in study_document(study).sections[0].blocks if isinstance(block, str)]


def test_what_fell_back_is_said_where_the_gain_is_claimed(study: LatencyStudy) -> None:
    assert "no unit for" not in " ".join(words_of(study))
    fallen = replace(study, preset="nvdla_small", fallen=("sigmoid", "layer_norm"))
    assert any("nvdla_small has no unit for sigmoid, layer norm" in text for text in words_of(fallen))


def test_word_errors_of_a_placement_stand_in_picture_and_table(study: LatencyStudy) -> None:
    section = next(part for part in study_document(study).sections if part.name == "placement")
    trained, large = section.figures
    assert "30.0 (0/s; 5.14 %)" in trained.svg
    assert "30.0 (0/s)" in large.svg
    words = [tuple(map(recorded, row[-2:])) for row in section.tables[0].rows]
    assert words == [(5.14, None), (1.23, None), (None, None), (None, None)]


def test_every_column_of_numbers_has_its_unit_or_counts_something(study: LatencyStudy) -> None:
    counted = {"weights", "errors", "words", "beam", "utterances", "pieces per symbol", "by the endpointer",
               "by the audio's end", "early"}  # fmt: skip
    for section in study_document(study).sections:
        for table in section.tables:
            for index, column in enumerate(table.columns):
                numeric = any(isinstance(row[index], (int, float)) for row in table.rows)
                inherited = column.startswith("p") and ("[" in table.title or table.columns[1] == "figure")
                assert not numeric or "[" in column or column in counted or inherited, (table.name, column)


def test_the_same_study_gives_the_same_bytes(study: LatencyStudy) -> None:
    assert html(study_document(study)) == html(study_document(study))


def test_the_int8_cpu_stands_beside_the_chip_where_the_gain_is_claimed(study: LatencyStudy) -> None:
    table = next(table for table in study_document(study).sections[0].tables if table.name == "systems")
    assert [row[:4] for row in table.rows] == [("trained", "cpu_int8", 0.2, 8.0), ("trained", "aat", 0.1, 4.0)]
