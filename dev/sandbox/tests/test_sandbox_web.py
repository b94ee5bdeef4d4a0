import email.message
import email.policy
import http.server
import pathlib
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
from conftest import Sandbox, letter, running

from dev.sandbox.oneclick import is_loopback, unsubscribe

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def newest(sandbox: Sandbox) -> int:
    return int(sandbox.json("/api/messages?limit=1")[0]["id"])


def hostile_letter() -> bytes:
    message = email.message.EmailMessage()
    message["From"] = '"<b>x</b>" <x@evil.example>'
    message["Subject"] = ATTACK
    message["X-Evil"] = ATTACK
    message.set_content(ATTACK)
    message.add_alternative(
        f'<html><head></head><body>{ATTACK}<a href="javascript:alert(1)">go</a></body></html>', subtype="html"
    )
    message.add_attachment(b"<script>", maintype="text", subtype="html", filename=ATTACK)
    return message.as_bytes(policy=email.policy.SMTP)


@pytest.fixture(scope="module")
def hostile(sandbox: Sandbox) -> int:
    sandbox.send("victim@example.com", hostile_letter())
    return newest(sandbox)


def test_empty_inbox_explains_itself(tmp_path: pathlib.Path) -> None:
    with running(tmp_path, "--bounce-domain", "returns.test") as sandbox:
        _status, page, _headers = sandbox.request("/")
        assert "No mail yet" in page
        assert "@returns.test" in page
        assert sandbox.request("/?q=zzz")[1].count("Nothing found") == 1


def test_hostile_list(sandbox: Sandbox, hostile: int) -> None:
    _status, page, headers = sandbox.request("/")
    assert "<script>alert" not in page
    assert "onerror=alert" in page.replace("&gt;", ">")
    assert "<img src=x" not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("tab", ["html", "phone", "text", "headers", "raw", "links", "attachments", "bogus"])
def test_hostile_message(sandbox: Sandbox, hostile: int, tab: str) -> None:
    status, page, headers = sandbox.request(f"/m/{hostile}?tab={tab}")
    assert status == 200
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert "script-src 'self'" in headers["Content-Security-Policy"]


def test_html_is_caged(sandbox: Sandbox, hostile: int) -> None:
    _status, page, headers = sandbox.request(f"/m/{hostile}/html")
    policy = headers["Content-Security-Policy"]
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert '<head><base target="_blank">' in page
    frame = sandbox.request(f"/m/{hostile}")[1]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame


def test_remote_images_only_on_demand(sandbox: Sandbox, hostile: int) -> None:
    def images(query: str) -> list[str]:
        policy = sandbox.request(f"/m/{hostile}/html{query}")[2]["Content-Security-Policy"]
        return next(rule for rule in policy.split("; ") if rule.startswith("img-src")).split()

    assert "https:" not in images("")
    assert "https:" in images("?remote=1")


def test_attachment_is_only_saved(sandbox: Sandbox, hostile: int) -> None:
    number = 2
    status, body, headers = sandbox.request(f"/m/{hostile}/part/{number}")
    assert (status, body) == (200, "<script>")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_inline_image(sandbox: Sandbox) -> None:
    message = email.message.EmailMessage()
    message.set_content("see")
    message.add_alternative('<img src="cid:logo@x"><div style="background:url(cid:logo@x)">', subtype="html")
    rich = message.get_body(("html",))
    assert rich is not None
    rich.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo@x>")
    sandbox.send("cid@example.com", message.as_bytes(policy=email.policy.SMTP))
    number = newest(sandbox)
    page = sandbox.request(f"/m/{number}/html")[1]
    assert page.count(f"/m/{number}/cid/logo%40x") == 2
    status, _body, headers = sandbox.request(f"/m/{number}/cid/logo%40x")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert sandbox.request(f"/m/{number}/cid/other")[0] == 404


def test_search_and_paging(sandbox: Sandbox) -> None:
    for number in range(51):
        sandbox.send(f"page{number}@pages.example", letter("x@pages.example", "Paged"))
    page = sandbox.request("/?q=PAGES.example+paged")[1]
    assert "51 messages, page 1 of 2" in page
    assert page.count('<span class="to">') == 50
    assert sandbox.request("/?q=pages.example&page=2")[1].count('<span class="to">') == 1
    assert sandbox.request("/?page=junk")[0] == 200
    assert sandbox.request("/?page=999999999999999999999")[0] == 200


