from datetime import timedelta

from odoo.tests import BaseCase

from ..tools.webhook import SERVICES, to_verdict
from ..tools.webhook.marks import marks
from . import webhook_payloads as made

EMAIL, MESSAGE_ID = "pat@y.example", "<0101aabbccddeeff001122@crm.example>"
TOKEN = MESSAGE_ID[1:-1].partition("@")[0]
FULL, UNKNOWN, BLOCKED = made.MAILBOX_FULL, made.USER_UNKNOWN, made.BLOCKED


def sendgrid(event, **more):
    return [made.sendgrid(event, EMAIL, MESSAGE_ID, **more)]


def bounced(why, kind="bounce", text=""):
    return sendgrid("bounce", type=kind, bounce_classification=why, reason=text, status=text[4:9])


def mailgun(event, **more):
    return {"signature": {}, "event-data": made.mailgun(event, EMAIL, MESSAGE_ID, **more)}


def failed(severity, reason, code=550, message=""):
    return mailgun("failed", severity=severity, reason=reason, code=code, message=message)


def postmark(record, **more):
    return made.postmark(record, EMAIL, TOKEN, **more)


def returned(kind, text="", **more):
    return postmark("Bounce", Type=kind, Details=f"smtp;{text}", **more)


def brevo(event, reason="", **more):
    return made.brevo(event, EMAIL, TOKEN, reason, **more)


def ses(event):
    return made.sns(event)


def back(kind, part, text="", status="5.1.1"):
    return ses(made.ses_bounce(EMAIL, MESSAGE_ID, kind, part, text, status))


