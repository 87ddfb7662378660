"""RFC 9457 problem details: the types that every service shares, and how one becomes a body in Vietnamese or
English. Services add types of their own; a code never changes its meaning once released.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["vi", "en"]
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """A kind of refusal. The details are str.format templates that say what to do; both languages take the
    same parameters."""

    code: str
    status: int
    title_vi: str
    title_en: str
    detail_vi: str
    detail_en: str


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one part of a request.

    pointer: "#/authors/0/share" (JSON pointer as a fragment), "?query-name" or "header Name".
    """

    pointer: str
    code: str
    vi: str
    en: str


class Problem(Exception):
    """Ends a request with problem details. params fill the templates of the type."""

    def __init__(
        self,
        type: ProblemType,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] = {},
        **params: object,
    ) -> None:
        super().__init__(type.code)
        self.type = type
        self.errors = tuple(errors)
        self.headers = dict(headers)
        self.params = params


def _types(*types: ProblemType) -> Mapping[str, ProblemType]:
    return {type.code: type for type in types}


COMMON: Mapping[str, ProblemType] = _types(
    ProblemType(
        "bad-request",
        400,
        "Yêu cầu không hợp lệ",
        "Bad request",
        "Máy chủ không hiểu được yêu cầu này. Hãy kiểm tra địa chỉ và các tiêu đề HTTP.",
        "The server cannot make sense of this request. Check its address and headers.",
    ),
    ProblemType(
        "malformed-json",
        400,
        "JSON sai cú pháp",
        "Malformed JSON",
        "Nội dung gửi lên không phải là JSON hợp lệ: lỗi ở dòng {line}, cột {column}.",
        "The body is not valid JSON: error in line {line}, column {column}.",
    ),
    ProblemType(
        "json-too-complex",
        400,
        "JSON quá phức tạp",
        "JSON too complex",
        "JSON được lồng nhau nhiều nhất {levels} cấp, có nhiều nhất {values} giá trị. Hãy rút gọn lại.",
        "The JSON exceeds {levels} nesting levels or {values} values. Shorten it and send it again.",
    ),
    ProblemType(
        "bad-cursor",
        400,
        "Vị trí trang không hợp lệ",
        "Bad cursor",
        "Tham số cursor không hợp lệ. Hãy dùng nguyên giá trị next của trang trước, hoặc về lại trang đầu.",
        "The cursor is not valid. Use the value of next unchanged, or start from the first page.",
    ),
    ProblemType(
        "idempotency-key-missing",
        400,
        "Thiếu Idempotency-Key",
        "Idempotency-Key missing",
        "Hãy gửi tiêu đề Idempotency-Key gồm 1 đến 128 ký tự ASCII in được, mỗi thao tác một giá trị riêng.",
        "Send the header Idempotency-Key: 1 to 128 printable ASCII characters, another for each operation.",
    ),
    ProblemType(
        "precondition-invalid",
        400,
        "If-Match không hợp lệ",
        "Invalid If-Match",
        'Hãy gửi If-Match với đúng một giá trị ETag mạnh đã nhận được, ví dụ "3".',
        'Send If-Match with exactly one strong ETag as it was received, for example "3".',
    ),
    ProblemType(
        "not-authenticated",
        401,
        "Chưa đăng nhập",
        "Not signed in",
        "Hãy đăng nhập, rồi gửi mã truy cập (Bearer token) hợp lệ.",
        "Sign in and send a valid access token (Bearer).",
    ),
    ProblemType(
        "token-expired",
        401,
        "Phiên đăng nhập đã hết hạn",
        "Sign-in expired",
        "Mã truy cập đã hết hạn. Hãy làm mới phiên đăng nhập rồi gửi lại.",
        "The access token has expired. Refresh the sign-in and send the request again.",
    ),
    ProblemType(
        "forbidden",
        403,
        "Không có quyền",
        "Forbidden",
        "Tài khoản của bạn không có quyền thực hiện thao tác này ở đơn vị này.",
        "Your account may not do this for this unit.",
    ),
    ProblemType(
        "not-found",
        404,
        "Không tìm thấy",
        "Not found",
        "Không có gì ở địa chỉ này, hoặc bạn không được phép xem.",
        "There is nothing at this address, or you may not see it.",
    ),
    ProblemType(
        "method-not-allowed",
        405,
        "Phương thức không được hỗ trợ",
        "Method not allowed",
        "Địa chỉ này không nhận phương thức HTTP vừa dùng; tiêu đề Allow nêu các phương thức được nhận.",
        "This address does not take this HTTP method; the header Allow lists those it takes.",
    ),
    ProblemType(
        "request-in-progress",
        409,
        "Yêu cầu đang được xử lý",
        "Request in progress",
        "Một yêu cầu có cùng Idempotency-Key đang được xử lý. Hãy đợi rồi gửi lại y nguyên.",
        "A request with the same Idempotency-Key is being worked on. Wait, then send the same again.",
    ),
    ProblemType(
        "job-ended",
        409,
        "Công việc đã kết thúc",
        "The job has ended",
        "Công việc này đã kết thúc nên không hủy được nữa. Hãy tải lại để xem kết quả.",
        "This job has ended and can no longer be cancelled. Reload it to see how it ended.",
    ),
    ProblemType(
        "version-conflict",
        412,
        "Dữ liệu đã thay đổi",
        "Changed in the meantime",
        "Dữ liệu đã được thay đổi kể từ lần bạn đọc. Hãy tải bản mới nhất, xem lại rồi gửi lại.",
        "It was changed since you read it. Load the latest version, look at it and send your change again.",
    ),
    ProblemType(
        "too-large",
        413,
        "Nội dung quá lớn",
        "Too large",
        "Nội dung gửi lên vượt quá giới hạn cho phép. Hãy rút gọn rồi gửi lại.",
        "The body exceeds the limit. Shorten it and send it again.",
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        "Kiểu nội dung không được hỗ trợ",
        "Unsupported media type",
        "Hãy gửi nội dung với Content-Type: application/json và không nén.",
        "Send the body with Content-Type: application/json and without compression.",
    ),
    ProblemType(
        "validation-failed",
        422,
        "Dữ liệu chưa hợp lệ",
        "Validation failed",
        "Một số trường chưa hợp lệ. Danh sách errors nêu từng trường và cách sửa.",
        "Some fields are not valid. The list errors names each of them and what to do.",
    ),
    ProblemType(
        "idempotency-key-reused",
        422,
        "Idempotency-Key đã được dùng",
        "Idempotency-Key reused",
        "Idempotency-Key này đã được dùng cho một yêu cầu khác. Hãy dùng một giá trị mới.",
        "This Idempotency-Key was used for a different request. Use a new value.",
    ),
    ProblemType(
        "precondition-required",
        428,
        "Thiếu If-Match",
        "If-Match required",
        "Hãy gửi tiêu đề If-Match với ETag của bản bạn đã đọc, để không ghi đè lên thay đổi của người khác.",
        "Send the header If-Match with the ETag of what you read, so that nobody's change is overwritten.",
    ),
    ProblemType(
        "too-many-requests",
        429,
        "Quá nhiều yêu cầu",
        "Too many requests",
        "Có quá nhiều yêu cầu trong thời gian ngắn. Hãy đợi {seconds} giây rồi gửi lại y nguyên.",
        "There were too many requests in a short time. Wait {seconds} seconds, then send the same again.",
    ),
    ProblemType(
        "internal",
        500,
        "Lỗi hệ thống",
        "Internal error",
        "Hệ thống gặp lỗi ngoài dự kiến. Hãy thử lại sau; nếu lỗi lặp lại, hãy báo quản trị kèm trace_id.",
        "Something unexpected went wrong. Try again later; if it happens again, report it with the trace_id.",
    ),
    ProblemType(
        "unavailable",
        503,
        "Tạm thời không phục vụ được",
        "Temporarily unavailable",
        "Hệ thống tạm thời chưa xử lý được yêu cầu. Hãy gửi lại y nguyên sau số giây ghi ở Retry-After.",
        "The service cannot do this now. Send the same request again after the seconds in Retry-After.",
    ),
)


def preferred_language(accept_language: str | None) -> Language:
    """English when the header Accept-Language prefers it to Vietnamese, else Vietnamese."""
    if not accept_language:
        return "vi"
    best: Language = "vi"
    best_quality = 0.0
    for part in accept_language.split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().partition("-")[0].lower()
        if primary not in ("vi", "en"):
            continue
        quality = _quality(parameter)
        if quality > best_quality:
            best, best_quality = ("en" if primary == "en" else "vi"), quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def document(problem: Problem, language: Language, *, instance: str, trace_id: str) -> dict[str, Any]:
    """The JSON object of the answer. instance: the path of the request, without its query."""
    type_ = problem.type
    english = language == "en"
    template = type_.detail_en if english else type_.detail_vi
    body: dict[str, Any] = {
        "type": f"/problems/{type_.code}",
        "code": type_.code,
        "title": type_.title_en if english else type_.title_vi,
        "status": type_.status,
        "detail": template.format(**problem.params) if problem.params else template,
        "instance": instance,
        "trace_id": trace_id,
    }
    if problem.errors:
        body["errors"] = [
            {"pointer": error.pointer, "code": error.code, "detail": error.en if english else error.vi}
            for error in problem.errors
        ]
    return body
