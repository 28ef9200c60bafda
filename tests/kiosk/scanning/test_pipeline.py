"""No code is lost to thrift: gate, retries and budget together."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.hardware.fakes import FakeDecoder, blank, painted
from kiosk.hardware.ports import Code, Frame, Luma
from kiosk.scanning.budget import Budget, Limits
from kiosk.scanning.pipeline import Pipeline
from kiosk.scanning.settings import Settings
from kiosk.scanning.stages import STAGES, Part, Stage

FRAME_MS = 66
KEYS = 6


def masked(key: int) -> Stage:
    """A stage that makes readable what was hidden with `key`, and nothing else."""
    return Stage(name=f"{key}", prepare=lambda luma: luma ^ key, part=Part.WHOLE, dim=key % 2 == 0)


MASKED = tuple(masked(key) for key in range(1, KEYS + 1))


def hidden(data: bytes, key: int) -> Luma:
    """A picture that only the stage with `key` can read; 0 for the first look."""
    return np.asarray(painted(data) ^ key, dtype=np.uint8)


def frames(*pictures: Luma, start: int = 0, source: str = "") -> list[Frame]:
    return [
        Frame(luma=luma, taken_ns=(start + number) * FRAME_MS * 1_000_000, source=source)
        for number, luma in enumerate(pictures)
    ]


class Clock:
    """Computing time that only passes while a decoder works."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


class Noting:
    """A decoder that takes its time and notes when it is asked; it reads what FakeDecoder reads."""

    name = "noting"

    def __init__(self, clock: Clock | None = None, *, cost_ms: float = 0.0) -> None:
        self.asked: list[Luma] = []
        self._clock = clock or Clock()
        self._cost_ms = cost_ms

    def decode(self, luma: Luma) -> Sequence[Code]:
        self.asked.append(luma)
        self._clock.ns += int(self._cost_ms * 1e6)
        return FakeDecoder().decode(luma)


def never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.scanning.gate.MotionGate.moved", lambda _self, _luma: False)


def first_found(pipeline: Pipeline, seen: Sequence[Frame]) -> int | None:
    """The number of the first frame in which a code was found."""
    return next((number for number, each in enumerate(seen) if pipeline.look(each)), None)


def test_a_readable_code_is_found_in_its_first_frame() -> None:
    pipeline = Pipeline([FakeDecoder()], stages=MASKED)
    empty = [blank()] * 40
    assert first_found(pipeline, frames(*empty, hidden(b"code", 0))) == 40


@pytest.mark.parametrize("key", range(1, KEYS + 1))
def test_a_hard_code_that_enters_is_found_after_as_many_frames_as_there_are_retries(
    key: int,
) -> None:
    pipeline = Pipeline([FakeDecoder()], stages=MASKED)
    seen = frames(*[blank()] * 40, *[hidden(b"a code that is hard to read" * 20, key)] * KEYS)
    found = first_found(pipeline, seen)
    assert found is not None
    assert 40 <= found < 40 + KEYS


