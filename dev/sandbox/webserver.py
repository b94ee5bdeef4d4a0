"""The HTTP server around :class:`.web.Web`: loopback only, and deaf to other sites' pages."""

import http.server
import logging
import socketserver
import urllib.parse

from .oneclick import is_loopback
from .responses import Response, error
from .web import Web

log = logging.getLogger(__name__)
IDLE = 30.0  # seconds after which a silent connection is closed


class _Handler(http.server.BaseHTTPRequestHandler):
    server: "WebServer"
    timeout = IDLE
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if self.command not in ("GET", "HEAD"):
            self.close_connection = True  # a body may follow, and nobody reads it
        response = self._stranger() or self._respond()
        self.send_response(response.status)
        for name, value in response.headers():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _respond(self) -> Response:
        try:
            return self.server.web.respond(self.command, self.path)
        except Exception:  # one bad message must not take the page of the others away
            log.exception("%s %s", self.command, self.path)
            return error(500, "Internal error, see the sandbox's log")

    def _stranger(self) -> Response | None:
        """Refuse a name rebound to this machine, and changes asked for by another site's page."""
        host = _hostname("//" + self.headers.get("Host", ""))
        if not is_loopback(host):
            return error(403, "Open the sandbox as localhost or 127.0.0.1")
        origin = self.headers.get("Origin")
        foreign = origin is not None and urllib.parse.urlsplit(origin).netloc != self.headers.get("Host")
        if self.command not in ("GET", "HEAD") and foreign:
            return error(403, "Only the sandbox's own pages may do this")
        return None

    def log_message(self, format: str, *args: object) -> None:
        log.debug(format, *args)


def _hostname(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url).hostname or ""
    except ValueError:
        return ""


class WebServer(http.server.ThreadingHTTPServer):
    """Serves ``web`` on 127.0.0.1. Raises ``OSError`` where the port cannot be had."""

    daemon_threads = True

    def __init__(self, port: int, web: Web) -> None:
        self.web = web
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer would ask DNS for this machine's name
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]
