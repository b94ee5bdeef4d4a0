from odoo import api, models
from odoo.tools import SQL

from ...erased import ERASED_DOMAIN

NOTED_ON = ("email.campaign", "email.campaign.mailing", "email.target.list", "email.target.list.import")


class EmailErasure(models.Model):
    """All that we hold of one address: what it is, and how it goes.

    `_take_out` and `_held` name the same tables; a table that holds addresses belongs into both.
    """

    _inherit = "email.erasure"

    @api.model
    def _take_out(self, email):
        """Take one address out of every table but the ledger; give {what: number of rows}."""
        counts = {}
        for name, statement in self._statements(email).items():
            self.env.cr.execute(statement)
            counts[name] = self.env.cr.rowcount
        self.env.invalidate_all(flush=False)
        entries = self.env["mail.blacklist"].with_context(active_test=False, email_erasing=True)
        # Odoo's own list has the address in plain words, and what was said about it. The hash does for it from now on.
        entries = entries.search([("email_key", "=", email)])
        counts["blacklist"] = len(entries)
        entries.unlink()
        counts["file"] = self._take_out_files(email)
        return counts

    def _take_out_files(self, email):
        """Delete the files of imports that have the address; others go a month after the import.

        By the text that Odoo keeps of a file to search in, which it has of none in UTF-16.
        """
        files = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "email.target.list.import"),
                ("res_field", "in", ("file", "refused_file")),
                ("index_content", "ilike", email),
            ]
        )
        running = self.env["email.target.list.import"].search(
            [("state", "=", "running"), ("id", "in", files.mapped("res_id"))]
        )
        files = files.filtered(lambda file: file.res_id not in running.ids)
        count = len(files)
        files.unlink()
        return count

    def _statements(self, email):
        """Give {what: SQL}, in the order in which they have to run."""
        # Nothing comes to stand in for the address that another statement would find again.
        return {
            # Of a moment, before it is logged.
            "visit": SQL(
                """
                DELETE FROM email_visit_waiting
                 WHERE recipient_id IN (SELECT id FROM email_campaign_recipient WHERE email = %s)
                """,
                email,
            ),
            "event": SQL(
                """
                UPDATE email_campaign_event
                   SET ip = NULL, user_agent = NULL, detail = NULL, source_ref = NULL, comment = NULL
                 WHERE recipient_id IN (SELECT id FROM email_campaign_recipient WHERE email = %s)
                """,
                email,
            ),
            "target": SQL(
                """
                DELETE FROM email_personal_target
                 WHERE recipient_id IN (SELECT id FROM email_campaign_recipient WHERE email = %s)
                """,
                email,
            ),
            # The domain tells claim that nobody is there; the number keeps two of one mass email apart.
            "recipient": SQL(
                """
                UPDATE email_campaign_recipient
                   SET email = 'erased-' || id || %s, name = NULL, values = NULL, smtp_reply = NULL,
                       res_model = NULL, res_id = NULL, partner_id = NULL
                 WHERE email = %s
                """,
                f"@{ERASED_DOMAIN}",
                email,
            ),
            "member": SQL("DELETE FROM email_target_list_member WHERE email_normalized = %s", email),
            "departure": SQL(
                "UPDATE email_target_list_departure SET name = NULL, email = NULL, res_model = NULL, res_id = NULL "
                "WHERE lower(trim(email)) = %s",
                email,
            ),
            # A refused row may have anything in any cell.
            "refusal": SQL(
                "DELETE FROM email_target_list_import_refusal WHERE position(%s IN lower(cells::text)) > 0", email
            ),
            # What a column has for example is shown before an import; the name beside the address stands there too.
            "sample": SQL(
                """
                UPDATE email_target_list_import_column SET sample = NULL
                 WHERE import_id IN (SELECT import_id FROM email_target_list_import_column
                                      WHERE position(%s IN lower(sample)) > 0)
                """,
                email,
            ),
            "subscription": SQL("DELETE FROM email_subscription WHERE email = %s", email),
            "pause": SQL("DELETE FROM email_pause WHERE email = %s", email),
            "mail": SQL(
                """
                DELETE FROM mail_message
                 WHERE model = 'email.subscription.request'
                   AND res_id IN (SELECT id FROM email_subscription_request WHERE email = %s)
                """,
                email,
            ),
            "request": SQL("DELETE FROM email_subscription_request WHERE email = %s", email),
            # The history goes with it.
            "address": SQL("DELETE FROM email_address WHERE email = %s", email),
            "note": SQL(
                """
                UPDATE mail_message SET body = replace(body, %(email)s, '…')
                 WHERE model = ANY(%(models)s) AND position(%(email)s IN body) > 0
                """,
                email=email,
                models=list(NOTED_ON),
            ),
        }

    @api.model
    def _held(self, email):
        """Give {what: list of dicts} of all that we hold of `email` (normalised) in the companies of the user."""
        self.env.flush_all()
        companies = self.env.companies.ids
        ours = self.env["email.address"].sudo().search_count([("email", "=", email), ("is_ours", "=", True)])
        # What we know of an address is of all companies; it is told to those that wrote to it.
        return {
            name: self.env.execute_query_dict(SQL(query, email=email, companies=companies))
            for name, query in QUERIES.items()
            if ours or not name.startswith("address")
        }


