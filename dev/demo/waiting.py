"""Waiting for a campaign, with a bar, and never for ever."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import Problem
from ..progress import Step
from .client import ODOO_LOG, Client, Refused
from .mailboxes import SANDBOX_LOG, Mailboxes

STANDSTILL = 90.0  # seconds without any change after which something is wrong
LOOK_EVERY = 0.3  # seconds
MOVING = (
    "queued",
    "claimed",
    "handed",
)  # a refused one waits minutes for its next try: nobody waits for that
FIGURES = ("state", "trouble", "recipient_count", "remaining_count", "sent_count", "failed_count")


def wait(title: str, look: Callable[[], tuple[bool, float, str]], missing: str, log: Path) -> None:
    """Until `look` gives (True, …); it gives (whether it is over, the fraction done, a few words).

    :raises Problem: when nothing has changed for STANDSTILL seconds; `missing` says what did not happen
    """
    with Step(title) as step:
        last, since = None, time.monotonic()
        while True:
            seen = over, fraction, words = look()
            if over:
                return
            step.update(fraction, words)
            if seen != last:
                last, since = seen, time.monotonic()
            elif time.monotonic() - since > STANDSTILL:
                raise Problem(
                    f"{title}: {missing} for {STANDSTILL:.0f} s (last seen: {words}). "
                    f"Why, is in the log {log}. Run the same command again: it carries on."
                )
            time.sleep(LOOK_EVERY)


def sent(odoo: Client, mailboxes: Mailboxes, mailing_id: int, title: str) -> None:
    """Until the sending job is done with everyone but those whose next try is minutes away."""
    moving = [("mailing_id", "=", mailing_id), ("state", "in", MOVING)]

    def look() -> tuple[bool, float, str]:
        mailboxes.stats()  # complains at once when nobody is there to send to
        mailing = odoo.read("email.campaign.mailing", mailing_id, FIGURES)
        if mailing["state"] in ("paused", "cancelled", "draft"):
            why = f": {mailing['trouble']}" if mailing["trouble"] else ", by somebody"
            raise Problem(
                f"The mass email is {mailing['state']}{why}. It can be looked at and resumed at "
                f"{odoo.form_url('mass-emails', mailing_id)} while `make run` is running."
            )
        total = mailing["recipient_count"]
        done = total - mailing["remaining_count"]
        words = mailing["trouble"] or f"{done:,} of {total:,}"
        over = mailing["state"] == "done" or not odoo.count("email.campaign.recipient", moving)
        return over, done / total if total else 0.0, words

    wait(title, look, "not all was sent, and nothing more has left", ODOO_LOG)


def answered(mailboxes: Mailboxes, subject: str) -> None:
    """Until the sandbox has handed every bounce, complaint and reply to Odoo's mail gateway."""

    def look() -> tuple[bool, float, str]:
        due = [message for message in mailboxes.messages(subject) if message["answer"]]
        failed = [message for message in due if message["answer_state"] == "failed"]
        if failed:
            raise Problem(
                f"Odoo's mail gateway did not take what came back from {failed[0]['rcpt_to']} "
                f"({failed[0]['answer_note']}). More is in the logs {ODOO_LOG} and {SANDBOX_LOG}."
            )
        pending = sum(message["answer_state"] == "pending" for message in due)
        done = len(due) - pending
        return not pending, done / len(due) if due else 1.0, f"{done} of {len(due)}"

    wait(
        "Waiting for the bounces",
        look,
        "not every bounce was delivered to Odoo, and no other was",
        SANDBOX_LOG,
    )


def leftovers(odoo: Client, mailboxes: Mailboxes) -> None:
    """Until what an interrupted run left in the queue is out, so that it is not counted with the new one."""
    recipients = "email.campaign.recipient"
    domain: list[Any] = [("state", "in", MOVING), ("mailing_id.state", "in", ("queued", "sending"))]
    # One that is planned for later is no leftover.
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    domain += ["|", ("mailing_id.scheduled_at", "=", False), ("mailing_id.scheduled_at", "<=", now)]
    begin = odoo.count(recipients, domain)
    if not begin:
        return
    for mailing_id in odoo.search("email.campaign.mailing", [("state", "in", ("queued", "sending"))]):
        # Left alone, Odoo looks for work a minute after its start, and later still where the server was away.
        with contextlib.suppress(Refused):  # done meanwhile
            odoo.call("email.campaign.mailing", "action_pause", [mailing_id])
            odoo.call("email.campaign.mailing", "action_resume", [mailing_id])

    def look() -> tuple[bool, float, str]:
        mailboxes.stats()
        left = odoo.count(recipients, domain)
        return not left, 1 - left / begin, f"{left:,} left"

    wait("Sending what an interrupted run left", look, "nothing more has left", ODOO_LOG)
