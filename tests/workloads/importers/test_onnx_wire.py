"""A file is counted before it is parsed, and the count agrees with protobuf on what is whole."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workloads.importers.spoilt_onnx import a_model, varint
from tests.workloads.onnx_models import helper, model, onnx
from workloads.importers import onnx_wire
from workloads.importers.onnx_wire import NotWholeError, TooMuchError, look_over

WHOLE = a_model()


def test_a_sound_file_passes() -> None:
    look_over(memoryview(WHOLE))


def parses(data: bytes) -> bool:
    try:
        onnx.ModelProto().ParseFromString(data)
    except DecodeError:
        return False
    return True


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
@settings(max_examples=500, deadline=None)
def test_it_lets_pass_what_protobuf_reads(place: int, byte: int) -> None:
    changed = bytes([*WHOLE[:place], byte, *WHOLE[place + 1 :]])
    if parses(changed):
        look_over(memoryview(changed))


@pytest.mark.parametrize("end", range(1, len(WHOLE), 5))
def test_what_is_cut_off_within_a_field_is_not_whole(end: int) -> None:
    if not parses(WHOLE[:end]):
        with pytest.raises(NotWholeError):
            look_over(memoryview(WHOLE[:end]))


def test_integers_that_a_byte_each_would_become_eight_are_limited() -> None:
    count = onnx_wire.MOST_VARINT_BYTES + 1
    proto = model([helper.make_node("Identity", ["x"], ["y"])], {}, ["y"])
    proto.graph.initializer.add(name="x", data_type=7, dims=[count]).int64_data.extend([1] * 10)
    head = proto.SerializeToString()
    look_over(memoryview(head))
    packed = onnx.TensorProto(name="x", data_type=7, dims=[count]).SerializeToString()
    tensor = packed + bytes([7 << 3 | 2]) + varint(count) + bytes(count)
    graph = bytes([5 << 3 | 2]) + varint(len(tensor)) + tensor
    with pytest.raises(TooMuchError, match="bytes of packed integers"):
        look_over(memoryview(bytes([7 << 3 | 2]) + varint(len(graph)) + graph))
