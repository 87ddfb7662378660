"""The problem types of stats, and the one place where errors of its use cases become problems."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.problems import COMMON, FieldError, Problem, ProblemType
from stats.application.errors import (
    NotLoadedError,
    NotMigratedError,
    RebuildRunningError,
    TargetChangedError,
    TooSlowError,
    UnknownCampaignError,
    UnknownUnitError,
)

UNIT_NOT_FOUND = ProblemType(
    "unit-not-found",
    404,
    "Không tìm thấy đơn vị",
    "Unit not found",
    "Không có đơn vị nào mang mã {unit}. Hãy chọn đơn vị trong cây đơn vị; đơn vị mới có thể cần vài giây để "
    "hiện ra ở đây.",
    "There is no unit with the code {unit}. Choose one from the tree of units; a new one may take some "
    "seconds to appear here.",
)
CAMPAIGN_NOT_FOUND = ProblemType(
    "campaign-not-found",
    404,
    "Không tìm thấy đợt",
    "Campaign not found",
    "Không có đợt hay chiến dịch nào mang mã {campaign}. Hãy chọn trong danh sách đợt; đợt mới có thể cần "
    "vài giây để hiện ra ở đây.",
    "There is no campaign with the id {campaign}. Choose one from the list of campaigns; a new one may take "
    "some seconds to appear here.",
)

PROBLEMS: Mapping[str, ProblemType] = {type.code: type for type in (UNIT_NOT_FOUND, CAMPAIGN_NOT_FOUND)}

FUTURE_DAY = FieldError(
    "?as_of",
    "day-in-the-future",
    "Ngày này chưa tới. Hãy chọn hôm nay hoặc một ngày trước đó.",
    "This day has not come yet. Choose today or an earlier day.",
)
DAYS_REVERSED = FieldError(
    "?to",
    "before-from",
    "Ngày cuối phải từ ngày đầu trở đi.",
    "The last day must not be before the first one.",
)


def too_many_days(most: int) -> FieldError:
    return FieldError(
        "?to",
        "too-many-days",
        f"Khoảng thời gian dài nhất là {most} ngày. Hãy chọn from và to gần nhau hơn.",
        f"The longest span is {most} days. Choose from and to closer together.",
    )


def invalid(*errors: FieldError) -> Problem:
    return Problem(COMMON["validation-failed"], errors=errors)


def problem_of(error: Exception) -> Problem | None:
    """The problem of a use case's error, None for anything else."""
    match error:
        case UnknownUnitError(unit=unit):
            return Problem(UNIT_NOT_FOUND, unit=unit)
        case UnknownCampaignError(campaign=campaign):
            return Problem(CAMPAIGN_NOT_FOUND, campaign=campaign)
        case TargetChangedError():
            return Problem(COMMON["version-conflict"])
        case NotLoadedError() | NotMigratedError() | RebuildRunningError() | TooSlowError():
            return Problem(COMMON["unavailable"])
        case _:
            return None
