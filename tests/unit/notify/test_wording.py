"""Messages in words: every kind in both languages, and nothing from outside that acts."""

from __future__ import annotations

import email
import email.policy
import itertools
import re
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from notify.adapters.events import occurrence
from notify.adapters.mail import MailComposer
from notify.adapters.wording import Words, one_line
from notify.domain.contacts import Contact, Grant
from notify.domain.kinds import TOLD, Channel, Kind, Locale, Queue
from notify.domain.messages import AddressBook, Message, messages_for
from notify.domain.names import Bearer, Names
from notify.domain.occurrences import Fact
from tests.support.notify_news import AUTHOR, NOW, event

WORDS = Words("https://sangkien.example.org/")
COMPOSER = MailComposer(WORDS, Address("Sáng Kiến", addr_spec="no-reply@sangkien.example.org"))
NAMES = {
    Bearer.UNIT: {"HC-APATIT-VIET-NAM": {"vi": "Công đoàn Apatit Việt Nam", "en": "Apatit Vietnam union"}},
    Bearer.CAMPAIGN: {"phase-1": {"vi": "Giai đoạn 1", "en": "Phase 1"}},
}
EXAMPLES = [(topic, name) for topic in TOLD for name in sorted(contracts.examples(topic).valid)]
EVERY_FORM = [(*example, locale) for example, locale in itertools.product(EXAMPLES, Locale)]


def message(topic: str, name: str | None = None, **changes: object) -> Message:
    """The message that an example event makes for one person."""
    of_person = {} if topic == "target.reached" else {"submitted_by": AUTHOR}
    happened = occurrence(event(topic, of_person | changes, name=name))
    holder = Contact("m-holder0001", grants=(happened.told_role,) if happened.told_role else ())
    return next(iter(messages_for(happened, AddressBook([holder]), NAMES, NOW)))


def parsed(mail: bytes) -> EmailMessage:
    """The mail as its reader's program sees it."""
    return email.message_from_bytes(mail, policy=email.policy.default)


def content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize(("topic", "name", "locale"), EVERY_FORM)
def test_every_example_event_reads_whole_in_every_language(topic: str, name: str, locale: Locale) -> None:
    told = message(topic, name)

    wording = WORDS.wording(told, locale)
    letter = WORDS.letter(told, locale, None)

    assert wording.title
    assert len(wording.paragraphs) >= 1
    assert not re.search(
        r"[{}]|None|Undefined", f"{wording.title} {wording.body} {letter.html}".split("<body")[0]
    )
    assert not re.search(r"\bNone\b|{{|}}", letter.text)
    assert f'lang="{locale}"' in letter.html
    assert wording.title == letter.subject


def test_the_two_languages_differ_for_every_kind() -> None:
    for topic in TOLD:
        told = message(topic)

        assert WORDS.wording(told, Locale.VI).title != WORDS.wording(told, Locale.EN).title


def test_an_approval_reads_naturally_in_vietnamese() -> None:
    told = message("initiative.approved", title="Cải tiến gầu xúc")
    code = told.facts["code"]

    wording = WORDS.wording(told, Locale.VI)

    assert wording.title == f"Sáng kiến {code} đã được duyệt"
    assert wording.body.startswith(f"Chúc mừng anh/chị! Sáng kiến “Cải tiến gầu xúc” (mã số {code}) đã được")


def test_days_and_numbers_are_written_as_each_language_does() -> None:
    reached = message("target.reached", target=3000, count=3001, reached_at="2022-05-31T17:30:00Z")

    assert "ngày 01/06/2022" in WORDS.wording(reached, Locale.VI).body
    assert "3.001" in WORDS.wording(reached, Locale.VI).body
    assert "By 1 June 2022" in WORDS.wording(reached, Locale.EN).body
    assert "3,001" in WORDS.wording(reached, Locale.EN).body


