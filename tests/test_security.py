from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestSecurity(CampaignCase):
    """Who may see and do what: invariants 5 to 7 of DESIGN.md."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,email_campaign.group_user"
        cls.colleague = new_test_user(cls.env, login="cole", email="cole@crm.example", groups=groups)
        cls.outsider = new_test_user(cls.env, login="otto", email="otto@crm.example", groups="base.group_user")
        cls.target_list = cls.make_list(cls, cls.partners)
        cls.mailing = cls.make_mailing(cls, cls.target_list)
        cls.env["email.audience"]._freeze(cls.mailing)
        cls.env["email.campaign.event"]._log(cls.mailing.recipient_ids[0], "open", verdict="human")
        cls.env["email.tracking.url"].create(
            {"name": "Shop", "url": "https://shop.example", "campaign_id": cls.mailing.campaign_id.id}
        )

    def visible(self, user):
        """Give the models of which `user` sees a record of this campaign."""
        campaign = self.mailing.campaign_id.id
        found = set()
        for model, field in (
            ("email.campaign", "id"),
            ("email.campaign.mailing", "campaign_id"),
            ("email.campaign.recipient", "campaign_id"),
            ("email.campaign.event", "campaign_id"),
            ("email.tracking.url", "campaign_id"),
        ):
            if self.env[model].with_user(user).search_count([(field, "=", campaign)]):
                found.add(model)
        return found

    def test_own_campaigns_and_all(self):
        self.assertEqual(len(self.visible(self.salesperson)), 5)
        self.assertEqual(self.visible(self.colleague), set())
        self.assertEqual(len(self.visible(self.manager)), 5)
        for model in ("email.campaign", "email.campaign.recipient", "email.campaign.event", "email.address"):
            with (
                self.subTest(model),
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                self.env[model].with_user(self.outsider).search([])

    def test_lists_are_the_owners_until_they_are_shared(self):
        lists = self.env["email.target.list"].with_user(self.colleague)
        self.assertFalse(lists.search([("id", "=", self.target_list.id)]))
        self.assertFalse(lists.env["email.target.list.member"].search([("list_id", "=", self.target_list.id)]))
        self.target_list.is_shared = True
        theirs = self.target_list.with_user(self.colleague)
        self.assertEqual(theirs.member_count, 5)
        with self.assertRaises(AccessError):
            theirs.name = "Mine now"
        with self.assertRaises(AccessError):
            theirs._add_addresses("x@good.example")
        with self.assertRaises(AccessError):
            theirs.member_ids[0].unlink()
        self.target_list.with_user(self.manager).name = "Tidied up"

    def test_whose_record_a_member_is_cannot_be_said_by_rpc(self):
        members = self.env["email.target.list.member"].with_user(self.salesperson)
        secret = self.env["res.partner"].create({"name": "Secret", "email": "secret@good.example"})
        for values in (
            {"res_model": "res.partner", "res_id": secret.id},
            {"res_model": "no.such.model", "res_id": 1},
            {"email": "x@good.example", "values": {"voucher": 1}},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                members.create({"list_id": self.target_list.id, **values})
        with self.assertRaises(AccessError):
            self.target_list.member_ids[0].with_user(self.salesperson).write({"res_id": secret.id})
        with self.assertRaises(UserError):
            self.target_list.member_ids[0].with_user(self.salesperson).write({"email": "x@good.example"})

    def test_members_are_not_moved_onto_lists_of_others(self):
        member = self.target_list.member_ids[0].with_user(self.salesperson)
        for shared in (False, True):
            theirs = self.make_list(user=self.colleague, is_shared=shared)
            with self.subTest(shared=shared), self.assertRaises(AccessError), self.env.cr.savepoint():
                member.list_id = theirs.id
            self.assertFalse(theirs.member_ids)
        mine = self.make_list(name="Another of mine")
        member.list_id = mine
        self.assertEqual(mine.member_ids, member)

    def test_a_draft_is_not_moved_into_another_ones_campaign(self):
        draft = self.make_mailing(self.make_list(user=self.colleague), user=self.colleague)
        with self.assertRaises(AccessError):
            draft.campaign_id = self.mailing.campaign_id
        with self.assertRaises(AccessError):
            draft.write({"user_id": self.salesperson.id})

    def test_another_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        boss = new_test_user(
            self.env,
            login="boss",
            email="boss@other.example",
            groups="base.group_user,email_campaign.group_admin",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.assertEqual(self.visible(boss), set())
        self.assertFalse(self.env["email.target.list"].with_user(boss).search([]))
        self.assertFalse(self.env["email.target.list.member"].with_user(boss).search([]))
        self.partners[0].company_id = self.env.company
        self.env["email.address"].create({"email": "person1@good.example", "validity": "invalid"})
        known = [("email", "=", "person1@good.example")]
        self.assertFalse(self.env["email.address"].with_user(boss).search(known))
        self.assertTrue(self.env["email.address"].with_user(self.manager).search(known))

    def test_the_log_and_the_queue_are_nobodys_to_write(self):
        recipient = self.mailing.recipient_ids[0]
        for record in (recipient, recipient.event_ids[0]):
            for user in (self.salesperson, self.manager):
                mine = record.with_user(user)
                with self.assertRaises(AccessError):
                    mine.unlink()
                with self.assertRaises(AccessError):
                    mine.write({"mailing_id": self.mailing.id})

    def test_state_is_not_set_by_hand(self):
        """Over RPC a field that the form doesn't offer can be written all the same."""
        draft = self.make_mailing(self.target_list)
        for values in (
            {"state": "queued"},
            {"frozen_content": {"lang": "x", "sources": {}}},
            {"trouble": "x"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                draft.write(values)
        with self.assertRaises(AccessError):
            self.make_mailing(self.target_list, state="sending")

    def test_what_the_sender_may_not_read_is_not_sent(self):
        secret = self.env["res.partner"].create({"name": "Secret", "email": "secret@good.example"})
        self.env["ir.rule"].create(
            {
                "name": "not the secret one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {secret.id})]",
                "groups": [(4, self.env.ref("email_campaign.group_user").id)],
            }
        )
        target_list = self.make_list(name="With a secret")
        self.assertEqual(target_list._add_records((self.partners[:1] | secret).with_user(self.salesperson)), 1)
        target_list.sudo()._add_records(secret)
        mailing = self.make_mailing(target_list)
        mailing.action_launch()
        # Handing it to somebody who may read more gets nothing more out of it.
        mailing.campaign_id.user_id = self.env.ref("base.user_admin")
        mailing = mailing.sudo()
        self.send()
        self.assertEqual(self.states(mailing)["secret@good.example"], "no_access")
        self.assertEqual(self.peer.recipients(), ["person1@good.example"])

    def test_what_others_supply_is_escaped(self):
        self.partners[0].name = '<img src=x onerror="alert(1)"> {{ object.email }}\r\nBcc: all@evil.example'
        mailing = self.make_mailing(
            self.make_list(self.partners[:1], name="One"),
            subject="For {{ object.name }}",
            body_html="<p>Hello {{ object.name }}</p>",
        )
        mailing.action_launch()
        self.send()
        message = self.message_to("person1@good.example")
        self.assertFalse(message["Bcc"])
        self.assertIn("<img", message["Subject"])
        html = message.get_body(("html",)).get_content()
        self.assertIn("&lt;img", html)
        self.assertNotIn("<img src=x", html)
        self.assertIn("{{ object.email }}", html, "what is merged in is not a template")

    def test_only_managers_judge_addresses(self):
        self.partners[0].company_id = self.env.company
        self.env["email.address"].create({"email": "person1@good.example", "validity": "invalid"})
        address = self.env["email.address"].search([("email", "=", "person1@good.example")])
        with self.assertRaises(AccessError):
            address.with_user(self.salesperson).action_mark_valid()
        self.assertEqual(self.partners[0].with_user(self.outsider).email_validity, "invalid", "everybody sees it")
