"""Which kiosks there are and where each stood when. Asked anew in every transaction: a kiosk made
a moment ago is known, a revoked one is not heard any more."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from fleet_server.database import chunks
from fleet_server.models import Kiosk, Posting


@dataclass(frozen=True, slots=True)
class Post:
    """One stretch of time at one place. Whole seconds UTC; `valid_to` None while in force."""

    venue_id: int
    gate_id: int | None
    room_id: int | None
    valid_from: int
    valid_to: int | None

    def distance(self, at_s: int) -> int:
        """Seconds between `at_s` and this stretch; 0 inside it."""
        if at_s < self.valid_from:
            return self.valid_from - at_s
        if self.valid_to is not None and at_s >= self.valid_to:
            return at_s - self.valid_to + 1
        return 0


@dataclass(frozen=True, slots=True)
class Station:
    """A kiosk and everywhere it stood, oldest first."""

    id: int
    revoked: bool
    posts: list[Post] = field(default_factory=list)

    def at(self, at_s: int) -> Post | None:
        """Where it stood then, or nearest to then; None where it never stood anywhere."""
        return min(
            self.posts, key=lambda post: (post.distance(at_s), -post.valid_from), default=None
        )


def load(connection: Connection, refs: Collection[str]) -> dict[str, Station]:
    """The kiosks of these wire ids that exist."""
    stations: dict[str, Station] = {}
    for chunk in chunks(refs):
        rows = connection.execute(
            select(
                Kiosk.id,
                Kiosk.ref,
                Kiosk.revoked_at,
                Posting.venue_id,
                Posting.gate_id,
                Posting.room_id,
                Posting.valid_from,
                Posting.valid_to,
            )
            .outerjoin(Posting, Posting.kiosk_id == Kiosk.id)
            .where(Kiosk.ref.in_(chunk))
            .order_by(Posting.valid_from)
        )
        for row in rows:
            station = stations.setdefault(row.ref, Station(row.id, row.revoked_at is not None))
            if row.venue_id is not None:
                station.posts.append(
                    Post(row.venue_id, row.gate_id, row.room_id, row.valid_from, row.valid_to)
                )
    return stations