@given(
    key=st.integers(0, KEYS),
    before=st.lists(st.integers(0, 255), max_size=30),
    shade=st.lists(st.integers(0, 255), min_size=200, max_size=200),
    data=st.binary(min_size=1, max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_whatever_came_before_and_moves_beside_a_code_in_view_is_found(
    key: int, before: list[int], shade: list[int], data: bytes
) -> None:
    """With everything against it: a second and a frame for each retry, twice around."""
    within = (2 * KEYS + 1) * (1000 // FRAME_MS + 2)
    held = hidden(data, key)
    shown = []
    for number in range(within):
        luma = held.copy()
        luma[24:] = shade[number % len(shade)]
        shown.append(luma)
    pipeline = Pipeline([FakeDecoder()], stages=MASKED)
    for frame in frames(*(np.full_like(held, grey) for grey in before)):
        pipeline.look(frame)
    assert first_found(pipeline, frames(*shown, start=len(before))) is not None


@pytest.mark.parametrize("key", range(KEYS + 1))
def test_a_code_the_gate_did_not_notice_is_found_on_no_budget_at_all(
    monkeypatch: pytest.MonkeyPatch, key: int
) -> None:
    never(monkeypatch)
    clock = Clock()
    spent = Budget(Limits(cpu_percent=5, burst_ms=100), temperature_c=lambda: 99.0)
    slow = Noting(clock, cost_ms=400)
    pipeline = Pipeline([slow], stages=MASKED, budget=spent, timer_ns=clock)
    for frame in frames(*[blank()] * 100):
        pipeline.look(frame)
    within = (KEYS + 2) * (1000 // FRAME_MS + 2)
    seen = frames(*[hidden(b"a quiet code", key)] * within, start=100)
    assert first_found(pipeline, seen) is not None


def test_retries_take_turns_one_a_frame_and_none_twice_before_all_had_theirs() -> None:
    noting = Noting()
    pipeline = Pipeline([noting], stages=MASKED)
    for frame in frames(*(np.full((48, 64), 100 + 20 * (n % 2), np.uint8) for n in range(12))):
        pipeline.look(frame)
    first, retries = noting.asked[::2], noting.asked[1::2]
    keys = [int(one[0, 0]) ^ int(two[0, 0]) for one, two in zip(first, retries, strict=True)]
    assert sorted(keys[:KEYS]) == sorted(keys[KEYS:]) == list(range(1, KEYS + 1))


def test_what_helped_is_tried_first_when_the_code_is_lost_again() -> None:
    pipeline = Pipeline([FakeDecoder()], stages=MASKED)
    held = hidden(b"hard to read", 5)
    assert first_found(pipeline, frames(*[held] * KEYS)) is not None
    moved = held.copy()
    moved[20:] = 255
    assert pipeline.look(Frame(luma=moved, taken_ns=10**10))


def test_what_only_a_patient_stage_reads_is_read_in_a_single_picture_only() -> None:
    patient = replace(masked(9), patient=True)
    pipeline = Pipeline([FakeDecoder()], stages=(*MASKED, patient))
    held = hidden(b"hard to read", 9)
    assert first_found(pipeline, frames(*[held] * 300)) is None
    assert pipeline.decode(held)


def test_a_scene_that_stands_still_is_looked_at_twice_a_second() -> None:
    noting = Noting()
    pipeline = Pipeline([noting], stages=MASKED)
    looked = [pipeline.look(frame) is not None for frame in frames(*[blank()] * 150)]
    assert all(looked[:KEYS])
    later = looked[KEYS + 1 :]
    assert not any(one and two for one, two in pairwise(later))
    longest = max(len(run) for run in "".join("x."[each] for each in later).split("."))
    assert longest * FRAME_MS <= 500


def test_a_code_that_is_lost_from_one_frame_to_the_next_is_looked_for_at_once() -> None:
    pipeline = Pipeline([FakeDecoder()], stages=MASKED)
    held = hidden(b"x", 0)
    assert pipeline.look(frames(held)[0])
    spoilt = held.copy()
    spoilt[0, 1] ^= 1  # too little for the gate, too much for the decoder
    looks = [pipeline.look(frame) for frame in frames(*[spoilt] * 12, start=8)]
    assert [look is not None for look in looks[: KEYS + 1]] == [True] * (KEYS + 1)


@pytest.mark.parametrize(("temperature_c", "share"), [(None, 0.4), (75.0, 0.25), (90.0, 0.1)])
def test_reading_uses_no_more_than_its_share_however_much_moves(
    temperature_c: float | None, share: float
) -> None:
    clock = Clock()
    limits = Limits(cpu_percent=40, burst_ms=500, warm_c=70, hot_c=80, hot_percent=25)
    pipeline = Pipeline(
        [Noting(clock, cost_ms=40)],
        stages=MASKED,
        settings=Settings(sure_ms=2_000, retry_ms=2_000),
        budget=Budget(limits, temperature_c=lambda: temperature_c),
        timer_ns=clock,
    )
    seconds = 120
    moving = (np.full((48, 64), 40 * (n % 5), np.uint8) for n in range(seconds * 1000 // FRAME_MS))
    for frame in frames(*moving):
        pipeline.look(frame)
    sure = seconds / 2 * 80
    assert clock.ns / 1e6 <= share * seconds * 1000 + 2 * limits.burst_ms + sure * 0.1
    assert clock.ns / 1e6 >= 0.8 * share * seconds * 1000


def test_first_looks_go_on_where_the_budget_has_no_retries_left() -> None:
    clock = Clock()
    noting = Noting(clock, cost_ms=30)
    budget = Budget(Limits(cpu_percent=55, burst_ms=100), temperature_c=lambda: None)
    pipeline = Pipeline([noting], stages=MASKED, budget=budget, timer_ns=clock)
    moving = frames(*(np.full((48, 64), 40 * (n % 5), np.uint8) for n in range(300)))
    looked = sum(pipeline.look(frame) is not None for frame in moving)
    assert looked > 280
    assert looked < len(noting.asked) < 1.5 * looked


def test_the_frame_rate_is_bounded_where_it_is_asked_for() -> None:
    pipeline = Pipeline([FakeDecoder()], settings=Settings(fps=5), stages=MASKED)
    moving = frames(*(np.full((48, 64), 40 * (n % 5), np.uint8) for n in range(150)))
    looked = sum(pipeline.look(frame) is not None for frame in moving)
    assert looked == pytest.approx(150 * FRAME_MS / 1000 * 5, rel=0.15)


def test_every_frame_of_a_file_that_differs_is_looked_at_whatever_it_costs() -> None:
    clock = Clock()
    budget = Budget(Limits(cpu_percent=5, burst_ms=100), temperature_c=lambda: 99.0)
    noting = Noting(clock, cost_ms=500)
    pipeline = Pipeline(
        [noting], settings=Settings(fps=1), stages=MASKED, budget=budget, timer_ns=clock
    )
    moving = (np.full((48, 64), 40 * (n % 5), np.uint8) for n in range(50))
    assert all(pipeline.look(frame) is not None for frame in frames(*moving, source="a.mp4"))


def test_another_picture_is_another_scene_however_alike() -> None:
    pipeline = Pipeline([FakeDecoder()], stages=())
    one = Frame(luma=hidden(b"1", 0), taken_ns=0, source="1.png")
    two = Frame(luma=hidden(b"2", 0), taken_ns=1, source="2.png")
    assert [code.data for frame in (one, two) for code in pipeline.look(frame) or ()] == [
        b"1",
        b"2",
    ]


def test_without_retries_only_first_looks_are_made() -> None:
    noting = Noting()
    pipeline = Pipeline([noting], settings=Settings(retries=False))
    assert list(pipeline.decode(blank())) == []
    assert len(noting.asked) == 1


def test_stages_for_a_second_engine_are_left_out_where_there_is_none() -> None:
    one, two = Noting(), Noting()
    assert not Pipeline([one]).decode(blank(width=200, height=200))
    assert not Pipeline([one, two]).decode(blank(width=200, height=200))
    second = sum(stage.engine == 1 for stage in STAGES)
    assert len(two.asked) == second > 0


def test_the_stages_have_names_of_their_own() -> None:
    assert len({stage.name for stage in STAGES}) == len(STAGES)
