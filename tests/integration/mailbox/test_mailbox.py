"""The mail catcher: SMTP in, Mailpit's API and the page out."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from embedded.mailbox import smtp
from embedded.mailbox.smtp import MailCatcher
from embedded.mailbox.store import MailStore
from embedded.mailbox.web import make_app
from tests.support.processes import free_port


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MailStore]:
    store = MailStore(tmp_path)
    yield store
    store.close()


@pytest.fixture
def smtp_port(store: MailStore) -> Iterator[int]:
    port = free_port()
    catcher = MailCatcher(store, "127.0.0.1", port)
    catcher.start()
    yield port
    catcher.stop()


@pytest.fixture
def page(store: MailStore) -> FlaskClient:
    return make_app(store).test_client()


def mail(to: str = "An <an@example.org>", subject: str = "Sáng kiến đã được duyệt") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Sáng Kiến <no-reply@example.org>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<row-1@sangkien>"
    message.set_content("Sáng kiến của anh đã được duyệt.")
    message.add_alternative("<p>Sáng kiến của anh <b>đã được duyệt</b>.</p>", subtype="html")
    return message


def send(port: int, *messages: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        for message in messages:
            client.send_message(message)


def test_a_mail_sent_by_smtp_is_found_by_its_recipient(smtp_port: int, page: FlaskClient) -> None:
    send(smtp_port, mail(), mail(to="binh@example.org"))

    found = page.get("/mail/api/v1/search", query_string={"query": "to:AN@example.org"}).get_json()

    assert found["messages_count"] == 1
    assert found["total"] == 2
    (entry,) = found["messages"]
    assert entry["Subject"] == "Sáng kiến đã được duyệt"
    assert entry["To"] == [{"Name": "An", "Address": "an@example.org"}]
    assert entry["From"] == {"Name": "Sáng Kiến", "Address": "no-reply@example.org"}
    assert entry["MessageID"] == "row-1@sangkien"


def test_a_mail_shows_its_text_its_html_and_its_source(smtp_port: int, page: FlaskClient) -> None:
    send(smtp_port, mail())
    (entry,) = page.get("/mail/api/v1/messages").get_json()["messages"]

    shown = page.get(f"/mail/api/v1/message/{entry['ID']}").get_json()
    source = page.get(f"/mail/api/v1/message/{entry['ID']}/raw").text

    assert shown["Text"].strip() == "Sáng kiến của anh đã được duyệt."
    assert "<b>đã được duyệt</b>" in shown["HTML"]
    assert "Message-ID: <row-1@sangkien>" in source


def test_a_blind_copy_is_found_by_the_envelope(smtp_port: int, page: FlaskClient) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_port, timeout=10) as client:
        client.send_message(mail(), to_addrs=["an@example.org", "hidden@example.org"])

    found = page.get("/mail/api/v1/search?query=to:hidden@example.org").get_json()

    assert found["messages_count"] == 1


@pytest.mark.parametrize("name", ["start", "limit"])
@pytest.mark.parametrize("path", ["/mail/api/v1/messages", "/mail/api/v1/search", "/mail/"])
@pytest.mark.parametrize(
    "number",
    ["99999999999999999999", "9" * 5000, "-1", "1e9", "0x10", "١", "\0", " 1", "1 ", "+1", "1_0", "x"],
)
def test_a_number_out_of_all_bounds_is_refused(page: FlaskClient, path: str, name: str, number: str) -> None:
    answer = page.get(path, query_string={"query": "to:a@example.org", name: number})

    # The page shows as many as fit.
    assert answer.status_code == (200 if (path, name) == ("/mail/", "limit") else 400)


@pytest.mark.parametrize("number", ["", "0", "50", "999999999"])
def test_a_page_beyond_the_last_mail_is_empty(page: FlaskClient, number: str) -> None:
    assert page.get("/mail/api/v1/messages", query_string={"start": number}).get_json()["messages"] == []
    assert page.get("/mail/", query_string={"start": number}).status_code == 200


def test_mails_outlive_a_restart(smtp_port: int, tmp_path: Path) -> None:
    send(smtp_port, mail())

    again = MailStore(tmp_path)

    assert again.count() == 1
    again.close()


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    small = MailStore(tmp_path / "small", most=3)

    for number in range(5):
        small.add(mail(subject=f"Thư {number}").as_bytes(), ["an@example.org"])

    assert [kept.subject for kept in small.newest(0, 10)] == ["Thư 4", "Thư 3", "Thư 2"]
    assert small.count("an@example.org") == 3
    small.close()


def test_a_mail_too_large_is_refused(smtp_port: int, page: FlaskClient) -> None:
    message = mail()
    message.add_attachment(b"x" * smtp.LARGEST_MAIL, maintype="application", subtype="octet-stream")

    with pytest.raises(smtplib.SMTPException):
        send(smtp_port, message)

    assert page.get("/mail/api/v1/messages").get_json()["total"] == 0


def test_connections_beyond_the_bound_are_turned_away_and_others_go_on(
    smtp_port: int, page: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "MOST_CONNECTIONS", 1)

    with smtplib.SMTP("127.0.0.1", smtp_port, timeout=10) as first:
        with pytest.raises((smtplib.SMTPException, OSError)):
            send(smtp_port, mail())
        first.send_message(mail())

    assert page.get("/mail/api/v1/messages").get_json()["total"] == 1


def test_any_bytes_are_kept_and_shown_without_an_error(store: MailStore, page: FlaskClient) -> None:
    identifier = store.add(b"\xff\xfe Subject\r\n\r\n\x00\x80 body", ["an@example.org"])

    assert page.get(f"/mail/api/v1/message/{identifier}").status_code == 200
    assert page.get(f"/mail/view/{identifier}").status_code == 200


def test_the_page_lists_mails_and_escapes_them(store: MailStore, page: FlaskClient) -> None:
    store.add(mail(subject="<script>alert(1)</script>").as_bytes(), [])

    answer = page.get("/mail/")

    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_html_of_a_mail_is_shown_in_a_sandbox(store: MailStore, page: FlaskClient) -> None:
    identifier = store.add(mail().as_bytes(), [])

    answer = page.get(f"/mail/view/{identifier}/html")

    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["message/nothing", "message/nothing/raw"])
def test_an_unknown_mail_is_404(page: FlaskClient, path: str) -> None:
    assert page.get(f"/mail/api/v1/{path}").status_code == 404


def test_an_unknown_query_is_400(page: FlaskClient) -> None:
    assert page.get("/mail/api/v1/search?query=subject:x").status_code == 400


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST", "PATCH"])
def test_nobody_changes_the_mails_over_http(store: MailStore, page: FlaskClient, method: str) -> None:
    identifier = store.add(mail().as_bytes(), [])
    routes = [
        rule.rule.replace("<identifier>", str(identifier)) for rule in page.application.url_map.iter_rules()
    ]

    answers = {route: page.open(route, method=method).status_code for route in routes}

    assert len(answers) >= 8
    assert set(answers.values()) == {405}
    assert page.get("/mail/api/v1/messages").get_json()["total"] == 1