# Each by the address; what belongs to a company is shown in that one only.
QUERIES = {
    "address": """
        SELECT email, validity, reason, status_code, validity_at, hard_bounce_count, soft_bounce_count, last_sent_at,
               last_opened_at, last_clicked_at, last_bounced_at
          FROM email_address WHERE email = %(email)s
    """,
    "address_history": """
        SELECT h.at, h.validity_from, h.validity, h.reason, h.status_code, h.source
          FROM email_address_history h JOIN email_address a ON a.id = h.address_id
         WHERE a.email = %(email)s ORDER BY h.id
    """,
    "blacklist": """
        SELECT email, active, create_date, write_date FROM mail_blacklist WHERE email_key = %(email)s
    """,
    "subscriptions": """
        SELECT s.email, t.name AS list_type, s.state, s.at, s.source
          FROM email_subscription s JOIN email_list_type t ON t.id = s.list_type_id
         WHERE s.email = %(email)s AND (t.company_id IS NULL OR t.company_id = ANY(%(companies)s))
         ORDER BY s.id
    """,
    "pauses": """
        SELECT email, until FROM email_pause WHERE email = %(email)s AND company_id = ANY(%(companies)s)
    """,
    "subscription_requests": """
        SELECT r.email, r.name, r.lang, t.name AS list_type, r.state, r.requested_at, r.confirmed_at, r.expires_at,
               r.ip, r.user_agent
          FROM email_subscription_request r JOIN email_list_type t ON t.id = r.list_type_id
         WHERE r.email = %(email)s AND (t.company_id IS NULL OR t.company_id = ANY(%(companies)s))
         ORDER BY r.id
    """,
    "consent": """
        SELECT c.at, c.email, t.name AS list_type, c.action, c.source, c.detail, x.version AS text_version,
               x.text, c.lang, c.ip, c.user_agent, u.login AS actor
          FROM email_consent c
     LEFT JOIN email_list_type t ON t.id = c.list_type_id
     LEFT JOIN email_consent_text x ON x.id = c.text_id
     LEFT JOIN res_users u ON u.id = c.user_id
         WHERE c.email = %(email)s AND (c.company_id IS NULL OR c.company_id = ANY(%(companies)s))
         ORDER BY c.id
    """,
    "list_members": """
        SELECT l.name AS list, m.name, m.email, m.lang, m.values, m.state, m.res_model, m.res_id, m.create_date
          FROM email_target_list_member m JOIN email_target_list l ON l.id = m.list_id
         WHERE m.email_normalized = %(email)s AND l.company_id = ANY(%(companies)s) ORDER BY m.id
    """,
    "list_departures": """
        SELECT l.name AS list, r.at, d.name, d.email
          FROM email_target_list_departure d
          JOIN email_target_list_refresh r ON r.id = d.refresh_id
          JOIN email_target_list l ON l.id = r.list_id
         WHERE lower(trim(d.email)) = %(email)s AND l.company_id = ANY(%(companies)s) ORDER BY d.id
    """,
    "refused_rows_of_imports": """
        SELECT l.name AS list, i.name AS file, r.cells
          FROM email_target_list_import_refusal r
          JOIN email_target_list_import i ON i.id = r.import_id
          JOIN email_target_list l ON l.id = i.list_id
         WHERE position(%(email)s IN lower(r.cells::text)) > 0 AND l.company_id = ANY(%(companies)s) ORDER BY r.id
    """,
    "emails": """
        SELECT c.name AS campaign, m.subject, r.email, r.name, r.lang, r.values, r.state, r.skip_reason, r.sent_at,
               r.opened_at, r.clicked_at, r.replied_at, r.bounced_at, r.bounce_kind, r.opted_out_at, r.smtp_reply
          FROM email_campaign_mailing m
          JOIN email_campaign c ON c.id = m.campaign_id
          JOIN email_campaign_recipient r ON r.mailing_id = m.id
         WHERE r.email = %(email)s AND m.company_id = ANY(%(companies)s) ORDER BY r.id
    """,
    "links": """
        SELECT m.subject, u.name, t.url
          FROM email_campaign_mailing m
          JOIN email_campaign_recipient r ON r.mailing_id = m.id
          JOIN email_personal_target t ON t.recipient_id = r.id
          JOIN email_tracking_url u ON u.id = t.tracking_url_id
         WHERE r.email = %(email)s AND m.company_id = ANY(%(companies)s) ORDER BY t.id
    """,
    "events": """
        SELECT m.subject, e.kind, e.at, u.url, e.verdict, e.verdict_reason, e.ip, e.user_agent, e.detail,
               w.name->>'en_US' AS opt_out_reason, e.comment
          FROM email_campaign_mailing m
          JOIN email_campaign_recipient r ON r.mailing_id = m.id
          JOIN email_campaign_event e ON e.recipient_id = r.id
     LEFT JOIN email_tracking_url u ON u.id = e.tracking_url_id
     LEFT JOIN email_opt_out_reason w ON w.id = e.opt_out_reason_id
         WHERE r.email = %(email)s AND m.company_id = ANY(%(companies)s) ORDER BY e.id
    """,
    "verdicts": """
        SELECT v.at, v.email, v.kind, v.reason, v.status_code, v.diagnostic, v.rule, v.matched_by, v.channel, v.subject,
               v.sender, convert_from(v.raw, 'UTF8') AS message_base64, v.state, v.undone_at, v.undone_reason
          FROM email_verdict v WHERE v.email = %(email)s AND v.company_id = ANY(%(companies)s) ORDER BY v.id
    """,
}
