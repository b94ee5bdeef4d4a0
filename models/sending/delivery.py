"""One worker sending one mass email by one provider: claim, personalise, hand over, write down."""

import time
from collections import Counter
from datetime import datetime, timezone

from odoo.tools import SQL

from . import verdict
from .connecting import ConnectingError
from .line import WINDOW
from .outgoing import Outgoing
from .personaliser import Personaliser
from .stock import Stock, StockError

# What is marked and written down in one transaction: a few dozen, or what takes half a second.
LARGEST_GROUP = 64
GROUP_SECONDS = 0.5
# The first group of a run is judged alone, before more are given to a server that may have something against the sender.
FIRST_GROUP = 8
JUDGE_SECONDS = 5.0
# A limit that lets go on within so many seconds is waited for; else others have their turn.
SHORT_WAIT = 1.0
PROGRESS_SECONDS = 1.0
# A rate is worth remembering when so many mails stand behind it.
RATE_MAILS = 200
SERVICE_CLOSING = 421  # RFC 5321 section 3.8: whatever it answers, it is about the server


class DeliveryError(Exception):
    """This mass email can't go on; `pause` when only a person can mend it."""

    def __init__(self, explanation, pause=False):
        super().__init__(explanation)
        self.explanation = explanation
        self.pause = pause


class ProviderError(DeliveryError):
    """Nothing can go out by this provider at the moment, of whatever mass email."""


class SenderError(DeliveryError):
    """This provider takes nothing from the sender of this mass email; `pause` when it never will."""


