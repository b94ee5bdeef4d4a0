"""What the parts of the sandbox hand to each other."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Recipient:
    """One accepted RCPT, with what RFC 3461 lets the sender ask for.

    ``original`` is the ORCPT parameter (``rfc822;bob@example.com``) or empty; ``notify`` is false for
    ``NOTIFY=NEVER``.
    """

    address: str
    original: str = ""
    notify: bool = True


@dataclasses.dataclass(frozen=True)
class Message:
    """One accepted (message, recipient), without its bytes.

    ``received_at`` is in seconds since the epoch, ``size`` in octets, ``mail_from`` is empty for the null
    sender.

    ============  =========================================  ================================================
    answer_state  set by                                     what follows
    ============  =========================================  ================================================
    (empty)       nothing is to be answered                  nothing
    unsent        accepted while no gateway was configured   nothing; the page shows what would be sent
    pending       accepted, or a push that got no reply      the workers push it at ``answer_due``
    sent          a push that Odoo took                      nothing
    failed        a push Odoo refused, or too many tries     nothing; ``answer_note`` says why
    ============  =========================================  ================================================
    """

    id: int
    received_at: float
    mail_from: str
    rcpt_to: str
    subject: str
    from_header: str
    message_id: str
    size: int
    original_recipient: str
    envelope_id: str
    return_full: bool
    answer: str
    answer_state: str
    answer_attempts: int
    answer_note: str


@dataclasses.dataclass(frozen=True)
class Job:
    """An answer that is due: the message it answers, and that message's bytes."""

    message: Message
    raw: bytes
