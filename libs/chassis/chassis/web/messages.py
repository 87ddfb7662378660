"""Validation messages with stable codes in Vietnamese and English, those built into marshmallow included. A
code is public: it keeps its meaning, while the texts may change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote

from chassis.problems import FieldError

MOST_ERRORS = 100
# Of a name that a client made up; what is beyond tells nobody more.
LONGEST_NAME = 100


class Message(str):
    """A message for marshmallow that carries its code and both languages; as a plain text it is the English
    one.

    vi and en may hold str.format fields; marshmallow fills them with the validator's parameters.
    """

    code: str
    vi: str

    def __new__(cls, code: str, vi: str, en: str) -> Self:
        message = super().__new__(cls, en)
        message.code = code
        message.vi = vi
        return message

    def format(self, *args: object, **kwargs: object) -> Message:
        """Both languages filled."""
        return Message(self.code, self.vi.format(*args, **kwargs), str.format(self, *args, **kwargs))


# marshmallow's own texts. Its default of a class or of a validator can be anything a library made, so they
# are recognised by their text, and a test walks every field and validator of the installed release.
_BUILT_IN: tuple[tuple[str, str, str, str], ...] = (
    (r"Missing data for required field\.", "required", "Không được để trống.", "Required."),
    (r"Field may not be null\.", "null", "Không được là null.", "May not be null."),
    (r"Unknown field\.", "unknown-field", "Trường này không tồn tại.", "There is no such field."),
    (r"Invalid (?:input )?type\.", "wrong-type", "Sai kiểu dữ liệu.", "Wrong type."),
    (r"Not a valid string\.", "not-a-text", "Phải là chuỗi ký tự.", "Must be a text."),
    (r"Not a valid utf-8 string\.", "not-a-text", "Phải là chuỗi UTF-8.", "Must be UTF-8 text."),
    (r"Not a valid UUID\.", "not-a-uuid", "Phải là một UUID.", "Must be a UUID."),
    (r"Not a valid number\.", "not-a-number", "Phải là số.", "Must be a number."),
    (r"Number too large\.", "number-too-large", "Số quá lớn.", "The number is too large."),
    (r"Not a valid integer\.", "not-an-integer", "Phải là số nguyên.", "Must be a whole number."),
    (r"Special numeric values .*", "not-a-number", "Phải là một số hữu hạn.", "Must be a finite number."),
    (r"Not a valid boolean\.", "not-a-boolean", "Phải là true hoặc false.", "Must be true or false."),
    (r"Not a valid list\.", "not-a-list", "Phải là danh sách.", "Must be a list."),
    (r"Not a valid tuple\.", "not-a-list", "Phải là danh sách.", "Must be a list."),
    (r"Not a valid mapping type\.", "not-an-object", "Phải là một đối tượng JSON.", "Must be an object."),
    (r"Not a valid (?:naive |aware )?date\.", "not-a-day", "Phải là ngày YYYY-MM-DD.", "Must be YYYY-MM-DD."),
    (
        r"Not a valid (?:naive |aware )?datetime\.",
        "not-a-timestamp",
        "Phải là thời điểm theo RFC 3339, có múi giờ.",
        "Must be an RFC 3339 timestamp with a zone.",
    ),
    (r"Not a valid (?:naive |aware )?time\.", "not-a-time", "Phải là giờ trong ngày.", "Must be a time."),
    (r"Not a valid period of time\.", "not-a-duration", "Phải là khoảng thời gian.", "Must be a duration."),
    (r"[\s\S]* cannot be formatted as an? \w+\.", "wrong-format", "Sai định dạng.", "Wrong format."),
    (r"Not a valid URL\.", "not-a-url", "Phải là một địa chỉ web.", "Must be a web address."),
    (r"Not a valid email address\.", "not-an-email", "Phải là địa chỉ e-mail.", "Must be an e-mail address."),
    (
        r"Not a valid IP(?:v4|v6)? (?:address|interface)\.",
        "not-an-ip-address",
        "Phải là địa chỉ IP.",
        "Must be an IP address.",
    ),
    (r"Must be one of: ([\s\S]*?)\.", "not-one-of", "Phải là một trong: {0}.", "Must be one of: {0}."),
    (
        r"One or more of the choices you made was not in: ([\s\S]*?)\.",
        "not-one-of",
        "Mỗi giá trị phải là một trong: {0}.",
        "Each value must be one of: {0}.",
    ),
    (
        r"One or more of the choices you made was in: ([\s\S]*?)\.",
        "not-allowed",
        "Không giá trị nào được là: {0}.",
        "No value may be one of: {0}.",
    ),
    (r"Must be equal to ([\s\S]*?)\.", "not-equal", "Phải bằng {0}.", "Must be equal to {0}."),
    (r"Must be greater than or equal to (\S+)\.", "too-small", "Ít nhất là {0}.", "Must not be below {0}."),
    (r"Must be greater than (\S+)\.", "too-small", "Phải lớn hơn {0}.", "Must be above {0}."),
    (r"Must be less than or equal to (\S+)\.", "too-great", "Nhiều nhất là {0}.", "Must not be above {0}."),
    (r"Must be less than (\S+)\.", "too-great", "Phải nhỏ hơn {0}.", "Must be below {0}."),
    (
        r"Must be greater than (?:or equal to )?(\S+) and less than (?:or equal to )?(\S+)\.",
        "out-of-range",
        "Phải nằm trong khoảng từ {0} đến {1}.",
        "Must be between {0} and {1}.",
    ),
    (r"Shorter than minimum length (\d+)\.", "too-short", "Cần ít nhất {0}.", "At least {0} needed."),
    (r"Longer than maximum length (\d+)\.", "too-long", "Nhiều nhất là {0}.", "At most {0} allowed."),
    (
        r"Length must be between (\d+) and (\d+)\.",
        "wrong-length",
        "Độ dài phải từ {0} đến {1}.",
        "The length must be from {0} to {1}.",
    ),
    (r"Length must be (\d+)\.", "wrong-length", "Độ dài phải đúng {0}.", "The length must be {0}."),
    (r"String does not match expected pattern\.", "wrong-format", "Sai định dạng.", "Wrong format."),
    (r"Invalid (?:value|input)\.", "invalid", "Giá trị không hợp lệ.", "The value is not valid."),
)
_PATTERNS = tuple((re.compile(pattern), code, vi, en) for pattern, code, vi, en in _BUILT_IN)


def coded(message: object) -> Message:
    """The message with its code; one that is not known keeps the code `invalid` and shows no text of its
    own, for it is in one language and might quote input."""
    if isinstance(message, Message):
        return message
    text = str(message)
    for pattern, code, vi, en in _PATTERNS:
        match = pattern.fullmatch(text)
        if match is not None:
            return Message(code, vi, en).format(*match.groups())
    return Message("invalid", "Giá trị không hợp lệ.", "The value is not valid.")


def field_errors(messages: Any, location: str) -> tuple[FieldError, ...]:
    """marshmallow's nested messages as a flat list, at most MOST_ERRORS of them.

    location: where the data came from, as webargs names it: json, query, headers, path, form.
    """
    errors = []
    for path, message in _walk(messages, ()):
        text = coded(message)
        errors.append(FieldError(pointer(path, location), text.code, text.vi, str(text)))
        if len(errors) == MOST_ERRORS:
            break
    return tuple(errors)


def pointer(path: tuple[str, ...], location: str = "json") -> str:
    """The place of an error: "#/authors/0/share", "?limit", "header If-Match", "path code"."""
    path = tuple(part[:LONGEST_NAME] for part in path)
    if location in ("query", "querystring"):
        return "?" + ".".join(path)
    if location == "headers":
        return "header " + ".".join(path)
    if location in ("path", "view_args"):
        return "path " + ".".join(path)
    # RFC 6901: escaped for the pointer, then as the fragment of an address.
    return "#" + "".join("/" + quote(part.replace("~", "~0").replace("/", "~1"), safe="~") for part in path)


def _walk(messages: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _walk(inner, path if key == "_schema" else (*path, str(key)))
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _walk(inner, path)
    else:
        yield path, messages
