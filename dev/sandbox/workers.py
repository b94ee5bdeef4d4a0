"""The threads that push due answers to the mail gateway, so that SMTP never waits for Odoo."""

import logging
import threading
from collections.abc import Callable

from . import answer
from .gateway import Gateway, GatewayRefused, GatewayUnavailable
from .outbox import Outbox
from .records import Job

log = logging.getLogger(__name__)

POLL = 0.2  # seconds between two looks at an empty queue
TRIES = 8
LONGEST_DELAY = 60.0  # seconds


def retry_delay(attempts: int, first: float = 1.0) -> float:
    """Seconds to wait after ``attempts`` tries: 1, 2, 4 … 60, two minutes in all."""
    return min(LONGEST_DELAY, first * 2.0 ** (attempts - 1))


class Workers:
    """``count`` threads, each with a gateway of its own."""

    def __init__(
        self, outbox: Outbox, make_gateway: Callable[[], Gateway], count: int = 2, first_delay: float = 1.0
    ) -> None:
        self._outbox = outbox
        self._make_gateway = make_gateway
        self._first_delay = first_delay
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"answers-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Let each finish the message in hand, for at most ``timeout`` seconds; its lease covers the rest."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout)

    def _run(self) -> None:
        gateway = self._make_gateway()
        while not self._stopping.is_set():
            job = self._outbox.claim()
            if job is None:
                self._stopping.wait(POLL)
            else:
                self._push(gateway, job)

    def _push(self, gateway: Gateway, job: Job) -> None:
        message = job.message
        try:
            gateway.push(answer.build(message, job.raw))
        except GatewayRefused as error:
            log.warning("Odoo refused the answer to message %s: %s", message.id, error)
            self._outbox.failed(message, str(error))
        except GatewayUnavailable as error:
            attempts = message.answer_attempts + 1
            if attempts >= TRIES:
                log.warning("Gave up the answer to message %s after %s tries: %s", message.id, attempts, error)
                self._outbox.failed(message, str(error))
            else:
                self._outbox.again(message, retry_delay(attempts, self._first_delay), str(error))
        except Exception:  # a worker that dies would stop all bounces without a word
            log.exception("Could not answer message %s", message.id)
            self._outbox.failed(message, "Internal error, see the log")
        else:
            self._outbox.sent(message)
