"""Takes initiatives through review, as demo accounts who may decide there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sangkienctl.seed.api import OPERATOR, Api, Refused, wait_for
from sangkienctl.seed.programme import rfc3339
from sangkienctl.seed.sample import Sample

VALIDATE: Mapping[str, Any] = {"decision": "validate"}
REVISE: Mapping[str, Any] = {
    "decision": "request_revision",
    "items": [
        {"pointer": "#/benefit", "code": "benefit-method", "text": "Nêu rõ cách tính giá trị làm lợi."}
    ],
    "text": "Đề nghị bổ sung rồi gửi lại.",
}
REJECT: Mapping[str, Any] = {
    "decision": "reject",
    "reason_code": "not-new",
    "text": "Giải pháp đã được áp dụng tại đơn vị từ trước.",
}

# What happens to an initiative, level after level.
APPROVED = (VALIDATE, VALIDATE)
FATES: tuple[Sequence[Mapping[str, Any]], ...] = (
    APPROVED,
    APPROVED,
    (VALIDATE,),
    (REVISE,),
    (VALIDATE, REJECT),
    (),
    APPROVED,
    (VALIDATE, REVISE),
)


def drive(
    api: Api,
    sample: Sample,
    initiative: str,
    decisions: Sequence[Mapping[str, Any]],
    decided_at: Sequence[datetime] = (),
) -> bool:
    """Take the decisions at levels 1, 2, …; return whether all are taken. Earlier decisions are not repeated.

    decided_at: the dates of paper records, for imported initiatives.
    """
    for index, decision in enumerate(decisions):
        level = index + 1
        case = wait_for(
            f"the case of {initiative} at level {level}",
            lambda level=level: _case(api, initiative, level),  # type: ignore[misc]
        )
        if case["state"] != "in_review" or case["level"] != level:
            continue
        waiting = case["waiting_for"]
        path = tuple(case["unit_path"])
        upwards = path[: path.index(waiting["unit"]) + 1]
        # One person decides one level of an initiative.
        elsewhere = frozenset(e["by"] for e in case["history"] if e["by"] and e["level"] != level)
        decider = sample.decider(waiting["role"], upwards, elsewhere)
        if decider is None:
            return False
        dated = {"decided_at": rfc3339(decided_at[index])} if decided_at else {}
        try:
            api.post(
                f"/api/review/v1/cases/{initiative}/decisions",
                {**decision, **dated, "expected_level": level},
                key=f"seed-{initiative}-{level}",
                user=decider.username,
                version=f'"{case["version"]}"',
            )
        except Refused as refused:
            # A person trying out the platform was faster.
            if refused.status not in (409, 412):
                raise
            return False
    return True


def _case(api: Api, initiative: str, level: int) -> dict[str, Any] | None:
    """The case once it has reached the level, or is past it."""
    try:
        case: dict[str, Any] = api.get(f"/api/review/v1/cases/{initiative}", user=OPERATOR).json()
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return case if case["level"] >= level or case["state"] != "in_review" else None
