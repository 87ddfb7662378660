"""Who is ranked against whom."""

from __future__ import annotations

from datetime import date

from stats.domain.units import Unit, UnitTree

FIRST, LAST = date(2022, 1, 8), date(2022, 5, 31)


def unit(code: str, *above: str, since: str = "2022-01-01", until: str | None = None) -> Unit:
    return Unit(
        code=code,
        name_vi=code,
        name_en=None,
        parent=above[-1] if above else None,
        path=(*above, code),
        level="federation",
        cluster=None,
        block=None,
        valid_from=date.fromisoformat(since),
        valid_to=date.fromisoformat(until) if until else None,
        version=1,
    )


def test_siblings_under_one_parent_are_peers() -> None:
    tree = UnitTree([unit("TLD"), unit("B", "TLD"), unit("A", "TLD"), unit("A-1", "TLD", "A")])

    assert tree.peers("A", FIRST, LAST) == ("A", "B")
    assert tree.peers("A-1", FIRST, LAST) == ("A-1",)


def test_the_root_has_no_peers() -> None:
    assert UnitTree([unit("TLD"), unit("A", "TLD")]).peers("TLD", FIRST, LAST) == ("TLD",)


def test_a_unit_merged_away_during_a_campaign_stays_in_its_lists() -> None:
    tree = UnitTree(
        [
            unit("TLD"),
            unit("OLD", "TLD", until="2022-03-01"),
            unit("GONE", "TLD", until="2022-01-07"),
            unit("LATER", "TLD", since="2022-06-01"),
            unit("NEW", "TLD", since="2022-05-31"),
        ]
    )

    assert [child.code for child in tree.children("TLD", FIRST, LAST)] == ["NEW", "OLD"]


def test_a_unit_that_did_not_stand_then_is_ranked_among_those_that_did() -> None:
    tree = UnitTree([unit("TLD"), unit("A", "TLD"), unit("LATER", "TLD", since="2023-01-01")])

    assert tree.peers("LATER", FIRST, LAST) == ("A", "LATER")


def test_a_unit_may_be_known_before_its_parent() -> None:
    tree = UnitTree([unit("A", "TLD"), unit("B", "TLD")])

    assert tree.peers("A", FIRST, LAST) == ("A", "B")
    assert "TLD" not in tree
    assert len(tree) == 2
