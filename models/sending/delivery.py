"""One worker sending one mass email by one provider: claim, personalise, hand over, write down."""

import time
from datetime import datetime, timezone

from odoo.tools import SQL

from . import trouble
from .connecting import ConnectingError
from .flow import GROUP_SECONDS, LARGEST_GROUP, Flow
from .judge import Judge
from .ledger import Ledger
from .outgoing import Outgoing
from .personaliser import Personaliser
from .stock import Stock, StockError
from .trouble import DeliveryError, ProviderError

# Until one of the first group is taken nothing follows it: the server may have something against the sender.
FIRST_GROUP = 8
JUDGE_SECONDS = 5.0
FIRST_SECONDS = 0.01
# A limit that lets go on within so many seconds is waited for; else others have their turn.
SHORT_WAIT = 1.0
PROGRESS_SECONDS = 1.0
# How long a queue in which nothing waits is not looked at again while answers are waited for.
DRY_SECONDS = 0.5
# So many addresses are told at a time that they took a mail.
NOTED_MAILS = 500
# A rate is worth remembering when so many mails stand behind it.
RATE_MAILS = 200


class Delivery:
    """Sends `mailing` (as superuser) as `worker` over `line`."""

    def __init__(self, mailing, worker, line):
        self._mailing = mailing
        self._worker = worker
        self.line = line
        self.outgoing = Outgoing(mailing, line.provider)
        personaliser = Personaliser(mailing, self.outgoing, mailing.frozen_content)
        self._stock = Stock(mailing, worker, personaliser)
        self._ledger = Ledger(mailing, worker, line.provider)
        self._outcomes = []  # known, and not written down
        self._judge = Judge(mailing)
        self._flow = Flow(FIRST_GROUP, mailing._portion_size(), line.provider.measured_rate)
        self._fruit = 1  # accepted since the line was opened; the first opening is free
        self._notified = 0.0

    @property
    def provider(self):
        return self.line.provider

    def run(self, until):
        """Send until `until` (of the monotonic clock), or until nothing can be sent at the moment.

        :return: (number of recipients dealt with, the moment when a limit lets it go on, or None)
        :raises DeliveryError: when nothing can be sent
        """
        if reason := self._mailing._launcher_problem():
            raise DeliveryError(reason, pause=True)
        try:
            self._stock.begin()
        except StockError as error:
            raise DeliveryError(error.explanation, pause=True) from error
        if not self._mailing._committed(self._begin):
            self.give_back()
            return 0, None
        self._error = self._again_at = None
        self._stopping = self._is_dry = False
        self._not_before = self._dry_until = 0.0
        self._accepted = self._dealt = 0
        started = time.monotonic()
        self._flow.pause()
        # Who looks at the form is told after a moment: what is over by then needs no news on the way.
        self._notified = max(self._notified, started)
        while True:
            self._stopping = self._stopping or time.monotonic() >= until
            group = self._next_group()
            if group or self._outcomes or self._stock.has_skipped:
                self._exchange(group)
            if self.line.lanes.pending:
                if not self.line.width:
                    self._widen()  # all were used up while mails wait for one
                self._look_ahead()
                self._collect(bool(group))
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
        if self._stock.is_noted:
            self._mailing._committed(self._stock.give_back)
            self._stock.clear()

    def settle(self, env):
        """Write down by `env` what became of what was handed over, when the own connection to the database is lost.

        Waits for what the server has not answered yet.
        """
        lanes = self.line.lanes
        while lanes.pending:
            self._outcomes += lanes.collect(lanes.pending, 1.0)
        self._ledger.settle(env, self._outcomes)

    def _begin(self):
        """Mark the mailing as being sent; give whether it still may be."""
        cr = self._mailing.env.cr
        # When several workers begin at once all but one meet a conflict here and try again: no error worth a log line.
        cr.execute(
            SQL(
                """
                UPDATE email_campaign_mailing
                   SET state = 'sending', next_try_at = NULL,
                       -- What troubles one that is sending is over when something is taken.
                       trouble = CASE WHEN state = 'queued' THEN NULL ELSE trouble END,
                       trouble_count = CASE WHEN state = 'queued' THEN 0 ELSE trouble_count END
                 WHERE id = %s AND (state = 'queued' OR state = 'sending' AND next_try_at IS NOT NULL)
                """,
                self._mailing.id,
            ),
            log_exceptions=False,
        )
        return self._is_sending()

    def _is_sending(self):
        # Not by the record: all of its columns would be read for this one.
        rows = self._mailing.env.execute_query(
            SQL("SELECT state FROM email_campaign_mailing WHERE id = %s", self._mailing.id)
        )
        return rows == [("sending",)]

    def _next_group(self):
        """Give the mails to hand over next, none when there is no room, no connection or nothing to send."""
        lanes = self.line.lanes
        if self._stopping or time.monotonic() < self._not_before:
            return []
        # Outcomes take no room: they are written down in the transaction that marks this group.
        room = min(LARGEST_GROUP, self._flow.window - lanes.pending)
        # While the first ones are judged nothing follows them.
        if room <= 0 or not (
            self._judge.decided or not self._ledger.handed or self._judge.one_is_taken(self._outcomes)
        ):
            return []
        if not len(self._stock) and time.monotonic() >= self._dry_until:
            self._refill()
        if self._stopping:
            return []
        group = self._stock.take(room)
        if group and not self._widen():
            self._stock.put_back(group)
            return []
        return group

    def _look_ahead(self):
        """Do what is due sooner or later, but one thing at a time, while the connections have something to do."""
        if not self._judge.decided:
            self._mailing._committed(self._ledger.prepare)
            return
        # At the end of the queue there is time for those that are left.
        if self._ledger.note_addresses(LARGEST_GROUP if self._is_dry else NOTED_MAILS):
            return
        if len(self._stock) < LARGEST_GROUP and not (self._stopping or self._is_dry):
            self._refill()

    def _refill(self):
        held, portion = self.provider._held_domains(), self._flow.portion
        try:
            taken, settled = self._stock.refill(portion, held, meanwhile=lambda: self.line.begin(self.outgoing))
        except StockError as error:
            self._stop(DeliveryError(error.explanation, pause=True))
            return
        self._dealt += settled
        self._is_dry, self._again_at = taken < portion, None
        if self._is_dry:
            # Nothing waits but what others have; what comes back is looked for when it may have come.
            self._dry_until = time.monotonic() + DRY_SECONDS
        if held and not taken and not len(self._stock):
            self._again_at = self.provider._held_until()

    def _widen(self):
        """Open another connection where one is missing; give whether there is any.

        A server that hangs up on one connection after the other, and takes nothing, is left alone.
        """
        lanes = self.line.lanes
        if not self.line.width:
            self._add(lanes.collect(0, 0.0) if lanes.pending else [])
            if lanes.last_trouble and not self._fruit:
                self._stop(trouble.hung_up(self._mailing.env, self.outgoing, lanes.last_trouble))
                return False
            self._fruit = 0
        try:
            self.line.widen(self.outgoing, others=len(self._stock) > 0 or not self._is_dry)
        except ConnectingError as error:
            self._stop(ProviderError(error.explanation))
            return False
        return bool(self.line.width)

    def _stop(self, error):
        """Hand over nothing more; `error` is raised once it is known what became of what is under way."""
        self._error = self._error or error
        self._stopping = True

    def _exchange(self, group):
        """Write down the outcomes that are known and mark `group` as handed over, in one transaction; then send it."""
        outcomes = self._outcomes
        blamed = self._blamed(outcomes, len(self._stock) + len(group))
        if self._stopping:
            self._stock.put_back(group)
            group = []
        skipped = self._stock.take_skipped()
        self._dealt += len(outcomes) + len(skipped)

        self._notify()
        try:
            taken = self._mailing._committed(lambda: self._ledger.exchange(outcomes, blamed, skipped, group))
        except BaseException:
            self._stock.put_back(group)
            self._stock.skip(skipped)
            raise
        self._outcomes = []
        self._ledger.close(outcomes)
        self._stock.put_back([mail for mail in group if mail.key not in taken.granted and mail.key not in taken.late])
        leaving = [mail for mail in group if mail.key in taken.handed]
        self._ledger.open(leaving)
        if leaving:
            self._flow.leave()
        self.line.lanes.put(leaving)
        if taken.granted and not taken.handed:
            # Paused or cancelled; or others had those very ones, or took us for dead: then it is claimed anew.
            self._stopping = not self._mailing._committed(self._is_sending)
            self.give_back()
            self._is_dry, self._dry_until = False, 0.0
        elif len(taken.granted) + len(taken.late) < len(group):
            self._wait_for_limit(taken.again_at)

    def _wait_for_limit(self, again_at):
        """Wait a little for a limit, or stop until it lets go on."""
        seconds = (again_at - datetime.now(timezone.utc).replace(tzinfo=None)).total_seconds() if again_at else 0.0
        if seconds <= SHORT_WAIT:
            self._not_before = time.monotonic() + max(0.02, seconds)
        else:
            self._again_at = again_at
            self._stopping = True

    def _collect(self, handed):
        """Wait until it is worth a transaction, or until it is time to write down what is known.

        :param handed: whether mails were handed over just now
        """
        lanes = self.line.lanes
        pending = lanes.pending
        pause = self._not_before - time.monotonic()
        if not self._judge.decided:
            # Meanwhile connections can be opened for those that follow.
            while (
                not self._judge.one_is_taken(self._outcomes)
                and len(self._stock)
                and self.line.may_widen
                and self._widen()
            ):
                self._add(lanes.collect(0, 0.0))
            self._collect_first()
        elif pause > 0:
            self._add(lanes.collect(pending, min(pause, GROUP_SECONDS)))  # a limit is waited for anyway
        else:
            # Until there is room for another group, so that the lanes have work while it is marked.
            group = min(LARGEST_GROUP, max(1, self._flow.window // 2))
            if not self._stopping and len(self._stock):
                enough = group - (self._flow.window - pending)
            elif pending >= 2 * LARGEST_GROUP:
                enough = pending - LARGEST_GROUP  # the last ones: these are written down while the others are under way
            else:
                enough = pending
            # Where nothing was handed over just now there is nothing to hurry back to.
            self._add(lanes.collect(max(0 if handed else 1, enough), GROUP_SECONDS))
        self._flow.adapt(len(self._outcomes), self.line.width)

    def _collect_first(self):
        """Wait until the server has taken one of the first, or has answered to all of them."""
        lanes, deadline = self.line.lanes, time.monotonic() + JUDGE_SECONDS
        while (
            lanes.pending
            and not self._judge.one_is_taken(self._outcomes)
            and (seconds := deadline - time.monotonic()) > 0
        ):
            self._add(lanes.collect(1, seconds))
        # Most often the others follow at once, and tell how many more may leave.
        self._add(lanes.collect(lanes.pending, FIRST_SECONDS))

    def _add(self, outcomes):
        self._outcomes += outcomes
        self._fruit += sum(outcome.result == "accepted" for outcome in outcomes)

    def _blamed(self, outcomes, more):
        """Give those `outcomes` that are about the sender; then nothing more is handed over, though there is `more`."""
        accepted = sum(outcome.result == "accepted" for outcome in outcomes)
        self._accepted += accepted
        blamed = self._judge.blamed(outcomes, self._ledger.handed, more)
        if blamed:
            self._stop(trouble.sender_refused(self._mailing.env, self.outgoing, blamed[0]))
        return blamed

    def _notify(self):
        """Tell those who look at it how far it is, in a transaction of its own: a million rows are counted for it."""
        now = time.monotonic()
        if now - self._notified >= PROGRESS_SECONDS:
            self._notified = now
            self._mailing._committed(lambda: self._mailing._notify_progress(self.provider.measured_rate or None))

    def _conclude(self, seconds):
        """Write down that it goes well, and how fast."""
        self._ledger.note_addresses()
        if not self._accepted:
            return
        rate = self._accepted / max(seconds, 0.001) if self._accepted >= RATE_MAILS else None

        def note():
            self.provider._note_going()
            self._mailing._note_going()
            if rate:
                self.provider._note_rate(rate)

        self._mailing._committed(note)
