"""What services that send email tell about it by webhook: checked, and brought to one form.

`SERVICES` has (check, read) of each by its name: `check(call, data, keys)` raises `Refused` for what is not theirs,
`read(data)` gives what it tells, `data` being what `parse` makes of the body.
"""

from collections.abc import Callable

from . import brevo, mailgun, postmark, sendgrid, ses, sns
from .body import MOST_EVENTS, MOST_OCTETS, parse
from .fetch import fetch
from .marks import marks
from .proof import Call, Keys, Refusal, Refused
from .told import IGNORED, Told, to_verdict

Service = tuple[Callable[[Call, object, Keys], None], Callable[[object], list[Told]]]

SERVICES: dict[str, Service] = {
    "ses": (sns.check, ses.read),
    "sendgrid": (sendgrid.check, sendgrid.read),
    "mailgun": (mailgun.check, mailgun.read),
    "postmark": (postmark.check, postmark.read),
    "brevo": (brevo.check, brevo.read),
}

__all__ = [
    "IGNORED",
    "MOST_EVENTS",
    "MOST_OCTETS",
    "SERVICES",
    "Call",
    "Keys",
    "Refusal",
    "Refused",
    "Told",
    "fetch",
    "marks",
    "parse",
    "sns",
    "to_verdict",
]
