"""A seeded queue of people before a camera: a code enters, wobbles, leaves; the next one comes."""

import math
import random
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import segno
from PIL import Image, ImageDraw, ImageFilter

from kiosk.hardware.ports import Luma

SIZE: Final = (640, 480)
ENTER_S: Final = 0.35
LEAVE_S: Final = 0.3
SHOWN: Final = 0.8
"""Of the time until the next one, this share is spent before the camera, coming and going."""
EXPOSURE: Final = 0.3
"""Of a frame's time: what moves is smeared over it."""
_NOISES: Final = 6
_SMEARS: Final = 4
_FAR: Final = 520.0
"""Pixels from the centre at which nothing of a code is in the frame any more."""

Corners = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Person:
    """One code and how it is held up."""

    text: str
    arrives_s: float
    leaves_s: float
    card: Image.Image = field(repr=False)
    side: float
    """Pixels, of the code with its quiet zone."""
    centre: tuple[float, float]
    angle: float
    comes_from: float
    """Radians."""
    wobble: float
    """Pixels."""
    tilt: Corners = field(repr=False)

    def corners(self, at_s: float) -> Corners:
        """x, y of the code's four corners in the frame."""
        away = _FAR * (
            max(0.0, 1 - (at_s - self.arrives_s) / ENTER_S) ** 2
            + max(0.0, 1 - (self.leaves_s - at_s) / LEAVE_S) ** 2
        )
        turn = self.angle + math.radians(3) * math.sin(7 * at_s)
        side = self.side * (1 + 0.03 * math.sin(5 * at_s))
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * side / 2 + self.tilt
        middle = np.array(
            [
                self.centre[0]
                + away * math.cos(self.comes_from)
                + self.wobble * math.sin(9 * at_s),
                self.centre[1]
                + away * math.sin(self.comes_from)
                + self.wobble * math.cos(8 * at_s),
            ]
        )
        return np.asarray(square @ rotation.T + middle)

    def in_view(self, at_s: float) -> bool:
        """Whether all of the code is in the frame."""
        corners = self.corners(at_s)
        return bool(((corners >= 0) & (corners < np.array(SIZE))).all())


class Scene:
    """What the camera sees at any moment."""

    def __init__(self, texts: list[str], *, per_minute: float, fps: float, seed: int) -> None:
        rng = random.Random(seed)
        period_s = 60 / per_minute
        self.people = [
            _person(text, rng, arrives_s=1.0 + number * period_s, shown_s=SHOWN * period_s)
            for number, text in enumerate(texts)
        ]
        self.ends_s = self.people[-1].leaves_s + 1.0
        self._period_s, self._smear_s = period_s, EXPOSURE / fps
        self._backdrop = _backdrop(rng)
        noise = np.random.default_rng(seed)
        self._noises = [
            noise.normal(0, 6, (SIZE[1], SIZE[0])).astype(np.int16) for _ in range(_NOISES)
        ]
        self._light = np.linspace(0.75, 1.05, SIZE[0], dtype=np.float32)[None, :]

    def frame(self, at_s: float, number: int) -> Luma:
        """The frame taken at `at_s` seconds; `number` chooses its noise."""
        index = int((at_s - 1.0) / self._period_s) if at_s >= 1.0 else -1
        picture = self._backdrop
        if 0 <= index < len(self.people) and at_s < self.people[index].leaves_s:
            picture = self._held(self.people[index], at_s)
        lit = np.asarray(picture, dtype=np.float32) * self._light
        lit += self._noises[number % _NOISES]
        luma: Luma = np.clip(lit, 0, 255).astype(np.uint8)
        return luma

    def _held(self, person: Person, at_s: float) -> Image.Image:
        """The code where it is; smeared where it moves while the shutter is open."""
        first, last = person.corners(at_s), person.corners(at_s + self._smear_s)
        smears = _SMEARS if np.abs(last - first).max() > 1.5 else 1
        sum_of = np.zeros((SIZE[1], SIZE[0]), np.float32)
        for part in range(smears):
            corners = first + (last - first) * part / smears
            sum_of += np.asarray(_placed(person.card, corners, self._backdrop), np.float32)
        return Image.fromarray((sum_of / smears).astype(np.uint8))


def _person(text: str, rng: random.Random, *, arrives_s: float, shown_s: float) -> Person:
    side = rng.uniform(190, 320)
    room = (SIZE[1] - 1.25 * side) / 2
    off = (rng.uniform(-60, 60), rng.uniform(-1, 1) * max(0.0, min(40.0, room)))
    return Person(
        text=text,
        arrives_s=arrives_s,
        leaves_s=arrives_s + shown_s,
        card=_card(text, screen=rng.random() < 1 / 3, blur=rng.uniform(0, 1.2)),
        side=side,
        centre=(SIZE[0] / 2 + off[0], SIZE[1] / 2 + off[1]),
        angle=math.radians(rng.uniform(-12, 12)),
        comes_from=rng.uniform(0, 2 * math.pi),
        wobble=rng.uniform(2, 8),
        tilt=np.array([[rng.uniform(-0.04, 0.04) * side for _ in "xy"] for _ in range(4)]),
    )


def _card(text: str, *, screen: bool, blur: float) -> Image.Image:
    """A code, printed or inverted as on a phone's dark screen; out of focus by `blur` pixels."""
    code = segno.make(text, error="m", micro=False)
    dark, light = (235, 25) if screen else (25, 235)
    rows = [[dark if module else light for module in row] for row in code.matrix_iter(border=4)]
    image = Image.fromarray(np.array(rows, np.uint8))
    return image.resize((360, 360), Image.Resampling.NEAREST).filter(ImageFilter.GaussianBlur(blur))


def _placed(card: Image.Image, corners: Corners, backdrop: Image.Image) -> Image.Image:
    width, height = card.size
    rows, values = [], []
    for (x, y), (u, v) in zip(
        corners, [(0, 0), (width, 0), (width, height), (0, height)], strict=True
    ):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    back = tuple(np.linalg.solve(np.array(rows), np.array(values, float)))
    warped = card.transform(SIZE, Image.Transform.PERSPECTIVE, back, Image.Resampling.BILINEAR)
    mask = Image.new("L", SIZE)
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in corners], fill=255)
    return Image.composite(warped, backdrop, mask)


def _backdrop(rng: random.Random) -> Image.Image:
    small = Image.fromarray(
        np.array([[rng.randint(60, 170) for _ in range(16)] for _ in range(12)], np.uint8)
    )
    return small.resize(SIZE, Image.Resampling.BICUBIC)
