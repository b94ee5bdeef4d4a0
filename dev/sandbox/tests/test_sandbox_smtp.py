import pathlib
import smtplib
import subprocess

import pytest
from conftest import ROOT, Sandbox, command, letter, running


def refusal(sandbox: Sandbox, to: str, sender: str = "s@shop.example") -> tuple[int, str]:
    """The reply to RCPT, in a conversation of its own."""
    with sandbox.client() as client:
        client.ehlo()
        client.mail(sender)
        code, text = client.rcpt(to)
    return code, text.decode()


def test_extensions(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.ehlo()
        offered = set(client.esmtp_features)
    assert {"size", "8bitmime", "smtputf8", "dsn"} <= offered
    assert not {"auth", "pipelining", "starttls"} & offered


def test_ordinary_address_is_kept(sandbox: Sandbox) -> None:
    sandbox.send("ann@example.com", letter("ann@example.com", "Caf=C3=A9 =?utf-8?q?=E2=9C=93?="))
    (found,) = sandbox.json("/api/messages?to=ann@example.com")
    assert found["mail_from"] == "bounce+7@shop.example"
    assert found["subject"] == "Caf=C3=A9 ✓"
    assert found["message_id"] == "<one@shop.example>"
    assert found["answer"] == ""
    assert sandbox.request(f"/api/messages/{found['id']}/raw")[1].startswith("From: Sales")


def test_queue_id_names_the_message(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.ehlo()
        client.mail("s@shop.example")
        client.rcpt("queue@example.com")
        code, text = client.data(letter("queue@example.com"))
    assert code == 250
    (found,) = sandbox.json("/api/messages?to=queue@example.com")
    assert int(text.split()[-1], 16) == found["id"]


def test_a_row_for_each_recipient(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.sendmail("s@shop.example", ["a@two.example", "b@two.example"], letter("a@two.example"))
    assert [m["rcpt_to"] for m in sandbox.json("/api/messages?to=@two.example")] == [
        "a@two.example",
        "b@two.example",
    ]


@pytest.mark.parametrize(
    ("to", "reply"),
    [
        ("x@reject.example", (550, "5.1.1")),
        ("full@reject.example", (452, "4.2.2")),
    ],
)
def test_refused_at_rcpt(sandbox: Sandbox, to: str, reply: tuple[int, str]) -> None:
    before = sandbox.json("/api/stats")["refused"]
    code, text = refusal(sandbox, to)
    assert (code, text.split()[0]) == reply
    assert sandbox.json("/api/stats")["refused"] == before + 1


def test_greylisting_is_per_pair(sandbox: Sandbox) -> None:
    assert refusal(sandbox, "busy@reject.example")[0] == 451
    assert refusal(sandbox, "busy@reject.example")[0] == 250
    assert refusal(sandbox, "busy@reject.example", sender="other@shop.example")[0] == 451
    assert refusal(sandbox, "busy2@reject.example")[0] == 451


def test_refusals_by_code(sandbox: Sandbox) -> None:
    refusal(sandbox, "x@reject.example")
    assert sandbox.json("/api/stats")["refused_by_code"]["550"] >= 1


def test_address_outside_ascii(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.command_encoding = "utf-8"
        client.ehlo()
        client.mail("s@shop.example")
        assert client.rcpt("jürgen@example.com")[0] == 553
        client.rset()
        client.mail("s@shop.example", ["SMTPUTF8"])
        assert client.rcpt("jürgen@example.com")[0] == 250


def test_unknown_parameter_is_refused(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.ehlo()
        client.mail("s@shop.example")
        assert client.rcpt("a@example.com", ["MAGIC=1"])[0] == 555
        assert client.rcpt("a@example.com", ["NOTIFY=FAILURE"])[0] == 250


def test_null_sender_and_notify_never_get_no_answer(sandbox: Sandbox) -> None:
    sandbox.send("null@bounce.example", sender="")
    sandbox.send("never@bounce.example", rcpt_options=["NOTIFY=NEVER"])
    assert [sandbox.json(f"/api/messages?to={who}@bounce.example")[0]["answer"] for who in ("null", "never")] == [
        "",
        "",
    ]


def test_dsn_parameters_reach_the_report(sandbox: Sandbox) -> None:
    sandbox.send(
        "orcpt@bounce.example",
        mail_options=["RET=HDRS", "ENVID=A+2BB"],
        rcpt_options=["ORCPT=rfc822;Ann+2Bx@example.com"],
    )
    (found,) = sandbox.json("/api/messages?to=orcpt@bounce.example")
    assert found["answer_state"] == "unsent"
    report = sandbox.request(f"/api/messages/{found['id']}/answer")[1]
    assert "Original-Recipient: rfc822; Ann+x@example.com" in report
    assert "Original-Envelope-Id: A+B" in report
    assert "text/rfc822-headers" in report


def test_authentication(tmp_path: pathlib.Path) -> None:
    with running(tmp_path, "--user", "ann", "--password", "pass") as sandbox:
        assert refusal(sandbox, "a@example.com")[0] == 530 or refusal(sandbox, "a@example.com")[0] == 503
        for mechanism in ("auth_plain", "auth_login"):
            with sandbox.client() as client:
                client.ehlo()
                assert {"PLAIN", "LOGIN"} <= set(client.esmtp_features["auth"].split())
                client.user, client.password = "ann", "wrong"
                with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                    client.auth(mechanism[5:].upper(), getattr(client, mechanism))
                assert refused.value.smtp_code == 535
                assert b"5.7.8" in refused.value.args[1]
                client.password = "pass"
                assert client.auth(mechanism[5:].upper(), getattr(client, mechanism))[0] == 235
                client.sendmail("s@shop.example", ["a@example.com"], letter("a@example.com"))
        stats = sandbox.json("/api/stats")
    assert (stats["refused_logins"], stats["accepted"]) == (2, 2)


def test_taken_ports_are_explained(sandbox: Sandbox, tmp_path: pathlib.Path) -> None:
    web_port = sandbox.web.rstrip("/").rpartition(":")[2]
    for options, words in (
        (("--smtp-port", sandbox.smtp[1], "--web-port", 0), ("SMTP port", "--smtp-port")),
        (("--smtp-port", 0, "--web-port", web_port), ("web port", "--web-port")),
    ):
        failed = subprocess.run(
            command(*options, "--store", tmp_path),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
        )
        assert failed.returncode == 2
        assert len(failed.stderr.strip().splitlines()) == 1
        assert "is in use" in failed.stderr
        assert all(word in failed.stderr for word in words)


def test_unusable_store_is_explained(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    failed = subprocess.run(
        command("--smtp-port", 0, "--web-port", 0, "--store", tmp_path / "file" / "sub"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert failed.returncode == 2
    assert "--store" in failed.stderr


def test_restart_keeps_messages_and_counters(tmp_path: pathlib.Path) -> None:
    with running(tmp_path) as sandbox:
        sandbox.send("ann@example.com")
        assert sandbox.stop() == 0
    with running(tmp_path) as sandbox:
        assert sandbox.json("/api/stats")["accepted"] == 1
        assert [m["rcpt_to"] for m in sandbox.json("/api/messages")] == ["ann@example.com"]
