"""The figures that campaigns and mass emails show."""

# What is counted, as a condition on recipient rows.
COUNTS = {
    "recipient_count": "state <> 'skipped'",
    "remaining_count": "state IN ('queued', 'claimed', 'handed', 'retry')",
    "sent_count": "state = 'sent'",
    "failed_count": "state = 'failed'",
    "in_doubt_count": "state = 'in_doubt'",
    "cancelled_count": "state = 'cancelled'",
    "skipped_count": "state = 'skipped'",
    "opened_count": "opened_at IS NOT NULL",
    "clicked_count": "clicked_at IS NOT NULL",
    "bounced_count": "bounced_at IS NOT NULL",
    "opted_out_count": "opted_out_at IS NOT NULL",
}
# Each in hundredths of the sum of some others: opens of what was sent, bounces of all that was tried.
RATES = {
    "opened_rate": ("opened_count", ("sent_count",)),
    "clicked_rate": ("clicked_count", ("sent_count",)),
    "bounced_rate": ("bounced_count", ("sent_count", "failed_count")),
    "opted_out_rate": ("opted_out_count", ("sent_count",)),
}
