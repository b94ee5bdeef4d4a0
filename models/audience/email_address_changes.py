from odoo import api, fields, models
from odoo.tools import SQL

# What every change of validity writes, together with the row in the history.
NOW = SQL("now() AT TIME ZONE 'utc'")
# Within one transaction changes come one after the other, too.
MOMENT = SQL("clock_timestamp() AT TIME ZONE 'utc'")
# What a person does that shows that an address works, and where it is written down.
ACTIVITIES = {"open": "last_opened_at", "click": "last_clicked_at", "reply": "last_replied_at"}
# What a person does; all else comes about by itself.
BY_SOMEBODY = ("hand", "undone")


class EmailAddress(models.Model):
    """What changes the validity of addresses, each over a set of them in one statement that keeps the history."""

    _inherit = "email.address"

    @api.model_create_multi
    def create(self, vals_list):
        addresses = super().create(vals_list)
        addresses._keep_history(dict.fromkeys(addresses, "unknown"))
        return addresses

    def write(self, vals):
        before = {known: known.validity for known in self} if "validity" in vals else {}
        result = super().write(vals)
        self._keep_history(before)
        return result

    def _keep_history(self, before):
        """Write down a change that somebody made by writing the field, `before` being {address: validity}."""
        self.env["email.address.history"].sudo().create(
            [
                {
                    "address_id": known.id,
                    "at": fields.Datetime.now(),
                    "validity_from": validity,
                    "validity": known.validity,
                    "reason": known.reason,
                    "status_code": known.status_code,
                    "source": "hand",
                    "user_id": self.env.uid,
                }
                for known, validity in before.items()
                if known.validity != validity
            ]
        )

    @api.model
    def _change(self, emails, change, source, cr=None, note=None):
        """Run `change`, which inserts or updates the rows of `emails`, and write down whose validity it changed.

        What somebody says by hand is written down even if it only confirms what was so.

        :param note: why, where that is not the reason that the address has from now on
        """
        parts = self._change_parts(SQL("= ANY(%s)", list(emails)), change, source, note)
        (cr or self.env.cr).execute(SQL("WITH %s SELECT", parts))
        self.invalidate_model()
        self.env["email.address.history"].invalidate_model()

    @api.model
    def _change_parts(self, emails, change, source, note=None):
        """Give what `_change` does as parts of a WITH, for statements that do more.

        :param emails: what follows "WHERE email" to find the rows as they were
        """
        by_hand = source in BY_SOMEBODY
        return SQL(
            """
            address_before AS (
                SELECT email, validity FROM email_address WHERE email %(emails)s
            ), address_changed AS (
                %(change)s RETURNING id, email, validity, reason, status_code
            ), address_kept AS (
                INSERT INTO email_address_history
                            (address_id, at, validity_from, validity, reason, status_code, source, user_id)
                     SELECT c.id, %(moment)s, coalesce(b.validity, 'unknown'), c.validity, %(reason)s, c.status_code,
                            %(source)s, %(user)s
                       FROM address_changed c LEFT JOIN address_before b ON b.email = c.email
                      WHERE c.validity <> coalesce(b.validity, 'unknown') OR %(by_hand)s
            )
            """,
            emails=emails,
            change=change,
            moment=MOMENT,
            reason=SQL("%s", note) if note else SQL("c.reason"),
            source=source,
            user=self.env.uid if by_hand else None,
            by_hand=by_hand,
        )

    @api.model
    def _mark_by_hand(self, emails, validity, note=None):
        """Set the validity of `emails` (normalised), and why: `note`, or who said so."""
        self.flush_model()
        change = SQL(
            """
            INSERT INTO email_address
                        (email, validity, validity_at, reason, hard_bounce_count, soft_bounce_count)
                 SELECT email, %(validity)s, %(now)s, %(reason)s, 0, 0
                   FROM unnest(%(emails)s::varchar[]) AS email ORDER BY email
            ON CONFLICT (email) DO UPDATE
                    SET validity = EXCLUDED.validity, validity_at = EXCLUDED.validity_at, reason = EXCLUDED.reason,
                        status_code = NULL, soft_bounce_count = 0
            """,
            validity=validity,
            now=NOW,
            reason=note or self.env._("Set by hand by %(user)s", user=self.env.user.name),
            emails=list(emails),
        )
        self._change(emails, change, "hand")

    @api.model
    def _note_activity(self, email, kind):
        """Note that a person did something with an email (open, click or reply): the address works."""
        self._change([email], self._activity_change(kind, SQL("SELECT %s AS email", email)), "activity")

    @api.model
    def _activity_change(self, kind, found):
        """Give the change that opening, clicking or a reply makes of the addresses that `found` gives as `email`."""
        return SQL(
            """
            INSERT INTO email_address AS a
                        (email, validity, validity_at, %(column)s, hard_bounce_count, soft_bounce_count)
                 SELECT found.email, 'valid', %(now)s, %(now)s, 0, 0 FROM (%(found)s) found
            ON CONFLICT (email) DO UPDATE
                    SET %(column)s = EXCLUDED.%(column)s,
                        soft_bounce_count = 0,
                        validity_at = CASE WHEN a.validity IN ('unknown', 'soft_bouncing')
                                           THEN EXCLUDED.validity_at ELSE a.validity_at END,
                        reason = CASE WHEN a.validity = 'soft_bouncing' THEN NULL ELSE a.reason END,
                        validity = CASE WHEN a.validity IN ('unknown', 'soft_bouncing')
                                        THEN 'valid' ELSE a.validity END
            """,
            column=SQL.identifier(ACTIVITIES[kind]),
            found=found,
            now=NOW,
        )
