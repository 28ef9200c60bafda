"""A kiosk that runs while people come by: what is held before its camera changes as it looks."""

from pathlib import Path

from PIL import Image

from demo.check import read_journal
from tests.support.programs import wait_until
from tests.system.town import Town

LOOKS = 2000
"""At five a second: longer than a test may take."""
LEISURELY = "fps = 5.0\nshown = 1\nblank = 0\n"
PATIENCE_S = 60.0
"""Beside other work a kiosk takes its time to start."""


class Entrance:
    """One kiosk of the town's venue. Its camera is a folder in which one picture has many names."""

    def __init__(self, town: Town, kiosk: str, direction: str) -> None:
        self.kiosk = kiosk
        self._journal = town.folder / kiosk / "data" / "journal.jsonl"
        self._held = town.folder / f"{kiosk}.png"
        self._hold(Image.new("L", (200, 200), 255))
        pictures = town.folder / f"{kiosk}-pictures"
        pictures.mkdir()
        for look in range(LOOKS):
            (pictures / f"{look:04d}.png").symlink_to(self._held)
        town.post_kiosk(kiosk, pictures=pictures, direction=direction, camera=LEISURELY)

    def pass_by(self, code: Image.Image) -> None:
        """Somebody holds up a code until the kiosk has signalled that it is recorded."""
        before = self.accepted()
        self._hold(code)
        wait_until(
            lambda: self.accepted() > before,
            what=f"{self.kiosk} accepts",
            timeout_s=PATIENCE_S,
        )
        self._hold(Image.new("L", (200, 200), 255))

    def accepted(self) -> int:
        return read_journal(self.kiosk, self._journal).answers["accepted"]

    def _hold(self, picture: Image.Image) -> None:
        """In one step: the kiosk never sees half of it."""
        staged = Path(f"{self._held}.new")
        picture.save(staged, "PNG")
        staged.replace(self._held)
