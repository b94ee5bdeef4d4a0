"""Malformed and hostile messages: read without an exception."""

import email.message
import random

import pytest

from dev.sandbox.links import Link, find_links, one_click_url
from dev.sandbox.mime import content, decode_header, summary


def test_alternatives_and_attachments() -> None:
    message = email.message.EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("plain")
    message.add_alternative("<p>rich</p>", subtype="html")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="../../Prüfung.pdf")
    parts = content(message.as_bytes())
    assert parts.header("subject") == "Grüße"
    assert parts.text.strip() == "plain"
    assert parts.html.strip() == "<p>rich</p>"
    (attachment,) = parts.attachments
    assert (attachment.name, attachment.content) == ("Prüfung.pdf", b"\x00\x01")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?a_=C3=A9?=", "a é"),
        ("=?nonsense?q?a=E9?=", "a\ufffd"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("=?utf-7?q?+2AA-?=", "?"),
        ("caf\udcc3\udca9", "café"),
        ("two\r\n lines", "two lines"),
    ],
)
def test_decode_header(value: str, text: str) -> None:
    assert decode_header(value) == text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"Subject: \xff\xfe\r\n\r\n\xff",
        b"Content-Type: text/html; charset=rot13\r\n\r\n<b>\xff",
        b"Content-Type: text/plain; charset=\x00\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Transfer-Encoding: base64\r\n\r\nA",
        b"Content-Type: message/rfc822\r\n\r\nSubject: \xe9\r\n\r\n\xe9",
        b"Content-Disposition: attachment; filename*=nonsense''%ff%fe\r\n\r\n",
        b"Content-Type: \xe9\xe9\r\nContent-ID: \xe9\r\n\r\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)),
    ],
)
def test_malformed(raw: bytes) -> None:
    parts = content(raw)
    "".join((parts.text, parts.html, *(value for _name, value in parts.headers))).encode()
    summary(raw)
    find_links(parts.html, parts.text)


def test_random_damage() -> None:
    """No message of a few thousand damaged ones raises; the seed makes a failure repeatable."""
    message = email.message.EmailMessage()
    message["Subject"] = "Grüße"
    message["Content-Language"] = "de"
    message.set_content("plain ü")
    message.add_alternative("<a href='x'>rich</a>", subtype="html")
    message.add_attachment(b"\x00" * 40, maintype="image", subtype="png", filename="ü.png", cid="<a@b>")
    whole = message.as_bytes()
    chance = random.Random(19)
    for _round in range(1500):
        damaged = bytearray(whole)
        for _hit in range(chance.randint(1, 12)):
            at = chance.randrange(len(damaged))
            damaged[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        parts = content(bytes(damaged))
        summary(bytes(damaged))
        find_links(parts.html, parts.text)


def test_links() -> None:
    html = '<a href="http://a/?x=1&amp;y=2">One <b>two</b></a><a href="javascript:x()">bad</a><a name="n">no</a>'
    links = find_links(html, "see https://b/c, or http://a/?x=1&y=2")
    assert links[:2] == [Link("http://a/?x=1&y=2", "One two"), Link("javascript:x()", "bad")]
    assert [link.href for link in links[2:]] == ["https://b/c,"]
    assert [link.is_web for link in links] == [True, False, True]


def test_links_of_broken_markup() -> None:
    find_links("<![x <a href='http://a'>", "")


@pytest.mark.parametrize(
    ("value", "post", "url"),
    [
        ("<mailto:o@a>, <https://a/u?t=1>", "List-Unsubscribe=One-Click", "https://a/u?t=1"),
        ("<https://a/u>", "", ""),
        ("<mailto:o@a>", "List-Unsubscribe=One-Click", ""),
        ("https://a/u", "List-Unsubscribe=One-Click", ""),
    ],
)
def test_one_click_url(value: str, post: str, url: str) -> None:
    assert one_click_url(value, post) == url
