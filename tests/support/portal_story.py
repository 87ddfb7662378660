"""Data for the portal's pages: initiatives of one member, one in each state that a member can see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pytest

from tests.support.journey import MEMBER_IDS, Person, case, content, decide, in_state, poll, submit, withdraw
from tests.support.platform import RunningPlatform

AUTHOR = "apatit.member"
UNIT = "HC-APATIT-VIET-NAM"

TITLES = {
    "approved": "Cải tiến gầu xúc để giảm rơi vãi quặng khi bốc lên toa",
    "revision": "Dùng cảm biến mức thay cho đo tay ở bể chứa a-xít",
    "rejected": "Sơn lại biển báo trong phân xưởng tuyển",
    "withdrawn": "Sắp xếp lại kho phụ tùng theo mã vạch",
    "waiting": "Đồ gá khoan kẹp nhanh dùng chung cho ba loại mặt bích",
}
REACHED = {
    "approved": "approved",
    "revision": "revision_requested",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "waiting": "in_review",
}


@dataclass(frozen=True)
class Story:
    """Ids of initiatives of AUTHOR, by their state."""

    approved: str
    revision: str
    rejected: str
    withdrawn: str
    waiting: str


def request_revision(support: Person, initiative: str) -> None:
    decide(
        support,
        initiative,
        1,
        {
            "decision": "request_revision",
            "text": "Giải pháp tốt. Cần nói rõ hơn để đơn vị khác làm theo được.",
            "items": [
                {
                    "pointer": "#/solution",
                    "code": "too-vague",
                    "text": "Ghi rõ loại cảm biến và vị trí lắp.",
                },
                {
                    "pointer": "#/benefit/method",
                    "code": "too-vague",
                    "text": "Nêu số giờ đo tay trước đây.",
                },
            ],
        },
    )


@pytest.fixture(scope="session")
def story(seeded_platform: RunningPlatform) -> Story:
    with (
        Person(seeded_platform, AUTHOR) as author,
        Person(seeded_platform, "apatit.support") as support,
        Person(seeded_platform, "hoachat.reviewer") as reviewer,
    ):
        made = {
            name: str(submit(author, content(UNIT, "evaluation", MEMBER_IDS[AUTHOR], title=title))["id"])
            for name, title in TITLES.items()
        }
        decide(support, made["approved"], 1, {"decision": "validate"})
        decide(reviewer, made["approved"], 2, {"decision": "validate", "verified_benefit_vnd": 95_000_000})
        request_revision(support, made["revision"])
        opened = poll("the case", lambda: case(support, made["rejected"]), seconds=120)
        decide(
            support,
            made["rejected"],
            1,
            {
                "decision": "reject",
                "reason_code": opened["reject_reasons"][0]["code"],
                "text": "Đây là việc bảo dưỡng thường kỳ, chưa có điểm mới so với quy trình hiện hành.",
            },
        )
        withdraw(author, made["withdrawn"])
        for name, state in REACHED.items():
            poll(f"{name} is {state}", partial(in_state, author, made[name], state), seconds=120)
    return Story(**made)
