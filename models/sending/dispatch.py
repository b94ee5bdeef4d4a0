"""What a worker keeps while it runs: the lines to providers, and which mass email goes out over which."""

import logging
import time

import psycopg2

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry

from .delivery import Delivery
from .line import Line
from .trouble import DeliveryError, ProviderError, SenderError

_logger = logging.getLogger(__name__)

# How long what is known of mails is kept for a database that is away.
DATABASE_SECONDS = 120


class Dispatch:
    """Sends mass emails as `worker`, each by the first of its providers that can."""

    def __init__(self, worker):
        self.worker = worker
        self.unsettled = []  # ids of mass emails of which it may hold what it could not write down
        self._lines = {}
        self._deliveries = {}
        self._active = None

    def send(self, mailing, until):
        """Send of `mailing` (as superuser) until `until` of the monotonic clock; write down what stands in the way.

        :return: (number of recipients dealt with, the moment when a limit lets it go on, or None)
        """
        waiting = []
        providers = mailing.env["email.provider"]
        candidates = mailing._committed(lambda: providers._candidates(mailing), if_written=True)
        for number, provider in enumerate(candidates):
            if provider.state == "red" and provider.next_try_at and provider.next_try_at > fields.Datetime.now():
                waiting.append((provider.last_error, provider.next_try_at))
                continue
            try:
                return self._send_by(mailing, provider, until)
            except ProviderError as error:
                self.drop(mailing)
                mailing._committed(lambda p=provider, e=error: p._note_trouble(e.explanation))
                self._close(provider)
                waiting.append((error.explanation, provider.next_try_at))
            except SenderError as error:
                self.drop(mailing)
                if number + 1 == len(candidates) and not waiting:
                    mailing._committed(lambda e=error: mailing._note_trouble(e))
                    return 0, None
                if error.pause:
                    mailing._committed(lambda p=provider: mailing._refused_by(p))
                waiting.append((error.explanation, None))
        mailing._committed(lambda: mailing._wait_for_providers(waiting))
        return 0, None

    def drop(self, mailing):
        """Put back into the queue what was claimed of `mailing`."""
        if delivery := self._deliveries.pop(mailing.id, None):
            mailing.env.cr.rollback()
            delivery.give_back()

    def give_back(self):
        """Put back into the queue all that was claimed."""
        for delivery in self._deliveries.values():
            delivery.give_back()

    def abandon(self, mailing):
        """Stop sending `mailing` in the middle of whatever went wrong, and keep what is known of its mails."""
        mailing.env.cr.rollback()
        try:
            self.settle(mailing.env.cr.dbname)
            mailing._committed(lambda: mailing.env["email.address"]._note_unnoted(mailing.ids))
        except Exception:
            # They are taken for what they are then: in doubt.
            _logger.exception("mass email %s: can't write down what became of its mails", mailing.id)
            self.unsettled.append(mailing.id)
            # Nothing of it may be left for others that use the same connections.
            self.close()
        self.drop(mailing)

    def close(self):
        """Close all connections."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    def settle(self, dbname):
        """Write down what is known of mails, and not written down, by a connection of its own.

        The database may be away for a while; without this they would be in doubt for nothing.
        """
        delivery, self._active = self._active, None
        deadline = time.monotonic() + DATABASE_SECONDS
        while delivery:
            self.worker.statements.forget()
            try:
                with Registry(dbname).cursor() as cr:
                    delivery.settle(api.Environment(cr, SUPERUSER_ID, {}))
                return
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                if time.monotonic() > deadline:
                    raise
                _logger.info("waiting for the database, to write down what was sent: %s", error)
                time.sleep(1)

    def _send_by(self, mailing, provider, until):
        if provider.id not in self._lines:
            self._lines[provider.id] = Line(provider)
        line, delivery = self._lines[provider.id], self._deliveries.get(mailing.id)
        # The line may be another one to the same provider: trouble of one mass email closes it for all.
        if not delivery or delivery.line is not line:
            self.drop(mailing)
            delivery = self._deliveries[mailing.id] = Delivery(mailing, self.worker, line)
        # Stays named when something unforeseen happens, for whoever picks up the pieces.
        self._active = delivery
        try:
            result = delivery.run(until)
        except DeliveryError:
            self._active = None
            raise
        self._active = None
        return result

    def _close(self, provider):
        if line := self._lines.pop(provider.id, None):
            line.close()
