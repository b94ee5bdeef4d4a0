"""The HTML of a message as a mail client would show it, inside a frame that can do nothing.

No script, no form, no navigation of the page around it; a link opens a new tab. Images of this machine
load, so that looking at a message counts as opening it, as in a mail client; others load on demand.
"""

import re
import urllib.parse

from .mime import Attachment
from .responses import Response, error

SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
LOCAL = "'self' data: http://localhost:* https://localhost:* http://127.0.0.1:* https://127.0.0.1:*"
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/svg+xml")
HEAD = re.compile(r"<head(\s[^>]*)?>|<html(\s[^>]*)?>|<!doctype[^>]*>", re.IGNORECASE)
CID = re.compile(r"""(["'(=\s])cid:([^"'\s)>]+)""", re.IGNORECASE)


def policy(remote: bool) -> str:
    images = f"{LOCAL} http: https:" if remote else LOCAL
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {images}; form-action 'none';"
        f" base-uri 'none'; frame-ancestors 'self'; {SANDBOX}"
    )


def html(message_id: int, body: str, remote: bool) -> Response:
    """The frame's content; ``remote`` lets images of any host load."""
    with_images = CID.sub(lambda match: f"{match[1]}/m/{message_id}/cid/{urllib.parse.quote(match[2], safe='')}", body)
    return Response(200, "text/html; charset=utf-8", _with_base(with_images).encode(), policy(remote))


def image(part: Attachment) -> Response:
    """An image that the message brought along."""
    if part.content_type not in IMAGE_TYPES:
        return error(404, "Not an image")
    return Response(200, part.content_type, part.content)


def _with_base(body: str) -> str:
    """Make links open a new tab. Goes after the doctype, without which browsers fall back to quirks mode."""
    at = 0
    for match in HEAD.finditer(body[:2000]):
        at = match.end()
        if match[0].lower().startswith("<head"):
            break
    return f'{body[:at]}<base target="_blank">{body[at:]}'