def test_a_unit_is_called_by_its_name_in_the_readers_language_else_in_vietnamese_else_by_its_code() -> None:
    told = message("initiative.submitted", name="first-submission")
    only_vi = {Bearer.UNIT: {"HC-APATIT-VIET-NAM": {"vi": "Công đoàn Apatit Việt Nam"}}}

    assert "Apatit Vietnam union" in WORDS.wording(told, Locale.EN).body
    assert "Công đoàn Apatit Việt Nam" in WORDS.wording(_with_names(told, only_vi), Locale.EN).body
    assert "HC-APATIT-VIET-NAM" in WORDS.wording(_with_names(told, {}), Locale.VI).body


def test_a_campaign_is_called_by_its_name_in_the_readers_language_else_in_vietnamese_else_by_its_id() -> None:
    told = message("target.reached", campaign="phase-1")
    only_vi = {Bearer.CAMPAIGN: {"phase-1": {"vi": "Giai đoạn 1"}}}

    assert "“Giai đoạn 1”" in WORDS.wording(told, Locale.VI).body
    assert "“Phase 1”" in WORDS.wording(told, Locale.EN).body
    assert "“Giai đoạn 1”" in WORDS.wording(_with_names(told, only_vi), Locale.EN).body
    assert "“phase-1”" in WORDS.wording(_with_names(told, {}), Locale.VI).body


def _with_names(told: Message, names: Names) -> Message:
    return Message(
        told.event_id, told.member, told.channel, told.kind, told.at, told.facts, names, told.queue
    )


@pytest.mark.parametrize("locale", Locale)
def test_a_confidential_initiative_is_named_by_its_code_only(locale: Locale) -> None:
    told = message("initiative.submitted", "confidential-for-a-member")

    wording = WORDS.wording(told, locale)

    assert str(told.facts["code"]) in wording.body
    assert "“" not in wording.body


def test_a_mail_has_a_text_and_an_html_form_with_the_same_words_and_link() -> None:
    told = message("initiative.approved", title="Cải tiến gầu xúc")
    reader = Contact(AUTHOR, 1, "Nguyễn Thị Ánh", "anh@example.org")

    mail = parsed(COMPOSER.compose(told, reader, NOW))

    for kind in ("plain", "html"):
        assert "Chào anh/chị Nguyễn Thị Ánh," in content(mail, kind)
        assert "“Cải tiến gầu xúc”" in content(mail, kind)
        assert f"https://sangkien.example.org/#/initiatives/{told.facts['initiative_id']}" in content(
            mail, kind
        )
        assert "https://sangkien.example.org/#/preferences" in content(mail, kind)
    assert mail["Subject"] == f"Sáng kiến {told.facts['code']} đã được duyệt"
    assert mail["To"] == "Nguyễn Thị Ánh <anh@example.org>"
    assert mail["Content-Language"] == "vi"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_mail_is_small_and_asks_for_nothing_from_the_net() -> None:
    for topic in TOLD:
        mail = COMPOSER.compose(message(topic), Contact(AUTHOR, 1, "A", "a@example.org"), NOW)
        html = content(parsed(mail), "html")

        assert len(mail) < 8_000
        assert not re.search(r"<(img|link|script|iframe|style)\b|url\(", html)
        assert 'name="viewport"' in html


def test_a_mail_that_is_sent_again_has_the_same_message_id_and_another_mail_another() -> None:
    told, other = message("initiative.approved"), message("initiative.rejected")
    reader = Contact(AUTHOR, 1, "A", "a@example.org")

    first, again = (parsed(COMPOSER.compose(told, reader, NOW)) for _ in range(2))

    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"] != parsed(COMPOSER.compose(other, reader, NOW))["Message-ID"]
    assert AUTHOR not in first["Message-ID"]
    assert first["Message-ID"].endswith("@sangkien.example.org>")


def test_text_from_outside_is_no_markup_in_the_html_form() -> None:
    told = message("initiative.approved", title='<a href="https://evil.example">Nhận thưởng</a>')

    html = content(
        parsed(COMPOSER.compose(told, Contact(AUTHOR, 1, "<b>A</b>", "a@example.org"), NOW)), "html"
    )

    assert "evil.example&#34;&gt;" in html
    assert "<b>" not in html


