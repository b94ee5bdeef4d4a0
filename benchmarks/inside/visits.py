"""What recipients ask a server for after a mass email, on either side: the paths, each of another recipient."""

from __future__ import annotations

from typing import Any

from odoo import SUPERUSER_ID, api

from odoo.addons.email_campaign.models.response.email_visit_waiting import Judging

from .ours import launch
from .setting import settled

TARGET = "https://shop.example/spring?a=1"


def ours(registry: Any, count: int, host: str, port: int) -> dict[str, Any]:
    """Let a mass email to three times `count` contacts have been sent an hour ago; give paths to click, open, leave."""
    launched = launch(registry, 3 * count, "visits", host, port, 1)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        mailing = env["email.campaign.mailing"].browse(launched["mailing"])
        cr.execute(
            "UPDATE email_campaign_recipient SET state = 'sent', "
            "sent_at = now() AT TIME ZONE 'utc' - interval '1 hour' WHERE mailing_id = %s RETURNING id",
            [mailing.id],
        )
        ids = sorted(row[0] for row in cr.fetchall())
        mailing.state = "done"
        url_id = env["email.tracking.url"]._find_or_add(mailing.campaign_id, {TARGET: "Spring"})[TARGET]
        signer = env["email.link"]._signer()
        settled(env)
        clicking, opening, leaving = ids[:count], ids[count : 2 * count], ids[2 * count :]
        return {
            "click": [f"/email/c/{signer.sign('click', number, url_id)}" for number in clicking],
            "open": [f"/email/o/{signer.sign('open', number)}.gif" for number in opening],
            "leave": [f"/email/u/{signer.sign('opt-out', number)}" for number in leaving],
        }


def written(registry: Any) -> dict[str, Any]:
    """Give how many visits are on record, by kind; the last ones were kept just before the server was stopped."""
    if Judging.of(registry.db_name).run() is not None:
        raise RuntimeError("The last visits could not be judged.")
    with registry.cursor() as cr:
        cr.execute("SELECT kind, count(DISTINCT recipient_id) FROM email_campaign_event GROUP BY kind")
        return dict(cr.fetchall())


def theirs(registry: Any, count: int) -> dict[str, Any]:
    """Let mass_mailing have sent to `count` contacts; give paths to click and to open."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        contacts = env["mailing.contact"].create([{"email": f"p{n}@visits.example"} for n in range(count)])
        model = env.ref("mass_mailing.model_mailing_contact")
        mailing = env["mailing.mailing"].create({"subject": "Spring", "mailing_model_id": model.id, "state": "done"})
        traces = env["mailing.trace"].create(
            [
                {
                    "mass_mailing_id": mailing.id,
                    "model": "mailing.contact",
                    "res_id": contact.id,
                    "email": contact.email,
                    "trace_status": "sent",
                    "mail_mail_id_int": number,
                }
                for number, contact in enumerate(contacts, 1)
            ]
        )
        link = env["link.tracker"].create({"url": TARGET, "mass_mailing_id": mailing.id})
        mails = env["mail.mail"]
        opening = [f"/mail/track/{n}/{mails._generate_mail_recipient_token(n)}/blank.gif" for n in range(1, count + 1)]
        settled(env)
        return {"click": [f"/r/{link.code}/m/{trace.id}" for trace in traces], "open": opening}
