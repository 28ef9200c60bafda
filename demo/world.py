"""What the demo sets up and who walks past: three venues, three kiosks, made-up people."""

from dataclasses import dataclass
from pathlib import Path

from demo.fleet import Fleet
from demo.people import Person, people
from demo.pictures import write_all

MARKET, HOSPITAL, HALL = "cho-mau", "benh-vien-mau", "nha-van-hoa-mau"
CARD_HOLDERS = range(1, 7)
"""Numbers of the people who carry one of the fleet's own cards."""
INDEX_PERSON = 8
"""Number of the person found infected; was at the market."""
AT_MARKET = 16
"""The first so many people come to the market, the others to the hospital."""
BRISK = "fps = 60.0\nshown = 3\nblank = 1\n"
"""Fifteen pictures a second: nobody wants to watch three hundred at a door's pace."""
HALL_TEXTS = (
    "THE-THANH-VIEN/2026/000117",
    "https://ve.example/su-kien/moi?so=0042",
    "BEGIN:VCARD\nVERSION:3.0\nN:Mẫu;Thử\nEND:VCARD",
    "WIFI:T:WPA;S:Khach;P:khach-mau;;",
    "000201010212ma-thanh-toan-mau",
    "VE-HOA-NHAC-0007",
)
"""Shown at the hall where no photographs are at hand: tickets, and a payment code that is none."""


@dataclass(frozen=True)
class Stand:
    """One kiosk of the demo and the pictures it will see."""

    kiosk: str
    venue: str
    bundle: Path
    pictures: Path


def build(fleet: Fleet, photographs: Path | None, folder: Path) -> tuple[list[Stand], Person]:
    """Create areas, venues, cards and kiosks, and paint the pictures. Returns stands and F0."""
    crowd = people(24)
    fleet.run("area", "create", "01", "Tỉnh Mẫu", "--level", "province")
    fleet.run("area", "create", "00001", "Phường Thử", "--level", "commune", "--parent", "01")
    for ref, name, kind in (
        (MARKET, "Chợ Mẫu", "market"),
        (HOSPITAL, "Bệnh viện Mẫu", "hospital"),
        (HALL, "Nhà văn hóa Mẫu", "other"),
    ):
        fleet.run("venue", "create", ref, "--name", name, "--type", kind, "--area", "00001")
    cards = {number: _issue(fleet, crowd[number - 1]) for number in CARD_HOLDERS}
    stands = []
    for kiosk, venue, direction, more in (
        ("cho-mau-1", MARKET, "in", ()),
        ("benh-vien-mau-1", HOSPITAL, "both", ()),
        ("nha-van-hoa-mau-1", HALL, "in", ("--tickets",)),
    ):
        bundle = folder / "bundles" / kiosk
        fleet.run(
            *("kiosk", "create", kiosk, "--venue", venue, "--direction", direction),
            *("--out", str(bundle), *more),
        )
        settings = bundle / "kiosk.toml"
        settings.write_text(settings.read_text().replace("[camera]\n", f"[camera]\n{BRISK}"))
        stands.append(Stand(kiosk, venue, bundle, folder / "pictures" / kiosk))
    write_all(
        [cards.get(p.number) or p.shown() for p in crowd[:AT_MARKET]], stands[0].pictures, seed=1
    )
    write_all([p.shown() for p in crowd[AT_MARKET:]], stands[1].pictures, seed=2)
    if photographs is None:
        write_all(list(HALL_TEXTS), stands[2].pictures, seed=3)
    else:
        _gather(photographs, stands[2].pictures)
    return stands, crowd[INDEX_PERSON - 1]


def _issue(fleet: Fleet, person: Person) -> str:
    """One of the fleet's own cards for `person`; the text of its code."""
    issued = fleet.json("card", "issue", "--name", person.name, "--phone", person.phone)
    return str(issued["cards"][0]["text"])


def _gather(photographs: Path, folder: Path) -> None:
    """All photographs below `photographs` in one folder, by links, named so that order holds."""
    folder.mkdir(parents=True)
    for path in sorted(photographs.rglob("*")):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"):
            name = "-".join(path.relative_to(photographs).parts)
            (folder / name).symlink_to(path.resolve())
