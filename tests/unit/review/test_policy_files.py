"""Reading policy packs: what is not sound is refused at start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from review.adapters.policy_files import PACKAGED, PolicyFileError, load_policies


def packaged() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((PACKAGED / "default.1.json").read_bytes())
    return data


def written(folder: Path, data: dict[str, Any], name: str = "pack.json") -> Path:
    (folder / name).write_text(json.dumps(data))
    return folder


def test_the_packaged_packs_are_sound() -> None:
    load_policies()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ladders": packaged()["ladders"][:1]}, "path_at_least 1"),
        ({"ladders": [{"path_at_least": 1, "levels": []}]}, "without levels"),
        (
            {
                "ladders": [
                    {"path_at_least": 1, "levels": [{"role": "member", "above": 0, "due_working_days": 1}]}
                ]
            },
            "role member",
        ),
        (
            {
                "ladders": [
                    {"path_at_least": 1, "levels": [{"role": "support", "above": 1, "due_working_days": 1}]}
                ]
            },
            "goes 1 units up",
        ),
        (
            {
                "ladders": [
                    {"path_at_least": 1, "levels": [{"role": "support", "above": 0, "due_working_days": 0}]}
                ]
            },
            "less than one working day",
        ),
        ({"reject_reasons": []}, "reject_reasons"),
        ({"valid_from": "soon"}, "soon"),
    ],
)
def test_a_pack_that_is_not_sound_is_refused_with_its_file_and_fault(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    folder = written(tmp_path, {**packaged(), **change})

    with pytest.raises(PolicyFileError, match=rf"pack\.json: .*{message}"):
        load_policies(folder)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    data = packaged()
    del data["ladders"]

    with pytest.raises(PolicyFileError, match="ladders"):
        load_policies(written(tmp_path, data))


def test_two_packs_of_the_same_id_and_version_are_refused(tmp_path: Path) -> None:
    written(tmp_path, packaged(), "one.json")
    written(tmp_path, packaged(), "two.json")

    with pytest.raises(PolicyFileError, match="same id and version"):
        load_policies(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="no policy pack"):
        load_policies(tmp_path)
