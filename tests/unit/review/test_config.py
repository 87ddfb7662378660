"""The settings of review: what is wrong is told at start, with the variable's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.settings import SettingsError, load
from review.config import Settings

COMPLETE = {
    "MONGO_URI": "mongodb://127.0.0.1:27017/",
    "MONGO_DATABASE": "review",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "OIDC_ISSUER": "http://127.0.0.1:8080/auth",
    "OIDC_JWKS_URL": "http://127.0.0.1:8105/jwks",
}


def problems(**changes: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(Settings, {**COMPLETE, **changes})
    return caught.value.problems


def test_what_has_a_default_need_not_be_set() -> None:
    settings = load(Settings, COMPLETE)

    assert (settings.policy_folder, settings.consumer_batch, settings.refresh_seconds) == (None, 500, 5.0)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        POLICY_FOLDER=str(tmp_path / "none"), CONSUMER_BATCH="0", REFRESH_SECONDS="never", MONGO_DATABASE=""
    )

    names = {"POLICY_FOLDER", "CONSUMER_BATCH", "REFRESH_SECONDS", "MONGO_DATABASE"}
    assert {line.split()[0] for line in found} == names


def test_policy_packs_that_are_not_sound_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")

    (line,) = problems(POLICY_FOLDER=str(tmp_path))

    assert line.startswith("POLICY_FOLDER names a folder whose packs are not usable: broken.json")
