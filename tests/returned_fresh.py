"""What the fresh samples have in common: written from the documented formats alone, without a look at the rules.

Rows are (name, kind of the message, {address: (permanent, kind)}, message).
"""

from textwrap import dedent

ORIGINAL = """\
Return-Path: <bounce+0123456789abcdef0123@crm.test>
Received: from crm.test (crm.test [192.0.2.10]) by out.crm.test with ESMTP id 4TXY; Tue, 3 Nov 2026 09:00:00 +0000
Message-ID: <0f0e0d0c0b0a09080706@crm.test>
Date: Tue, 3 Nov 2026 09:00:00 +0000
From: Workshop <sales@crm.test>
To: {to}
Subject: Open house
List-Unsubscribe: <https://crm.test/email/u/abc>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Come and see us. If your mailbox is full, bring it along; unknown users are welcome.
"""
DEAD, GONE_SOFT, FOR_NOW = (True, "hard"), (True, "soft"), (False, "soft")


def clean(text):
    return dedent(text).strip("\n") + "\n"


def octets(text, charset="utf-8"):
    return text.encode(charset).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def plain(head, body, charset="utf-8", encoding="8bit"):
    """A message of one part, in words."""
    fields = f"MIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n"
    return octets(clean(head) + fields + "\n" + clean(body), charset)


def bare(head, body):
    """A message that knows nothing of MIME."""
    return octets(clean(head) + "\n" + clean(body))


def report(head, words, fields, to="ann@there.test", kind="delivery-status", returned="message/rfc822", status=""):
    """A multipart/report (RFC 6522); `fields` are its second part, as they are."""
    parts = [("text/plain; charset=utf-8", clean(words)), (status or f"message/{kind}", clean(fields))]
    if returned:
        original = ORIGINAL.format(to=to)
        parts.append((returned, original if returned.endswith("rfc822") else original.partition("\n\n")[0] + "\n"))
    body = "".join(f"--=_B0undary\nContent-Type: {name}\n\n{content}\n" for name, content in parts)
    mime = f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind};\n boundary="=_B0undary"\n'
    return octets(f"{clean(head)}{mime}\nThis is a MIME-encapsulated message.\n\n{body}--=_B0undary--\n")


def original(to="ann@there.test"):
    """The message that comes back, to be put below words."""
    return ORIGINAL.format(to=to)
