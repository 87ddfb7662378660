"""The problem types of review, and the one place where domain errors become problems. Texts say what to do;
they name roles and units, never people.
"""

from __future__ import annotations

from collections.abc import Mapping

from chassis.problems import COMMON, FieldError, Problem, ProblemType
from review.application.ports import Units
from review.domain.case import Entry, Happening
from review.domain.errors import (
    AlreadyDecidedError,
    CaseClosedError,
    ConflictOfInterestError,
    FaultyDecision,
    FaultyDecisionError,
    OtherLevelDecidedError,
    StaleVersionError,
    UnknownCaseError,
    UnknownUnitError,
    WithAuthorError,
)
from review.domain.workflow import State

CASE_NOT_FOUND = ProblemType(
    "case-not-found",
    404,
    "Không tìm thấy hồ sơ xét duyệt",
    "Case not found",
    "Chưa có hồ sơ xét duyệt cho sáng kiến này, hoặc bạn không được phép xem. Nếu sáng kiến vừa được nộp, "
    "hãy thử lại sau vài giây.",
    "There is no case of this initiative, or you may not see it. If it was submitted just now, try again in "
    "a few seconds.",
)
CONFLICT_OF_INTEREST = ProblemType(
    "conflict-of-interest",
    403,
    "Xung đột lợi ích",
    "Conflict of interest",
    "Bạn đang hoặc đã từng là tác giả, người soạn, người sửa hoặc người nộp sáng kiến này nên không được "
    "xét duyệt nó. Hãy để một người khác ở cấp này hoặc cấp trên quyết định.",
    "You are or were an author of this initiative, or drafted, edited or submitted it, so you may not decide "
    "on it. Leave it to someone else at this level or above.",
)
OTHER_LEVEL_DECIDED = ProblemType(
    "other-level-decided",
    403,
    "Đã quyết định ở cấp khác",
    "Another level decided by you",
    "Bạn đã quyết định sáng kiến này ở một cấp khác, mà mỗi người chỉ được quyết định ở một cấp. Hãy để một "
    "người khác ở cấp này hoặc cấp trên quyết định.",
    "You decided another level of this initiative, and one person decides one level only. Leave it to "
    "someone else at this level or above.",
)
CASE_ALREADY_DECIDED = ProblemType(
    "case-already-decided",
    409,
    "Đã có người quyết định trước",
    "Already decided",
    "{role_vi} của đơn vị {unit_vi} đã {decision_vi} ở cấp {level} trước bạn. Quyết định của bạn không được "
    "ghi nhận; hãy tải lại hồ sơ để xem kết quả.",
    "The {role_en} of the unit {unit_en} has already decided at level {level}: {decision_en}. Your decision "
    "was not recorded. Reload the case to see the outcome.",
)
CASE_CLOSED = ProblemType(
    "case-closed",
    409,
    "Hồ sơ đã kết thúc",
    "Case closed",
    "Hồ sơ này đã kết thúc: {state_vi}. Không còn gì để quyết định; hãy tải lại hồ sơ để xem lý do.",
    "This case has ended: {state_en}. There is nothing left to decide; read the case again to see why.",
)
CASE_WITH_AUTHOR = ProblemType(
    "case-with-author",
    409,
    "Đang chờ tác giả chỉnh sửa",
    "Waiting for the author",
    "Tác giả đã được yêu cầu chỉnh sửa và chưa nộp lại. Hãy chờ tác giả nộp lại rồi quyết định.",
    "The author was asked for a revision and has not answered yet. Decide once it is submitted again.",
)

PROBLEMS: Mapping[str, ProblemType] = {
    type_.code: type_
    for type_ in (
        CASE_NOT_FOUND,
        CONFLICT_OF_INTEREST,
        OTHER_LEVEL_DECIDED,
        CASE_ALREADY_DECIDED,
        CASE_CLOSED,
        CASE_WITH_AUTHOR,
    )
}

Words = Mapping[str, tuple[str, str]]

