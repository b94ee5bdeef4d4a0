import email
import pathlib
import xmlrpc.client

import pytest
from conftest import FakeOdoo, Sandbox, running, wait_for

from dev.sandbox.gateway import Gateway, GatewayRefused, GatewayUnavailable, Login, last_line
from dev.sandbox.workers import retry_delay


def settled(sandbox: Sandbox) -> dict[str, int] | None:
    stats: dict[str, int] = sandbox.json("/api/stats")
    return stats if stats["accepted"] and not stats["bounces_pending"] else None


@pytest.mark.parametrize(
    ("to", "report_type"),
    [
        ("nobody@bounce.example", "delivery-status"),
        ("complaint@bounce.example", "feedback-report"),
        ("auto@bounce.example", None),
    ],
)
def test_answers_reach_odoo(odoo: FakeOdoo, gateway_sandbox: Sandbox, to: str, report_type: str | None) -> None:
    gateway_sandbox.send(to)
    (raw,) = wait_for(lambda: odoo.received)
    pushed = email.message_from_bytes(raw)
    assert pushed["To"] == "bounce+7@shop.example"
    assert pushed.get_param("report-type") == report_type
    database, user_id, password, model, method, (default, _message), options = odoo.calls[0]
    assert (database, user_id, password) == ("crm", 2, "secret")
    assert (model, method, default, options) == ("mail.thread", "message_process", False, {})
    stats = wait_for(lambda: settled(gateway_sandbox))
    assert (stats["bounces_sent"], stats["bounces_failed"]) == (1, 0)
    (found,) = gateway_sandbox.json(f"/api/messages?to={to}")
    assert found["answer_state"] == "sent"


def test_ordinary_mail_and_null_sender_are_not_answered(odoo: FakeOdoo, gateway_sandbox: Sandbox) -> None:
    gateway_sandbox.send("ann@example.com")
    gateway_sandbox.send("nobody@bounce.example", sender="")
    gateway_sandbox.send("last@bounce.example")
    wait_for(lambda: settled(gateway_sandbox))
    assert len(odoo.received) == 1


def test_a_refusal_of_odoo_is_final(odoo: FakeOdoo, gateway_sandbox: Sandbox) -> None:
    odoo.faults.append(xmlrpc.client.Fault(1, "Traceback:\n  File x\nValueError: No possible route found\n"))
    gateway_sandbox.send("nobody@bounce.example")
    stats = wait_for(lambda: settled(gateway_sandbox))
    assert (stats["bounces_sent"], stats["bounces_failed"]) == (0, 1)
    assert gateway_sandbox.json("/api/messages")[0]["answer_note"] == "ValueError: No possible route found"


def test_retried_until_odoo_lets_in(odoo: FakeOdoo, gateway_sandbox: Sandbox) -> None:
    odoo.user_id = False
    gateway_sandbox.send("nobody@bounce.example")
    wait_for(lambda: "refuses the login" in gateway_sandbox.json("/api/messages")[0]["answer_note"])
    odoo.user_id = 2
    assert wait_for(lambda: settled(gateway_sandbox))["bounces_sent"] == 1


def test_pending_answers_survive_a_restart(odoo: FakeOdoo, tmp_path: pathlib.Path) -> None:
    with running(tmp_path, "--odoo-url", "http://127.0.0.1:9", "--odoo-db", "crm") as sandbox:
        sandbox.send("nobody@bounce.example")
        wait_for(lambda: sandbox.json("/api/messages")[0]["answer_attempts"] >= 1)
    with running(tmp_path, "--odoo-url", odoo.url, "--odoo-db", "crm") as sandbox:
        assert wait_for(lambda: settled(sandbox))["bounces_sent"] == 1


def test_exceptions(odoo: FakeOdoo) -> None:
    with pytest.raises(GatewayUnavailable, match="does not answer"):
        Gateway(Login("http://127.0.0.1:9", "crm", "admin", "x")).push(b"")
    odoo.faults.append(xmlrpc.client.Fault(3, "Access denied"))
    with pytest.raises(GatewayRefused, match="Access denied"):
        Gateway(Login(odoo.url, "crm", "admin", "x")).push(b"")


def test_password_is_not_printed() -> None:
    assert "secret" not in repr(Login("http://x", "crm", "admin", "secret"))


def test_delays_grow_up_to_a_minute() -> None:
    assert [retry_delay(n) for n in (1, 2, 3, 10)] == [1.0, 2.0, 4.0, 60.0]


def test_last_line() -> None:
    assert last_line("a\n b \n\n") == "b"
    assert last_line("") == "no reason given"
