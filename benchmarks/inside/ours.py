"""Our own side: a campaign to contacts, launched by a salesperson, sent by the scheduler's job."""

from __future__ import annotations

import time
from typing import Any

from odoo import SUPERUSER_ID, api

from .content import SENDER, SUBJECT, body
from .meter import Meter
from .setting import mail_server, partners, settled

MAX_RUNS = 50  # of the job; each lasts at least ten seconds while there is something to do


def launch(registry: Any, count: int, tag: str, host: str, port: int, connections: int) -> dict[str, Any]:
    """Make `count` contacts, a list and a campaign with tracking, and launch it; give its id and the seconds."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        server = mail_server(env, host, port)
        _provider(env, server, connections)
        admin = env.ref("base.user_admin")
        admin.group_ids += env.ref("email_campaign.group_manager")
        ids = partners(env, count, tag)
        settled(env)
        mine = env(user=admin.id)
        target_list = mine["email.target.list"].create(
            {"name": tag, "list_type_id": env.ref("email_campaign.list_type_marketing").id}
        )
        target_list._add_records(mine["res.partner"].browse(ids))
        mailing = _mailing(mine, target_list, tag)
        env.cr.commit()
        begin = time.perf_counter()
        mailing.action_launch()
        env.cr.commit()
        seconds = time.perf_counter() - begin
        settled(env)
        return {"mailing": mailing.id, "launch_seconds": seconds}


def send(registry: Any, mailing: int) -> dict[str, Any]:
    """Run the sending job, as the scheduler does, until the mass email is done; give what it cost and the states."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        job = env.ref("email_campaign.cron_send")
        record = env["email.campaign.mailing"].browse(mailing)
        with Meter(cr) as meter:
            for _ in range(MAX_RUNS):
                run_job(job)
                if record.state == "done":
                    break
        if record.state != "done":
            raise RuntimeError(f"It is {record.state} after {MAX_RUNS} runs of the job: {record.trouble or '-'}")
        cr.execute(
            "SELECT state, count(*) FROM email_campaign_recipient WHERE mailing_id = %s GROUP BY state", [mailing]
        )
        return {**meter.result, "states": dict(cr.fetchall())}


def run_job(job: Any) -> None:
    """Run a scheduled job once, and see afterwards what it committed."""
    shown = job.method_direct_trigger()
    job.env.cr.commit()
    job.env.invalidate_all()
    if shown is not True:
        raise RuntimeError(f"The job “{job.name}” failed; why, is in the log")


def _mailing(env: Any, target_list: Any, tag: str) -> Any:
    campaign = env["email.campaign"].create({"name": tag, "target_list_ids": target_list.ids})
    return env["email.campaign.mailing"].create(
        {
            "campaign_id": campaign.id,
            "subject": SUBJECT,
            "body_html": body("{{ recipient.name ||| friend }}"),
            "email_from": SENDER,
            "open_tracking": True,
            "click_tracking": True,
        }
    )


def _provider(env: Any, server: Any, connections: int) -> None:
    """Let the mail server be used with as many connections at once."""
    if "email.provider" not in env:
        return
    providers = env["email.provider"].search([("mail_server_id", "=", server.id)])
    values = {"connections": connections}
    if providers:
        providers.write(values)
    else:
        providers.create({"name": "Sink", "mail_server_id": server.id, **values})
