from odoo import api, fields, models
from odoo.tools import SQL

from ..erased import NOBODY


class EmailPersonalTarget(models.Model):
    """Where a tracked link leads for one recipient, whose merge value is the whole link.

    It is written down before the mail leaves, so that targets come from the database and nobody can make up one. It
    goes with the recipient, and when the person is erased.
    """

    _name = "email.personal.target"
    _description = "Personal Target of a Link"
    _rec_name = "url"
    _log_access = False

    recipient_id = fields.Many2one("email.campaign.recipient", required=True, readonly=True, ondelete="cascade")
    tracking_url_id = fields.Many2one(
        "email.tracking.url", required=True, readonly=True, ondelete="cascade", index=True
    )
    url = fields.Char("URL", required=True, readonly=True)

    _link_unique = models.Constraint(
        "UNIQUE(recipient_id, tracking_url_id)", "A link leads to one address for each recipient."
    )

    @api.model
    def _keep(self, targets):
        """Write down `targets`, (recipient id, tracking URL id, address) of each, in one statement.

        Who was erased meanwhile has none. Who is tried again may get another one: that is in the mail which arrives.
        """
        recipient_ids, url_ids, urls = (list(column) for column in zip(*sorted(targets), strict=True))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_personal_target AS t (recipient_id, tracking_url_id, url)
                     SELECT given.*
                       FROM unnest(%s::int[], %s::int[], %s::varchar[]) AS given (recipient_id, url_id, url)
                       JOIN email_campaign_recipient r ON r.id = given.recipient_id AND r.email NOT LIKE %s
                ON CONFLICT (recipient_id, tracking_url_id) DO UPDATE SET url = EXCLUDED.url
                      WHERE t.url <> EXCLUDED.url
                """,
                recipient_ids,
                url_ids,
                urls,
                NOBODY,
            ),
            log_exceptions=False,
        )
        self.invalidate_model(flush=False)

    @api.model
    def _of(self, recipient_id, url_id):
        """Give (address, parameters to be added) of a link, both empty where it is not known (any more)."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT t.url, m.link_parameters FROM email_personal_target t
                  JOIN email_campaign_recipient r ON r.id = t.recipient_id
                  JOIN email_campaign_mailing m ON m.id = r.mailing_id
                 WHERE t.recipient_id = %s AND t.tracking_url_id = %s
                """,
                recipient_id,
                url_id,
            )
        )
        return rows[0] if rows else (None, None)
