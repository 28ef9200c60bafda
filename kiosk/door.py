"""What happens before the camera: frame, code, decision, commit, journal, signal. In that order.

A visitor hears success only once the record is on the disk. Frames and codes stay in memory.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from kiosk.clock import Clock, Moment
from kiosk.companions import Companions
from kiosk.credentials.payload import Payload
from kiosk.credentials.proofs import Proofs
from kiosk.errors import DeviceError, QueueDamaged, QueueFull
from kiosk.hardware.ports import Answer, Frame, Signals, Typed
from kiosk.health import Vitals
from kiosk.journal import Entry, Journal, JournalError
from kiosk.queue import Queue
from kiosk.scanning import decision as reasons
from kiosk.scanning.admission import Admission
from kiosk.scanning.decision import Decision, Policy, decide
from kiosk.scanning.reader import Reader, Reading
from kiosk.scanning.record import RecordTooLarge, Sealer
from kiosk.scanning.repeats import Repeats, View
from kiosk.scanning.spelling import Speller
from wire.records import COMPANIONS

_JOURNAL_WORDS: Final = {Answer.AGAIN: "refused", Answer.BROKEN: "broken"}

_log = logging.getLogger(__name__)


class Door:
    """Answers whoever holds up a code. `look` and `hear` are for one thread."""

    def __init__(
        self,
        *,
        reader: Reader,
        speller: Speller,
        policy: Policy,
        repeats: Repeats,
        view: View,
        sealer: Sealer,
        queue: Queue,
        journal: Journal,
        signals: Signals,
        clock: Clock,
        vitals: Vitals,
        companions: Companions,
        recorded: Callable[[], None],
    ) -> None:
        """`recorded` is called after each commit, to wake delivery; it must return at once."""
        self._reader = reader
        self._speller = speller
        self._policy = policy
        self._repeats = repeats
        self._admission = Admission(ttl_ms=policy.certificate_ms)
        self._view = view
        self._sealer = sealer
        self._queue = queue
        self._journal = journal
        self._signals = signals
        self._clock = clock
        self._vitals = vitals
        self._companions = companions
        self._recorded = recorded

    def use(self, proofs: Proofs, sealer: Sealer) -> None:
        """From the next code on, go by these; from any thread."""
        self._reader.use(proofs)
        self._speller.use(proofs)
        self._sealer = sealer

    def look(self, frame: Frame) -> Decision | None:
        """Answer the code in `frame`, if there is one that awaits an answer.

        Raises QueueDamaged after the visitor was shown that the kiosk is broken.
        """
        self._count_companions()
        began_ns = time.perf_counter_ns()
        reading = self._reader.read(frame.luma)
        return self._meet(reading, source=frame.source, taken_ns=frame.taken_ns, began_ns=began_ns)

    def hear(self, typed: Typed) -> Decision | None:
        """Answer the code a scanner typed; without one, the scanner is alive and no more.

        Raises as `look` does.
        """
        self._count_companions()
        began_ns = time.perf_counter_ns()
        reading = self._speller.read(typed)
        return self._meet(reading, source="", taken_ns=typed.taken_ns, began_ns=began_ns)

    def _meet(
        self, reading: Reading, *, source: str, taken_ns: int, began_ns: int
    ) -> Decision | None:
        self._vitals.frame(decode_ms=reading.ms, now_ms=self._clock.mono_ms())
        if reading.code is None or reading.payload is None:
            return None
        if not self._view.newcomer(reading.code.data, source=source, now_ms=taken_ns // 1_000_000):
            return None
        moment = self._clock.now()
        payload = reading.payload.at(moment.wall_ms / 1000)
        decision = decide(
            payload,
            policy=self._policy,
            repeats=self._repeats,
            now_ms=moment.mono_ms,
            admitted=self._admission.is_open(now_ms=moment.mono_ms),
        )
        if decision.reason == reasons.CERTIFICATE_SHOWN:
            self._admission.show(now_ms=moment.mono_ms)
        damage: QueueDamaged | None = None
        if decision.to_record:
            try:
                decision = self._record(payload, moment)
            except QueueDamaged as problem:
                _log.error("not recorded: %s", problem)
                damage = problem
                decision = Decision(answer=Answer.BROKEN, reason=reasons.NOT_RECORDED)
        if decision.reason != reasons.ACCEPTED:
            self._note(decision, moment)
        if decision.reason == reasons.REPEAT:
            self._companions.repeated(self._repeats.who(payload.keys))
        self._signals.show(decision.answer)
        self._vitals.answer(decision.reason, wall_ms=moment.wall_ms)
        took_ms = (time.perf_counter_ns() - began_ns) / 1e6
        _log.info("%s: %s (%.1f ms)", payload.kind, decision.hint, took_ms)
        if damage is not None:
            raise damage
        return decision

    def _record(self, payload: Payload, moment: Moment) -> Decision:
        """Commit a record and write it into the journal; what the visitor may be told then."""
        try:
            committed = self._queue.append(
                lambda counter: self._sealer.record(payload, counter=counter, moment=moment),
                made_ms=moment.wall_ms,
            )
            self._recorded()
            self._journal.write(
                Entry(
                    epoch=self._queue.epoch,
                    counter=committed.counter,
                    digest=committed.digest,
                    answer=reasons.ACCEPTED,
                    at_ms=moment.wall_ms,
                )
            )
        except RecordTooLarge as problem:
            _log.warning("not recorded: %s", problem)
            return Decision(answer=Answer.AGAIN, reason=reasons.TOO_LARGE)
        except QueueFull as problem:
            _log.error("not recorded: %s", problem)
            return Decision(answer=Answer.BROKEN, reason=reasons.FULL)
        except QueueDamaged:
            raise
        except DeviceError as problem:
            _log.error("not recorded: %s", problem)
            return Decision(answer=Answer.BROKEN, reason=reasons.NOT_RECORDED)
        self._repeats.remember(payload.keys, now_ms=moment.mono_ms)
        self._companions.accepted(
            committed.counter, who=self._repeats.who(payload.keys), moment=moment
        )
        self._admission.use()
        return Decision(answer=Answer.GO, reason=reasons.ACCEPTED)

    def _count_companions(self) -> None:
        """Record what the guard's button was pressed for, and tell the guard.

        Raises QueueDamaged after it was shown that the kiosk is broken.
        """
        moment = self._clock.now()
        while (press := self._companions.due(moment)) is not None:
            try:
                self._record_companions(*press, moment)
            except DeviceError as problem:
                _log.error("companions not recorded: %s", problem)
                self._signals.show(Answer.BROKEN)
                if isinstance(problem, QueueDamaged):
                    raise
                return
            self._signals.show(self._companions.recorded(press[0], moment))

    def _record_companions(self, change: int, scan: int, moment: Moment) -> None:
        committed = self._queue.append(
            lambda counter: self._sealer.companions(
                change, of=scan, counter=counter, moment=moment
            ),
            made_ms=moment.wall_ms,
        )
        self._recorded()
        self._journal.write(
            Entry(
                epoch=self._queue.epoch,
                counter=committed.counter,
                digest=committed.digest,
                answer=COMPANIONS,
                reason=f"{change:+d}",
                of=scan,
                at_ms=moment.wall_ms,
            )
        )

    def _note(self, decision: Decision, moment: Moment) -> None:
        """Write an answer without a record into the journal, as far as the disk allows."""
        word = _JOURNAL_WORDS.get(decision.answer, decision.reason)
        try:
            self._journal.write(Entry(answer=word, reason=decision.reason, at_ms=moment.wall_ms))
        except JournalError as problem:
            _log.error("the journal misses an answer: %s", problem)
