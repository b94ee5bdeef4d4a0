"""Servers that refuse, put off, fall silent or can do little: who gets what, and what is known of it."""

import random

from odoo.tests import tagged

from .faultpeer import Fault
from .faults import SEED, SOME, FaultCase

# What a worker waits for answers, in seconds, when the scenario is about waiting.
PATIENCE = {
    "odoo.addons.email_campaign.models.sending.line.TIMEOUT": 0.5,
    "odoo.addons.email_campaign.models.sending.line.FINAL_TIMEOUT": 0.5,
    "odoo.addons.base.models.ir_mail_server.SMTP_TIMEOUT": 0.5,
}


@tagged("post_install", "-at_install")
class TestFaultsReplies(FaultCase):
    """Each scenario of docs/faults.rst that is about what a server answers."""

    def addresses_by_chance(self, share):
        """Give as many of the addresses that a mass email goes to as `share` says, without order."""
        launched = sorted(self.rows.addresses("queued"))
        return set(random.Random(SEED).sample(launched, int(len(launched) * share)))

    def test_greylisting(self):
        self.launch(SOME)
        met = set()

        def behave(moment, rcpt):
            if moment == "RCPT" and rcpt not in met:
                met.add(rcpt)
                return "451 4.7.1 greylisted, come back in five minutes"
            return None

        self.peer.behave = behave
        self.send()
        self.judge("Greylisting: 451 for everybody at first", in_doubt=0)
        self.assertEqual(len(met), SOME)

    def refuse_some(self, name, **peer):
        """A fifth of the recipients doesn't exist, another fifth is put off at first."""
        self.launch(SOME, **peer)
        chosen = sorted(self.addresses_by_chance(0.4))
        unknown, busy = set(chosen[::2]), set(chosen[1::2])

        def behave(moment, rcpt):
            if moment == "RCPT" and rcpt in unknown:
                return "550 5.1.1 no such user"
            if moment == "RCPT" and rcpt in busy:
                busy.discard(rcpt)
                return "450 4.2.0 mailbox busy"
            return None

        self.peer.behave = behave
        self.send()
        self.judge(name, failed=unknown, in_doubt=0)
        self.assertEqual({self.peer.refused[email][0] for email in unknown}, {"550"})

    def test_refused_recipients(self):
        self.refuse_some("RCPT refused in a flight, DATA answered 503", for_nobody="503 5.5.1 no valid recipients")

    def test_refused_recipients_and_content_for_nobody(self):
        self.refuse_some("RCPT refused in a flight, DATA answered 354", for_nobody="354 go on")

    def test_refused_recipients_554(self):
        self.refuse_some("RCPT refused in a flight, DATA answered 554", for_nobody="554 5.5.1 no valid recipients")

    def test_silence_within_a_reply(self):
        self.launch(SOME, self.sometimes(dict.fromkeys(("MAIL", "RCPT", "DATA", "dot"), 0.002), Fault.HALF))
        self.send(patches=PATIENCE)
        self.judge("Silence in the middle of a reply")

    def test_silence_after_content(self):
        self.launch(SOME, self.sometimes({"dot": 0.003, "taken": 0.003}, Fault.SILENCE))
        self.send(patches=PATIENCE)
        self.judge("Silence after the final dot")

    def test_silence_at_connect(self):
        """The connections that it has answer; it takes 421 to make it open others."""
        chosen = random.Random(SEED)
        silent = iter([True, True, False] * 20)

        def behave(moment, rcpt):
            if moment == "connect" and next(silent, False):
                return Fault.SILENCE
            return "421 4.3.2 closing" if moment == "MAIL" and chosen.random() < 0.005 else None

        self.launch(SOME, behave)
        self.send(patches=PATIENCE)
        self.judge("Silence at connect", in_doubt=0)

    def test_no_extensions(self):
        self.launch(SOME, extensions=None)
        self.send()
        self.judge("A server without EHLO", in_doubt=0)

    def test_no_extensions_and_resets(self):
        """One command at a time, and the connection breaks at any of them."""
        moments = ("MAIL", "RCPT", "DATA", "content", "body", "dot", "taken")
        self.launch(SOME, self.sometimes(dict.fromkeys(moments, 0.005), Fault.RESET), extensions=None)
        self.send()
        self.judge("A server without EHLO, and resets")

    def test_full_disk(self):
        full = "452 4.3.1 insufficient system storage"
        self.launch(SOME, self.sometimes({"RCPT": 0.1, "dot": 0.1}, full))
        self.send()
        self.judge("452 at RCPT and after DATA", in_doubt=0)
