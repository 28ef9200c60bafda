"""Texts somebody could have printed on a card, and what a spreadsheet would make of them."""

import unicodedata

LONG = "Nguyễn " * 8_000
NAMES = (
    '=HYPERLINK("http://x.invalid","Xem / See")',
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "＝1＋1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "﹦1",
    "⁺1",
    "\N{MINUS SIGN}1",
    '"=1',
    "'=1",
    " '=1",
    "“=1",
    "\u200d=1",
    "\ufeff=1",
    "\u202e=1",
    "Thử;=1+1",
    "Thử\";=cmd|' /C calc'!A0;\"",
    "Thử\u037e=1",
    "=cmd|' /C calc'!A0",
    "Nguyễn\nVăn\r\nThử",
    "Thử \u202egnơưhT",
    "Thử\x00=1",
    "\x00=1",
    "Thử\ufffe\ud800",
    "##Thử",
    "Thử\\",
    "_x003D_1+1",
    "#N/A",
    "TRUE",
    "1e5",
    LONG,
)
JOINING = "\u200c\u200d"
DANGEROUS = frozenset("=+-@\t\r\n\N{MINUS SIGN}")


def dangerous(cell: str) -> bool:
    """Whether a spreadsheet may take the cell, or what a semicolon starts in it, for a formula."""
    return not visible(cell) or any(_formula(part) for part in cell.split(";"))


def visible(cell: str) -> bool:
    """Whether it is one line that hides nothing but what joins letters."""
    hiding = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return not any(unicodedata.category(each) in hiding for each in cell if each not in JOINING)


def _formula(part: str) -> bool:
    bare = part.lstrip(' "“”‘’`´\u200c\u200d')
    first = unicodedata.normalize("NFKC", bare[:1])
    return first[:1] in DANGEROUS if first else False
