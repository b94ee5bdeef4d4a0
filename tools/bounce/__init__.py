"""What an incoming message says about mail that we sent: bounce, delay, complaint, automatic reply, or nothing.

`read` gives the verdict on a message, `classify` on the reply of a server during the sending.
"""

from .opened import opened
from .reader import octets, read, reference
from .reasons import classify
from .verdict import NOT_THE_ADDRESS, Failed, Kind, Reason, Verdict

__all__ = [
    "NOT_THE_ADDRESS",
    "Failed",
    "Kind",
    "Reason",
    "Verdict",
    "classify",
    "octets",
    "opened",
    "read",
    "reference",
]
