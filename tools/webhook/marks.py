"""Headers that have a service repeat our name of a mail in every event about it, where it wouldn't do so by itself.

SES and Mailgun give the Message-ID of a mail, or its envelope sender. SendGrid leaves the Message-ID out of reports of
spam and opt-outs, Brevo and Postmark replace it by their own; Postmark keeps it for the recipient if asked to.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import brevo, postmark, sendgrid

# Stands where the token goes.
PLACE = "%s"
_MARKS = {
    "sendgrid": f'X-SMTPAPI: {{"unique_args":{{"{sendgrid.ARGUMENT}":"{PLACE}"}}}}\r\n',
    "postmark": f"X-PM-Metadata-{postmark.METADATA}: {PLACE}\r\nX-PM-KeepID: true\r\n",
    "brevo": f"X-Mailin-custom: {brevo.CUSTOM}{PLACE}\r\n",
}


def marks(services: Iterable[str]) -> str:
    """Give the lines of a header for mail that leaves by these services, with `PLACE` where the token goes."""
    return "".join(_MARKS.get(service, "") for service in services)