def test_api(sandbox: Sandbox) -> None:
    sandbox.send("api@example.com", letter("api@example.com", "Api", "see http://a.example/x\r\n"))
    (found,) = sandbox.json("/api/messages?to=api@example.com&subject=api")
    whole = sandbox.json(f"/api/messages/{found['id']}")
    assert whole["text"] == "see http://a.example/x\n"
    assert whole["links"] == ["http://a.example/x"]
    assert ["Subject", "Api"] in whole["headers"]
    assert sandbox.json(f"/api/messages?since_id={found['id']}&to=api@example.com") == []
    for name in ("accepted", "refused", "bounces_sent", "bounces_failed", "unique_recipients"):
        assert isinstance(sandbox.json("/api/stats")[name], int)


@pytest.mark.parametrize(
    "path",
    [
        "/m/999999",
        "/m/999999/html/x",
        "/m/x",
        "/api/messages/999999",
        "/api/messages/999999/raw",
        "/m/999999/part/0",
        "/static/nothing.css",
        "/static/../web.py",
        "/m/99999999999999999999",
    ],
)
def test_missing(sandbox: Sandbox, path: str) -> None:
    assert sandbox.request(path)[0] == 404


@pytest.mark.parametrize("path", ["/", "/help", "/static/sandbox.css", "/static/inbox.js", "/static/icon.svg"])
def test_present(sandbox: Sandbox, path: str) -> None:
    assert sandbox.request(path)[0] == 200


def test_help_lists_every_behaviour(sandbox: Sandbox) -> None:
    page = sandbox.request("/help")[1]
    for prefix in ("full", "blocked", "slow", "complaint", "auto", "busy"):
        assert f"<code>{prefix}…@" in page


def test_other_sites_are_kept_out(sandbox: Sandbox) -> None:
    assert sandbox.request("/", headers={"Host": "evil.example"})[0] == 403
    assert sandbox.request("/clear", "POST", {"Origin": "http://evil.example"})[0] == 403
    assert sandbox.request("/api/messages", "DELETE", {"Origin": "null"})[0] == 403
    assert sandbox.request("/clear")[0] == 405


def test_clear(tmp_path: pathlib.Path) -> None:
    with running(tmp_path) as sandbox:
        sandbox.send("ann@example.com")
        assert sandbox.json("/api/messages", "DELETE")["accepted"] == 0
        assert sandbox.json("/api/messages") == []
        sandbox.send("ann@example.com")
        assert sandbox.request("/clear", "POST", {"Origin": sandbox.web.rstrip("/")})[0] == 200
        assert sandbox.json("/api/stats")["accepted"] == 0


class Unsubscriber(http.server.BaseHTTPRequestHandler):
    bodies: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200 if self.path == "/u?t=1" else 302)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def unsubscriber() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Unsubscriber)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_one_click_unsubscribe(sandbox: Sandbox, unsubscriber: str) -> None:
    headers = f"List-Unsubscribe: <{unsubscriber}/u?t=1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    sandbox.send("out@example.com", letter("out@example.com", extra=headers))
    number = newest(sandbox)
    assert "Unsubscribe in one click" in sandbox.request(f"/m/{number}")[1]
    page = sandbox.request(f"/m/{number}/unsubscribe", "POST")[1]
    assert "HTTP 200" in page
    assert Unsubscriber.bodies.pop() == b"List-Unsubscribe=One-Click"


def test_one_click_outcomes(unsubscriber: str) -> None:
    assert unsubscribe(f"{unsubscriber}/elsewhere").status == 302
    assert not unsubscribe(f"{unsubscriber}/elsewhere").ok
    assert unsubscribe("http://evil.example/u").explanation.startswith("Not asked")
    assert unsubscribe("http://[bad").status == 0
    assert unsubscribe("http://127.0.0.1:9/").explanation.startswith("No answer")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("", False),
        ("0.0.0.0", False),
    ],
)
def test_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
