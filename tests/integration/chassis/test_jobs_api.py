"""Jobs over HTTP and by the operators' command: what is shown, to whom, and cancelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from chassis.jobs.command import run
from chassis.jobs.documents import INDEXES
from chassis.jobs.job import Progress, Result
from chassis.jobs.steps import Advance, Finish, JobFailed
from chassis.mongo.indexes import ensure
from chassis.web import create_app
from chassis.web.jobs import PERMISSIONS, jobs_blueprint
from tests.support import signed_tokens
from tests.support.job_stage import JobStage, stepping
from tests.support.web_apps import SETTINGS

JOBS = "/v1/jobs"
ME, OTHER = "m-0000000001", "m-0000000002"


@pytest.fixture
def stage(mongo_db: Database[dict[str, Any]]) -> JobStage:
    ensure(mongo_db, INDEXES)
    return JobStage(mongo_db)


@pytest.fixture
def http(stage: JobStage) -> Iterator[FlaskClient]:
    app = create_app(
        service="example",
        settings=SETTINGS,
        version="1",
        blueprints=[jobs_blueprint(stage.jobs, "TLD")],
        verifier=signed_tokens.verifier(),
        readiness={},
        domain_errors=lambda error: None,
        title="Example",
    )
    with app.test_client() as client:
        yield client


def member(subject: str = ME) -> dict[str, str]:
    return signed_tokens.bearer(subject, ("member", "A"))


def operator() -> dict[str, str]:
    return signed_tokens.bearer("m-operator01", ("operator", "TLD"))


def test_a_job_shows_its_state_its_progress_and_its_result_and_not_its_arguments(
    http: FlaskClient, stage: JobStage
) -> None:
    stage.enqueue(args={"secret": "word"}, owner=ME, unit_path=("TLD", "A"))
    steps = stepping(
        Advance({}, Progress(3, 9, "reading")), Finish(Result({"rows": 9}, "/v1/exports/j1"), Progress(9, 9))
    )
    runner = stage.runner(steps, slice_seconds=0)
    runner.turn()

    half = http.get(f"{JOBS}/j1", headers=member()).json
    runner.turn()
    whole = http.get(f"{JOBS}/j1", headers=member()).json

    assert half == {
        "id": "j1",
        "kind": "count",
        "state": "running",
        "cancel_requested": False,
        "progress": {"done": 3, "total": 9, "note": "reading"},
        "result": None,
        "error": None,
        "owner": ME,
        "unit_path": ["TLD", "A"],
        "created_at": "2022-05-31T12:00:00Z",
        "due_at": "2022-05-31T12:00:00Z",
        "ended_at": None,
    }
    assert whole == half | {
        "state": "done",
        "progress": {"done": 9, "total": 9, "note": None},
        "result": {"counts": {"rows": 9}, "href": "/v1/exports/j1"},
        "due_at": None,
        "ended_at": "2022-05-31T12:00:00Z",
    }


def test_a_failed_job_says_why_by_a_code(http: FlaskClient, stage: JobStage) -> None:
    stage.enqueue(owner=ME)
    stage.runner(stepping(JobFailed("file-gone"))).turn()

    job = http.get(f"{JOBS}/j1", headers=member()).json or {}

    assert (job["state"], job["error"]) == ("failed", "file-gone")


def test_lists_have_pages_and_only_operators_see_those_of_others(http: FlaskClient, stage: JobStage) -> None:
    for number in range(5):
        stage.enqueue(f"j{number}", owner=ME if number % 2 else OTHER)
        stage.later(seconds=1)

    def ids(who: dict[str, str], **query: Any) -> tuple[list[str], str | None]:
        answer = http.get(JOBS, headers=who, query_string=query)
        assert answer.status_code == 200, answer.text
        page = answer.json or {}
        return [job["id"] for job in page["items"]], page["next"]

    first, following = ids(operator(), scope="all", limit=3)
    assert first == ["j4", "j3", "j2"]
    assert ids(operator(), scope="all", limit=3, cursor=following) == (["j1", "j0"], None)
    assert ids(member()) == (["j3", "j1"], None)
    assert ids(operator()) == ([], None)
    assert http.get(JOBS, headers=member(), query_string={"scope": "all"}).status_code == 403
    assert http.get(JOBS, headers=member(), query_string={"scope": "mine"}).status_code == 422
    assert http.get(JOBS, headers=member(), query_string={"cursor": "x"}).status_code == 400


def test_cancelling_again_changes_nothing_and_a_job_that_is_done_stays_done(
    http: FlaskClient, stage: JobStage
) -> None:
    stage.enqueue("waits", owner=ME)
    stage.enqueue("done", kind="other", owner=ME)
    stage.runner(stepping(Finish(), name="other")).turn()

    first, second = (http.post(f"{JOBS}/waits/cancel", headers=member()) for _ in range(2))
    ended = http.post(f"{JOBS}/done/cancel", headers=member())

    assert (first.status_code, (first.json or {})["state"]) == (200, "cancelled")
    assert second.json == first.json
    assert (ended.status_code, (ended.json or {})["code"]) == (409, "job-ended")


@pytest.mark.parametrize("owner", [OTHER, None], ids=["of another member", "of nobody"])
def test_a_job_of_others_answers_as_one_that_does_not_exist(
    http: FlaskClient, stage: JobStage, owner: str | None
) -> None:
    stage.enqueue("there", owner=owner)
    strangers = [
        member(),
        signed_tokens.bearer(ME, ("admin", "TLD"), ("official", "TLD"), ("operator", "LD-HA-NOI")),
    ]

    for who in strangers:
        for method, act in (("GET", ""), ("POST", "/cancel")):
            answers = [
                http.open(f"{JOBS}/{id}{act}", method=method, headers=who).json or {}
                for id in ("there", "absent")
            ]
            assert [answer.pop("status") for answer in answers] == [404, 404]
            for answer in answers:
                del answer["instance"], answer["trace_id"]
            assert answers[0] == answers[1]
    assert http.get(f"{JOBS}/there", headers=operator()).status_code == 200


def test_nobody_sees_jobs_without_signing_in(http: FlaskClient) -> None:
    assert PERMISSIONS.actions == ("job.list_own", "job.list_all", "job.read", "job.cancel")
    assert [http.get(path).status_code for path in (JOBS, f"{JOBS}/j1")] == [401, 401]
    assert http.post(f"{JOBS}/j1/cancel").status_code == 401


# --- the command


def typed(stage: JobStage, *arguments: str) -> int:
    return run(stage.jobs, "example", arguments)


def test_the_command_lists_shows_cancels_and_retries(
    stage: JobStage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.enqueue("bad", args={"secret": "word"}, owner=ME, unit_path=("TLD", "A"))
    runner = stage.runner(stepping(Advance({}, Progress(2, 5, "reading")), JobFailed("file-gone"), Finish()))
    runner.turn()
    stage.later(seconds=1)
    stage.enqueue("waits")

    assert typed(stage, "list") == 0
    newest, oldest = capsys.readouterr().out.splitlines()
    assert newest.split() == ["2022-05-31T12:00:01Z", "waiting", "0", "waits"]
    assert oldest.split() == ["2022-05-31T12:00:00Z", "failed", "2/5", "bad"]
    assert typed(stage, "list", "--state", "failed") == 0
    assert capsys.readouterr().out.split()[-1] == "bad"

    assert typed(stage, "show", "bad") == 0
    shown = capsys.readouterr().out
    assert "file-gone" in shown
    assert "TLD/A" in shown
    assert "word" not in shown

    assert typed(stage, "cancel", "waits") == 0
    assert typed(stage, "retry", "bad") == 0
    runner.turn()
    assert stage.job("bad").state == "done"


@pytest.mark.parametrize("arguments", [("show", "x"), ("retry", "x"), ("cancel", "x"), ("retry", "waits")])
def test_the_command_says_what_it_could_not_do(stage: JobStage, arguments: tuple[str, ...]) -> None:
    stage.enqueue("waits")

    assert typed(stage, *arguments) == 1
