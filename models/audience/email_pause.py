from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

# What the button of the preference centre says.
MONTHS = 3


class EmailPause(models.Model):
    """A break that the owner of an address asked for: until then no mass email of the company reaches it.

    It ends by itself, and nothing that the person agreed to is lost by it.
    """

    _name = "email.pause"
    _description = "Pause of an Address"
    _rec_name = "email"
    _order = "until desc, id desc"
    _log_access = False

    email = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade", index=True)
    until = fields.Datetime("Ends", required=True, readonly=True)

    _address_unique = models.Constraint("UNIQUE(email, company_id)", "An address has one pause for each company.")

    @api.model
    def _begin(self, email, company):
        """Pause `email` (normalised) for the months of `MONTHS` from now; give the moment at which that ends.

        Asking again on the same day changes nothing, and gives an empty value.
        """
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO email_pause AS p (email, company_id, until)
                     VALUES (%s, %s, %s)
                ON CONFLICT (email, company_id) DO UPDATE SET until = EXCLUDED.until
                      WHERE p.until < EXCLUDED.until - interval '1 day'
                  RETURNING until
                """,
                email,
                company.id,
                self._new_end(),
            )
        )
        self.invalidate_model()
        return rows[0][0] if rows else None

    @api.model
    def _new_end(self):
        """Give the moment at which a pause ends that begins now."""
        return fields.Datetime.now() + relativedelta(months=MONTHS)

    @api.model
    def _end(self, email, company):
        """Let mails reach `email` again; give whether they did not."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM email_pause WHERE email = %s AND company_id = %s
                  RETURNING until > now() AT TIME ZONE 'utc'
                """,
                email,
                company.id,
            )
        )
        self.invalidate_model(flush=False)
        return bool(rows and rows[0][0])

    @api.model
    def _until(self, email, company):
        """Give the moment at which the pause of `email` ends, or an empty value."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT until FROM email_pause
                 WHERE email = %s AND company_id = %s AND until > now() AT TIME ZONE 'utc'
                """,
                email,
                company.id,
            )
        )
        return rows[0][0] if rows else None

    @api.autovacuum
    def _gc_over(self):
        self.env.execute_query(SQL("DELETE FROM email_pause WHERE until <= now() AT TIME ZONE 'utc' RETURNING id"))
        self.invalidate_model(flush=False)
