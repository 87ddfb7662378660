"""The sorted map in blocks: the same as a plain dictionary, and a change touches no more than it must."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from union.blocks import BLOCK, Block, SortedBlocks

KEYS = st.tuples(st.text("abc", max_size=4), st.text("abc", max_size=4))
CHANGES = st.lists(st.tuples(st.lists(KEYS, max_size=8), st.dictionaries(KEYS, st.integers(), max_size=30)))


def _blocks(count: int) -> SortedBlocks[Block[int]]:
    return SortedBlocks(Block[int]).changed((), [((f"{n:06d}",), n) for n in range(count)])


@given(CHANGES, KEYS)
def test_it_holds_what_a_dictionary_with_the_same_changes_holds(
    changes: list[tuple[list[tuple[str, str]], dict[tuple[str, str], int]]], asked: tuple[str, str]
) -> None:
    blocks = SortedBlocks(Block[int])
    plain: dict[tuple[str, ...], int] = {}
    for gone, new in changes:
        blocks = blocks.changed(gone, new.items())
        plain = {key: value for key, value in plain.items() if key not in gone} | new

    assert list(blocks.from_key(("",))) == sorted(plain.items())
    assert list(blocks.from_key(asked)) == sorted(item for item in plain.items() if item[0] >= asked)
    assert blocks.get(asked) == plain.get(asked)
    assert len(blocks) == len(plain)


def test_blocks_stay_small_however_they_grow() -> None:
    at_once, one_by_one = _blocks(5 * BLOCK), SortedBlocks(Block[int])
    for number in range(5 * BLOCK):
        one_by_one = one_by_one.changed((), [((f"{number:06d}",), number)])

    for blocks in (at_once, one_by_one):
        assert max(len(block.keys) for block in blocks.blocks) < 2 * BLOCK
        assert [value for _, value in blocks.from_key(("",))] == list(range(5 * BLOCK))


def test_a_change_makes_only_the_blocks_that_it_touches() -> None:
    before = _blocks(100 * BLOCK)

    after = before.changed([("000007",)], [(("000009",), -9), (("zzz",), 1)])

    kept = {id(block) for block in before.blocks} & {id(block) for block in after.blocks}
    assert len(kept) == len(before.blocks) - 2
    assert before.get(("000007",)) == 7
    assert after.get(("000007",)) is None


def test_an_emptied_map_is_empty_and_can_be_filled_again() -> None:
    filled = _blocks(3)
    emptied = filled.changed([key for key, _ in filled.from_key(("",))], [])

    assert (len(emptied), list(emptied.from_key(("",))), emptied.get(("000001",))) == (0, [], None)
    assert emptied.changed((), [(("a",), 1)]).get(("a",)) == 1
