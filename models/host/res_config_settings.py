from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..response import email_verdict_policy, email_visit

# Field of the settings: parameter. What is stored is the word True or False, and nothing stored means True.
SWITCHES = {
    "email_campaign_opt_out_footer": "email_campaign.opt_out_footer",
    "email_campaign_verp": "email_campaign.verp",
    "email_campaign_hidden_link": "email_campaign.hidden_link",
}
# Field of the settings: parameter, what nothing stored means, the smallest and the largest that may be chosen.
NUMBERS = {
    "email_campaign_frequency_cap": ("email_campaign.frequency_cap", 0, 0, 100),
    "email_campaign_frequency_days": ("email_campaign.frequency_days", 7, 1, 365),
    "email_campaign_hourly_cap": ("email_campaign.hourly_cap", 0, 0, 100_000_000),
    "email_campaign_portion_size": ("email_campaign.portion_size", 1000, 1, 10_000),
    "email_campaign_sender_slots": ("email_campaign.sender_slots", 1, 1, 32),
    "email_campaign_soon_seconds": email_visit.RULES["soon"],
    "email_campaign_burst_links": email_visit.RULES["links"],
    "email_campaign_burst_seconds": email_visit.RULES["seconds"],
    "email_campaign_key_days": ("email_campaign.key_days", 1825, 1, 36_500),
}
# How long the log keeps each kind of event, in days; see `email.campaign.event.rollup`.
KEPT = ("sent", "failed", "open", "click", "bounce", "complaint", "opt_out", "opt_in", "pause", "resume", "reply")
KEPT += ("auto_reply", "delivered", "delayed", "undone")
NUMBERS.update(
    {f"email_campaign_keep_{kind}_days": (f"email_campaign.keep_{kind}_days", 0, 0, 36_500) for kind in KEPT}
)
# What comes back: named after their parameters.
NUMBERS.update({values[0].replace(".", "_"): values for values in email_verdict_policy.NUMBERS.values()})


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # Read and stored here, not by `config_parameter`: that takes the word False for a switch that is on.
    email_campaign_opt_out_footer = fields.Boolean(
        "Opt-out Footer",
        default=True,
        help="Append a footer with an opt-out link to every mass email that has no such link itself.",
    )
    email_campaign_verp = fields.Boolean(
        "Variable Return Path",
        default=True,
        help="Give each email a return path of its own (VERP), so that a bounce names whom it is about. Mail to "
        "bounce+anything must arrive in the bounce mailbox for that.",
    )

    email_campaign_frequency_cap = fields.Integer(
        "Emails to One Address",
        help="An address gets at most so many mass emails in the days below, whoever sends them; 0 for no limit.",
    )
    email_campaign_frequency_days = fields.Integer("Within Days", default=7)
    email_campaign_hourly_cap = fields.Integer(
        "Emails an Hour",
        help="Never more than so many in any 60 minutes, by all providers together; 0 for no limit.",
    )
    email_campaign_portion_size = fields.Integer(
        "Portion Size",
        default=1000,
        help="How many emails a sending job takes out of the queue at a time at the most.",
    )
    email_campaign_sender_slots = fields.Integer(
        "Sender Slots",
        default=1,
        help="How many sending jobs work side by side.",
    )

    email_campaign_keep_sent_days = fields.Integer("Sent")
    email_campaign_keep_failed_days = fields.Integer("Failed")
    email_campaign_keep_open_days = fields.Integer("Opened")
    email_campaign_keep_click_days = fields.Integer("Clicked")
    email_campaign_keep_bounce_days = fields.Integer("Bounced")
    email_campaign_keep_complaint_days = fields.Integer("Complained")
    email_campaign_keep_opt_out_days = fields.Integer("Opted Out")
    email_campaign_keep_opt_in_days = fields.Integer("Opted In")
    email_campaign_keep_pause_days = fields.Integer("Paused")
    email_campaign_keep_resume_days = fields.Integer("Resumed")
    email_campaign_keep_reply_days = fields.Integer("Replied")
    email_campaign_keep_auto_reply_days = fields.Integer("Replied by Itself")
    email_campaign_keep_delivered_days = fields.Integer("Delivered")
    email_campaign_keep_delayed_days = fields.Integer("Delayed")
    email_campaign_keep_undone_days = fields.Integer("Taken Back")

    email_campaign_open_tracking = fields.Selection(
        [
            ("on", "On, unless a mass email switches it off"),
            ("off", "Off, unless a mass email switches it on"),
            ("never", "Never, whatever a mass email says"),
        ],
        "Open Tracking",
        default="on",
        help="Whether new mass emails have the small image that tells when they are opened. With the last choice none "
        "has it, and what emails that were sent before report is not written down any more.",
    )
    email_campaign_hidden_link = fields.Boolean(
        "Hidden Link",
        default=True,
        help="Add a link to mass emails that nobody sees and no screen reader speaks of. Whoever follows it is a "
        "machine, and so is what it does in the minute around that.",
    )
    email_campaign_soon_seconds = fields.Integer(
        "Seconds after Sending",
        default=5,
        help="An opening or a click within so many seconds after an email was sent is a machine's; 0 to not ask.",
    )
    email_campaign_burst_links = fields.Integer(
        "Links at Once",
        default=3,
        help="Who follows so many different links of one email within the seconds below is a machine; 0 to not ask.",
    )
    email_campaign_burst_seconds = fields.Integer("Within Seconds", default=3)
    email_campaign_key_days = fields.Integer(
        "Old Links Live On",
        default=1825,
        help="Days for which links go on working after the signing key was replaced. Links in emails are clicked, and "
        "people opt out, for years.",
    )

    email_campaign_hard_bounces = fields.Integer(
        "Hard Bounces",
        default=1,
        help="So many hard bounces make an address invalid; 0 for never.",
    )
    email_campaign_soft_bounces = fields.Integer(
        "Days with Soft Bounces",
        default=5,
        help="Soft bounces on so many days within the window make an address invalid; 0 for never.",
    )
    email_campaign_soft_bounce_days = fields.Integer("Window of Soft Bounces", default=30)
    email_campaign_complaint_scope = fields.Selection(
        email_verdict_policy.SCOPES, "Who Complains Is Opted", default="type", required=True
    )
    email_campaign_keep_raw_days = fields.Integer("Keep Messages That Came Back", default=90)

    @api.constrains(*NUMBERS)
    def _check_email_campaign_numbers(self):
        for settings in self:
            for name, (_key, _default, least, most) in NUMBERS.items():
                if not least <= settings[name] <= most:
                    raise ValidationError(
                        self.env._(
                            "“%(setting)s” is %(value)s, but must be a number from %(least)s to %(most)s.",
                            setting=self._fields[name]._description_string(self.env),
                            value=settings[name],
                            least=least,
                            most=most,
                        )
                    )

    @api.model
    def get_values(self):
        parameters = self.env["ir.config_parameter"]
        values = {field: parameters._email_campaign_switch(key) for field, key in SWITCHES.items()}
        for field, (key, default, _least, _most) in NUMBERS.items():
            values[field] = parameters._email_campaign_number(key, default)
        values["email_campaign_open_tracking"] = self.env["email.visit"]._open_tracking()
        values["email_campaign_complaint_scope"] = self.env["email.verdict"]._policy()["complaint_scope"]
        return {**super().get_values(), **values}

    def set_values(self):
        result = super().set_values()
        parameters = self.env["ir.config_parameter"].sudo()
        audience = self.env["email.audience"]
        cap = audience._frequency_cap()
        for field, key in SWITCHES.items():
            parameters.set_param(key, str(self[field]))
        for field, (key, _default, _least, _most) in NUMBERS.items():
            parameters.set_param(key, str(self[field]))
        parameters.set_param("email_campaign.open_tracking", self.email_campaign_open_tracking or "on")
        parameters.set_param(email_verdict_policy.SCOPE, self.email_campaign_complaint_scope or "type")
        self.env["email.provider"]._set_slots(self.email_campaign_sender_slots)
        if audience._frequency_cap() != cap:
            self.env["email.address.recount"].sudo()._start()
        return result

    def action_email_campaign_footer(self):
        """Open the footer of the company, where it can be written in each language."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Footer of Mass Emails"),
            "res_model": "res.company",
            "res_id": self.env.company.id,
            "views": [(self.env.ref("email_campaign.res_company_view_form_email_campaign_footer").id, "form")],
            "target": "new",
        }

    def action_email_campaign_replace_key(self):
        """Sign links with a new key from now on.

        :raises AccessError: for who is no administrator of email campaigns
        :raises UserError: when too many keys are still believed
        """
        if not self.env.user.has_group("email_campaign.group_admin"):
            raise AccessError(self.env._("Only an administrator of email campaigns may replace the signing key."))
        keys = self.env["email.link.key"].sudo()
        keys._replace()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Links are signed with a new key from now on. Those sent before work for %(days)s more days.",
                    days=keys._days(),
                ),
            },
        }
