from contextlib import contextmanager
from email import message_from_bytes, policy
from unittest.mock import patch

from odoo.tests import TransactionCase, new_test_user

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from ..tools.bounce import Failed, Verdict
from .peer import Peer

BODY = """
<p>Hello {{ recipient.name ||| friend }},</p>
<p>see <a href="https://shop.example/spring?a=1&amp;b=2">what is new</a>.</p>
"""
# Of invariant 1 in DESIGN.md, not of the field: one more there must be thought of here too.
STATES = ("queued", "claimed", "handed", "sent", "retry", "failed", "in_doubt", "skipped", "cancelled")


class CampaignCase(TransactionCase):
    """A salesperson, contacts, a list, a campaign and a mail server that really answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesperson = new_test_user(
            cls.env,
            login="sally",
            name="Sally Sells",
            email="sally@crm.example",
            groups="base.group_user,base.group_partner_manager,email_campaign.group_user",
        )
        cls.manager = new_test_user(
            cls.env,
            login="max",
            email="max@crm.example",
            groups="base.group_user,email_campaign.group_manager",
        )
        cls.env["ir.mail_server"].search([]).active = False
        cls.peer = Peer()
        cls.peer.start()
        cls.addClassCleanup(cls.peer.stop)
        host, port = cls.peer.address
        cls.mail_server = cls.env["ir.mail_server"].create(
            {"name": "Peer", "smtp_host": host, "smtp_port": port, "smtp_encryption": "none"}
        )
        # One connection, so that what is sent arrives in the order of the queue.
        cls.provider = cls.env["email.provider"].create(
            {"name": "Peer", "mail_server_id": cls.mail_server.id, "connections": 1}
        )
        cls.list_type = cls.env.ref("email_campaign.list_type_marketing")
        cls.partners = cls.env["res.partner"].create(
            [{"name": f"Person {n}", "email": f"person{n}@good.example"} for n in range(1, 6)]
        )

    def setUp(self):
        super().setUp()
        self.peer.mails.clear()
        self.peer.script.clear()
        # Odoo sends nothing in tests; here it talks to the peer of this test, and to nobody else.
        self.startPatcher(patch.object(IrMail_Server, "_disable_send", classmethod(lambda cls: False)))

    def make_list(self, records=(), user=None, **values):
        values = {"name": "List", "list_type_id": self.list_type.id, **values}
        target_list = self.env["email.target.list"].with_user(user or self.salesperson).create(values)
        if records:
            target_list._add_records(records.with_user(user or self.salesperson))
        return target_list

    def make_mailing(self, target_lists, excluding=(), user=None, **values):
        user = user or self.salesperson
        campaign = (
            self.env["email.campaign"]
            .with_user(user)
            .create(
                {
                    "name": "Campaign",
                    "user_id": user.id,
                    "target_list_ids": target_lists.ids,
                    "excluding_list_ids": excluding.ids if excluding else [],
                }
            )
        )
        return (
            self.env["email.campaign.mailing"]
            .with_user(user)
            .create({"campaign_id": campaign.id, "subject": "Spring is here", "body_html": BODY, **values})
        )

    def send(self):
        """Run the sending job as the scheduler does."""
        with self.enter_registry_test_mode():
            self.env.ref("email_campaign.cron_send").method_direct_trigger()

    def bounced(self, *emails, kind="hard", said="no such user"):
        """Let mass emails to `emails` come back that were deleted since: only what is known of the addresses stays."""
        campaign = self.env["email.campaign"].sudo().create({"name": "Gone"})
        mailing = campaign.mailing_ids.create({"campaign_id": campaign.id, "subject": "Gone"})
        self.env.cr.execute(
            "INSERT INTO email_campaign_recipient (mailing_id, email, state, sent_at) "
            "SELECT %s, unnest(%s), 'sent', now() AT TIME ZONE 'utc' RETURNING id, email",
            [mailing.id, list(emails)],
        )
        status, reason = {"hard": ("5.1.1", "dead_address"), "soft": ("4.2.2", "mailbox_full")}[kind]
        told = [
            {
                "recipient_id": recipient_id,
                "verdict": Verdict(kind, "event", (Failed(email, "failed", status, said, kind == "hard", reason),)),
                "channel": "webhook",
                "reference": f"{kind} {email}",
            }
            for recipient_id, email in self.env.cr.fetchall()
        ]
        self.assertEqual(self.env["email.verdict"]._take(told), len(emails))
        mailing.recipient_ids.unlink()
        campaign.unlink()
        self.env.invalidate_all()

    @contextmanager
    def assertBalanced(self, mailing):
        """Hold invariant 1 of DESIGN.md: nobody gets lost between the states."""
        before = sum(self.counts(mailing).values())
        yield
        mailing.invalidate_recordset()
        counts = self.counts(mailing)
        self.assertLessEqual(set(counts), set(STATES), "a state that nobody knows")
        self.assertEqual(sum(counts.values()), before)
        self.assertEqual(mailing.recipient_count + mailing.skipped_count, before, "the form leaves nobody out")
        shown = ("remaining_count", "sent_count", "failed_count", "in_doubt_count", "skipped_count")
        self.assertEqual(sum(mailing[name] for name in shown) + counts.get("cancelled", 0), before)

    def try_again(self, mailing):
        """Let the time pass until what waits may be tried again."""
        waiting = mailing.recipient_ids.sudo().filtered("next_try_at")
        waiting.next_try_at = mailing.sudo().next_try_at = self.provider.next_try_at = "2020-01-01"
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM email_provider_pace WHERE domain <> ''")

    def counts(self, mailing):
        """Give {state: number of recipients}, as the database has them."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT state, count(*) FROM email_campaign_recipient WHERE mailing_id = %s GROUP BY state", [mailing.id]
        )
        return dict(self.env.cr.fetchall())

    def states(self, mailing):
        """Give {email: state, or the reason for which it was skipped}."""
        mailing.recipient_ids.invalidate_recordset()
        return {r.email: r.skip_reason or r.state for r in mailing.recipient_ids}

    def message_to(self, email):
        return message_from_bytes(self.peer.mail_to(email), policy=policy.default)


class DeliveryCase(CampaignCase):
    """Mass emails that are launched already."""

    def launch(self, count=5, **values):
        partners = self.partners
        if count > 5:
            partners |= self.env["res.partner"].create(
                [{"name": f"Person {n}", "email": f"person{n}@good.example"} for n in range(6, count + 1)]
            )
        mailing = self.make_mailing(self.make_list(partners[:count]), **values)
        mailing.action_launch()
        return mailing

    def recipient(self, mailing, email):
        mailing.recipient_ids.invalidate_recordset()
        return mailing.recipient_ids.filtered(lambda r: r.email == email)

    def assertNobodyTwice(self):
        self.assertEqual(len(self.peer.recipients()), len(set(self.peer.recipients())))
