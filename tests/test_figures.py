from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.email_campaign.models.sending.email_figures import COUNTS

from .common import DeliveryCase


@tagged("post_install", "-at_install")
class TestFigures(DeliveryCase):
    """The numbers on forms: the same whether they are counted or were settled at the end of sending."""

    def assertSettled(self, mailing, **expected):
        """Hold that the figures come from what was settled, that they are `expected`, and what the rows say."""
        mailing.invalidate_recordset()
        self.assertEqual({name: mailing[name] for name in expected}, expected)
        shown = {name: mailing[name] for name in COUNTS}
        self.assertEqual(shown, mailing._counted(mailing.ids)[mailing.id])
        self.env.cr.execute(
            SQL(
                "SELECT (%s) IS NOT NULL FROM email_campaign_mailing m WHERE id = %s",
                mailing._settled_figures_query(),
                mailing.id,
            )
        )
        self.assertTrue(self.env.cr.fetchone()[0])

    def test_report_tells_what_a_launch_would_freeze(self):
        self.env["email.subscription"]._set_state("person1@good.example", self.list_type, "opted_out", "test")
        self.env["mail.blacklist"]._add("person2@good.example")
        twin = self.env["res.partner"].create({"name": "Twin", "email": "Person3@GOOD.example"})
        mailing = self.make_mailing(self.make_list(self.partners | twin), excluding=self.make_list(self.partners[3]))

        report = self.env["email.audience"]._report(mailing)

        self.assertEqual(report, {False: 2, "opted_out": 1, "blacklisted": 1, "duplicate": 1, "excluded": 1})
        self.assertEqual((mailing.state, mailing.recipient_count), ("draft", 0))
        self.assertFalse(mailing.recipient_ids)
        mailing.action_launch()
        self.assertEqual(mailing._audience_report(), report)

    def test_what_is_done_is_not_counted_again(self):
        self.peer.script = {"person1@good.example": "550 5.1.1 no such user"}
        self.env["mail.blacklist"]._add("person2@good.example")
        mailing = self.launch()
        self.assertFalse(mailing.sudo().settled_figures)
        self.assertEqual((mailing.remaining_count, mailing.skipped_count), (4, 1))
        self.send()
        self.assertSettled(mailing, recipient_count=4, sent_count=3, failed_count=1, skipped_count=1, remaining_count=0)
        campaign = mailing.campaign_id
        self.assertEqual((campaign.recipient_count, campaign.sent_count, campaign.failed_count), (4, 3, 1))
        self.assertEqual((mailing.progress, campaign.progress), (100, 100))

    def test_what_goes_on_after_the_end(self):
        mailing = self.launch()
        self.send()
        doubtful, opened = mailing.recipient_ids[:2].sudo()
        # As a worker that lost its connection would have left it.
        doubtful.state = "in_doubt"
        self.assertSettled(mailing, sent_count=4, in_doubt_count=1)
        opened.write({"opened_at": "2026-01-01", "clicked_at": "2026-01-02"})
        self.assertSettled(mailing, opened_count=1, clicked_count=1, bounced_count=0)
        self.assertEqual((mailing.opened_rate, mailing.campaign_id.opened_rate), (25, 25))
        doubtful._settle_by_evidence()
        self.assertSettled(mailing, sent_count=5, in_doubt_count=0)

    def test_failed_ones_tried_again_are_counted_again(self):
        self.peer.script = {"person1@good.example": "550 5.1.1 no such user"}
        mailing = self.launch()
        self.send()
        self.assertSettled(mailing, sent_count=4, failed_count=1)
        mailing.action_retry_failed()
        self.assertEqual((mailing.failed_count, mailing.remaining_count), (0, 1))
        # Its address is known to be dead by now.
        self.send()
        self.assertSettled(mailing, sent_count=4, failed_count=0, skipped_count=1, remaining_count=0)

    def test_cancelled(self):
        mailing = self.launch()
        mailing.action_cancel()
        self.assertEqual((mailing.cancelled_count, mailing.recipient_count, mailing.progress), (5, 5, 0))
        self.send()
        self.assertSettled(mailing, cancelled_count=5, recipient_count=5, sent_count=0)

    def test_nobody_writes_figures_by_hand(self):
        mailing = self.make_mailing(self.make_list(self.partners))
        with self.assertRaises(AccessError):
            mailing.settled_figures = {"settled_count": 1000}

    def test_deleting_what_recipients_came_by(self):
        list_type = self.env["email.list.type"].create({"name": "News"})
        target_list = self.make_list(self.partners, list_type_id=list_type.id)
        mailing = self.make_mailing(target_list)
        mailing.action_launch()
        self.send()
        mailing.campaign_id.target_list_ids = self.make_list(self.partners[:1], name="Another")
        target_list.unlink()
        self.assertEqual(mailing.recipient_ids.list_id.mapped("display_name"), ["Deleted list"])
        self.assertEqual(mailing.recipient_ids.list_type_id, list_type, "what an opt-out is about, stays")
        with self.assertRaisesRegex(UserError, "News"):
            list_type.sudo().unlink()

    def test_the_log_goes_with_its_recipient(self):
        mailing = self.launch()
        self.send()
        events = self.env["email.campaign.event"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(len(events), 5)
        self.assertEqual(events.campaign_id, mailing.campaign_id)
        mailing.recipient_ids[0].sudo().unlink()
        self.assertEqual(len(events.exists()), 4)

    def test_recipients_and_log_go_with_their_mass_email(self):
        mailing = self.launch()
        recipients = mailing.recipient_ids
        mailing.action_cancel()
        self.env["email.campaign.event"].sudo()._log(recipients[0], "opt_out")
        events = self.env["email.campaign.event"].search([("mailing_id", "=", mailing.id)])
        self.assertTrue(recipients and events)
        mailing.campaign_id.unlink()
        self.assertFalse(mailing.exists() or recipients.exists() or events.exists())
