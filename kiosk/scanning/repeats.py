"""Who was here a moment ago: known by a keyed hash whose key lives in memory only.

Nothing here can be turned back into a number, and all of it is gone when the kiosk stops.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from wire.records import StableKey

HASH_BYTES: Final = 16


class Repeats:
    """Stable keys accepted within the last `ttl_ms`."""

    def __init__(self, *, key: bytes, ttl_ms: int, limit: int) -> None:
        """`key`: 32 random bytes drawn at start. At most `limit` keys are remembered."""
        self._key = key
        self._ttl_ms = ttl_ms
        self._limit = limit
        self._accepted: OrderedDict[bytes, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accepted)

    def seen(self, keys: Iterable[StableKey], *, now_ms: int) -> bool:
        """Whether any of `keys` was accepted less than `ttl_ms` ago."""
        self._forget(now_ms)
        return any(self._hash(key) in self._accepted for key in keys)

    def remember(self, keys: Iterable[StableKey], *, now_ms: int) -> None:
        """`keys` were accepted now: to be called once their record is committed."""
        self._forget(now_ms)
        for key in keys:
            digest = self._hash(key)
            self._accepted[digest] = now_ms
            self._accepted.move_to_end(digest)
        while len(self._accepted) > self._limit:
            self._accepted.popitem(last=False)

    def who(self, keys: Iterable[StableKey]) -> frozenset[bytes]:
        """Names that say whether two sets of keys are one visitor's, and nothing else."""
        return frozenset(map(self._hash, keys))

    def _forget(self, now_ms: int) -> None:
        while self._accepted:
            oldest, at_ms = next(iter(self._accepted.items()))
            if now_ms - at_ms < self._ttl_ms:
                return
            del self._accepted[oldest]

    def _hash(self, key: StableKey) -> bytes:
        text = f"{key.space}\x00{key.value}".encode()
        return hashlib.blake2b(text, key=self._key, digest_size=HASH_BYTES).digest()


class View:
    """Which codes are before the camera, so that each is answered once and not at every frame."""

    def __init__(self, *, key: bytes, leave_ms: int) -> None:
        """`key` as for Repeats. A code unseen for `leave_ms` has left."""
        self._key = key
        self._leave_ms = leave_ms
        self._source = ""
        self._answered: OrderedDict[bytes, int] = OrderedDict()

    def newcomer(self, data: bytes, *, source: str = "", now_ms: int) -> bool:
        """Whether the code `data` of the frame at `now_ms` awaits an answer; it counts as answered.

        Another `source` is another picture: whatever was in view before has left.
        """
        if source != self._source:
            self._source = source
            self._answered.clear()
        digest = hashlib.blake2b(data, key=self._key, digest_size=HASH_BYTES).digest()
        since_ms = self._answered.pop(digest, None)
        self._answered[digest] = now_ms
        while now_ms - next(iter(self._answered.values())) >= self._leave_ms:
            self._answered.popitem(last=False)
        return since_ms is None or now_ms - since_ms >= self._leave_ms
