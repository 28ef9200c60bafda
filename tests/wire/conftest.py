"""A record as a kiosk makes it, and the keys it is sealed to."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.wire.sample import Sample


@pytest.fixture(scope="session")
def sample() -> Sample:
    return Sample(ingest=X25519PrivateKey.generate(), vault=X25519PrivateKey.generate())
