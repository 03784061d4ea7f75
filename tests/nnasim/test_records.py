"""What is wrong with a record is told in our words, whatever the library found; and the record cannot be changed."""

import math
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core._pydantic_core import list_all_errors

from nnasim.allowed import number_text
from nnasim.errors import ConfigError, InputError, TraceError
from nnasim.records import Frozen, Integer, Items, Number, Record, validated, wrong_values

HOMES = (
    "nnasim.hardware.config", "nnasim.ir.trace", "nnasim.ir.result", "nnasim.numerics.config", "nnasim.sweeps.spec",
    "nnasim.sweeps.stored_rows",
    "nnasim.compiler.policies", "workloads.rnnt.shapes", "reports.summary",
    *(("aat_training.config", "aat_training.data.manifest") if find_spec("torch") else ()),
)  # fmt: skip
WRONG: list[Any] = [
    None, True, "x", "", "1", "1.5", -1, 0, 1.5, 10**30, math.nan, math.inf, -math.inf, [], [1], ["x"], [1, 2, 3, 4, 5],
    {}, {"x": 1}, {1: 2}, [{}], {"x": {}}, "\ud800", b"x", object(), "x" * 200_000, [[]], {"x": []}, {"list": 3},
    {"range": [1]}, {"range": [1, "x"]}, {"range": [1, 2, 0.5]},
]  # fmt: skip


def every_record() -> list[type[Frozen]]:
    for home in HOMES:
        import_module(home)
    models, waiting = [], [Frozen]
    while waiting:
        for model in waiting.pop().__subclasses__():
            waiting.append(model)
            models.append(model)
    return [model for model in models if model.__module__.split(".")[0] != "tests" and model.model_fields]


RECORDS = every_record()


def library_phrases() -> list[str]:
    """What the library's sentences begin with, up to the first value in them; our own rules have none."""
    templates = {error["message_template_python"] for error in list_all_errors()}
    return sorted(phrase for text in templates if len(phrase := text.partition("{")[0].strip()) > 8)


def test_the_phrases_are_those_of_the_library() -> None:
    phrases = library_phrases()
    assert {"Field required", "Extra inputs are not permitted"} <= set(phrases)
    assert any(phrase.startswith("Input should be") for phrase in phrases)


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_no_sentence_of_the_library_is_told_of_any_field(model: type[Frozen]) -> None:
    phrases = library_phrases()
    names = [field.alias or name for name, field in model.model_fields.items()]
    for data in [*WRONG, *({name: value} for name in [*names, "no_such_key"] for value in WRONG)]:
        messages = [f"{field}: {allowed}" for field, _, allowed in wrong_values(model, data)]
        try:
            validated(model, data, "file")
        except ConfigError as error:
            messages.append(str(error))
        for message in messages:
            assert not [phrase for phrase in phrases if phrase in message], (data, message)
            assert not re.search(r"function-|constrained-|Annotated|<class|literal\[|Value error", message), message


def plain_numbers(kind: Any, bounds: tuple[Any, ...] = ()) -> Iterator[Any]:
    """The numbers within an annotation that pydantic would also make of "1" and of true."""
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        yield from plain_numbers(kind, (*bounds, *more))
    elif kind in (int, float):
        if not any(isinstance(bound, BeforeValidator) or getattr(bound, "strict", False) for bound in bounds):
            yield kind
    elif get_origin(kind) is not Literal and not {bool, str} & set(get_args(kind)):  # a union takes what fits exactly
        yield from (inner for part in get_args(kind) for inner in plain_numbers(part))


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_no_text_and_no_truth_is_taken_for_a_number(model: type[Frozen]) -> None:
    for name, field in model.model_fields.items() if not model.model_config.get("strict") else ():
        assert not [*plain_numbers(field.annotation, tuple(field.metadata))], f"{name}: use Integer or Number"


def test_a_zero_has_no_sign() -> None:
    class Signed(Frozen):
        value: Number

    assert math.copysign(1, Signed(value=-0.0).value) == 1


def test_a_zero_keeps_its_type_where_a_field_takes_both() -> None:
    class Either(Frozen):
        value: Integer | Number

    assert [type(Either(value=value).value) for value in (0, 0.0, -0.0)] == [int, float, float]


class Inner(Frozen):
    size: Integer = Field(gt=0, le=64)
    kind: Literal["a", "b"] = "a"


