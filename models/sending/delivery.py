"""One worker sending one mass email: claim, personalise, send, flush."""

import time

from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import address, bounce
from .outgoing import Outgoing, OutgoingError
from .personaliser import Personaliser

BATCH = 500
# A group is what may be in doubt after a crash, and what still goes out after a pause: a few dozen or half a second.
LARGEST_GROUP = 64
GROUP_SECONDS = 0.5
STATES = {
    "accepted": "sent",
    "transient": "retry",
    "permanent": "failed",
    "unsent": "queued",
    "unknown": "in_doubt",
}
# Refusals for which the address itself is to blame: they count as bounces. The others are the sender's business.
SOFT_REASONS = {"mailbox_full", "network", "expired"}


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
        self._connect()
        if not self._mailing._committed(self._begin):
            return 0
        rows, taken = self._mailing._committed(lambda: self._recipients._claim(self._mailing, self._worker, BATCH))
        self._claimed = [row["id"] for row in rows]
        mails = self._personalise(rows)
        accepted = self._send(mails)
        self._mailing._committed(self.give_back)
        self._mailing.env.invalidate_all(flush=False)  # bounded memory, whatever the number of batches
        if not self._lane.is_open and not accepted:
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
        self._recipients._release(self._worker, self._claimed)
        self._claimed = []

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

    def _send(self, mails):
        """Send `mails` group by group; give how many were accepted."""
        accepted = 0
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
            self._mailing._committed(lambda o=outcomes, a=addresses: self._flush(o, a))
            accepted += sum(outcome.result == "accepted" for outcome in outcomes)
            if refused := next(filter(_refuses_sender, outcomes), None):
                raise DeliveryError(self._sender_refused(refused), pause=True)
        return accepted

    def _sender_refused(self, outcome):
        return self._mailing.env._(
            "The mail server %(server)s refuses mail from %(sender)s: %(code)s %(answer)s. Change the sender, or let "
            "the server allow it, and resume.",
            server=self._outgoing.server_name,
            sender=self._outgoing.return_path("…"),
            code=outcome.code,
            answer=outcome.text,
        )

    def _adapt(self, number, seconds):
        rate = number / max(seconds, 0.001)
        self._group_size = max(1, min(LARGEST_GROUP, int(rate * GROUP_SECONDS)))

    def _flush(self, outcomes, addresses):
        rows, bounces, sent = [], [], []
        for outcome in outcomes:
            state, kind = STATES[outcome.result], None
            reply = " ".join(filter(None, (outcome.enhanced, outcome.text)))
            if state == "sent":
                sent.append(addresses[outcome.key])
            elif state == "failed" and outcome.stage in ("RCPT", "end of data"):
                _permanent, reason = bounce.classify(outcome.code, outcome.enhanced or None, outcome.text)
                kind = "hard" if reason == "dead_address" else "soft" if reason in SOFT_REASONS else None
            elif _refuses_sender(outcome):
                state = "queued"  # nothing was asked about this recipient yet
            elif outcome.result == "unsent" and outcome.stage != "connection":
                # It was under way when the line broke. It counts as a try, so that none breaks it for ever.
                state = "retry"
            if kind:
                bounces.append(
                    {
                        "email": addresses[outcome.key],
                        "kind": kind,
                        "status": outcome.enhanced,
                        "reason": reply,
                    }
                )
            if state != "sent":
                self._last_text = reply
            rows.append({"id": outcome.key, "state": state, "code": outcome.code, "reply": reply, "bounce": kind})
        self._recipients._flush_outcomes(self._worker, rows)
        self._mailing.env["email.address"]._note_sent(sent)
        self._mailing.env["email.address"]._note_bounces(bounces)

    def _personalise(self, rows):
        """Give the mails for claimed rows; those that can't be made are skipped with the reason."""
        mailing = self._mailing
        try:
            wanted = self._personaliser.wanted(rows)
        except UserError as error:
            raise DeliveryError(str(error.args[0]), pause=True) from error
        merged = mailing.env["email.merge"]._values(mailing.launched_by_id, mailing.company_id, rows, wanted)
        mails, skipped = [], {}
        for row in rows:
            if row["id"] not in merged:
                skipped[row["id"]] = "no_access"
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


def _refuses_sender(outcome):
    """Say whether an answer is about who sends, or about the message as a whole: it would be the same for everybody."""
    return outcome.result == "permanent" and outcome.stage == "MAIL"
