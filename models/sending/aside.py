"""Something to do while the database works: one thread beside the worker's own, for one transaction at a time."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

from odoo.sql_db import Cursor

_logger = logging.getLogger(__name__)

# After each step the others have a chance to run: Python's lock is not handed over by itself before 5 ms are over, and
# in that time connections would idle.
BREATH = 1e-5  # seconds; in fact the system's shortest sleep


class Aside:
    """Runs transactions of a worker while that does what needs no database. To be used as a context manager."""

    def __init__(self, dbname):
        self._dbname = dbname
        self._pool = None

    def __enter__(self):
        self._pool = ThreadPoolExecutor(1, "email transactions", self._introduce)
        return self

    def __exit__(self, *exception):
        self._pool.shutdown()

    def run(self, cr, work, meanwhile):
        """Give the result of `work`, which is the only one to use `cr`; call `meanwhile` until it gives False.

        Both are over when this returns, or raises what one of them raised.
        """
        if type(cr) is not Cursor:
            return work()  # the cursor of a test belongs to its thread
        try:
            future = self._pool.submit(work)
        except RuntimeError:
            return work()  # this process is ending, and begins no thread any more
        try:
            while not future.done() and meanwhile():
                time.sleep(BREATH)
        except Exception:
            # What `work` has committed by now counts all the same.
            _logger.exception("Nothing more is made ahead")
        finally:
            # Whatever comes in between, the cursor is not left to two.
            wait([future])
        return future.result()

    def _introduce(self):
        # For the log.
        threading.current_thread().dbname = self._dbname
