"""The log has no foreign key to tracking URLs any more, recipients none to contacts; the log finds the events of a
recipient in their order, and tells addresses what is sent to them from now on.
"""


def migrate(cr, version):
    """Take away what Odoo leaves in place when a field stops asking for it."""
    cr.execute("ALTER TABLE email_campaign_event DROP CONSTRAINT IF EXISTS email_campaign_event_tracking_url_id_fkey")
    cr.execute(
        "ALTER TABLE email_campaign_recipient DROP CONSTRAINT IF EXISTS email_campaign_recipient_partner_id_fkey"
    )
    cr.execute("DROP INDEX IF EXISTS email_campaign_event__recipient_id_index")
    # Workers have told addresses what was sent to them until now.
    cr.execute(
        """
        UPDATE email_campaign_event_rollup SET told_id = (SELECT coalesce(max(id), 0) FROM email_campaign_event)
        """
    )
    # Whoever opted out of everything by one of our links may take that back by one.
    cr.execute(
        """
        UPDATE mail_blacklist b SET by_owner = TRUE
          FROM email_campaign_recipient r
         WHERE r.opted_out_scope = 'everything' AND b.email_key = r.email AND b.active AND b.by_owner IS NOT TRUE
        """
    )