# (service, what came, kind, reason, whether it speaks against the address)
LOADED = made.now().replace(tzinfo=None)
TOLD = [
    ("sendgrid", sendgrid("delivered", response="250 OK"), "delivered", "unknown", False),
    ("sendgrid", bounced("Invalid Address", text=UNKNOWN), "hard", "dead_address", True),
    ("sendgrid", bounced("Mailbox Unavailable", text=FULL), "soft", "mailbox_full", True),
    ("sendgrid", bounced("Technical Failure"), "soft", "network", True),
    ("sendgrid", bounced("Content"), "soft", "content", False),
    ("sendgrid", bounced("Reputation", text=BLOCKED), "soft", "blocked", False),
    ("sendgrid", bounced("Frequency or Volume Too High"), "soft", "rate", False),
    ("sendgrid", bounced("Unclassified", text=UNKNOWN), "hard", "dead_address", True),
    ("sendgrid", bounced("Unclassified", text=BLOCKED), "soft", "blocked", False),
    ("sendgrid", bounced("", text=UNKNOWN), "hard", "dead_address", True),
    ("sendgrid", bounced("Unclassified", "blocked", UNKNOWN), "soft", "blocked", False),
    ("sendgrid", bounced("Invalid Address", "blocked", UNKNOWN), "soft", "blocked", False),
    ("sendgrid", bounced("", "expired", "timed out"), "soft", "expired", True),
    ("sendgrid", sendgrid("deferred", response="451 4.7.1 try later", attempt="5"), "delayed", None, False),
    ("sendgrid", sendgrid("dropped", reason="Bounced Address", status="5.0.0"), "soft", "blocked", False),
    ("sendgrid", sendgrid("dropped", reason="Unsubscribed Address"), "soft", "blocked", False),
    ("sendgrid", sendgrid("dropped", reason="Spam Reporting Address"), "soft", "blocked", False),
    ("sendgrid", sendgrid("dropped", reason="Invalid"), "hard", "dead_address", True),
    ("sendgrid", sendgrid("dropped", reason="Invalid SMTPAPI header"), "soft", "policy", False),
    ("sendgrid", sendgrid("dropped", reason="Recipient List over Package Quota"), "soft", "rate", False),
    ("sendgrid", sendgrid("spamreport"), "complaint", "unknown", False),
    ("sendgrid", sendgrid("unsubscribe"), "opt_out", "unknown", False),
    ("sendgrid", sendgrid("group_unsubscribe", asm_group_id=3), "opt_out", "unknown", False),
    ("sendgrid", sendgrid("group_resubscribe", asm_group_id=3), "other", "unknown", False),
    ("sendgrid", sendgrid("processed"), "other", "unknown", False),
    ("sendgrid", sendgrid("open"), "open", "unknown", False),
    ("sendgrid", sendgrid("click", url="https://shop.example"), "click", "unknown", False),
    ("mailgun", mailgun("delivered", code=250, message="OK"), "delivered", "unknown", False),
    ("mailgun", failed("permanent", "bounce", message=UNKNOWN[4:]), "hard", "dead_address", True),
    ("mailgun", failed("permanent", "generic", 550, "mailbox unavailable here"), "hard", "dead_address", True),
    ("mailgun", failed("permanent", "bounce", 552, FULL[4:]), "soft", "mailbox_full", True),
    ("mailgun", failed("permanent", "generic", 554, BLOCKED[4:]), "soft", "blocked", False),
    ("mailgun", failed("permanent", "espblock", 554, UNKNOWN[4:]), "soft", "blocked", False),
    (
        "mailgun",
        failed("permanent", "suppress-bounce", 605, "Not delivering to bounced address"),
        "soft",
        "blocked",
        False,
    ),
    ("mailgun", failed("permanent", "suppress-complaint", 607), "soft", "blocked", False),
    ("mailgun", failed("permanent", "suppress-unsubscribe", 606), "soft", "blocked", False),
    ("mailgun", failed("permanent", "old", 602, "Too old"), "soft", "expired", True),
    ("mailgun", failed("temporary", "generic", 452, "4.2.2 mailbox full"), "delayed", "mailbox_full", False),
    ("mailgun", mailgun("rejected", reject={"reason": "Sandbox"}), "soft", "policy", False),
    ("mailgun", mailgun("complained"), "complaint", "unknown", False),
    ("mailgun", mailgun("unsubscribed"), "opt_out", "unknown", False),
    ("mailgun", mailgun("opened"), "open", "unknown", False),
    ("mailgun", mailgun("clicked", url="https://shop.example"), "click", "unknown", False),
    ("mailgun", mailgun("accepted"), "other", "unknown", False),
    ("postmark", postmark("Delivery", Details="smtp;250 OK"), "delivered", "unknown", False),
    ("postmark", returned("HardBounce", UNKNOWN, TypeCode=1), "hard", "dead_address", True),
    ("postmark", returned("HardBounce", BLOCKED, TypeCode=1), "soft", "blocked", False),
    ("postmark", returned("", UNKNOWN, TypeCode=1), "hard", "dead_address", True),
    ("postmark", returned("Transient", "451 4.4.1 timeout", TypeCode=2), "delayed", None, False),
    ("postmark", returned("Unsubscribe", TypeCode=16), "opt_out", "unknown", False),
    ("postmark", returned("Subscribe", TypeCode=32), "other", "unknown", False),
    ("postmark", returned("AutoResponder", TypeCode=64), "auto_reply", "unknown", False),
    ("postmark", returned("AddressChange", TypeCode=128), "auto_reply", "unknown", False),
    ("postmark", returned("DnsError", TypeCode=256), "soft", "network", True),
    ("postmark", returned("SpamNotification", UNKNOWN, TypeCode=512), "soft", "content", False),
    ("postmark", returned("OpenRelayTest", TypeCode=1024), "other", "unknown", False),
    ("postmark", returned("Unknown", "what?", TypeCode=2048), "soft", "unknown", True),
    ("postmark", returned("SoftBounce", FULL, TypeCode=4096), "soft", "mailbox_full", True),
    ("postmark", returned("SoftBounce", UNKNOWN, TypeCode=4096), "soft", "dead_address", True),
    ("postmark", returned("VirusNotification", TypeCode=8192), "soft", "content", False),
    ("postmark", returned("ChallengeVerification", TypeCode=16384), "auto_reply", "unknown", False),
    ("postmark", returned("BadEmailAddress", TypeCode=100000), "hard", "dead_address", True),
    ("postmark", returned("ManuallyDeactivated", UNKNOWN, TypeCode=100002), "soft", "blocked", False),
    ("postmark", returned("Unconfirmed", TypeCode=100003), "soft", "policy", False),
    ("postmark", returned("Blocked", UNKNOWN, TypeCode=100006), "soft", "blocked", False),
    ("postmark", returned("SMTPApiError", TypeCode=100007), "soft", "policy", False),
    ("postmark", returned("DMARCPolicy", TypeCode=100009), "soft", "policy", False),
    ("postmark", postmark("SpamComplaint", Type="SpamComplaint", TypeCode=100001), "complaint", "unknown", False),
    (
        "postmark",
        postmark("SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression", Origin="Recipient"),
        "opt_out",
        "unknown",
        False,
    ),
    (
        "postmark",
        postmark("SubscriptionChange", SuppressSending=True, SuppressionReason="ManualSuppression", Origin="Admin"),
        "other",
        "unknown",
        False,
    ),
    (
        "postmark",
        postmark("SubscriptionChange", SuppressSending=True, SuppressionReason="HardBounce", Origin="Recipient"),
        "other",
        "unknown",
        False,
    ),
    ("postmark", postmark("SubscriptionChange", SuppressSending=False), "other", "unknown", False),
    ("postmark", postmark("Open", FirstOpen=True), "open", "unknown", False),
    ("postmark", postmark("Click"), "click", "unknown", False),
    ("brevo", brevo("delivered"), "delivered", "unknown", False),
    ("brevo", brevo("hard_bounce", UNKNOWN), "hard", "dead_address", True),
    ("brevo", brevo("hard_bounce", BLOCKED), "soft", "blocked", False),
    ("brevo", brevo("soft_bounce", FULL), "soft", "mailbox_full", True),
    ("brevo", brevo("soft_bounce", UNKNOWN), "soft", "dead_address", True),
    ("brevo", brevo("invalid_email"), "hard", "dead_address", True),
    ("brevo", brevo("blocked", UNKNOWN), "soft", "blocked", False),
    ("brevo", brevo("error", "server is down"), "soft", "policy", False),
    ("brevo", brevo("deferred", "451 4.7.1 try later"), "delayed", None, False),
    ("brevo", brevo("spam"), "complaint", "unknown", False),
    ("brevo", brevo("unsubscribed"), "opt_out", "unknown", False),
    ("brevo", brevo("request"), "other", "unknown", False),
    ("brevo", brevo("opened"), "open", "unknown", False),
    ("brevo", brevo("proxy_open"), "open", "unknown", False),
    ("brevo", brevo("click", link="https://shop.example"), "click", "unknown", False),
    ("ses", back("Permanent", "General", UNKNOWN), "hard", "dead_address", True),
    ("ses", back("Permanent", "General"), "hard", "dead_address", True),
    ("ses", back("Permanent", "General", BLOCKED, "5.7.1"), "soft", "blocked", False),
    ("ses", back("Permanent", "NoEmail"), "hard", "dead_address", True),
    ("ses", back("Permanent", "Suppressed", UNKNOWN), "soft", "blocked", False),
    ("ses", back("Permanent", "OnAccountSuppressionList", UNKNOWN), "soft", "blocked", False),
    ("ses", back("Permanent", "SomethingNew", UNKNOWN), "hard", "dead_address", True),
    ("ses", back("Transient", "General", "450 4.4.7 expired", "4.4.7"), "soft", "expired", True),
    ("ses", back("Transient", "General"), "auto_reply", "unknown", False),
    ("ses", back("Transient", "MailboxFull", FULL, "4.2.2"), "soft", "mailbox_full", True),
    ("ses", back("Transient", "MessageTooLarge"), "soft", "size", False),
    ("ses", back("Transient", "ContentRejected"), "soft", "content", False),
    ("ses", back("Transient", "AttachmentRejected"), "soft", "content", False),
    ("ses", back("Undetermined", "Undetermined", UNKNOWN), "soft", "dead_address", True),
    ("ses", ses(made.ses_complaint(EMAIL, MESSAGE_ID)), "complaint", "unknown", False),
    ("ses", ses(made.ses_complaint(EMAIL, MESSAGE_ID, feedback="")), "complaint", "unknown", False),
    ("ses", ses(made.ses_complaint(EMAIL, MESSAGE_ID, feedback="not-spam")), "other", "unknown", False),
    (
        "ses",
        ses(made.ses_complaint(EMAIL, MESSAGE_ID, feedback="", part="OnAccountSuppressionList")),
        "soft",
        "blocked",
        False,
    ),
    ("ses", ses(made.ses_delivery(EMAIL, MESSAGE_ID)), "delivered", "unknown", False),
    ("ses", ses(made.ses_delivery(EMAIL, MESSAGE_ID, type_field="eventType")), "delivered", "unknown", False),
    ("ses", ses(made.ses_delay(EMAIL, MESSAGE_ID)), "delayed", "mailbox_full", False),
    ("ses", ses(made.ses_unsubscribed(EMAIL, MESSAGE_ID)), "opt_out", "unknown", False),
    ("ses", ses(made.ses("Reject", EMAIL, MESSAGE_ID, reject={"reason": "Bad content"})), "soft", "content", False),
    ("ses", ses(made.ses("Send", EMAIL, MESSAGE_ID, send={})), "other", "unknown", False),
    ("ses", ses(made.ses("Open", EMAIL, MESSAGE_ID, open={})), "open", "unknown", False),
    ("ses", ses(made.ses("Click", EMAIL, MESSAGE_ID, click={})), "click", "unknown", False),
]


