"""The demo's people: made up, every number in ranges nobody holds."""

from dataclasses import dataclass

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
_MIDDLE = (("Văn", "Nam"), ("Thị", "Nữ"))
_GIVEN = ("Mẫu", "Thử", "Ví Dụ", "Minh Họa")
_PLAIN = str.maketrans(
    "ĂÂÁÀẢÃẠẮẰẲẴẶẤẦẨẪẬĐÊÉÈẺẼẸẾỀỂỄỆÍÌỈĨỊÔƠÓÒỎÕỌỐỒỔỖỘỚỜỞỠỢƯÚÙỦŨỤỨỪỬỮỰÝỲỶỸỴ",
    "AAAAAAAAAAAAAAAAADEEEEEEEEEEEIIIIIOOOOOOOOOOOOOOOOOUUUUUUUUUUUYYYYY",
)


@dataclass(frozen=True)
class Person:
    """One made-up visitor and the codes they could hold up."""

    number: int
    name: str
    sex: str
    year: int

    @property
    def phone(self) -> str:
        return f"0900000{self.number:03d}"

    @property
    def id12(self) -> str:
        century_sex = (0 if self.year < 2000 else 2) + (self.sex == "Nữ")
        return f"001{century_sex}{self.year % 100:02d}{self.number:06d}"

    @property
    def qid(self) -> str:
        return f"16{self.number:016d}"

    @property
    def document(self) -> str:
        """The number the laboratory would give: on the code this person shows."""
        return self.qid if self.number % 3 == 0 else self.id12

    def shown(self) -> str:
        """The code this person holds up, where they carry none of our cards."""
        return (self.personal_code, self.id_card, self.new_id_card)[self.number % 3]()

    def id_card(self) -> str:
        """The 7 fields of a chip ID card."""
        address = f"Số {self.number}, Phường Thử, Quận Mẫu, Hà Nội"
        return f"{self.id12}||{self.name}|0101{self.year}|{self.sex}|{address}|01012022"

    def new_id_card(self) -> str:
        """The 11 fields of an ID card since July 2024."""
        return self.id_card().removesuffix("01012022") + "01082024||||"

    def personal_code(self) -> str:
        """The national personal code, with a health-insurance number in its extension."""
        plain = self.name.upper().translate(_PLAIN)
        sex = 2 if self.sex == "Nữ" else 1
        insurance = f"{self.number:010d}"
        masked = f"******{self.number:06d}"
        return f"{masked}|{plain}|{self.year}-**-**|0|{self.qid}|<{sex}<{insurance}<{self.phone}<"


def people(count: int) -> list[Person]:
    """`count` different persons, always the same ones."""
    out = []
    for number in range(1, count + 1):
        middle, sex = _MIDDLE[number % 2]
        family = _FAMILY[number % len(_FAMILY)]
        given = _GIVEN[number // len(_FAMILY) % len(_GIVEN)]
        out.append(Person(number, f"{family} {middle} {given}", sex, 1955 + number * 7 % 50))
    return out
