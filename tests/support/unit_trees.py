"""Units for tests of the tree, and a synthetic tree of any size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from union.units import Unit, UnitFacts, UnitLevel

FIRST = date(2022, 1, 1)


def unit(
    *path: str,
    name: str = "Công đoàn",
    version: int = 1,
    since: date = FIRST,
    until: date | None = None,
) -> Unit:
    """A unit by its path, root first."""
    parent = path[-2] if len(path) > 1 else None
    facts = UnitFacts(name, None, parent, UnitLevel.GRASSROOTS, None, None, since, until)
    return Unit(path[-1], path, facts, version)


def national_tree(grassroots: int) -> Iterator[Unit]:
    """As large as Vietnam's with 125,000: 83 federations, ten superior units in each, the grassroots unions
    spread over these. Their names begin alike, as the real ones do."""
    yield unit("TLD", name="Tổng Liên đoàn Lao động Việt Nam")
    superiors = []
    for number in range(83):
        federation = f"LD-{number:02d}"
        yield unit("TLD", federation, name=f"Liên đoàn Lao động tỉnh {_PLACES[number % len(_PLACES)]}")
        for second in range(10):
            superiors.append((federation, f"{federation}-{second}"))
            yield unit("TLD", *superiors[-1], name=f"Công đoàn ngành {_TRADES[second]} {number}")
    for number in range(grassroots):
        path = superiors[number % len(superiors)]
        kind, trade = _KINDS[number % len(_KINDS)], _TRADES[number // 7 % len(_TRADES)]
        place = _PLACES[number // 83 % len(_PLACES)]
        name = f"Công đoàn cơ sở {kind} {trade} {place} {number}"
        yield unit("TLD", *path, f"{path[-1]}-{number:06d}", name=name)


_KINDS = (
    *("Công ty TNHH", "Công ty cổ phần", "Trường tiểu học", "Trường trung học cơ sở", "Bệnh viện đa khoa"),
    *("Ủy ban nhân dân xã", "Xí nghiệp", "Hợp tác xã", "Chi nhánh Ngân hàng", "Nhà máy", "Văn phòng"),
)
_TRADES = (
    *("Điện lực", "Dệt may", "Cơ khí", "Hóa chất", "Xây dựng", "Thủy sản", "Cao su", "Than", "Giáo dục"),
    "Y tế",
)
_PLACES = (
    *("An Giang", "Bắc Ninh", "Cà Mau", "Đắk Lắk", "Điện Biên", "Gia Lai", "Hà Nội", "Hải Phòng", "Huế"),
    *("Khánh Hòa", "Lào Cai", "Nghệ An", "Phú Thọ", "Quảng Ninh", "Sơn La", "Thái Nguyên", "Vĩnh Long"),
)
