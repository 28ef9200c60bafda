"""One parser under atheris, which instruments it; started by `python -m fuzz`."""

import os
import sys

import atheris

with atheris.instrument_imports(include=["kiosk", "wire"]):
    from tests.kiosk.credentials.checks import PARSERS

if __name__ == "__main__":
    atheris.Setup(sys.argv, PARSERS[os.environ["TRAM_FUZZ"]])
    atheris.Fuzz()
