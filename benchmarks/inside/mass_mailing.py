"""The other side: Odoo's own mass_mailing, a mailing to a mailing list, sent by its own scheduled jobs."""

from __future__ import annotations

import time
from typing import Any

from odoo import SUPERUSER_ID, api

from .content import SENDER, SUBJECT, body
from .meter import Meter
from .ours import MAX_RUNS, run_job
from .setting import mail_server, people, settled

CHUNK = 1000
OPT_OUT = '<p><a href="/unsubscribe_from_list">Unsubscribe</a></p>'


def launch(registry: Any, count: int, tag: str, host: str, port: int) -> dict[str, Any]:
    """Make a mailing list of `count` contacts and a mailing to it, and launch that; give its id and what that took."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        mail_server(env, host, port)
        contacts = people(count, tag)
        mailing_list = env["mailing.list"].create({"name": tag})
        for begin in range(0, count, CHUNK):
            env["mailing.contact"].create(
                [
                    {"name": name, "email": email, "list_ids": [(4, mailing_list.id)]}
                    for name, email in contacts[begin : begin + CHUNK]
                ]
            )
        html = body("<t t-out=\"object.name or 'friend'\">friend</t>", OPT_OUT)
        mailing = env["mailing.mailing"].create(
            {
                "subject": SUBJECT,
                "body_html": html,
                "body_arch": html,
                "mailing_model_id": env.ref("mass_mailing.model_mailing_list").id,
                "contact_list_ids": mailing_list.ids,
                "email_from": SENDER,
                "reply_to_mode": "new",
                "reply_to": SENDER,
                "user_id": env.ref("base.user_admin").id,
            }
        )
        settled(env)
        begin_at = time.perf_counter()
        mailing.action_launch()
        env.cr.commit()
        return {"mailing": mailing.id, "launch_seconds": time.perf_counter() - begin_at}


def send(registry: Any, mailing: int) -> dict[str, Any]:
    """Run its queue's job, then the mail queue's, as the scheduler does, until all is sent."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        queue, mails = env.ref("mass_mailing.ir_cron_mass_mailing_queue"), env.ref("mail.ir_cron_mail_scheduler_action")
        record = env["mailing.mailing"].browse(mailing)
        with Meter(cr) as meter:
            for _ in range(MAX_RUNS):
                run_job(queue)
                if record.state == "done":
                    break
            for _ in range(MAX_RUNS):
                if not env["mail.mail"].search_count([("state", "=", "outgoing")], limit=1):
                    break
                run_job(mails)
        if record.state != "done":
            raise RuntimeError(f"The mailing is {record.state} after {MAX_RUNS} runs of its job")
        cr.execute(
            "SELECT trace_status, count(*) FROM mailing_trace WHERE mass_mailing_id = %s GROUP BY trace_status",
            [mailing],
        )
        return {**meter.result, "states": dict(cr.fetchall())}