class TestWebhookTables(BaseCase):
    """What each event of each service means."""

    def reading(self, service, data):
        _check, read = SERVICES[service]
        return read(data)

    def test_every_kind_of_event(self):
        for service, data, kind, reason, against in TOLD:
            [told] = self.reading(service, data)
            with self.subTest(told.rule, diagnostic=told.diagnostic):
                self.assertEqual(told.kind, kind)
                if reason:
                    self.assertEqual(told.reason, reason)
                self.assertTrue(told.known)
                self.assertEqual(told.address, EMAIL)
                self.assertEqual(told.message_id.strip("<>").partition("@")[0], TOKEN)
                self.assertTrue(told.reference)
                # The payloads were made when this file was loaded, however long the tests before took.
                self.assertLess(abs(told.at - LOADED), timedelta(minutes=5))
                verdict = to_verdict(told)
                failed = verdict.recipients[0] if verdict.recipients else None
                self.assertEqual(bool(failed and failed.counts and verdict.kind in ("hard", "soft")), against)
                self.assertEqual(verdict.kind == "hard", kind == "hard", "hard, if and only if the address is dead")

    def test_the_verdict_names_what_decided(self):
        [told] = self.reading("ses", back("Permanent", "NoEmail", UNKNOWN))
        verdict = to_verdict(told)
        self.assertEqual(verdict.rule, "ses: Bounce/Permanent/NoEmail")
        self.assertEqual(verdict.recipients[0].status, "5.1.1")
        self.assertIn("User unknown", verdict.recipients[0].diagnostic)
        self.assertTrue(to_verdict(self.reading("sendgrid", sendgrid("deferred"))[0]).delayed)
        self.assertEqual(to_verdict(self.reading("mailgun", mailgun("delivered"))[0]).rule, "delivered")
        self.assertEqual(to_verdict(self.reading("mailgun", mailgun("unsubscribed"))[0]).rule, "opt_out")
        self.assertEqual(to_verdict(self.reading("mailgun", mailgun("complained"))[0]).kind, "complaint")

    def test_what_is_not_known_says_so(self):
        for service, data in (
            ("sendgrid", sendgrid("beamed")),
            ("mailgun", mailgun("beamed")),
            ("postmark", postmark("Beam")),
            ("postmark", returned("Beamed", TypeCode=77)),
            ("brevo", brevo("beamed")),
            ("ses", ses(made.ses("Beam", EMAIL, MESSAGE_ID))),
            ("ses", ses({"hello": "world"})),
        ):
            [told] = self.reading(service, data)
            with self.subTest(told.rule):
                self.assertFalse(told.known)
                self.assertEqual(told.kind, "other")

    def test_a_greeting_of_ses_is_nothing(self):
        [told] = self.reading("ses", made.sns("Successfully validated SNS topic for Amazon SES event publishing."))
        self.assertEqual((told.kind, told.known), ("other", True))

    def test_the_same_event_has_the_same_name(self):
        for service, data, *_rest in TOLD:
            [first], [second] = self.reading(service, data), self.reading(service, data)
            self.assertEqual(first.reference, second.reference)
        names = {(service, self.reading(service, data)[0].reference) for service, data, *_rest in TOLD}
        self.assertEqual(len(names), len(TOLD), "another event has another name")

    def test_several_people_of_one_event(self):
        event = made.ses_bounce(EMAIL, MESSAGE_ID)
        event["bounce"]["bouncedRecipients"].append({"emailAddress": "kim@y.example"})
        told = self.reading("ses", made.sns(event))
        self.assertEqual([one.address for one in told], [EMAIL, "kim@y.example"])
        self.assertNotEqual(told[0].reference, told[1].reference)

    def test_several_events_of_one_call(self):
        self.assertEqual(len(self.reading("sendgrid", sendgrid("delivered") * 3)), 3)
        self.assertEqual(len(self.reading("brevo", [brevo("delivered"), brevo("spam"), "?", None])), 2)

    def test_moments_are_utc_whatever_the_zone(self):
        event = returned("HardBounce", UNKNOWN)
        event["BouncedAt"] = "2026-08-01T13:28:10.2735393-04:00"
        self.assertEqual(str(self.reading("postmark", event)[0].at), "2026-08-01 17:28:10")
        event = brevo("delivered", ts_epoch=None, ts_event=1_785_000_000)
        self.assertEqual(str(self.reading("brevo", event)[0].at), "2026-07-25 17:20:00")

    def test_brevos_own_message_id_rules_nothing_out(self):
        [told] = self.reading("brevo", made.brevo("delivered", EMAIL))
        self.assertTrue(told.may_be_ours)
        [told] = self.reading("sendgrid", [made.sendgrid("delivered", EMAIL, "<webshop-17@crm.example>")])
        self.assertFalse(told.may_be_ours, "mail of somebody else on the same account")

    def test_names_that_services_give_rule_nothing_out(self):
        [told] = self.reading("sendgrid", [made.sendgrid("delivered", EMAIL, "<14c5d75ce93.dfd.64b469@ismtpd-555>")])
        self.assertTrue(told.may_be_ours)
        event = made.ses_bounce(EMAIL, "<0102@x>")
        del event["mail"]["headers"]
        event["mail"]["commonHeaders"]["messageId"] = "EXAMPLE7c191be45-e9aedb9a-000000"
        [told] = self.reading("ses", made.sns(event))
        self.assertTrue(told.may_be_ours)
        event["mail"]["headers"] = [None, {"name": 1}, {"name": "Message-Id", "value": MESSAGE_ID}]
        [told] = self.reading("ses", made.sns(event))
        self.assertEqual(told.message_id, MESSAGE_ID)

    def test_marks(self):
        self.assertEqual(marks(["ses", "mailgun"]), "")
        self.assertIn('X-SMTPAPI: {"unique_args":{"email_campaign":"%s"}}\r\n', marks(["sendgrid"]))
        self.assertIn("X-PM-Metadata-email-campaign: %s\r\n", marks(["postmark"]))
        self.assertIn("X-Mailin-custom: email_campaign:%s\r\n", marks(["brevo"]))
