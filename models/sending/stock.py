"""What a worker has claimed of a mass email and not handed over yet, and the mails that are made of it."""

import logging
from collections import deque
from contextlib import contextmanager

import psycopg2

from odoo.exceptions import UserError

from ...tools import address
from .personaliser import UnfillableError

_logger = logging.getLogger(__name__)


class StockError(Exception):
    """No mail of this mass email can be made until a person mends it; `explanation` says what."""

    def __init__(self, explanation):
        super().__init__(explanation)
        self.explanation = explanation


class Stock:
    """Claims recipients of `mailing` (as superuser) for `worker` in portions, and makes mails of them as late as they
    are asked for, so that the connections have something to do meanwhile.
    """

    def __init__(self, mailing, worker, personaliser):
        self._mailing = mailing
        self._worker = worker
        self._recipients = mailing.env["email.campaign.recipient"]
        self._personaliser = personaliser
        self._rows = deque()  # (row, merge values) of which no mail is made yet
        self._mails = deque()  # made, and given back by somebody who could not use them yet
        self._skipped = {}
        self._noted = False  # that the worker takes care of some
        self._rights = None  # (user, company) with whose rights merge values are read

    def __len__(self):
        return len(self._rows) + len(self._mails)

    @property
    def is_noted(self):
        """Whether others leave something to this worker, in hand or just dealt with."""
        return self._noted

    @property
    def has_skipped(self):
        """Whether somebody is to be skipped and that is not written down yet."""
        return bool(self._skipped)

    def begin(self):
        """Look up once for a slice what does not change within it.

        :raises StockError: when the content can't be filled
        """
        self._rights = self._mailing.launched_by_id, self._mailing.company_id
        with self._explained():
            self._compiling(self._personaliser.begin)

    def refill(self, portion, held=(), meanwhile=None):
        """Claim another `portion` beside what is left; give how many recipients were taken up, 0 when there is none to
        be claimed now, and how many of them are dealt with by that, as they may not be mailed any more.

        :param held: domains that nothing is claimed for
        :param meanwhile: begins what can go on aside; called when there is something to send, before it is prepared
        :raises StockError: when the content can't be filled
        """
        mailing = self._mailing
        mailing._committed(lambda: None)  # a claim sees what others took just before
        kept = self._ids() + list(self._skipped)
        rows, taken = mailing._committed(lambda: self._recipients._claim(mailing, self._worker, portion, held, kept))
        self._noted = bool(taken or kept)
        if rows:
            if meanwhile:
                meanwhile()
            self._load(rows)
            # What follows shall not decide by what was when the values were read.
            mailing._committed(lambda: None)
        return taken, taken - len(rows)

    def take(self, number):
        """Give at the most `number` mails; what can't be made into one is skipped with the reason."""
        while len(self._mails) < number and self._rows:
            self._make()
        return [self._mails.popleft() for _number in range(min(number, len(self._mails)))]

    def put_back(self, mails):
        """Take back `mails`, in order, to be given again first."""
        self._mails.extendleft(reversed(mails))

    def take_skipped(self):
        """Give {id: reason} of those whom no mail could be made for, to be written down by the caller."""
        skipped, self._skipped = self._skipped, {}
        return skipped

    def skip(self, skipped):
        """Take back {id: reason} that could not be written down."""
        self._skipped.update(skipped)

    def give_back(self):
        """Let others have what was claimed and not handed over, in the current transaction."""
        self._recipients._skip(self._skipped)
        workers = self._mailing.env["email.campaign.worker"]
        workers._note_claim(self._worker.number, self._mailing)
        if ids := self._ids():
            workers._go_back(self._mailing, min(ids))

    def clear(self):
        """Forget what was given back."""
        self._rows.clear()
        self._mails.clear()
        self._skipped.clear()
        self._noted = False

    def _ids(self):
        return [row["id"] for row, _values in self._rows] + [mail.key for mail in self._mails]

    def _make(self):
        """Make a mail of the next row."""
        row, values = self._rows.popleft()
        try:
            self._mails.append(self._personaliser.mail(row, values))
        except address.AddressError:
            self._skipped[row["id"]] = "bad_address"
        except UnfillableError:
            self._skipped[row["id"]] = "merge_failed"
        except MemoryError:
            self._rows.appendleft((row, values))
            raise  # the process's trouble, not the recipient's
        except Exception:
            # Whatever it is, it must not keep those behind from their email.
            _logger.exception("mass email %s: can't make the mail of recipient %s", self._mailing.id, row["id"])
            self._skipped[row["id"]] = "merge_failed"

    def _load(self, rows):
        try:
            with self._explained():
                failed = self._compiling(lambda: self._personaliser.prepare(rows))
                wanted = self._personaliser.wanted(rows)
        except StockError:
            self._rows.extend((row, {}) for row in rows)  # for give_back
            raise
        merged = self._merge_values([row for row in rows if row["id"] not in failed], wanted, failed)
        self._skipped.update(dict.fromkeys(failed, "merge_failed"))
        if targets := self._personaliser.targets(rows, merged):
            self._mailing._committed(lambda: self._mailing.env["email.personal.target"]._keep(targets))
        unread = []
        for row in rows:
            if row["id"] in merged:
                self._rows.append((row, merged[row["id"]]))
            elif row["id"] not in self._skipped:
                unread.append(row)
        if unread:
            self._skipped.update((row["id"], "no_access") for row in unread)
            self._skipped.update(dict.fromkeys(self._gone(unread), "record_gone"))

    def _compiling(self, work):
        """Do `work` and keep links that it finds new, whatever becomes of what follows: content holds their ids."""

        def attempt():
            try:
                return work()
            except psycopg2.Error:
                self._personaliser.forget()
                raise

        return self._mailing._committed(attempt, if_written=True)

    @contextmanager
    def _explained(self):
        """Say what the content lacks as a StockError."""
        try:
            yield
        except UserError as error:
            raise StockError(str(error.args[0])) from error

    def _merge_values(self, rows, wanted, failed):
        """Read the merge values of `rows`; ids of rows whose values can't be read are added to `failed`.

        One record whose field can't be computed must not keep the others from their email, so the batch is halved
        until it is alone.
        """
        mailing = self._mailing
        try:
            with mailing.env.cr.savepoint():
                return mailing.env["email.merge"]._values(*self._rights, rows, wanted)
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
