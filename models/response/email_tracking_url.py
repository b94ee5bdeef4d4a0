from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...tools.links import is_web_address, with_parameters

# What decides where a link leads.
LEADING = ("url", "code", "campaign_id")


class EmailTrackingUrl(models.Model):
    """A link of a campaign: named by a person, who places it by its code, or found in the content at launch."""

    _name = "email.tracking.url"
    _description = "Tracking URL"
    _order = "campaign_id, id"

    name = fields.Char(required=True)
    url = fields.Char("URL", required=True)
    campaign_id = fields.Many2one("email.campaign", required=True, index=True, ondelete="cascade")
    code = fields.Char(help="Write {trackingUrl/CODE} in the content where this link shall stand.")
    show_message = fields.Boolean(
        "Show a Message",
        help="Show a message instead of leading to the address, for “yes, I will come” and the like. Where clicks are "
        "not tracked, the link leads to the address all the same.",
    )
    message = fields.Html(
        translate=True, help="What is shown to whoever clicks, on a page of its own, in the recipient's language."
    )
    found = fields.Boolean("Found in Content", readonly=True, help="Whether it was found in a content at launch.")
    click_count = fields.Integer("Clicks", compute="_compute_click_count", help="Clicks of persons.")
    machine_click_count = fields.Integer("By Machines", compute="_compute_click_count")

    _code_unique = models.UniqueIndex(
        "(campaign_id, code) WHERE code IS NOT NULL", "The campaign has a tracking URL of that code already."
    )
    # By a digest: an index takes no more than 2,700 octets, and there are longer links.
    _found_unique = models.UniqueIndex("(campaign_id, md5(url)) WHERE found", "This link was found already.")

    def _compute_click_count(self):
        counts = {}
        for tracking_url, verdict, number in self.env["email.campaign.event.total"]._read_group(
            [("tracking_url_id", "in", self.ids), ("kind", "=", "click")],
            ["tracking_url_id", "verdict"],
            ["number:sum"],
        ):
            counts[tracking_url, verdict] = number
        for tracking_url in self:
            tracking_url.click_count = counts.get((tracking_url._origin, "human"), 0)
            tracking_url.machine_click_count = counts.get((tracking_url._origin, "machine"), 0)

    def _target(self, mailing):
        """Give the address that a click in `mailing` leads to: with the parameters that were frozen at its launch."""
        return with_parameters(self.url, mailing.link_parameters or "")

    def _page_html(self):
        """Give the message for a page, with its pictures in it."""
        return self.env["email.page"]._with_pictures(self, "message")

    def action_write_message(self):
        """Open the dialog for the message that is shown instead of leading to the address."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Message of “%s”", self.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref("email_campaign.email_tracking_url_view_form_message").id, "form")],
            "target": "new",
        }

    def action_make_list(self):
        """Open the dialog that makes a target list of those who clicked this link."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_response_action")
        action["context"] = {
            "default_campaign_id": self.campaign_id.id,
            "default_response": "link",
            "default_tracking_url_id": self.id,
        }
        return action

    def write(self, vals):
        for tracking_url in self:
            old = tracking_url._convert_to_write({name: tracking_url[name] for name in LEADING})
            if any(name in vals and (vals[name] or False) != (old[name] or False) for name in LEADING):
                tracking_url._check_not_sent()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_sent(self):
        for tracking_url in self:
            tracking_url._check_not_sent()

    def _check_not_sent(self):
        if any(mailing.state != "draft" for mailing in self.campaign_id.sudo().mailing_ids):
            raise UserError(
                self.env._(
                    "“%(link)s” must go on leading where it leads: it may stand in emails of “%(campaign)s” that were "
                    "sent. Its name can be changed; for another address, add another tracking URL.",
                    link=self.name,
                    campaign=self.campaign_id.name,
                )
            )

    @api.constrains("url")
    def _check_url(self):
        for tracking_url in self:
            # What was found in the content as “{{ object.website }}” has a target for each recipient.
            personal = tracking_url.found and tracking_url.url.startswith("{{")
            if not personal and not is_web_address(tracking_url.url):
                raise ValidationError(
                    self.env._(
                        "“%(url)s” can't be a tracking URL. Write the whole address, beginning with https://",
                        url=tracking_url.url,
                    )
                )

    @api.constrains("code")
    def _check_code(self):
        for tracking_url in self:
            code = tracking_url.code
            if code and not (code.isascii() and code.replace("-", "").replace("_", "").isalnum()):
                raise ValidationError(
                    self.env._(
                        "“%(code)s” can't be a code: use letters, digits, hyphens and underscores only.",
                        code=code,
                    )
                )

    @api.model
    def _find_or_add(self, campaign, urls):
        """Give {url: id} of the tracking URLs of `campaign` for `urls` ({url: label}); what is missing is added.

        A link that somebody named is counted under that name, wherever in the content it stands.
        """
        if not urls:
            return {}
        self.flush_model()
        found = self._ids_by_url(campaign)
        if urls.keys() <= found.keys():
            return found
        self.env.execute_query(
            SQL(
                """
                INSERT INTO email_tracking_url (name, url, campaign_id, found, create_date, write_date)
                     SELECT left(coalesce(nullif(label, ''), url), 120), url, %(campaign)s, TRUE,
                            now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                       FROM unnest(%(urls)s::varchar[], %(labels)s::varchar[]) AS t (url, label)
                      WHERE NOT EXISTS (SELECT FROM email_tracking_url e
                                         WHERE e.campaign_id = %(campaign)s AND e.url = t.url)
                ON CONFLICT DO NOTHING
                  RETURNING id
                """,
                campaign=campaign.id,
                urls=list(urls),
                labels=list(urls.values()),
            )
        )
        self.invalidate_model()
        campaign.invalidate_recordset(["tracking_url_ids"])
        return self._ids_by_url(campaign)

    @api.model
    def _ids_by_url(self, campaign):
        """Give {url: id} of the tracking URLs of `campaign`, named ones before found ones."""
        # By SQL: a worker asks for them before it can send anything, and needs nothing else of them.
        rows = self.env.execute_query(
            SQL(
                "SELECT url, id FROM email_tracking_url WHERE campaign_id = %s ORDER BY found IS TRUE DESC, id DESC",
                campaign.id,
            )
        )
        return dict(rows)

    @api.model
    def _named(self, campaign):
        """Give {code: url} of the tracking URLs of `campaign` that people placed in the content."""
        self.flush_model(["code", "url", "campaign_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT code, url FROM email_tracking_url WHERE campaign_id = ANY(%s) AND code IS NOT NULL",
                campaign._origin.ids,
            )
        )
        return dict(rows)
