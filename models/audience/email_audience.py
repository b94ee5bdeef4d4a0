from contextlib import contextmanager

from odoo import api, models
from odoo.tools import SQL

# The part before the launch of what is refused later by the full check of `tools.address`: cheap enough for SQL.
ADDRESS_PATTERN = r"""^[^@\s<>()\[\],;:\\"]+@[^@\s<>()\[\],;:\\"]+$"""


# For each of about six steps of one statement at the most, and only for as long as it runs.
WORK_MEMORY = "128MB"
# Why a member who was ranked is left out, NULL if it is not.
RANKED_REASON = SQL("CASE WHEN reason IS NULL AND place > 1 THEN 'duplicate' ELSE reason END")


class EmailAudience(models.AbstractModel):
    """Who gets a mass email and who does not, as SQL over sets.

    The rules stand once, in `_suppression`: launch asks them of the members of the lists, and the worker asks them
    again of the recipients that it is about to send to.
    """

    _name = "email.audience"
    _description = "Audience of Mass Emails"

    @api.model
    def _freeze(self, mailing):
        """Write the recipients of `mailing`: one row for everyone on the lists, those left out with the reason.

        Of several members with one address, the first of those who may be mailed gets it. Returns the number of rows.
        They are written in the order of their addresses, as the last step has them: to sort them once more costs as
        much as to find out who is left out, and the index of addresses takes them twice as fast like that.
        """
        self.env.flush_all()
        # Where rows are written to a table that stays, PostgreSQL does not let its parallel workers help to find them.
        with self._much_memory():
            self.env.cr.execute(
                SQL("CREATE TEMPORARY TABLE email_audience_ranked ON COMMIT DROP AS %s", self._ranked(mailing))
            )
        # No rows come back: there may be a million.
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_campaign_recipient
                            (mailing_id, list_id, list_type_id, res_model, res_id, partner_id,
                             name, email, lang, values, state, skip_reason, attempts)
                     SELECT %(mailing)s, list_id, list_type_id, res_model, res_id, partner_id,
                            name, email, lang, values,
                            CASE WHEN %(reason)s IS NULL THEN 'queued' ELSE 'skipped' END, %(reason)s, 0
                       FROM email_audience_ranked
                """,
                mailing=mailing.id,
                reason=RANKED_REASON,
            )
        )
        count = self.env.cr.rowcount
        self.env.cr.execute(SQL("DROP TABLE email_audience_ranked"))
        self.env.invalidate_all(flush=False)
        return count

    @api.model
    def _report(self, mailing):
        """Give {reason (False for those who would get it): number} of those whom a launch of `mailing` would freeze.

        Nothing is written. Members are judged as `_bring_up_to_date` of the mass email left them.
        """
        self.env.flush_all()
        with self._much_memory():
            rows = self.env.execute_query(
                SQL(
                    "SELECT %(reason)s, count(*) FROM (%(ranked)s) AS ranked GROUP BY 1 ORDER BY 2 DESC",
                    reason=RANKED_REASON,
                    ranked=self._ranked(mailing),
                )
            )
        return {reason or False: count for reason, count in rows}

    @api.model
    def _members_query(self, mailing, reason):
        """Give a query of the ids of the members who would be left out of `mailing` for `reason`, or are queued.

        It is for a list view, which is a request of its own: what memory it gets, it has to the end of that.
        """
        self.env.flush_all()
        self._raise_memory()
        # By the reason the members are parted for their places, so only those with this one are sorted.
        condition = {
            "queued": SQL("reason IS NULL AND place = 1"),
            "duplicate": SQL("reason IS NULL AND place > 1"),
        }.get(reason, SQL("reason = %s", reason))
        return SQL("(SELECT id FROM (%s) AS ranked WHERE %s)", self._ranked(mailing), condition)

    @contextmanager
    def _much_memory(self):
        """Let the statement that is run within sort and join a whole audience in memory."""
        [(before,)] = self.env.execute_query(SQL("SELECT current_setting('work_mem')"))
        self._raise_memory()
        yield
        self.env.execute_query(SQL("SELECT set_config('work_mem', %s, TRUE)", before))

    def _raise_memory(self):
        self.env.execute_query(
            SQL(
                """
                SELECT set_config('work_mem', %(memory)s, TRUE)
                 WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes(%(memory)s)
                """,
                memory=WORK_MEMORY,
            )
        )

    def _ranked(self, mailing):
        """Give a query of the members of all lists with `reason` and `place`, the place among those of one address."""
        campaign = mailing.campaign_id
        joins, reason = self._suppression(mailing, SQL("m"), SQL("m.email_normalized"), SQL("l.list_type_id"))
        return SQL(
            """
            -- The order of bytes is as good as any, and the fastest.
            SELECT *, row_number() OVER (PARTITION BY email COLLATE "C", reason ORDER BY list_id, id) AS place
              FROM (SELECT m.id, m.list_id, l.list_type_id, m.res_model, m.res_id, m.partner_id, m.name,
                           coalesce(m.email_normalized, nullif(trim(m.email), '')) AS email, m.lang, m.values,
                           CASE WHEN coalesce(trim(m.email), '') = '' THEN 'no_email'
                                WHEN m.email_normalized IS NULL OR m.email_normalized !~ %(pattern)s THEN 'bad_address'
                                WHEN m.state = 'pending' THEN 'not_confirmed'
                                WHEN m.state = 'unsubscribed' OR gone.list_id IS NOT NULL
                                THEN 'opted_out'
                                WHEN m.record_company_id <> %(company)s THEN 'other_company'
                                WHEN NOT %(accepted)s THEN 'contact_type'
                                WHEN NOT m.record_active AND %(enabled_only)s THEN 'disabled'
                                ELSE %(reason)s
                           END AS reason
                      FROM email_target_list_member m
                      JOIN email_target_list l ON l.id = m.list_id
                           -- Who unsubscribed did so for the address, whoever else has it.
                 LEFT JOIN (SELECT DISTINCT list_id, email_normalized FROM email_target_list_member
                             WHERE list_id = ANY(%(lists)s) AND state = 'unsubscribed') AS gone
                        ON gone.list_id = m.list_id AND gone.email_normalized = m.email_normalized
                 LEFT JOIN res_partner p ON m.res_model IN ('res.partner', 'res.users') AND p.id = m.partner_id
                           %(joins)s
                     WHERE m.list_id = ANY(%(lists)s)) AS judged
            """,
            pattern=ADDRESS_PATTERN,
            company=mailing.company_id.id,
            accepted=self._accepted(campaign),
            enabled_only=campaign.enabled_only,
            reason=reason,
            joins=joins,
            lists=campaign.target_list_ids.ids,
        )

    @api.model
    def _suppression(self, mailing, alias, email, list_type, few=False):
        """Give (joins, expression): the reason why an address is not mailed, or NULL.

        :param alias: SQL name of a table with res_model, res_id, partner_id
        :param email: SQL for the normalised address
        :param list_type: SQL for the list type that the mail would come by
        :param few: whether a batch is asked about, for which the excluding lists are looked up row by row; else they
            are read once and joined
        """
        excluding = self._excluding_ids(mailing)
        parts = {"alias": alias, "email": email, "list_type": list_type, "excluding": excluding}
        # By the database, which need not give a worker all of the mass email for it with each claim.
        parts["company"] = SQL("(SELECT company_id FROM email_campaign_mailing WHERE id = %s)", mailing.id)
        joins = SQL(
            """
            LEFT JOIN email_subscription sub
                   ON sub.email = %(email)s AND sub.list_type_id = %(list_type)s AND sub.state = 'opted_out'
            LEFT JOIN mail_blacklist black ON black.email_key = %(email)s AND black.active
            LEFT JOIN email_address addr ON addr.email = %(email)s AND addr.validity = 'invalid'
            LEFT JOIN email_pause pause ON pause.email = %(email)s AND pause.company_id = %(company)s
                  AND pause.until > now() AT TIME ZONE 'utc'
            """,
            **parts,
        )
        excluded = SQL("FALSE")
        if excluding and few:
            excluded = self._excluded_few(parts)
        elif excluding:
            joins = SQL("%s %s", joins, self._excluded_joins(parts))
            excluded = SQL(
                "(out_email.email_normalized IS NOT NULL OR out_record.res_id IS NOT NULL "
                "OR out_partner.partner_id IS NOT NULL)"
            )
        often_joins, too_often = self._too_often(mailing, email, few)
        reason = SQL(
            """
            CASE WHEN %s THEN 'excluded'
                 WHEN sub.id IS NOT NULL THEN 'opted_out'
                 WHEN black.id IS NOT NULL THEN 'blacklisted'
                 WHEN addr.id IS NOT NULL THEN 'invalid'
                 WHEN pause.id IS NOT NULL THEN 'paused'
                 WHEN %s THEN 'too_often'
            END
            """,
            excluded,
            too_often,
        )
        return SQL("%s %s", joins, often_joins), reason

    def _excluding_ids(self, mailing):
        """Give the ids of the lists whose members are left out, read as they are at this moment.

        An archived list goes on excluding: whoever put people on it did not mean "until it is tidied away".
        """
        self.env["email.campaign"].flush_model(["excluding_list_ids"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT x.list_id FROM email_campaign_excluding_list_rel x
                  JOIN email_campaign_mailing m ON m.campaign_id = x.campaign_id WHERE m.id = %s
                """,
                mailing.id,
            )
        )
        return [list_id for (list_id,) in rows]

    def _excluded_joins(self, parts):
        return SQL(
            """
            LEFT JOIN (SELECT DISTINCT email_normalized FROM email_target_list_member
                        WHERE list_id = ANY(%(excluding)s) AND email_normalized IS NOT NULL) AS out_email
                   ON out_email.email_normalized = %(email)s
            LEFT JOIN (SELECT DISTINCT res_model, res_id FROM email_target_list_member
                        WHERE list_id = ANY(%(excluding)s) AND res_id IS NOT NULL) AS out_record
                   ON out_record.res_model = %(alias)s.res_model AND out_record.res_id = %(alias)s.res_id
            LEFT JOIN (SELECT DISTINCT partner_id FROM email_target_list_member
                        WHERE list_id = ANY(%(excluding)s) AND partner_id IS NOT NULL) AS out_partner
                   ON out_partner.partner_id = %(alias)s.partner_id
            """,
            **parts,
        )

    def _excluded_few(self, parts):
        """Each of the three finds its row by an index of its own."""
        return SQL(
            """
            (EXISTS (SELECT FROM email_target_list_member x
                      WHERE x.list_id = ANY(%(excluding)s) AND x.email_normalized = %(email)s)
             OR EXISTS (SELECT FROM email_target_list_member x
                         WHERE x.list_id = ANY(%(excluding)s) AND x.res_model = %(alias)s.res_model
                           AND x.res_id = %(alias)s.res_id)
             OR EXISTS (SELECT FROM email_target_list_member x
                         WHERE x.list_id = ANY(%(excluding)s) AND x.partner_id = %(alias)s.partner_id))
            """,
            **parts,
        )
