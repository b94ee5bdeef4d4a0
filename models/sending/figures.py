"""The figures that campaigns and mass emails show."""

# What is counted, as a condition on recipient rows.
COUNTS = {
    "recipient_count": "state <> 'skipped'",
    "remaining_count": "state IN ('queued', 'claimed', 'handed', 'retry')",
    "sent_count": "state = 'sent'",
    "failed_count": "state = 'failed'",
    "in_doubt_count": "state = 'in_doubt'",
    "skipped_count": "state = 'skipped'",
    "opened_count": "opened_at IS NOT NULL",
    "clicked_count": "clicked_at IS NOT NULL",
    "bounced_count": "bounced_at IS NOT NULL",
    "opted_out_count": "opted_out_at IS NOT NULL",
}
# Each in hundredths of what was sent.
RATES = {
    "opened_rate": "opened_count",
    "clicked_rate": "clicked_count",
    "bounced_rate": "bounced_count",
    "opted_out_rate": "opted_out_count",
}
