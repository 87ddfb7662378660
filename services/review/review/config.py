"""The settings of the review service, read from the environment and checked at start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chassis.settings import ServiceSettings, seconds, setting, whole_number
from review.adapters.policy_files import PolicyFileError, load_policies


def policy_folder(text: str) -> str:
    """Parser of the path of a folder whose policy packs are sound."""
    folder = Path(text)
    if not folder.is_dir():
        raise ValueError(f"is {text!r}; set it to an existing folder of policy packs")
    try:
        load_policies(folder)
    except PolicyFileError as error:
        raise ValueError(f"names a folder whose packs are not usable: {error}") from None
    return text


@dataclass(frozen=True)
class Settings(ServiceSettings):
    policy_folder: str | None = setting(
        "POLICY_FOLDER",
        default=None,
        parse=policy_folder,
        help="folder of policy packs (*.json) to use in place of the packaged ones; keep expired packs in it",
    )
    consumer_batch: int = setting(
        "CONSUMER_BATCH",
        default=500,
        parse=whole_number(1, 5000),
        help="records that are handled at once, 1 to 5000",
    )
    refresh_seconds: float = setting(
        "REFRESH_SECONDS",
        default=5.0,
        parse=seconds(0.1, 3600),
        help="how often a process looks for changes of the union tree",
    )
