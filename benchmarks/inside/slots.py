"""Our own side with several sender slots: the scheduler's jobs side by side, each in a process of its own."""

from __future__ import annotations

import os
import time
import traceback
from typing import Any

from odoo import SUPERUSER_ID, api, sql_db

from .ours import run_job

SECONDS = 600  # for all of it


def send(registry: Any, mailing: int, slots: int) -> dict[str, Any]:
    """Send by `slots` sender slots, as so many workers of the scheduler do; give the seconds and the states.

    The processes are there before the clock starts, as Odoo's are.
    """
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["email.provider"]._set_slots(slots)
        cr.commit()
    sql_db.close_all()  # no process may share a connection with another
    ready, go = zip(*[(os.pipe(), os.pipe()) for _ in range(slots)], strict=True)
    children = [_fork(registry, number, ready[number][1], go[number][0]) for number in range(slots)]
    for reader, _writer in ready:
        os.read(reader, 1)
    begin = time.perf_counter()
    for _reader, writer in go:
        os.write(writer, b"!")
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    seconds = time.perf_counter() - begin
    if any(codes):
        raise RuntimeError(f"The sender slots ended with {codes}; why, is in the log")
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        state = env["email.campaign.mailing"].browse(mailing).state
        if state != "done":
            raise RuntimeError(f"It is {state} after all sender slots have ended")
        cr.execute(
            "SELECT state, count(*) FROM email_campaign_recipient WHERE mailing_id = %s GROUP BY state", [mailing]
        )
        states = dict(cr.fetchall())
        env["email.provider"]._set_slots(1)  # as what is measured after this found it
        return {"seconds": seconds, "states": states}


def _fork(registry: Any, number: int, ready: int, go: int) -> int:
    """Start a process that runs the job of one slot once it may; give its pid."""
    if child := os.fork():
        return child
    code = 1
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            job = env["email.provider"]._send_crons()[number]
            cr.commit()
            os.write(ready, b"!")
            os.read(go, 1)
            begin = time.monotonic()
            while time.monotonic() - begin < SECONDS:
                run_job(job)
                if not env["email.campaign.mailing"].search_count([("state", "in", ("queued", "sending"))], limit=1):
                    break
        code = 0
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(code)