class Outer(Frozen):
    inner: Inner
    rate: Number = Field(gt=0, le=1e15)
    share: float | None = Field(None, ge=0, lt=1)
    spans: tuple[tuple[Number, Number] | tuple[Number, Number, Integer], ...] = ()
    either: tuple[Annotated[str, Field(min_length=1)] | Inner, ...] = ()
    by_name: dict[Literal["x", "y"], int] = Field({})


GOOD = {"inner": {"size": 1}, "rate": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": 0}, "f: rate = 0: must be a number greater than 0 and at most 1e15"),
        ({"rate": "1"}, "f: rate = '1': must be a number greater than 0 and at most 1e15"),
        ({"rate": b"1"}, "f: rate = b'1': must be a number greater than 0 and at most 1e15"),
        ({"inner": {"size": True}}, "f: inner.size = True: must be a whole number greater than 0 and at most 64"),
        ({"rate": math.nan}, "f: rate = nan: must be a finite number greater than 0 and at most 1e15"),
        ({"share": 1}, "f: share = 1: must be a number of at least 0 and less than 1 or null"),
        ({"inner": 3}, "f: inner = 3: must be a mapping of size, kind"),
        ({"inner": {"size": 65}}, "f: inner.size = 65: must be a whole number greater than 0 and at most 64"),
        ({"inner": {"size": 1, "kind": "c"}}, "f: inner.kind = 'c': must be 'a' or 'b'"),
        ({"inner": {}}, "f: inner.size: must be given; allowed are size, kind"),
        ({"inner": {"size": 1, "kinf": "a"}},
         "f: inner.kinf = 'a': unknown key, did you mean kind? allowed are size, kind"),
        ({"inner": {"sise": 1, "z": 2}}, "f: inner.sise = 1: unknown key, did you mean size? allowed are size, kind; "
         "also unknown: z; must be given too: size"),
        ({"spans": [[1]]}, "f: spans.0 = [1]: must be a list of 2 or 3 values"),
        ({"spans": [[1, 2, 0.5]]}, "f: spans.0.2 = 0.5: must be a whole number"),
        ({"either": [{"size": 0}]}, "f: either.0.size = 0: must be a whole number greater than 0 and at most 64"),
        ({"either": [3]}, "f: either.0 = 3: must be text of at least 1 character or a mapping of size, kind"),
        ({"by_name": {"z": 1}}, "f: by_name.z = 'z': must be 'x' or 'y'"),
        ({"by_name": {"x": "many"}}, "f: by_name.x = 'many': must be a whole number"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_its_field_and_all_that_is_allowed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validated(Outer, {**GOOD, **changes}, "f")
    assert str(caught.value) == message


def test_all_missing_fields_are_named_at_once() -> None:
    with pytest.raises(TraceError) as caught:
        validated(Outer, {"share": 0}, "f", TraceError, within="part")
    assert str(caught.value).startswith("f: part.inner, rate: must be given; allowed are inner, rate, share")


def test_a_hostile_key_is_shown_on_one_line_and_cut() -> None:
    for key in ("\x1b[2J\n", "k" * 1_000_000):
        with pytest.raises(InputError) as caught:
            validated(Outer, {**GOOD, key: 1}, "f")
        message = str(caught.value)
        assert message.isprintable()
        assert len(message) < 500


class Many(Frozen):
    column: Items[Integer] = ()
    by_name: dict[str, Integer] = Field({})


def test_of_a_column_of_wrong_values_only_the_first_is_looked_at() -> None:
    with pytest.raises(ValidationError) as caught:
        Many(column=["x"] * 100_000)
    assert caught.value.error_count() == 1
    with pytest.raises(ConfigError, match=r"f: column\.0 = 'x': must be a whole number"):
        validated(Many, {"column": ["x"] * 100_000}, "f")


def test_more_wrong_values_than_anybody_would_read_are_counted() -> None:
    with pytest.raises(ConfigError, match=r"f: record = '\.\.\.': 20000 of its values are wrong"):
        validated(Many, {"by_name": {str(number): "x" for number in range(20_000)}}, "f")


def test_a_record_that_users_set_changes_only_through_with_() -> None:
    class Setting(Record):
        size: Integer = Field(1, gt=0)

    assert Setting().with_({"size": 3}).size == 3
    with pytest.raises(TypeError, match="with_"):
        Setting().model_copy(update={"size": -1})
    with pytest.raises(ConfigError, match="size = -1: must be a whole number greater than 0"):
        Setting().with_({"size": -1})


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (65536, "65536"), (0.5, "0.5"), (1e15, "1e15"), (2**62, str(2**62)), (10**12, "1e12")]
)
def test_numbers_are_shown_exactly_and_shortly(value: float, text: str) -> None:
    assert number_text(value) == text
