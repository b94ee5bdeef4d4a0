from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import address


class EmailTargetList(models.Model):
    _name = "email.target.list"
    _description = "Target List"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    kind = fields.Selection([("static", "Static")], default="static", required=True)
    active = fields.Boolean(default=True)
    list_type_id = fields.Many2one(
        "email.list.type",
        required=True,
        tracking=True,
        default=lambda self: self.env.ref("email_campaign.list_type_marketing", raise_if_not_found=False),
        help="Who opts out of a list opts out of every list of the same type.",
    )
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user, tracking=True)
    is_shared = fields.Boolean(
        "Shared",
        help="Let colleagues see this list and its members, and use it to write to people or to leave them out.",
    )
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    description = fields.Text()
    member_ids = fields.One2many("email.target.list.member", "list_id", "Members")
    member_count = fields.Integer("Number of Members", compute="_compute_member_count")
    # A form shows a few of them; a list may have a million.
    first_member_ids = fields.Many2many(
        "email.target.list.member", string="First Members", compute="_compute_first_member_ids"
    )
    campaign_count = fields.Integer(string="Campaigns", compute="_compute_campaign_count")

    def _compute_member_count(self):
        counts = dict(
            self.env["email.target.list.member"]
            .sudo()
            ._read_group([("list_id", "in", self.ids)], ["list_id"], ["__count"])
        )
        for target_list in self:
            target_list.member_count = counts.get(target_list._origin, 0)

    def _compute_first_member_ids(self):
        for target_list in self:
            target_list.first_member_ids = self.env["email.target.list.member"].search(
                [("list_id", "=", target_list._origin.id)], limit=20
            )

    def _compute_campaign_count(self):
        for target_list in self:
            target_list.campaign_count = self.env["email.campaign"].search_count(target_list._campaign_domain())

    def copy_data(self, default=None):
        return [
            dict(vals, name=self.env._("%(name)s (copy)", name=target_list.name))
            for target_list, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def copy(self, default=None):
        """Copy the list with its members."""
        copies = super().copy(default)
        self.env.flush_all()
        for target_list, copied in zip(self, copies, strict=True):
            self.env.execute_query(
                SQL(
                    """
                    INSERT INTO email_target_list_member
                                (list_id, res_model, res_id, partner_id, name, email, email_normalized, lang, values,
                                 state, record_active, record_company_id,
                                 create_uid, write_uid, create_date, write_date)
                         SELECT %(copy)s, res_model, res_id, partner_id, name, email, email_normalized, lang, values,
                                state, record_active, record_company_id,
                                %(uid)s, %(uid)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                           FROM email_target_list_member WHERE list_id = %(list)s
                      RETURNING id
                    """,
                    copy=copied.id,
                    list=target_list.id,
                    uid=self.env.uid,
                )
            )
        self.env.invalidate_all(flush=False)
        return copies

    def action_view_members(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_member_action")
        action.update(
            domain=[("list_id", "=", self.id)],
            context={"default_list_id": self.id, "search_default_list_id": False},
            display_name=self.env._("Members of %(list)s", list=self.name),
        )
        return action

    def action_view_campaigns(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_campaign_action")
        action.update(domain=self._campaign_domain(), context={"default_target_list_ids": self.ids})
        return action

    def _campaign_domain(self):
        return ["|", ("target_list_ids", "in", self.ids), ("excluding_list_ids", "in", self.ids)]

    def _add_records(self, records):
        """Put `records` on this list, each once; give the number of those that were not on it.

        One statement however many they are. What the user can't read is not added.

        :raises UserError: when the model has no email addresses we know of
        """
        self.ensure_one()
        self.check_access("write")
        if records._name not in self.env["email.addressee"]._email_addressee_models():
            raise UserError(
                self.env._(
                    "%(model)s can't be put on a target list, because they have no email address. "
                    "Choose contacts, leads or users.",
                    model=records._description,
                )
            )
        self.env.flush_all()
        readable = records.with_context(active_test=False)._search([("id", "in", records.ids)])
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_target_list_member
                            (list_id, res_model, res_id, partner_id, name, email, email_normalized, lang,
                             record_active, record_company_id, state,
                             create_uid, write_uid, create_date, write_date)
                     SELECT %(list)s, %(model)s, r.id, r.partner_id, r.name, r.email, r.email_normalized, r.lang,
                            r.active, r.company_id, 'subscribed',
                            %(uid)s, %(uid)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                       FROM (%(source)s) AS r
                      WHERE r.id IN %(readable)s
                      ORDER BY r.id
                ON CONFLICT DO NOTHING
                  RETURNING id
                """,
                list=self.id,
                model=records._name,
                uid=self.env.uid,
                source=records._email_addressee_query(),
                readable=readable.subselect(),
            )
        )
        self.env.invalidate_all(flush=False)
        self.env["email.target.list.member"]._fold_domains(self)
        return len(rows)

    def _add_addresses(self, text):
        """Put typed addresses on this list, several separated by comma, semicolon or line.

        :return: the number that was not on it
        :raises UserError: naming the first address that is none; then none is added
        """
        self.ensure_one()
        self.check_access("write")
        found = {}
        for piece in address.split(text or ""):
            try:
                found.setdefault(address.normalize(piece), address.display_name(piece))
            except address.AddressError as error:
                raise UserError(
                    self.env._(
                        "“%(value)s” is no email address: %(reason)s Correct it, or take it out.",
                        value=piece[:100],
                        reason=error.explanation,
                    )
                ) from error
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_target_list_member
                            (list_id, name, email, email_normalized, record_active, state,
                             create_uid, write_uid, create_date, write_date)
                     SELECT %(list)s, nullif(name, ''), email, email, TRUE, 'subscribed',
                            %(uid)s, %(uid)s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                       FROM unnest(%(names)s::varchar[], %(emails)s::varchar[]) AS t (name, email)
                ON CONFLICT DO NOTHING
                  RETURNING id
                """,
                list=self.id,
                uid=self.env.uid,
                names=list(found.values()),
                emails=list(found),
            )
        )
        self.env.invalidate_all(flush=False)
        return len(rows)

    def unlink(self):
        """Take these lists off those who were mailed by them: no foreign key does it."""
        ids = self.ids
        result = super().unlink()
        self.env.cr.execute(SQL("UPDATE email_campaign_recipient SET list_id = NULL WHERE list_id = ANY(%s)", ids))
        self.env["email.campaign.recipient"].invalidate_model(["list_id"], flush=False)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_used(self):
        for target_list in self:
            campaign = self.env["email.campaign"].sudo().search(target_list._campaign_domain(), limit=1)
            if campaign:
                raise UserError(
                    self.env._(
                        "The list “%(list)s” is used by the campaign “%(campaign)s”. Archive the list instead, or take "
                        "it out of the campaign first.",
                        list=target_list.name,
                        campaign=campaign.name,
                    )
                )
