"""The problem types of this service and the words for each finding, in both languages; the one place where
its errors become problems. Every text says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from chassis.clock import LOCAL_ZONE
from chassis.problems import COMMON, FieldError, Problem, ProblemType
from submission.application.quotas import SubmissionQuotaReached, TooManyDrafts
from submission.domain.campaigns import Campaign, CampaignClosed, CampaignNotOpen
from submission.domain.completeness import Finding, Incomplete
from submission.domain.states import Act, NotAllowedInState, State
from submission.domain.tree import ChildrenOutlast, SuperiorDecides, UnitHasChildren, UnitRefused

CAMPAIGN_CLOSED = ProblemType(
    "campaign-closed",
    409,
    "Đợt đăng ký đã kết thúc",
    "The campaign is closed",
    "{name_vi} đã kết thúc lúc {moment} (giờ Việt Nam). Sáng kiến vẫn được lưu nếu là bản nháp; hãy chọn "
    "một đợt đang mở rồi nộp.",
    "{name_en} closed at {moment} (Vietnamese time). A draft is kept; choose a campaign that is open "
    "and submit again.",
)
CAMPAIGN_NOT_OPEN = ProblemType(
    "campaign-not-open",
    409,
    "Đợt đăng ký chưa mở",
    "The campaign is not open yet",
    "{name_vi} mở lúc {moment} (giờ Việt Nam). Hãy lưu bản nháp và nộp từ lúc đó, hoặc chọn một đợt đang mở.",
    "{name_en} opens at {moment} (Vietnamese time). Save a draft and submit it then, or choose a "
    "campaign that is open.",
)
NOT_ALLOWED_IN_STATE = ProblemType(
    "not-allowed-in-state",
    409,
    "Không thực hiện được ở trạng thái này",
    "Not possible in this state",
    "Sáng kiến đang ở trạng thái “{state_vi}” nên không thể {act_vi}. Hãy tải lại để xem "
    "trạng thái mới nhất.",
    "The initiative is {state_en}, so you cannot {act_en} it. Load it again to see where it stands.",
)
DAILY_QUOTA = ProblemType(
    "submission-quota-reached",
    429,
    "Đã nộp đủ số lượng trong ngày",
    "Submissions of the day used up",
    "Mỗi người nộp được {most} sáng kiến một ngày. Nội dung vẫn được giữ; có thể nộp tiếp sau {minutes} "
    "phút.",
    "One person may submit {most} initiatives a day. What you wrote is kept; submit it again in {minutes} "
    "minutes.",
)
TOO_MANY_DRAFTS = ProblemType(
    "too-many-drafts",
    403,
    "Quá nhiều bản nháp",
    "Too many drafts",
    "Đang có {most} bản nháp. Hãy nộp hoặc xóa bớt bản nháp trước khi tạo bản mới.",
    "There are {most} open drafts. Submit or delete some of them before you make another.",
)
UNIT_HAS_CHILDREN = ProblemType(
    "unit-has-children",
    409,
    "Đơn vị có đơn vị cấp dưới",
    "The unit has subordinate units",
    "Chỉ chuyển được đơn vị không có đơn vị cấp dưới. Hãy chuyển từng đơn vị cấp dưới trước.",
    "Only a unit without subordinate units can be moved. Move the subordinate ones first.",
)
SUPERIOR_DECIDES = ProblemType(
    "superior-unit-decides",
    403,
    "Do công đoàn cấp trên quyết định",
    "The superior unit decides",
    "Vị trí, cấp, khối, cụm và thời gian hoạt động của đơn vị do người quản trị của {superior}, hoặc của cấp "
    "trên nữa, quyết định. Hãy đề nghị người đó. Người quản trị của chính đơn vị chỉ đổi được tên.",
    "Where a unit stands, its level, block, cluster and days are decided by an administrator of {superior} "
    "or of a unit above it. Ask them. The unit's own administrator can change its names only.",
)
UNIT_CHILDREN_OUTLAST = ProblemType(
    "unit-children-outlast",
    409,
    "Còn đơn vị cấp dưới đang hoạt động",
    "Subordinate units exist longer",
    "Trong thời gian được bỏ bớt vẫn còn {count} đơn vị cấp dưới hoạt động: {children}. Hãy kết thúc hoặc "
    "chuyển các đơn vị này trước.",
    "{count} subordinate units exist on the days that would be left out: {children}. End or move them first.",
)
# So many subordinate units are named.
MOST_NAMED = 5

PROBLEMS: Mapping[str, ProblemType] = {
    type_.code: type_
    for type_ in (
        CAMPAIGN_CLOSED,
        CAMPAIGN_NOT_OPEN,
        DAILY_QUOTA,
        NOT_ALLOWED_IN_STATE,
        SUPERIOR_DECIDES,
        TOO_MANY_DRAFTS,
        UNIT_CHILDREN_OUTLAST,
        UNIT_HAS_CHILDREN,
    )
}

Words = Mapping[str, tuple[str, str]]

STATES: Words = {
    State.DRAFT: ("bản nháp", "a draft"),
    State.SUBMITTED: ("đã nộp", "submitted"),
    State.IN_REVIEW: ("đang xét duyệt", "in review"),
    State.REVISION_REQUESTED: ("cần chỉnh sửa", "waiting for a revision"),
    State.APPROVED: ("được duyệt", "approved"),
    State.REJECTED: ("bị từ chối", "rejected"),
    State.WITHDRAWN: ("đã rút", "withdrawn"),
}
ACTS: Words = {
    Act.EDIT: ("sửa", "change"),
    Act.SUBMIT: ("nộp", "submit"),
    Act.WITHDRAW: ("rút", "withdraw"),
    Act.DELETE: ("xóa", "delete"),
}

FINDINGS: Words = {
    "required": ("Hãy điền mục này.", "Fill this in."),
    "too-short": ("Cần ít nhất {min} ký tự.", "At least {min} characters are needed."),
    "unknown-field": ("Hãy chọn một lĩnh vực trong danh sách.", "Choose a field from the list."),
    "unknown-unit": (
        "Không có đơn vị này. Hãy chọn đơn vị trong cây công đoàn.",
        "There is no such unit. Choose one from the union tree.",
    ),
    "unit-ended": (
        "Đơn vị này không còn hoạt động vào ngày nộp. Hãy chọn đơn vị hiện tại của bạn.",
        "This unit is no longer active on the submission date. Choose your current unit.",
    ),
    "unknown-campaign": (
        "Không có đợt đăng ký này. Hãy chọn một đợt trong danh sách.",
        "There is no such campaign. Choose one from the list.",
    ),
    "author-identity": (
        "Mỗi tác giả cần đúng một trong hai: mã đoàn viên hoặc họ tên người ngoài.",
        "Give each author either a member id or an outside person's name, not both.",
    ),
    "duplicate-author": (
        "Tác giả này đã có trong danh sách. Hãy gộp tỷ lệ đóng góp.",
        "This author is listed already. Put the shares together.",
    ),
    "share-zero": (
        "Tỷ lệ đóng góp phải lớn hơn 0. Hãy bỏ tác giả không đóng góp.",
        "A share must be above 0. Leave out an author without one.",
    ),
    "shares-sum": (
        "Tổng tỷ lệ đóng góp phải đúng 100,00%; hiện là {sum}%.",
        "The shares must add up to exactly 100.00 %; they make {sum} %.",
    ),
    "one-lead": ("Hãy chọn đúng một tác giả chính.", "Choose exactly one lead author."),
    "not-an-author": (
        "Người được nộp thay phải có trong danh sách tác giả.",
        "The member on whose behalf you submit must be among the authors.",
    ),
    "future-day": ("Ngày này chưa đến. Hãy kiểm tra lại.", "This day lies in the future. Check it."),
    "not-eligible": (
        "Ngày áp dụng lần đầu phải từ {from} đến {to} theo thể lệ của đợt này.",
        "By the rules of this campaign the first application must be from {from} to {to}.",
    ),
    "benefit-unexplained": (
        "Nếu không tính được bằng tiền, hãy nêu hiệu quả xã hội.",
        "If no amount can be given, describe the social benefit.",
    ),
    "benefit-method": (
        "Hãy nêu cách tính số tiền làm lợi.",
        "Say how the benefit was computed.",
    ),
    "benefit-unconfirmed": (
        "Số tiền {amount} đồng cao hơn hẳn mức thường gặp. Hãy đọc lại số tiền; nếu đúng, xác nhận "
        "(confirmed là true) rồi nộp.",
        "{amount} VND is far above the usual. Read the amount again; if it is right, confirm it "
        "(confirmed: true) and submit.",
    ),
    "benefit-without-evidence": (
        "Trên {most} đồng phải có quyết định công nhận. Hãy kiểm tra số tiền, hoặc điền đủ số, ngày, nơi "
        "ban hành và cấp của quyết định ở mục công nhận.",
        "Above {most} VND the decision of recognition is needed. Check the amount, or give the number, date, "
        "issuer and level of the decision under recognition.",
    ),
    "must-declare": (
        "Cần cam đoan điều này mới nộp được.",
        "You have to declare this before you can submit.",
    ),
    "frozen": (
        "Mục này đã cố định từ khi tạo hoặc nộp lần đầu, không đổi được. Hãy giữ giá trị cũ.",
        "This can no longer be changed. Restore the original value.",
    ),
    "future-moment": ("Thời điểm đăng ký chưa đến.", "The registration lies in the future."),
    "import-submits": (
        "Hồ sơ nhập bổ sung phải được nộp ngay: hãy gửi submit là true.",
        "An imported record is submitted at once: send submit as true.",
    ),
    "import-dated": (
        "Chỉ hồ sơ nhập bổ sung (source là import) mới có thời điểm đăng ký riêng; hãy gửi cả hai.",
        "Only an imported record (source import) has a registration time of its own; send both.",
    ),
    "unknown-parent": ("Không có đơn vị cấp trên này.", "There is no such superior unit."),
    "own-parent": (
        "Một đơn vị không thể là cấp dưới của chính nó.",
        "A unit cannot be below itself.",
    ),
    "second-root": (
        "Cây công đoàn đã có gốc. Hãy nêu đơn vị cấp trên.",
        "The tree has a root already. Name the superior unit.",
    ),
    "search-too-short": (
        "Hãy gõ ít nhất {letters} chữ của một từ trong tên hoặc mã đơn vị.",
        "Type at least {letters} letters of a word of the unit's name or code.",
    ),
    "level-not-below": (
        "Đơn vị này không thể trực thuộc {parent} với cấp đã chọn. Hãy chọn cấp thấp hơn.",
        "With this level the unit cannot be below {parent}. Choose a lower level.",
    ),
    "level-not-above": (
        "Đơn vị cấp dưới {child} không thể trực thuộc đơn vị có cấp này. Hãy chọn cấp cao hơn.",
        "The subordinate unit {child} cannot be below a unit of this level. Choose a higher level.",
    ),
    "before-parent": (
        "Đơn vị cấp trên chỉ hoạt động từ ngày {day}. Hãy chọn ngày từ hôm đó, hoặc đơn vị cấp trên khác.",
        "The superior unit exists from {day} only. Choose a day from then on, or another superior unit.",
    ),
    "after-parent": (
        "Đơn vị cấp trên chỉ hoạt động đến hết ngày {day}. Hãy chọn ngày cuối không muộn hơn, hoặc đơn vị "
        "cấp trên khác.",
        "The superior unit exists until {day} only. Choose a last day by then, or another superior unit.",
    ),
    "name-letters": (
        "Tên đơn vị chỉ viết bằng chữ cái Latinh. Hãy thay: {letters}",
        "The name of a unit is written in Latin letters. Replace: {letters}",
    ),
    "name-taken": (
        "Tên này (không kể dấu và chữ hoa, chữ thường) đã là tên của {name} ({code}). Hãy đặt tên khác.",
        "This name, diacritics and case apart, is that of {name} ({code}). Choose another.",
    ),
    "code-taken": (
        "Mã này dễ nhầm với mã {code} đã có. Hãy chọn mã khác.",
        "This code is easily mistaken for {code}, which exists. Choose another.",
    ),
    "bad-code": (
        "Mã đơn vị gồm các nhóm chữ hoa và số, nối bằng dấu gạch ngang, ví dụ LD-HA-NOI.",
        "A unit code consists of groups of capital letters and digits, joined by hyphens, such as LD-HA-NOI.",
    ),
    "bad-id": (
        "Mã đợt gồm chữ thường, số và dấu gạch ngang, ví dụ phase-1.",
        "A campaign id consists of lower-case letters, digits and hyphens, such as phase-1.",
    ),
    "window-empty": (
        "Thời điểm đóng phải sau thời điểm mở.",
        "The campaign must close after it opens.",
    ),
    "days-reversed": (
        "Ngày cuối không được trước ngày đầu.",
        "The last day must not be before the first.",
    ),
}


def field_error(finding: Finding) -> FieldError:
    vi, en = FINDINGS[finding.code]
    return FieldError(finding.pointer, finding.code, vi.format(**finding.params), en.format(**finding.params))


def not_valid(findings: Iterable[Finding], others: Iterable[FieldError] = ()) -> Problem:
    return Problem(COMMON["validation-failed"], errors=[*others, *map(field_error, findings)])


def problem_of(error: Exception) -> Problem | None:
    """The problem of a domain error, None for anything else."""
    match error:
        case Incomplete():
            return not_valid(error.findings)
        case CampaignClosed():
            return _outside(CAMPAIGN_CLOSED, error.campaign, error.campaign.facts.closes_at)
        case CampaignNotOpen():
            return _outside(CAMPAIGN_NOT_OPEN, error.campaign, error.campaign.facts.opens_at)
        case SubmissionQuotaReached():
            headers = {"Retry-After": str(error.seconds)}
            minutes = -(-error.seconds // 60)
            return Problem(DAILY_QUOTA, headers=headers, most=error.most, minutes=minutes)
        case TooManyDrafts():
            return Problem(TOO_MANY_DRAFTS, most=error.most)
        case NotAllowedInState():
            (state_vi, state_en), (act_vi, act_en) = STATES[error.state], ACTS[error.act]
            return Problem(
                NOT_ALLOWED_IN_STATE, state_vi=state_vi, state_en=state_en, act_vi=act_vi, act_en=act_en
            )
        case _:
            return _of_the_tree(error)


def _of_the_tree(error: Exception) -> Problem | None:
    match error:
        case SuperiorDecides():
            return Problem(SUPERIOR_DECIDES, superior=error.superior)
        case UnitHasChildren():
            return Problem(UNIT_HAS_CHILDREN)
        case ChildrenOutlast():
            named = [f"{child.facts.name_vi} ({child.code})" for child in error.children[:MOST_NAMED]]
            more = ["…"] if len(error.children) > MOST_NAMED else []
            children = "; ".join([*named, *more])
            return Problem(UNIT_CHILDREN_OUTLAST, count=len(error.children), children=children)
        case UnitRefused():
            return not_valid(error.findings)
        case _:
            return None


def _outside(type_: ProblemType, campaign: Campaign, moment: datetime) -> Problem:
    local = moment.astimezone(LOCAL_ZONE)
    facts = campaign.facts
    return Problem(type_, name_vi=facts.name_vi, name_en=facts.name_en, moment=f"{local:%H:%M %d/%m/%Y}")