ROLES: Words = {
    "support": ("Tổ hỗ trợ sáng kiến", "support group"),
    "reviewer": ("Người xét duyệt", "reviewer"),
}
DECISIONS: Words = {
    Happening.VALIDATED: ("xét hợp lệ", "validated"),
    Happening.REVISION_REQUESTED: ("yêu cầu chỉnh sửa", "revision requested"),
    Happening.REJECTED: ("từ chối", "rejected"),
}
ENDINGS: Words = {
    State.APPROVED: ("đã được duyệt", "approved"),
    State.REJECTED: ("đã bị từ chối", "rejected"),
    State.WITHDRAWN: ("tác giả đã rút sáng kiến", "withdrawn by the author"),
}
FAULTS: Mapping[FaultyDecision, FieldError] = {
    FaultyDecision.ITEMS_MISSING: FieldError(
        "#/items",
        FaultyDecision.ITEMS_MISSING,
        "Hãy nêu ít nhất một điểm cần chỉnh sửa.",
        "Name at least one thing to change.",
    ),
    FaultyDecision.ITEMS_UNEXPECTED: FieldError(
        "#/items",
        FaultyDecision.ITEMS_UNEXPECTED,
        "Chỉ gửi các điểm cần chỉnh sửa khi yêu cầu chỉnh sửa. Hãy bỏ trường này.",
        "Items belong to a request for a revision only. Leave them out.",
    ),
    FaultyDecision.REASON_UNKNOWN: FieldError(
        "#/reason_code",
        FaultyDecision.REASON_UNKNOWN,
        "Hãy chọn một lý do trong danh sách lý do từ chối của hồ sơ.",
        "Choose one of the case's reasons for a rejection.",
    ),
    FaultyDecision.REASON_UNEXPECTED: FieldError(
        "#/reason_code",
        FaultyDecision.REASON_UNEXPECTED,
        "Chỉ gửi lý do khi từ chối. Hãy bỏ trường này.",
        "A reason belongs to a rejection only. Leave it out.",
    ),
    FaultyDecision.TEXT_MISSING: FieldError(
        "#/text",
        FaultyDecision.TEXT_MISSING,
        "Từ chối phải nêu lý do bằng văn bản (Nghị định 13/2012/NĐ-CP). Hãy viết lý do.",
        "A rejection needs its reasons in writing (Decree 13/2012/ND-CP). Write them.",
    ),
    FaultyDecision.BENEFIT_UNEXPECTED: FieldError(
        "#/verified_benefit_vnd",
        FaultyDecision.BENEFIT_UNEXPECTED,
        "Chỉ ghi giá trị làm lợi đã xác minh khi xét hợp lệ. Hãy bỏ trường này.",
        "A verified benefit belongs to a validation only. Leave it out.",
    ),
    FaultyDecision.DATE_NOT_ALLOWED: FieldError(
        "#/decided_at",
        FaultyDecision.DATE_NOT_ALLOWED,
        "Chỉ sáng kiến nhập từ hồ sơ giấy mới được ghi ngày quyết định. Hãy bỏ trường này.",
        "Only an imported initiative may carry the date of its decision. Leave it out.",
    ),
    FaultyDecision.DATE_OUT_OF_RANGE: FieldError(
        "#/decided_at",
        FaultyDecision.DATE_OUT_OF_RANGE,
        "Ngày quyết định phải từ lúc nộp hoặc từ quyết định trước cho đến hiện tại.",
        "The decision must not be older than the submission or the decision before it, nor in the future.",
    ),
}


def problem_of(error: Exception, units: Units) -> Problem | None:
    """The problem of a domain error, None for anything else. units: for the names of units."""
    match error:
        case UnknownCaseError():
            return Problem(CASE_NOT_FOUND)
        case ConflictOfInterestError():
            return Problem(CONFLICT_OF_INTEREST)
        case OtherLevelDecidedError():
            return Problem(OTHER_LEVEL_DECIDED)
        case AlreadyDecidedError(faster=faster):
            return _already_decided(faster, units)
        case CaseClosedError(state=state):
            vi, en = ENDINGS[state]
            return Problem(CASE_CLOSED, state_vi=vi, state_en=en)
        case WithAuthorError():
            return Problem(CASE_WITH_AUTHOR)
        case StaleVersionError():
            return Problem(COMMON["version-conflict"])
        case FaultyDecisionError(faults=faults):
            return Problem(COMMON["validation-failed"], errors=[FAULTS[fault] for fault in faults])
        case UnknownUnitError():
            return Problem(COMMON["validation-failed"], errors=[UNKNOWN_UNIT])
        case _:
            return None


UNKNOWN_UNIT = FieldError(
    "?unit",
    "unit-unknown",
    "Không có đơn vị với mã này. Hãy chọn đơn vị trong cây đơn vị.",
    "There is no unit with this code. Choose one from the tree of units.",
)


def _already_decided(faster: Entry, units: Units) -> Problem:
    role_vi, role_en = ROLES[faster.role or ""]
    decision_vi, decision_en = DECISIONS[faster.what]
    code = faster.unit or ""
    unit = units.find(code)
    return Problem(
        CASE_ALREADY_DECIDED,
        role_vi=role_vi,
        role_en=role_en,
        unit_vi=code if unit is None else unit.facts.name_vi,
        unit_en=code if unit is None else unit.facts.name_en or unit.facts.name_vi,
        level=faster.level,
        decision_vi=decision_vi,
        decision_en=decision_en,
    )
