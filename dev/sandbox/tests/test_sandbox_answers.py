"""The answers, read back with the standard library and with flufl.bounce."""

import email
import email.message
from typing import Any

import pytest
from conftest import letter
from flufl.bounce import all_failures

from dev.sandbox import answer
from dev.sandbox.records import Message

SENDER = "bounce+7@shop.example"


def message(kind: str, to: str = "bob@bounce.example", **changes: Any) -> Message:
    values: dict[str, Any] = {
        "id": 5,
        "received_at": 1_700_000_000.25,
        "mail_from": SENDER,
        "rcpt_to": to,
        "subject": "Hello",
        "from_header": "Sales",
        "message_id": "<one@shop.example>",
        "size": 100,
        "original_recipient": "",
        "envelope_id": "",
        "return_full": True,
        "answer": kind,
        "answer_state": "pending",
        "answer_attempts": 0,
        "answer_note": "",
    }
    return Message(**(values | changes))


def built(kind: str, raw: bytes | None = None, **changes: Any) -> Any:
    about = message(kind, **changes)
    return email.message_from_bytes(answer.build(about, raw or letter(about.rcpt_to)))


def groups(report: email.message.Message) -> Any:
    """The field groups of the machine-readable part."""
    part = next(p for p in report.walk() if p.get_content_type() == "message/delivery-status")
    return part.get_payload()


@pytest.mark.parametrize(
    ("kind", "action", "status"),
    [
        ("no_such_user", "failed", "5.1.1"),
        ("full", "failed", "4.2.2"),
        ("blocked", "failed", "5.7.1"),
        ("slow", "delayed", "4.4.1"),
    ],
)
def test_delivery_status(kind: str, action: str, status: str) -> None:
    report = built(kind)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    assert report["Return-Path"] == "<>"
    assert report["To"] == SENDER
    assert "MAILER-DAEMON@" in report["From"]
    about_message, about_recipient = groups(report)
    assert about_message["Reporting-MTA"].startswith("dns; ")
    assert about_message["Arrival-Date"] == "Tue, 14 Nov 2023 22:13:20 -0000"
    assert about_recipient["Final-Recipient"] == "rfc822; bob@bounce.example"
    assert about_recipient["Original-Recipient"] is None
    assert (about_recipient["Action"], about_recipient["Status"]) == (action, status)
    assert about_recipient["Diagnostic-Code"].startswith("smtp; ")
    assert about_recipient["Remote-MTA"] == "dns; mx.bounce.example"
    assert bool(about_recipient["Will-Retry-Until"]) is (kind == "slow")
    assert not any(part.defects for part in report.walk())


@pytest.mark.parametrize(
    ("kind", "temporary", "permanent"),
    [
        ("no_such_user", set(), {b"bob@bounce.example"}),
        ("full", set(), {b"bob@bounce.example"}),
        ("blocked", set(), {b"bob@bounce.example"}),
        ("slow", {b"bob@bounce.example"}, set()),
    ],
)
def test_flufl_bounce_agrees(kind: str, temporary: set[bytes], permanent: set[bytes]) -> None:
    assert tuple(all_failures(built(kind))) == (temporary, permanent)


def test_parameters_of_the_sender_come_back() -> None:
    report = built("no_such_user", original_recipient="rfc822;Bob@shop.example", envelope_id="QQ314159")
    about_message, about_recipient = groups(report)
    assert about_message["Original-Envelope-Id"] == "QQ314159"
    assert about_recipient["Original-Recipient"] == "rfc822; Bob@shop.example"


def test_message_comes_back_unchanged() -> None:
    raw = letter("bob@bounce.example", body="Grüße\r\n.odd line\r\n")
    octets = answer.build(message("no_such_user"), raw)
    assert b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + raw in octets


@pytest.mark.parametrize(
    ("kind", "changes", "body"),
    [
        ("no_such_user", {"return_full": False}, "short"),
        ("slow", {}, "short"),
        ("no_such_user", {}, "long " * 20_000),
    ],
)
def test_only_the_header_comes_back(kind: str, changes: dict[str, Any], body: str) -> None:
    report = built(kind, raw=letter("bob@bounce.example", body=body), **changes)
    last = list(report.walk())[-1]
    assert last.get_content_type() == "text/rfc822-headers"
    assert "Message-ID: <one@shop.example>" in last.get_payload()
    assert "short" not in last.get_payload()


def test_international_recipient() -> None:
    _about_message, about_recipient = groups(built("no_such_user", rcpt_to="jürgen@bounce.example"))
    assert about_recipient["Final-Recipient"] == r"utf-8; j\x{FC}rgen@bounce.example"


def test_the_same_at_every_try() -> None:
    assert answer.build(message("full"), b"x") == answer.build(message("full"), b"x")
    assert built("full")["Message-ID"] != built("full", received_at=1.0)["Message-ID"]


def test_complaint() -> None:
    report = built("complaint")
    assert report.get_param("report-type") == "feedback-report"
    kinds = [part.get_content_type() for part in report.get_payload()]
    assert kinds == ["text/plain", "message/feedback-report", "message/rfc822"]
    feedback = report.get_payload()[1].as_string()
    for field in (
        "Feedback-Type: abuse",
        "Version: 1",
        "Original-Rcpt-To: <bob@bounce.example>",
        "User-Agent: ",
    ):
        assert field in feedback


def test_vacation_reply() -> None:
    reply = built("auto", raw=letter("auto@bounce.example", extra="References: <zero@shop.example>\r\n"))
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["Return-Path"] == "<>"
    assert reply["In-Reply-To"] == "<one@shop.example>"
    assert reply["References"] == "<zero@shop.example> <one@shop.example>"
    assert reply["Subject"] == "Automatic reply: Hello"
    assert "out of the office" in reply.get_payload()


def test_subject_cannot_add_header_fields() -> None:
    reply = built("auto", subject="Hi\r\nBcc: victim@example.com")
    assert reply["Bcc"] is None


def test_no_answer_due() -> None:
    assert answer.build(message(""), b"") == b""
