"""The keys under which look-alikes of a unit meet, for units that were stored before there were any."""

from __future__ import annotations

from submission.migrations import m0003_look_alikes
from tests.support.submission_service import ADMIN, PATH, UNITS, SubmissionService, errors

TWIN = {
    "name_vi": "CONG DOAN CONG TY CP PIN HA NOI",
    "parent": PATH[2],
    "level": "grassroots",
    "valid_from": "2022-01-01",
}


def test_units_from_before_get_their_keys_and_keep_everything_else(service: SubmissionService) -> None:
    before = {unit["_id"]: unit for unit in service.db["units"].find()}
    service.db["units"].update_many({}, {"$unset": {"known_as": ""}})
    assert service.put("/v1/units/HC-PIN-CU", TWIN, ADMIN).status_code == 200
    service.db["units"].delete_one({"_id": "HC-PIN-CU"})

    for _ in range(2):
        m0003_look_alikes.run(service.db)

    assert {unit["_id"]: unit for unit in service.db["units"].find()} == before
    assert len(before) == len(UNITS)
    assert errors(service.put("/v1/units/HC-PIN-MOI", TWIN, ADMIN)) == {("#/name_vi", "name-taken")}


def test_a_new_code_with_look_alike_digits_is_refused_wherever_it_is_made(service: SubmissionService) -> None:
    facts = TWIN | {"name_vi": "Công đoàn mới", "parent": "HNI-KCN"}

    assert errors(service.put("/v1/units/HC-P1N-HA-N01", facts, ADMIN)) == {("path code", "code-taken")}
