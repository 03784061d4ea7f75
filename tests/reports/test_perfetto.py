"""The native trace, read back with the package's own protos."""

import json

import pytest

from nnasim.hardware import load_preset
from nnasim.pipeline import simulate
from reports.flows import flows
from reports.timeline import chrome_trace, tracks
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")

SHAPE = RnntShape(
    input_features=64, encoder_units=96, encoder_before=2, embedding=32, prediction_units=96,
    prediction_layers=1, joint_units=64, outputs=40, frame_ms=30,
)  # fmt: skip


@pytest.fixture(scope="module")
def result():
    chip = load_preset("edge256", ["sram.bytes=131072"])
    return simulate(build_trace(SHAPE, 4, 2), chip)


@pytest.fixture(scope="module")
def packets(result):
    from reports.perfetto import perfetto_trace

    data = perfetto_trace({"aat": result})
    assert data == perfetto_trace({"aat": result})
    trace = protos.Trace()
    trace.ParseFromString(data)
    return list(trace.packet)


def events_by_track(packets):
    by_track: dict[int, list] = {}
    for packet in packets:
        if packet.HasField("track_event"):
            by_track.setdefault(packet.track_event.track_uuid, []).append(packet)
    return by_track


def names(packets):
    described = (p.track_descriptor for p in packets if p.HasField("track_descriptor"))
    return {track.uuid: track.name for track in described if track.name}


def test_every_block_that_worked_has_a_track(result, packets):
    tracks = set(names(packets).values())
    assert {span.block for span in result.spans} <= tracks
    assert {"sram occupancy", "dram bandwidth"} <= tracks


def test_tracks_stand_in_the_order_of_the_datas_way_under_their_system(result, packets):
    described = [p.track_descriptor for p in packets if p.HasField("track_descriptor")]
    group, children = described[0], described[1:]
    assert (group.name, group.child_ordering) == ("aat on edge256", protos.TrackDescriptor.EXPLICIT)
    assert {track.parent_uuid for track in children} == {group.uuid}
    ranks = [track.sibling_order_rank for track in children]
    assert ranks == sorted(set(ranks))
    assert [track.name for track in children][:2] == ["dma", "dma 2"]


def test_every_span_is_a_slice_that_closes_before_the_next_opens(result, packets):
    slices = 0
    for events in events_by_track(packets).values():
        kinds = [p.track_event.type for p in events if p.track_event.type != protos.TrackEvent.TYPE_COUNTER]
        times = [p.timestamp for p in events]
        assert times == sorted(times)
        assert kinds == [protos.TrackEvent.TYPE_SLICE_BEGIN, protos.TrackEvent.TYPE_SLICE_END] * (len(kinds) // 2)
        slices += len(kinds) // 2
    assert slices == len(result.spans)


def test_flows_lead_from_dma_to_compute(result, packets):
    sent = [i for p in packets for i in p.track_event.flow_ids]
    received = [i for p in packets for i in p.track_event.terminating_flow_ids]
    assert sorted(sent) == sorted(received)
    assert len(sent) == len(set(sent)) == len(flows(result.spans)) > 0
    for flow in flows(result.spans):
        assert flow.source.name == flow.target.name
        assert flow.target.end >= flow.source.end


def test_counters_stay_within_the_chip(result):
    occupancy, bandwidth = result.counters
    assert (occupancy.name, bandwidth.name) == ("sram occupancy", "dram bandwidth")
    assert 0 < max(occupancy.value) <= 131072
    assert 0 < max(bandwidth.value) <= 3.75e9 * 1.0001


def test_the_chrome_trace_carries_the_same_arrows_and_counters(result):
    events = json.loads(json.dumps(chrome_trace({"aat": result}), allow_nan=False))["traceEvents"]
    arrows = len(flows(result.spans))
    assert sum(event["ph"] == "s" for event in events) == sum(event["ph"] == "f" for event in events) == arrows
    # The viewer drops an arrow whose id is no number, and takes a thread with its process's number for the main one.
    assert all(isinstance(event["id"], int) for event in events if event["ph"] in "sf")
    assert all(event["tid"] != event["pid"] for event in events if event["ph"] == "X")
    assert {event["name"] for event in events if event["ph"] == "C"} == {"sram occupancy", "dram bandwidth"}


def test_arrows_of_two_systems_keep_apart(result):
    events = chrome_trace({"aat": result, "naive": result})["traceEvents"]
    starts = [event["id"] for event in events if event["ph"] == "s"]
    assert len(starts) == len(set(starts)) == 2 * len(flows(result.spans))


def test_no_two_spans_of_a_track_overlap(result):
    for track in tracks(result.spans):
        assert all(span.end <= later.start for span, later in zip(track.spans, track.spans[1:], strict=False))
