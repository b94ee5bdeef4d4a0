import json

from ..tools.webhook import Keys
from . import webhook_payloads as made
from .test_tools_webhook_proof import EMAIL, ProofCase


class TestMailgunProof(ProofCase):
    keys = Keys(made.MAILGUN_KEY)

    def test_its_own_key(self):
        self.check("mailgun", made.mailgun_call(made.mailgun("delivered", EMAIL))[0], self.keys)

    def test_others(self):
        event = made.mailgun("delivered", EMAIL)
        self.assertRefused("wrong_signature", "mailgun", made.mailgun_call(event, key="other")[0], self.keys)
        self.assertRefused("no_key", "mailgun", made.mailgun_call(event)[0], Keys())
        old = made.mailgun_call(event, timestamp=made.seconds() - 26 * 3600)[0]
        self.assertRefused("too_old", "mailgun", old, self.keys)
        told = json.loads(made.mailgun_call(event)[0])
        for name in ("token", "timestamp"):
            changed = json.loads(json.dumps(told))
            changed["signature"][name] += "1"
            self.assertRefused("wrong_signature", "mailgun", made.body(changed), self.keys)
        for junk in (None, "x", [], {}, {"signature": None}, {"signature": {"token": [], "timestamp": 1}}):
            self.assertRefused("unsigned", "mailgun", made.body(junk), self.keys)

    def test_for_as_long_as_it_tries_again(self):
        for hours, right in ((8.5, True), (9.5, False)):
            told = made.mailgun_call(made.mailgun("delivered", EMAIL), timestamp=made.seconds() - int(hours * 3600))[0]
            if right:
                self.check("mailgun", told, self.keys)
            else:
                self.assertRefused("too_old", "mailgun", told, self.keys)

    def test_a_signature_with_two_events(self):
        known = {}
        keys = Keys(made.MAILGUN_KEY, once=lambda signature, content: known.setdefault(signature, content) == content)
        event = made.mailgun("delivered", EMAIL)
        same = {"timestamp": made.seconds(), "token": "ab" * 25}
        told = made.mailgun_call(event, **same)[0]
        self.check("mailgun", told, keys)
        self.check("mailgun", told, keys)
        self.check("mailgun", made.body(json.loads(told) | {"else": 1}), keys)
        for other in (event | {"event": "complained"}, event | {"recipient": "kim@y.example"}, {}):
            self.assertRefused("used", "mailgun", made.mailgun_call(other, **same)[0], keys)
        forged = made.mailgun_call(event, key="other", timestamp=same["timestamp"], token="cd" * 25)[0]
        self.assertRefused("wrong_signature", "mailgun", forged, keys)
        self.assertEqual(len(known), 1, "what proves nothing is not kept")
