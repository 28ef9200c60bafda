from tests.wire.conftest import sample

__all__ = ["sample"]
