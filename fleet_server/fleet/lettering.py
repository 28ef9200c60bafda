"""The font that what we print is set in."""

from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.errors import FPDFException

from fleet_server.fleet.references import Unfit

FONTS: Final = Path("/usr/share/fonts/truetype/dejavu")
"""Where Debian's fonts-dejavu-core puts a font that has all Vietnamese letters."""
REGULAR: Final = "DejaVuSans.ttf"
BOLD: Final = "DejaVuSans-Bold.ttf"


def embed(document: FPDF, family: str, fonts: Path = FONTS) -> None:
    """Makes the font known to a document, plain and bold. Raises Unfit where it is missing."""
    for style, name in (("", REGULAR), ("B", BOLD)):
        try:
            document.add_font(family, style, fonts / name)
        except (OSError, FPDFException) as problem:
            raise Unfit(
                f"{fonts / name}: thiếu phông chữ / no font with Vietnamese letters there; "
                "apt-get install fonts-dejavu-core, or name a folder that has it: --fonts FOLDER"
            ) from problem