def test_text_from_outside_is_no_template() -> None:
    told = message("initiative.approved", title="{{ 7 * 7 }}{% raw %}{title}")

    assert "{{ 7 * 7 }}{% raw %}{title}" in WORDS.wording(told, Locale.VI).body


@given(title=st.text(min_size=1, max_size=300), name=st.text(max_size=120), unit=st.text(max_size=100))
def test_nothing_from_outside_can_add_a_header_or_a_recipient(title: str, name: str, unit: str) -> None:
    facts: dict[str, Fact] = {
        "initiative_id": "i",
        "code": f"A\r\nBcc: victim@example.org\r\n{title}",
        "title": f"A\r\nBcc: victim@example.org\r\n\r\n{title}",
        "unit": "U",
        "resubmission": False,
        "expected_answer_on": "2022-08-30",
    }
    names = {Bearer.UNIT: {"U": {"vi": f"{unit}\nBcc: victim@example.org"}}}
    told = Message("e", AUTHOR, Channel.EMAIL, Kind.SUBMITTED, NOW, facts, names, Queue.PERSONAL)
    reader = Contact(AUTHOR, 1, f"{name}\r\nBcc: victim@example.org", "a@example.org")

    mail = parsed(COMPOSER.compose(told, reader, NOW))

    assert mail["Bcc"] is None
    assert [one.addr_spec for one in mail["To"].addresses] == ["a@example.org"]
    assert set(mail.keys()) == {
        *("Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted"),
        *("MIME-Version", "Content-Type", "Content-Language"),
    }


@given(st.text(max_size=300))
def test_one_line_has_no_character_that_ends_a_line_or_hides(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    assert not set(line) & set("\r\n\x00\u2028\u2029\u202e\u200b")


@given(name=st.text(max_size=120), title=st.text(min_size=1, max_size=300))
def test_every_line_of_a_mail_is_short_ascii_and_ends_as_the_standard_says(name: str, title: str) -> None:
    told = message("initiative.approved", title="A")
    facts = {**told.facts, "code": title}
    long = Message(told.event_id, told.member, told.channel, told.kind, told.at, facts, {}, told.queue)

    mail = COMPOSER.compose(long, Contact(AUTHOR, 1, name, "a@example.org"), NOW)

    assert mail.isascii()
    assert all(len(line) <= 78 for line in mail.split(b"\r\n"))
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert not parsed(mail).defects


def test_the_parts_read_as_they_were_written() -> None:
    told = message("initiative.approved", title="Ốc vít & “ngoặc” " + "dài " * 60)
    letter = WORDS.letter(told, Locale.VI, "Ánh")

    mail = parsed(COMPOSER.compose(told, Contact(AUTHOR, 1, "Ánh", "a@example.org"), NOW))

    assert content(mail, "plain").replace("\r\n", "\n") == letter.text
    assert content(mail, "html").replace("\r\n", "\n") == letter.html
    assert mail["Subject"] == letter.subject
    assert mail["Date"].datetime == NOW


@pytest.mark.parametrize("address", ["a@b.vn>\r\nBcc: <c@d.vn", "a@b.vn, c@d.vn", "a b@c.vn", "a", "á@b.vn"])
def test_an_address_that_is_none_makes_no_mail(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        COMPOSER.compose(message("initiative.approved"), Contact(AUTHOR, 1, "A", address), NOW)


def test_a_person_without_an_address_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="address"):
        COMPOSER.compose(message("initiative.approved"), Contact(AUTHOR), NOW)


def test_a_message_that_lacks_a_fact_is_refused_and_not_sent_half() -> None:
    bare = Message("e", AUTHOR, Channel.EMAIL, Kind.APPROVED, NOW, {}, {}, Queue.PERSONAL)

    with pytest.raises(ValueError, match="fact"):
        COMPOSER.compose(bare, Contact(AUTHOR, 1, "A", "a@example.org"), NOW)


def test_roles_are_called_by_their_names() -> None:
    told = message("review.assigned")

    assert told.facts["role"] == Grant("support", "X").role
    assert "Tổ hỗ trợ sáng kiến" in WORDS.wording(told, Locale.VI).body
    assert "support group" in WORDS.wording(told, Locale.EN).body
