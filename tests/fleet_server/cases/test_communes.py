"""The commune an address lies in, as cards write addresses."""

import pytest

from fleet_server.cases.communes import Commune, Communes, plain

AREAS = Communes(
    [
        Commune(1, plain("Phường Mẫu"), frozenset({plain("Tỉnh Thử")})),
        Commune(2, plain("Xã Thử"), frozenset({plain("Tỉnh Thử")})),
        Commune(3, plain("Xã Thử"), frozenset({plain("Thành phố Nháp")})),
        Commune(4, plain("Phường 7"), frozenset({plain("Thành phố Nháp")})),
    ]
)


@pytest.mark.parametrize(
    ("address", "commune"),
    [
        ("Số 1, Phường Mẫu, Tỉnh Thử", 1),
        ("số 1,  PHƯỜNG  MẪU , tỉnh thử", 1),
        ("Tổ 2, P. Mẫu, Thử", 1),
        ("Tổ 2, P.Mẫu", 1),
        ("Mẫu, Thử", 1),
        ("Thôn 1, Xã Thử, Tỉnh Thử", 2),
        ("Thôn 1, Xã Thử, TP. Nháp", 3),
        ("12 đường Nọ, P.7, Quận Cũ, TP Nháp", 4),
        # Two communes of this name, and nothing tells which.
        ("Thôn 1, Xã Thử", None),
        ("Số 1, Phường Lạ, Tỉnh Thử", None),
        ("", None),
        (", ,", None),
    ],
)
def test_an_address_lies_in_one_commune_or_in_none_we_know(
    address: str, commune: int | None
) -> None:
    assert AREAS.of(address) == commune
