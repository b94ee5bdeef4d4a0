from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...erased import ERASED_DOMAIN, NOBODY


class EmailErasure(models.Model):
    """Somebody who asked to be erased: nothing but the keyed hash of the address, so that nobody writes to it again.

    It suppresses the address in every list type, at launch and at claim, and a file that brings it back is refused.
    Only a subscription that is made and confirmed afterwards lifts that, for its own list type.
    """

    _name = "email.erasure"
    _description = "Erased Address"
    _rec_name = "at"
    _order = "id desc"
    _log_access = False

    address_hash = fields.Char("Keyed Hash", required=True, readonly=True, export_string_translation=False)
    at = fields.Datetime("When", required=True, readonly=True)
    note = fields.Char("Reference", readonly=True, help="Where the request is filed.")
    user_id = fields.Many2one("res.users", "Erased by", readonly=True, ondelete="set null")

    _hash_unique = models.Constraint("UNIQUE(address_hash)", "This address is erased already.")

    @api.model
    def _any(self):
        """Say whether anybody is erased, which most databases know nobody of.

        :raises UserError: when the key is missing by which those are known
        """
        [(found,)] = self.env.execute_query(SQL("SELECT EXISTS (SELECT FROM email_erasure)"))
        if found:
            self.env["email.address.hash"]._check_key()
        return found

    @api.model
    def _suppressed(self, email, list_type):
        """Give SQL for whether the address is not to be mailed, where `erased` is the row of this table or none.

        :param email: SQL for the normalised address
        :param list_type: SQL for the list type
        """
        return SQL(
            """
            ((erased.id IS NOT NULL
              AND NOT EXISTS (SELECT FROM email_subscription again
                               WHERE again.email = %(email)s AND again.list_type_id = %(list_type)s
                                 AND again.state = 'opted_in'))
             OR %(email)s LIKE %(placeholder)s)
            """,
            email=email,
            list_type=list_type,
            placeholder=NOBODY,
        )

    @api.model
    def _join(self, email):
        """Give SQL that joins this table as `erased` by the address `email`."""
        return SQL(
            "LEFT JOIN email_erasure erased ON erased.address_hash = %s", self.env["email.address.hash"]._hash(email)
        )

    @api.model
    def _erased_of(self, emails, list_type):
        """Give the set of those of `emails` (normalised) that may not come back to lists of `list_type`."""
        if not emails or not self._any():
            return set()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT given.email FROM unnest(%s::varchar[]) AS given (email) %s WHERE %s",
                list(emails),
                self._join(SQL("given.email")),
                self._suppressed(SQL("given.email"), SQL("%s", list_type.id)),
            )
        )
        return {email for (email,) in rows}

    @api.model
    def _erase(self, email, note=None):
        """Take the owner of `email` (normalised) out of everything we hold, for good.

        What happened stays as numbers: an email was sent, opened, a list type was left. Contacts, leads and users are
        Odoo's and stay; so do the files of imports, for a month.

        :return: {what: number of rows}
        :raises AccessError: unless the user is a campaign manager and sees all companies that hold something of it
        """
        if not self.env.user.has_group("email_campaign.group_manager"):
            raise AccessError(self.env._("Only campaign managers erase people."))
        if email.endswith(f"@{ERASED_DOMAIN}"):
            raise UserError(self.env._("“%s” is what is left of somebody who was erased already.", email))
        self._check_companies(email)
        self.env.flush_all()
        counts = self.sudo()._take_out(email)
        # First the row with the address, by which the hash is made, then the address out of all rows.
        self.env["email.consent"]._told(source="hand")._record([email], "erase")
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_erasure (address_hash, at, note, user_id)
                     VALUES (%s, now() AT TIME ZONE 'utc', %s, %s)
                ON CONFLICT (address_hash) DO UPDATE
                        SET at = EXCLUDED.at, note = EXCLUDED.note, user_id = EXCLUDED.user_id
                """,
                self.env["email.address.hash"]._hash(SQL("%s", email)),
                note or None,
                self.env["email.consent"]._actor(),
            )
        )
        counts["consent"] = self._take_out_of_ledger(email)
        self.env.invalidate_all(flush=False)
        return counts

    def _check_companies(self, email):
        """Refuse to erase what the user can't see, without telling what that is."""
        [(others,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (SELECT FROM email_campaign_mailing m
                                 JOIN email_campaign_recipient r ON r.mailing_id = m.id
                                WHERE m.company_id <> ALL(%(companies)s) AND r.email = %(email)s)
                    OR EXISTS (SELECT FROM email_target_list l
                                 JOIN email_target_list_member m ON m.list_id = l.id
                                WHERE l.company_id <> ALL(%(companies)s) AND m.email_normalized = %(email)s)
                    OR EXISTS (SELECT FROM email_subscription s JOIN email_list_type t ON t.id = s.list_type_id
                                WHERE t.company_id <> ALL(%(companies)s) AND s.email = %(email)s)
                    OR EXISTS (SELECT FROM email_pause WHERE company_id <> ALL(%(companies)s) AND email = %(email)s)
                    OR EXISTS (SELECT FROM email_subscription_request q JOIN email_list_type t ON t.id = q.list_type_id
                                WHERE t.company_id <> ALL(%(companies)s) AND q.email = %(email)s)
                """,
                companies=self.env.companies.ids,
                email=email,
            )
        )
        if others:
            raise AccessError(
                self.env._(
                    "“%s” is also held by a company that is not among those you have switched on. Switch on all of "
                    "them, or ask somebody who can.",
                    email,
                )
            )

    def _take_out_of_ledger(self, email):
        """Leave the keyed hash only. The actor is taken out where it is the person: a user with that address."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE email_consent
                   SET email = NULL, detail = NULL, ip = NULL, user_agent = NULL,
                       user_id = CASE WHEN source <> 'portal' THEN user_id END
                 WHERE email = %s
                """,
                email,
            )
        )
        return self.env.cr.rowcount