class Delivery:
    """Sends `mailing` (as superuser) as `worker` over `line`."""

    def __init__(self, mailing, worker, line):
        self._mailing = mailing
        self._worker = worker
        self._line = line
        self._recipients = mailing.env["email.campaign.recipient"]
        self.outgoing = Outgoing(mailing, line.provider)
        personaliser = Personaliser(mailing, self.outgoing, mailing.frozen_content)
        self._stock = Stock(mailing, worker, personaliser, mailing._portion_size())
        self._handed = {}  # id → mail: handed over, and what became of it is not written down
        self._outcomes = []  # known, and not written down
        self._judged = False
        self._window = FIRST_GROUP
        self._fruit = 0  # accepted since the line was opened
        self._notified = 0.0

    @property
    def provider(self):
        return self._line.provider

    def run(self, until):
        """Send until `until` (of the monotonic clock), or until nothing can be sent at the moment.

        :return: (number of recipients dealt with, the moment when a limit lets it go on, or None)
        :raises DeliveryError: when nothing can be sent
        """
        self._check_launcher()
        if not self._mailing._committed(self._begin):
            self.give_back()
            return 0, None
        self._error = self._again_at = None
        self._stopping = False
        self._not_before = 0.0
        self._accepted = self._dealt = 0
        self._fruit = 1
        started = time.monotonic()
        while True:
            self._stopping = self._stopping or time.monotonic() >= until
            group = self._next_group()
            if group or self._outcomes or self._stock.has_skipped:
                self._exchange(group)
            if self._line.lanes.pending:
                if not self._line.width:
                    self._widen()  # all were used up while mails wait for one
                self._collect()
            elif self._stopping or not (group or len(self._stock)):
                break
            else:
                time.sleep(max(0.0, self._not_before - time.monotonic()))
        if time.monotonic() < until:
            self.give_back()  # somebody or something keeps it from going on
        self._conclude(time.monotonic() - started)
        if self._error:
            raise self._error
        return self._dealt, self._again_at

    def give_back(self):
        """Put back into the queue what was claimed and not handed over."""
        if len(self._stock) or self._stock.has_skipped:
            self._mailing._committed(self._stock.give_back)
            self._stock.clear()

    def settle(self, env):
        """Write down by `env` what became of what was handed over, when the own connection to the database is lost.

        Waits for what the server has not answered yet.
        """
        lanes = self._line.lanes
        while lanes.pending:
            self._outcomes += lanes.collect(lanes.pending, 1.0)
        if self._outcomes:
            mailing = self._mailing.with_env(env)
            env["email.campaign.recipient"]._hold(mailing)
            self._flush(mailing, self._outcomes, [])

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

    def _begin(self):
        """Mark the mailing as being sent; give whether it still may be."""
        cr = self._mailing.env.cr
        # When several workers begin at once all but one meet a conflict here and try again: no error worth a log line.
        cr.execute(
            SQL(
                """
                UPDATE email_campaign_mailing
                   SET state = 'sending', trouble = NULL, trouble_count = 0, next_try_at = NULL
                 WHERE id = %s AND (state = 'queued' OR state = 'sending' AND next_try_at IS NOT NULL)
                """,
                self._mailing.id,
            ),
            log_exceptions=False,
        )
        self._mailing.invalidate_recordset()
        return self._mailing.state == "sending"

    def _next_group(self):
        """Give the mails to hand over next, none when there is no room, no connection or nothing to send."""
        lanes = self._line.lanes
        if self._stopping or time.monotonic() < self._not_before:
            return []
        if not lanes.pending and not self._outcomes and not self._has_connection():
            return []
        # While the first ones are judged nothing follows them.
        room = min(self._window, LARGEST_GROUP, self._window - lanes.pending - len(self._outcomes))
        if room <= 0 or (not self._judged and self._handed):
            return []
        if not len(self._stock):
            self._refill()
        if self._stopping:
            return []
        group = self._stock.take(room)
        if group and not self._widen():
            self._stock.put_back(group)
            return []
        return group

    def _refill(self):
        held = self.provider._held_domains()
        try:
            taken = self._stock.refill(held)
        except StockError as error:
            self._stop(DeliveryError(error.explanation, pause=True))
            return
        # The rest of what was taken up is dealt with: it may not be mailed any more.
        self._dealt += taken - len(self._stock)
        if held and not taken:
            self._mailing._committed(lambda: self.provider._trigger_send(self.provider._held_until()))

    def _has_connection(self):
        """Say whether the line is fit to be used; else it is opened anew, unless that would go on for ever."""
        lanes = self._line.lanes
        if self._line.width:
            return True
        if lanes.last_trouble and not self._fruit:
            self._stop(self._hung_up(lanes.last_trouble))
            return False
        return True

    def _hung_up(self, reason):
        return ProviderError(
            self._mailing.env._(
                "The mail server %(server)s closed the connection: %(reason)s",
                server=self.outgoing.server_name,
                reason=reason,
            )
        )

    def _widen(self):
        """Open another connection where one is missing; give whether there is any."""
        if not self._line.width:
            self._fruit = 0
        try:
            self._line.widen(self.outgoing)
        except ConnectingError as error:
            self._stop(ProviderError(error.explanation))
            return False
        return True

    def _stop(self, error):
        """Hand over nothing more; `error` is raised once it is known what became of what is under way."""
        self._error = self._error or error
        self._stopping = True

    def _exchange(self, group):
        """Write down the outcomes that are known and mark `group` as handed over, in one transaction; then send it."""
        outcomes = self._outcomes
        blamed = self._judge(outcomes)
        if self._stopping:
            self._stock.put_back(group)
            group = []
        skipped = self._stock.take_skipped()
        self._dealt += len(outcomes) + len(skipped)
        granted, late, again_at, handed = self._mailing._committed(
            lambda: self._transact(outcomes, blamed, skipped, group)
        )
        self._outcomes = []
        for outcome in outcomes:
            del self._handed[outcome.key]
        self._stock.put_back([mail for mail in group if mail.key not in handed and mail.key not in late])
        leaving = [mail for mail in group if mail.key in handed]
        self._handed.update((mail.key, mail) for mail in leaving)
        self._line.lanes.put(leaving)
        if granted and not handed:
            self._stopping = True  # paused or cancelled
        elif len(granted) + len(late) < len(group):
            self._wait_for_limit(again_at)

    def _transact(self, outcomes, blamed, skipped, group):
        """Give (ids that limits let go, ids that a slow domain holds back, when more may go, ids marked as handed)."""
        mailing, provider = self._mailing, self.provider
        self._recipients._hold(mailing)
        if outcomes:
            self._flush(mailing, outcomes, blamed)
        self._recipients._skip(self._worker, skipped)
        self._notify()
        if not group:
            return set(), set(), None, set()
        domains = [_domain(mail) for mail in group]
        allowance = provider._allowance(len(group), Counter(domains))
        granted, late, of_domain = [], [], dict(allowance.domains)
        for mail, domain in zip(group, domains, strict=True):
            if of_domain.get(domain, 1) <= 0:
                late.append(mail.key)
            elif len(granted) < allowance.total:
                granted.append(mail.key)
                if domain in of_domain:
                    of_domain[domain] -= 1
        self._recipients._defer(self._worker, late, allowance.again_at)
        handed = self._recipients._hand(mailing, self._worker, granted)
        if len(handed) < len(granted):
            unused = [_domain(mail) for mail in group if mail.key in granted and mail.key not in handed]
            provider._give_back(len(unused), Counter(unused))
        return set(granted), set(late), allowance.again_at, handed

    def _wait_for_limit(self, again_at):
        """Wait a little for a limit, or stop until it lets go on."""
        seconds = (again_at - datetime.now(timezone.utc).replace(tzinfo=None)).total_seconds() if again_at else 0.0
        if seconds <= SHORT_WAIT:
            self._not_before = time.monotonic() + max(0.02, seconds)
        else:
            self._again_at = again_at
            self._stopping = True

    def _collect(self):
        """Wait until it is worth a transaction, or until it is time to write down what is known."""
        lanes = self._line.lanes
        pending = lanes.pending
        started = time.monotonic()
        if not self._judged:
            self._outcomes = lanes.collect(pending, JUDGE_SECONDS)
        else:
            enough = pending if self._stopping else min(pending, max(1, self._window // 2))
            self._outcomes = lanes.collect(enough, GROUP_SECONDS)
        rate = len(self._outcomes) / max(time.monotonic() - started, 0.001)
        self._window = int(max(2, 2 * self._line.width, min(WINDOW, rate * GROUP_SECONDS)))

    def _judge(self, outcomes):
        """Give those `outcomes` that are about the sender; then nothing more is handed over."""
        accepted = sum(outcome.result == "accepted" for outcome in outcomes)
        self._accepted += accepted
        self._fruit += accepted
        first = not self._judged
        if outcomes and len(outcomes) == len(self._handed):
            self._judged = True
        addresses = {key: mail.normalized for key, mail in self._handed.items()}
        whole = first and len(outcomes) == len(self._handed) and not len(self._stock)
        blamed = verdict.sender_refusals(outcomes, addresses, whole, self._is_proven)
        if blamed:
            self._stop(self._sender_refused(blamed[0]))
        return blamed

    def _is_proven(self):
        """Say whether a server has taken something of this mass email already."""
        sent = [("mailing_id", "=", self._mailing.id), ("state", "=", "sent")]
        return bool(self._recipients.search_count(sent, limit=1))

    def _sender_refused(self, outcome):
        names = {
            "server": self.outgoing.server_name,
            "sender": self.outgoing.return_path("…"),
            "code": outcome.code,
            "answer": outcome.text,
        }
        env = self._mailing.env
        if outcome.code == SERVICE_CLOSING:
            return self._hung_up(verdict.reply(outcome))
        if outcome.result == "transient":
            return SenderError(
                env._("The mail server %(server)s takes nothing from %(sender)s for now: %(code)s %(answer)s", **names)
            )
        return SenderError(
            env._(
                "The mail server %(server)s refuses mail from %(sender)s: %(code)s %(answer)s. Change the sender, or "
                "let the server allow it, and resume.",
                **names,
            ),
            pause=True,
        )

    def _flush(self, mailing, outcomes, blamed):
        """Write down `outcomes` with the log and what they tell about addresses, domains and the provider."""
        rows, bounces, sent, slowed = [], [], [], {}
        blamed = {outcome.key for outcome in blamed}
        for outcome in outcomes:
            email = self._handed[outcome.key].normalized
            reply = verdict.reply(outcome)
            if outcome.result == "accepted":
                sent.append(email)
                rows.append((outcome.key, "sent", outcome.code, reply, None))
                continue
            # What is about the sender asks nothing about this recipient, who can be written to later.
            state = "queued" if outcome.key in blamed else verdict.state(outcome)
            kind = verdict.bounce_kind(outcome) if state == "failed" else None
            if state == "retry" and outcome.result == "transient":
                slowed[email.rpartition("@")[2]] = (outcome.code, reply)
            if kind:
                bounces.append({"email": email, "kind": kind, "status": outcome.enhanced, "reason": reply})
            rows.append((outcome.key, state, outcome.code, reply, kind))
        env = mailing.env
        env["email.campaign.recipient"]._flush_outcomes(mailing, self._worker, rows)
        provider = self.provider.with_env(env)
        if sent:
            env["email.address"]._note_sent(sent)
            provider._note_domain_success(Counter(email.rpartition("@")[2] for email in sent))
        if bounces:
            env["email.address"]._note_bounces(bounces)
        if slowed:
            provider._note_domain_trouble(slowed)

    def _notify(self):
        """Tell those who look at it how far it is."""
        now = time.monotonic()
        if now - self._notified >= PROGRESS_SECONDS:
            self._notified = now
            self._mailing._notify_progress(self.provider.measured_rate or None)

    def _conclude(self, seconds):
        """Write down that it goes well, and how fast."""
        if not self._accepted:
            return
        rate = self._accepted / max(seconds, 0.001) if self._accepted >= RATE_MAILS else None

        def note():
            self.provider._note_going()
            self._mailing._note_going()
            if rate:
                self.provider._note_rate(rate)

        self._mailing._committed(note)


def _domain(mail):
    return mail.normalized.rpartition("@")[2]
