from odoo import fields, models
from odoo.tools import SQL


class EmailCampaignRecipient(models.Model):
    """What came of emails, for the timeline of whom they went to."""

    _inherit = "email.campaign.recipient"

    def _timeline(self):
        """Give what came of the emails to these recipients: one dict for each, the latest email first."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT recipient_id, kind, verdict, tracking_url_id, count(*), max(at)::timestamp(0)
                  FROM email_campaign_event WHERE recipient_id = ANY(%s) AND kind NOT IN ('sent', 'failed')
                 GROUP BY 1, 2, 3, 4 ORDER BY max(at)
                """,
                self.ids,
            )
        )
        events = self.env["email.campaign.event"]
        labels = dict(events._fields["kind"]._description_selection(self.env))
        states = dict(self._fields["state"]._description_selection(self.env))
        urls = self.env["email.tracking.url"].sudo().browse({row[3] for row in rows if row[3]}).exists()
        names = {url.id: url.name for url in urls}
        happened = {}
        for recipient_id, kind, verdict, url_id, count, at in rows:
            happened.setdefault(recipient_id, []).append(
                {
                    "kind": kind,
                    "label": labels.get(kind, kind),
                    "link": names.get(url_id, ""),
                    "machine": verdict == "machine",
                    "count": count,
                    "at": fields.Datetime.to_string(at),
                }
            )
        return [
            {
                "id": recipient.id,
                "subject": recipient.mailing_id.display_name,
                "state": recipient.state,
                "label": states[recipient.state],
                "at": fields.Datetime.to_string(recipient.sent_at) if recipient.sent_at else "",
                "events": happened.get(recipient.id, []),
            }
            for recipient in self.sorted("id", reverse=True)
        ]
