import json
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.response.email_link import RETURN_PATH
from . import webhook_payloads as made
from .hooking import HookCase


@tagged("post_install", "-at_install")
class TestWebhook(HookCase, HttpCase):
    """The way of an event, by the one service that tells of many at once."""

    def test_a_dead_address(self):
        self.assertEqual(self.tell(self.bounce(self.pat)), 200)
        verdict = self.verdicts(self.pat)
        self.assertEqual(verdict.kind, "hard")
        self.assertEqual(verdict.reason, "dead_address")
        self.assertEqual(verdict.status_code, "5.1.1")
        self.assertEqual(verdict.rule, "sendgrid: bounce/Invalid Address")
        self.assertEqual((verdict.matched_by, verdict.channel), ("message_id", "webhook"))
        self.assertEqual(verdict.provider_id, self.provider)
        self.assertEqual(self.validity(self.pat), "invalid")
        self.assertEqual(self.pat.bounce_kind, "hard")
        self.assertIn(("bounce", False), self.kinds())

    def test_every_kind(self):
        pat, kim, lee, max_, sue = self.recipients
        id_of = self.message_id
        self.tell(
            made.sendgrid("delivered", pat.email, id_of(pat), response="250 OK"),
            made.sendgrid("deferred", kim.email, id_of(kim), response="451 4.7.1 later"),
            # These two have our argument, and no Message-ID.
            made.sendgrid("spamreport", lee.email, argument=self.token(lee)),
            made.sendgrid("unsubscribe", max_.email, argument=self.token(max_)),
            made.sendgrid("bounce", sue.email, id_of(sue), type="blocked", reason=made.BLOCKED),
        )
        self.assertEqual(
            [self.told(recipient) for recipient in self.recipients],
            [["delivered"], ["delayed"], ["complaint"], ["opt_out"], ["soft"]],
        )
        self.assertEqual([bool(recipient.opted_out_at) for recipient in self.recipients], [0, 0, 1, 1, 0])
        for recipient in self.recipients:
            self.assertNotIn(self.validity(recipient), ("invalid", "soft_bouncing"), "nobody's address is to blame")
        kinds = [kind for kind, _by in self.kinds()]
        self.assertEqual(kinds.count("complaint"), 1)
        self.assertEqual(kinds.count("delivered"), 1)
        self.assertEqual(kinds.count("delayed"), 1)

    def test_what_is_told_twice_counts_once(self):
        told, headers = made.sendgrid_call([self.bounce(self.pat, reason=made.MAILBOX_FULL, bounce_classification="")])
        self.assertEqual([self.call(told, headers) for _time in range(3)], [200, 200, 200])
        self.assertEqual(self.told(self.pat), ["soft"])
        event = json.loads(told)[0]
        self.tell(made.sendgrid("open", self.pat.email), event, event)
        self.assertEqual(self.told(self.pat), ["soft"])
        known = self.env["email.address"].sudo().search([("email", "=", self.pat.email)])
        self.assertEqual(known.soft_bounce_count, 1)

    def test_the_order_does_not_matter(self):
        self.tell(self.bounce(self.pat))
        late = made.sendgrid("delivered", self.pat.email, self.message_id(self.pat))
        late["timestamp"] -= 600
        self.tell(late)
        self.assertEqual(sorted(self.told(self.pat)), ["delivered", "hard"])
        self.assertEqual(self.validity(self.pat), "invalid", "an earlier delivery does not mend a dead address")
        self.assertEqual(self.pat.bounce_kind, "hard")

    def test_evidence_settles_doubt(self):
        self.pat.state = "in_doubt"
        self.assertEqual(self.tell(made.sendgrid("delivered", self.pat.email, self.message_id(self.pat))), 200)
        self.assertEqual(self.told(self.pat), ["delivered"])

    def test_opens_and_clicks_are_ours_to_count(self):
        id_of = self.message_id(self.pat)
        self.tell(*(made.sendgrid(kind, self.pat.email, id_of) for kind in ("processed", "open", "click")))
        self.assertFalse(self.verdicts())
        self.assertFalse(self.pat.opened_at)
        self.assertEqual((self.webhook.ignored, self.webhook.taken), (3, 0))

    def test_what_is_not_known_is_noted(self):
        self.assertEqual(self.tell(made.sendgrid("beamed", self.pat.email, self.message_id(self.pat))), 200)
        self.assertFalse(self.verdicts())
        self.assertEqual(self.webhook.unknown, "beamed")
        self.assertEqual(self.webhook.state, "works")

    def test_a_copy_is_not_the_recipient(self):
        event = self.bounce(self.pat) | {"email": "boss@crm.example"}
        self.assertEqual(self.tell(event), 200)
        self.assertFalse(self.verdicts())
        self.assertEqual(self.validity(self.pat), "unknown")
        self.assertEqual(self.webhook.unmatched, 1)

    def test_another_spelling_of_the_address(self):
        self.tell(self.bounce(self.pat) | {"email": self.pat.email.upper()})
        self.assertEqual(self.told(self.pat), ["hard"])

    def test_a_message_id_that_we_did_not_sign(self):
        forged = self.message_id(self.pat)[:-20] + "0@crm.example>"
        link = self.signer.sign_local(RETURN_PATH, self.pat.id)
        for message_id in (forged, f"<{link}@crm.example>", "<webshop-1@crm.example>"):
            self.tell(self.bounce(self.pat) | {"smtp-id": message_id})
        self.assertFalse(self.verdicts())
        self.assertEqual(self.webhook.unmatched, 3)

    def test_a_thousand_events_are_a_handful_of_statements(self):
        def count(number):
            webhook = self.webhook.sudo()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            webhook._take_in(*made.sendgrid_call([self.bounce(self.pat) for _n in range(number)]))
            return self.env.cr.sql_log_count - before

        count(1)
        few, many = count(2), count(1000)
        # They are judged in two portions.
        self.assertLessEqual(many, 2 * few + 5)
        self.assertLess(many, 60)
        self.assertEqual(self.webhook.taken, 1003)

    def test_two_calls_that_get_in_each_others_way(self):
        count, failed = type(self.webhook)._count, []

        def once(webhook, *values):
            if not failed:
                failed.append(webhook)
                webhook.env.cr.execute(
                    "DO $$ BEGIN RAISE EXCEPTION 'as when two write' USING ERRCODE = '40001'; END $$"
                )
            count(webhook, *values)

        with patch.object(type(self.webhook), "_count", once), mute_logger("odoo.sql_db"):
            self.assertEqual(self.tell(self.bounce(self.pat)), 200)
        self.assertTrue(failed)
        self.assertEqual(self.told(self.pat), ["hard"])
        self.assertFalse(self.webhook.refusal)
