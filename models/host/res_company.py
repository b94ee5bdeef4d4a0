from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    email_campaign_footer = fields.Html(
        "Footer of Mass Emails",
        translate=True,
        help="Stands below every mass email without an opt-out link of its own. Write {optOutUrl} as the target of the "
        "link that opts out, and {preferencesUrl} for the preference centre; without the first, a line with it is "
        "added.",
    )
