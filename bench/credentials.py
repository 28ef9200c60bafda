"""How long a signed code takes to verify, beside the bare signature check on the same bytes.

    python -m bench.credentials [--rounds N]

Everything the kiosk does with a certificate's text (base45, zlib, CBOR, claims, signature) against
the signature check alone. Rounds are interleaved, so that a busy machine slows all of them alike;
ratios within one run are firm, milliseconds are not.
"""

import argparse
import json
import statistics
import time
import zlib
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from kiosk.credentials import base45, cose, signers
from kiosk.credentials.proofs import Proofs
from kiosk.credentials.registry import recognise
from tests.kiosk import certificates, codes

CALLS: Final = 20
"""In one timing."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=150)
    given = options.parse_args()
    timed = _measure(_candidates(), given.rounds)
    print(f"{'':34} {'best ms':>9} {'median':>9}")
    for name, times in timed.items():
        print(f"{name:34} {min(times):9.4f} {statistics.median(times):9.4f}")
    bare, ours = timed["ES256 check alone"], timed["hc1 ES256, text to verdict"]
    result: dict[str, Any] = {
        "ms": {name: round(statistics.median(times), 4) for name, times in timed.items()},
        "best_ms": {name: round(min(times), 4) for name, times in timed.items()},
        "ratio_bare": round(_ratio(ours, bare), 2),
    }
    print(json.dumps(result))


def _ratio(ours: list[float], peer: list[float]) -> float:
    """The median of the ratios round by round."""
    return statistics.median(one / other for one, other in zip(ours, peer, strict=True))


def _measure(candidates: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds per call of each candidate, one figure per round."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            began_ns = time.perf_counter_ns()
            for _ in range(CALLS):
                run()
            times[name].append((time.perf_counter_ns() - began_ns) / 1e6 / CALLS)
    return times


def _candidates() -> dict[str, Callable[[], object]]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with_rsa = Proofs(signers=signers.of(certificates.signer(key)))
    rsa_code = certificates.hc1(certificates.sign1(certificates.hc1_claims(), key)).encode()
    ec_code, nz_code = certificates.HC1.encode(), certificates.NZCP.encode()
    for code, proofs in ((ec_code, codes.PROOFS), (nz_code, codes.PROOFS), (rsa_code, with_rsa)):
        if not recognise(code, proofs).authentic:
            raise SystemExit("a certificate made for this does not verify")
    raw = zlib.decompress(base45.decode(certificates.HC1.removeprefix("HC1:")))
    return {
        "hc1 ES256, text to verdict": lambda: recognise(ec_code, codes.PROOFS),
        "ES256 check alone": _bare(raw),
        "hc1 PS256 2048, text to verdict": lambda: recognise(rsa_code, with_rsa),
        "nzcp, text to verdict": lambda: recognise(nz_code, codes.PROOFS),
        "our card, text to verdict": lambda: recognise(codes.CARD.encode(), codes.PROOFS),
        "ID card, no signature": lambda: recognise(codes.CCCD.encode(), codes.PROOFS),
    }


def _bare(raw: bytes) -> Callable[[], None]:
    envelope = cose.parse(raw)
    half = len(envelope.signature) // 2
    numbers = (
        int.from_bytes(part) for part in (envelope.signature[:half], envelope.signature[half:])
    )
    signature, message = encode_dss_signature(*numbers), envelope.to_be_signed
    key = certificates.EC_KEY.public_key()
    return lambda: key.verify(signature, message, ECDSA(SHA256()))


if __name__ == "__main__":
    main()
