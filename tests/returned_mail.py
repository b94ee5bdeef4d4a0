"""What the samples of reports in prose have in common; each is of one family, written anew in its form.

Rows are (family, fields of the header, text, {address: (kind, permanent, reason)}); the text goes on with what came
back unless it ends in a line of its own with three dots.
"""

from textwrap import dedent

SENT = """\
Received: from crm.test by mx.relay.test; Mon, 2 Nov 2026 10:00:00 +0100
Message-ID: <77.abc@crm.test>
From: Shop <shop@crm.test>
To: %s
Subject: Your mailbox is full? Unknown user?
Date: Mon, 2 Nov 2026 10:00:00 +0100

Hello, <nobody@else.test>: user unknown
"""

DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.relay.test>"
POSTMASTER = "From: postmaster@relay.test"
HARD = ("hard", True, "dead_address")


def soft(reason, permanent=True):
    return "soft", permanent, reason


ANN, BOB = "ann@x.test", "bob@y.test"


def returned(fields, text, to=ANN):
    """Build a message; what came back follows the text, unless this ends in a line with three dots."""
    text = dedent(text).strip("\n")
    text = text[:-4] if text.endswith("\n...") else f"{text}\n\n{SENT % to}"
    if "Content-Type:" not in fields:
        fields += "\nContent-Type: text/plain; charset=utf-8"
    head = f"{fields}\nTo: shop@crm.test\nMIME-Version: 1.0\n\n"
    return (head.encode() + text.encode("iso-2022-jp" if "iso-2022-jp" in fields else "utf-8")).replace(b"\n", b"\r\n")
