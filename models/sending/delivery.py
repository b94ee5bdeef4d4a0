"""One worker sending one mass email: claim, personalise, send, flush."""

import logging
import time

import psycopg2

from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import address
from . import verdict
from .outgoing import Outgoing, OutgoingError
from .personaliser import Personaliser

_logger = logging.getLogger(__name__)

BATCH = 500
# A group is what may be in doubt after a crash, and what still goes out after a pause: a few dozen or half a second.
LARGEST_GROUP = 64
GROUP_SECONDS = 0.5


class DeliveryError(Exception):
    """This mass email can't go on; `pause` when only a person can mend it."""

    def __init__(self, explanation, pause=False):
        super().__init__(explanation)
        self.explanation = explanation
        self.pause = pause


class Delivery:
    """Sends `mailing` (as superuser) as `worker`; keeps its connection and compiled content from batch to batch."""

    def __init__(self, mailing, worker):
        self._mailing = mailing
        self._worker = worker
        self._recipients = mailing.env["email.campaign.recipient"]
        self._outgoing = Outgoing(mailing)
        self._personaliser = Personaliser(mailing, self._outgoing, mailing.frozen_content)
        self._lane = None
        self._claimed = []
        self._group_size = 8

    def step(self):
        """Send one batch; give the number of recipients dealt with.

        :raises DeliveryError: when nothing can be sent
        """
        self._check_launcher()
        self._connect()
        if not self._mailing._committed(self._begin):
            return 0
        rows, taken = self._mailing._committed(lambda: self._recipients._claim(self._mailing, self._worker, BATCH))
        self._claimed = [row["id"] for row in rows]
        mails = self._personalise(rows)
        accepted = self._send(mails)
        self._mailing._committed(self.give_back)
        self._mailing.env.invalidate_all(flush=False)  # bounded memory, whatever the number of batches
        if accepted:
            self._mailing._committed(self._going_again)
        elif not self._lane.is_open and not self._lane.is_spent:
            raise DeliveryError(
                self._mailing.env._(
                    "The mail server %(server)s closed the connection: %(reason)s",
                    server=self._outgoing.server_name,
                    reason=self._last_text,
                )
            )
        return taken

    def close(self):
        """Close the connection."""
        if self._lane:
            self._lane.close()
            self._lane = None

    def give_back(self):
        """Put back into the queue what was claimed and not tried."""
        self._recipients._release(self._mailing, self._worker, self._claimed)
        self._claimed = []

    def _check_launcher(self):
        """Merge values are read with the rights of who launched it; never with those of nobody, which are all."""
        mailing = self._mailing
        user = mailing.launched_by_id
        if not user:
            reason = mailing.env._(
                "The user who launched it is gone, and with whose rights the merge values could be read is not known. "
                "Duplicate it and launch it anew for those who are left."
            )
        elif not user._is_superuser() and mailing.company_id and mailing.company_id not in user.company_ids:
            reason = mailing.env._(
                "%(user)s, who launched it, is not allowed in the company %(company)s any more. Allow them there and "
                "resume, or duplicate it and launch it anew for those who are left.",
                user=user.name,
                company=mailing.company_id.name,
            )
        else:
            return
        raise DeliveryError(reason, pause=True)

    def _connect(self):
        if self._lane and self._lane.is_open:
            return
        self.close()
        try:
            self._lane = self._outgoing.connect()
        except OutgoingError as error:
            raise DeliveryError(error.explanation) from error
        self._last_text = ""

    def _begin(self):
        """Mark the mailing as being sent; give whether it still may be."""
        cr = self._mailing.env.cr
        # When several workers begin at once all but one meet a conflict here and try again: no error worth a log line.
        cr.execute(
            SQL(
                """
                UPDATE email_campaign_mailing
                   SET state = 'sending', trouble = NULL, trouble_count = 0, next_try_at = NULL
                 WHERE id = %s AND state = 'queued'
                """,
                self._mailing.id,
            ),
            log_exceptions=False,
        )
        self._mailing.invalidate_recordset()
        return self._mailing.state == "sending"

    def _going_again(self):
        """Something was taken: what the form said of trouble is over."""
        self._mailing.env.cr.execute(
            SQL(
                """
                UPDATE email_campaign_mailing SET trouble = NULL, trouble_count = 0, next_try_at = NULL
                 WHERE id = %s AND state = 'sending' AND trouble IS NOT NULL
                """,
                self._mailing.id,
            ),
            log_exceptions=False,
        )
        self._mailing.invalidate_recordset()

    def _send(self, mails):
        """Send `mails` group by group; give how many were accepted."""
        accepted = 0
        whole_batch = True
        while mails:
            if self._lane.is_spent:
                self._connect()
            size = min(self._group_size, self._lane.left)
            if not size:
                break
            group, mails = mails[:size], mails[size:]
            ids = [mail.key for mail in group]
            handed = self._mailing._committed(lambda ids=ids: self._recipients._hand(self._mailing, self._worker, ids))
            if not handed:
                break
            started = time.monotonic()
            outcomes = list(self._lane.send_all(mail for mail in group if mail.key in handed))
            self._adapt(len(outcomes), time.monotonic() - started)
            addresses = {mail.key: mail.normalized for mail in group}
            blamed = verdict.sender_refusals(outcomes, addresses, whole_batch and not mails, self._is_proven)
            whole_batch = False
            self._mailing._committed(lambda o=outcomes, a=addresses, b=blamed: self._flush(o, a, b))
            accepted += sum(outcome.result == "accepted" for outcome in outcomes)
            if blamed:
                raise self._sender_refused(blamed[0])
        return accepted

    def _is_proven(self):
        """Say whether the server has taken something of this mass email already."""
        sent = [("mailing_id", "=", self._mailing.id), ("state", "=", "sent")]
        return bool(self._recipients.search_count(sent, limit=1))

    def _sender_refused(self, outcome):
        names = {
            "server": self._outgoing.server_name,
            "sender": self._outgoing.return_path("…"),
            "code": outcome.code,
            "answer": outcome.text,
        }
        env = self._mailing.env
        if outcome.result == "transient":
            return DeliveryError(
                env._("The mail server %(server)s takes nothing from %(sender)s for now: %(code)s %(answer)s", **names)
            )
        return DeliveryError(
            env._(
                "The mail server %(server)s refuses mail from %(sender)s: %(code)s %(answer)s. Change the sender, or "
                "let the server allow it, and resume.",
                **names,
            ),
            pause=True,
        )

    def _adapt(self, number, seconds):
        rate = number / max(seconds, 0.001)
        self._group_size = max(1, min(LARGEST_GROUP, int(rate * GROUP_SECONDS)))

    def _flush(self, outcomes, addresses, blamed=()):
        rows, bounces, sent = [], [], []
        blamed = {outcome.key for outcome in blamed}
        for outcome in outcomes:
            # What is about the sender asks nothing about this recipient, who can be written to later.
            state = "queued" if outcome.key in blamed else verdict.state(outcome)
            kind = verdict.bounce_kind(outcome) if state == "failed" else None
            reply = verdict.reply(outcome)
            if state == "sent":
                sent.append(addresses[outcome.key])
            else:
                self._last_text = reply
            if kind:
                bounces.append(
                    {
                        "email": addresses[outcome.key],
                        "kind": kind,
                        "status": outcome.enhanced,
                        "reason": reply,
                    }
                )
            rows.append({"id": outcome.key, "state": state, "code": outcome.code, "reply": reply, "bounce": kind})
        self._recipients._flush_outcomes(self._mailing, self._worker, rows)
        self._mailing.env["email.address"]._note_sent(sent)
        self._mailing.env["email.address"]._note_bounces(bounces)

    def _personalise(self, rows):
        """Give the mails for claimed rows; those that can't be made are skipped with the reason."""
        mailing = self._mailing
        try:
            wanted = self._personaliser.wanted(rows)
        except UserError as error:
            raise DeliveryError(str(error.args[0]), pause=True) from error
        failed = []
        merged = self._merge_values(rows, wanted, failed)
        mails, skipped = [], dict.fromkeys(failed, "merge_failed")
        for row in rows:
            if row["id"] not in merged:
                skipped.setdefault(row["id"], "no_access")
                continue
            try:
                mails.append(self._personaliser.mail(row, merged[row["id"]]))
            except address.AddressError:
                skipped[row["id"]] = "bad_address"
        if skipped:
            gone = self._gone([row for row in rows if skipped.get(row["id"]) == "no_access"])
            skipped.update(dict.fromkeys(gone, "record_gone"))
            mailing._committed(lambda: self._recipients._skip(self._worker, skipped))
        return mails

    def _merge_values(self, rows, wanted, failed):
        """Read the merge values of `rows`; ids of rows whose values can't be read are added to `failed`.

        One record whose field can't be computed must not keep the others from their email, so the batch is halved
        until it is alone.
        """
        mailing = self._mailing
        try:
            with mailing.env.cr.savepoint():
                return mailing.env["email.merge"]._values(mailing.launched_by_id, mailing.company_id, rows, wanted)
        except (psycopg2.OperationalError, psycopg2.InterfaceError, MemoryError):
            raise  # the database's trouble or the process's, not a record's
        except Exception:
            if len(rows) == 1:
                _logger.warning(
                    "mass email %s: can't read the merge values of recipient %s",
                    mailing.id,
                    rows[0]["id"],
                    exc_info=not failed,  # most often the others fail for the same reason
                )
                failed.append(rows[0]["id"])
                return {}
        half = len(rows) // 2
        return {
            **self._merge_values(rows[:half], wanted, failed),
            **self._merge_values(rows[half:], wanted, failed),
        }

    def _gone(self, rows):
        """Give the ids of those `rows` whose record was deleted."""
        by_model = {}
        for row in rows:
            by_model.setdefault(row["res_model"], []).append(row["res_id"])
        living = {
            (model, record_id)
            for model, ids in by_model.items()
            for record_id in self._mailing.env[model].browse(ids).exists().ids
        }
        return [row["id"] for row in rows if (row["res_model"], row["res_id"]) not in living]
