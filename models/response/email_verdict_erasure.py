from odoo import models
from odoo.tools import SQL


class EmailErasure(models.Model):
    """What comes back says much about a person: it goes with them, and is told to who asks what we hold."""

    _inherit = "email.erasure"

    def _statements(self, email):
        # Before the recipients, whose address is another one after that.
        verdict = SQL(
            """
            UPDATE email_verdict
               SET email = NULL, diagnostic = NULL, raw = NULL, subject = NULL, sender = NULL, undone_reason = NULL,
                   reference = 'erased ' || id
             WHERE email = %s
            """,
            email,
        )
        return {"verdict": verdict, **super()._statements(email)}
