"""Run the sandbox as people do, a process with real sockets, and a stand-in for Odoo's mail gateway."""

import contextlib
import dataclasses
import json
import pathlib
import signal
import smtplib
import subprocess
import sys
import threading
import time
import urllib.request
import xmlrpc.server
from collections.abc import Callable, Iterator
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

PATIENCE = 15.0  # seconds


def wait_for(condition: Callable[[], Any]) -> Any:
    """The first true value of ``condition``."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("nothing happened in time")


def letter(to: str, subject: str = "Hello", body: str = "Hi\r\n", extra: str = "") -> bytes:
    return (
        f"From: Sales <sales@shop.example>\r\nTo: <{to}>\r\nSubject: {subject}\r\n"
        f"Message-ID: <one@shop.example>\r\n{extra}\r\n{body}"
    ).encode()


@dataclasses.dataclass
class Sandbox:
    """A running sandbox."""

    process: "subprocess.Popen[str]"
    smtp: tuple[str, int]
    web: str

    def client(self) -> smtplib.SMTP:
        return smtplib.SMTP(*self.smtp, local_hostname="client.example")

    def send(self, to: str, raw: bytes | None = None, sender: str = "bounce+7@shop.example", **options: Any) -> None:
        with self.client() as client:
            client.sendmail(sender, [to], letter(to) if raw is None else raw, **options)

    def request(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> tuple[int, str, Any]:
        request = urllib.request.Request(self.web + path.lstrip("/"), method=method, headers=headers or {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as reply:
                return reply.status, reply.read().decode(errors="replace"), reply.headers
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode(), refusal.headers

    def json(self, path: str, method: str = "GET") -> Any:
        return json.loads(self.request(path, method)[1])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def command(*options: object) -> list[str]:
    return [sys.executable, "-m", "dev.sandbox", *map(str, options)]


@contextlib.contextmanager
def running(store: pathlib.Path, *options: object) -> Iterator[Sandbox]:
    process = subprocess.Popen(
        command("--smtp-port", 0, "--web-port", 0, "--store", store, "--bounce-delay", 0.1, *options),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        yield Sandbox(process, tuple(ready["smtp"]), ready["web"])
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running(tmp_path_factory.mktemp("store")) as server:
        yield server


class FakeOdoo:
    """Takes what Odoo's gateway would take. ``faults`` are raised first, one for each call."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.calls: list[tuple[Any, ...]] = []
        self.faults: list[xmlrpc.client.Fault] = []
        self.user_id: int | bool = 2
        self.server = xmlrpc.server.SimpleXMLRPCServer(
            ("127.0.0.1", 0), requestHandler=_Handler, allow_none=True, logRequests=False
        )
        self.server.register_function(lambda *arguments: self.user_id, "authenticate")
        self.server.register_function(self._execute, "execute_kw")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _execute(self, *call: Any) -> bool:
        self.calls.append(call)
        if self.faults:
            raise self.faults.pop()
        self.received.append(call[5][1].data)
        return True

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    rpc_paths = ("/xmlrpc/2/common", "/xmlrpc/2/object")


@pytest.fixture
def odoo() -> Iterator[FakeOdoo]:
    fake = FakeOdoo()
    yield fake
    fake.stop()


@pytest.fixture
def gateway_sandbox(odoo: FakeOdoo, tmp_path: pathlib.Path) -> Iterator[Sandbox]:
    with running(tmp_path, "--odoo-url", odoo.url, "--odoo-db", "crm", "--odoo-password", "secret") as server:
        yield server
