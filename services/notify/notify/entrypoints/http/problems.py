"""Owns which problem answers which refusal of the rules; the chassis has the ones that all services share."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.problems import COMMON, Problem, ProblemType
from chassis.web.etags import etag
from notify.domain.errors import ContactNotFound, EntryNotFound, StaleVersion

PROBLEMS: Mapping[str, ProblemType] = {
    problem.code: problem
    for problem in (
        ProblemType(
            "entry-not-found",
            404,
            "Không có thông báo này",
            "No such entry",
            "Hộp thông báo của bạn không có mục này. Hãy tải lại hộp thông báo.",
            "Your inbox has no such entry. Load the inbox again.",
        ),
        ProblemType(
            "contact-not-found",
            404,
            "Không có người liên hệ này",
            "No such contact",
            "Chưa có thông tin liên hệ cho mã đoàn viên này. Hãy kiểm tra lại mã, hoặc nhập bằng PUT.",
            "There is no contact for this member id. Check the id, or enter the contact with PUT.",
        ),
    )
}


def problem_of(error: Exception) -> Problem | None:
    """The problem of a domain error, None for anything else."""
    if isinstance(error, EntryNotFound):
        return Problem(PROBLEMS["entry-not-found"])
    if isinstance(error, ContactNotFound):
        return Problem(PROBLEMS["contact-not-found"])
    if isinstance(error, StaleVersion):
        return Problem(COMMON["version-conflict"], headers={"ETag": etag(error.current)})
    return None
