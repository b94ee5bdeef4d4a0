"""HTTP responses, and the headers that keep hostile content harmless."""

import dataclasses
import http
import pathlib
import urllib.parse

STATIC = pathlib.Path(__file__).parent / "static"
STATIC_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# The sandbox's own pages: nothing from elsewhere, no inline script or style.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NO_POLICY = "default-src 'none'; sandbox"


@dataclasses.dataclass(frozen=True)
class Response:
    """``policy`` is the Content-Security-Policy; ``extra`` are further header fields."""

    status: int
    content_type: str
    body: bytes
    policy: str = NO_POLICY
    extra: tuple[tuple[str, str], ...] = ()

    def headers(self) -> list[tuple[str, str]]:
        return [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            ("Content-Security-Policy", self.policy),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("X-DNS-Prefetch-Control", "off"),
            ("Cache-Control", "no-store"),
            *self.extra,
        ]


def page(html: str, status: int = 200) -> Response:
    return Response(status, "text/html; charset=utf-8", html.encode("utf-8", "replace"), PAGE_POLICY)


def error(status: int, text: str) -> Response:
    return Response(status, "text/plain; charset=utf-8", f"{text}\n".encode())


def redirect(location: str) -> Response:
    return Response(http.HTTPStatus.SEE_OTHER, "text/plain", b"", extra=(("Location", location),))


def static(name: str) -> Response:
    """A file of the ``static`` folder; ``name`` is letters, a dot, letters."""
    path = STATIC / name
    if path.suffix not in STATIC_TYPES or not path.is_file():
        return error(404, "No such file")
    return Response(200, STATIC_TYPES[path.suffix], path.read_bytes())


def download(content: bytes, name: str) -> Response:
    """Something to save and never to show, under its name in ASCII and in UTF-8 (RFC 6266)."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\' else "_" for char in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"
    return Response(200, "application/octet-stream", content, extra=(("Content-Disposition", disposition),))
