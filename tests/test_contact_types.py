from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common import BODY
from .test_addressees import AddresseeCase


@tagged("post_install", "-at_install")
class TestContactTypes(AddresseeCase):
    """Contacts and mailing-list contacts: which of them a list and a send accept."""

    def setUp(self):
        super().setUp()
        self.listed, self.both, self.neither = self.partners[1:4]
        self.listed.with_user(self.seller).write({"is_email_contact": False, "is_email_list_contact": True})
        self.both.with_user(self.seller).is_email_list_contact = True
        self.neither.with_user(self.seller).is_email_contact = False

    def outcome(self, list_accepts=(True, True), campaign_accepts=(True, True)):
        """Launch to everybody, and give the names of those who get it; all others are left out for their type."""
        target_list = self.make_list(
            self.partners[:4], user=self.seller, accept_contacts=list_accepts[0], accept_list_contacts=list_accepts[1]
        )
        target_list._add_records(self.lead)
        target_list.sudo()._add_records(self.salesperson)
        target_list._add_addresses("bare@good.example")
        mailing = self.make_mailing(target_list, user=self.seller)
        mailing.write({"accept_contacts": campaign_accepts[0], "accept_list_contacts": campaign_accepts[1]})
        mailing.action_launch()
        states = self.states(mailing)
        self.assertEqual(len(states), 7)
        self.assertLessEqual(set(states.values()), {"queued", "contact_type"})
        return {email.partition("@")[0] for email, state in states.items() if state == "queued"}

    def test_who_is_neither_gets_nothing(self):
        everybody = {"person1", "person2", "person3", "lea", "sally", "bare"}
        self.assertEqual(self.outcome(), everybody)

    def test_a_list_accepts_one_type(self):
        self.lead.is_email_list_contact = True
        self.assertEqual(self.outcome(list_accepts=(True, False)), {"person1", "person3", "lea", "sally"})
        self.assertEqual(self.outcome(list_accepts=(False, True)), {"person2", "person3", "lea", "bare"})

    def test_a_send_accepts_one_type(self):
        self.lead.write({"is_email_contact": False, "is_email_list_contact": True})
        self.salesperson.partner_id.write({"is_email_contact": False, "is_email_list_contact": True})
        self.assertEqual(self.outcome(campaign_accepts=(True, False)), {"person1", "person3"})
        self.assertEqual(self.outcome(campaign_accepts=(False, True)), {"person2", "person3", "lea", "sally", "bare"})

    def test_both_must_accept(self):
        self.assertEqual(self.outcome(list_accepts=(True, False), campaign_accepts=(False, True)), {"person3"})

    def test_accepting_nobody_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "nobody would get an email"):
            self.make_list(user=self.seller, accept_contacts=False, accept_list_contacts=False)

    def test_the_wizard_asks_for_types_and_archived_ones(self):
        archived = self.env["res.partner"].create({"name": "Old", "email": "old@good.example", "active": False})
        context = {"active_model": "res.partner", "active_ids": (self.partners[:3] | archived).ids}
        form = Form(self.env["email.campaign.send"].with_user(self.seller).with_context(**context))
        form.subject = "Spring"
        form.body_html = BODY
        form.accept_list_contacts = False
        form.enabled_only = False
        mailing = self.env["email.campaign.mailing"].browse(form.save().action_save()["res_id"])
        self.assertEqual((mailing.accept_contacts, mailing.accept_list_contacts, mailing.enabled_only), (1, 0, 0))
        mailing.with_user(self.seller).action_launch()
        self.assertEqual(
            self.states(mailing),
            {
                "person1@good.example": "queued",
                "person2@good.example": "contact_type",
                "person3@good.example": "queued",
                "old@good.example": "queued",
            },
        )

    def test_filters_and_groups_by_type(self):
        mine = [("id", "in", self.partners.ids)]
        contacts = self.env["res.partner"].with_user(self.seller)
        expected = {"contact": 2, "list_contact": 1, "both": 1, "neither": 1}
        self.assertEqual(self.groups(contacts, "email_contact_type", mine), expected)
        self.assertEqual(contacts.search([*mine, ("email_contact_type", "!=", "contact")]), self.partners[1:4])
        self.assertEqual(self.partners.mapped("email_contact_type"), [*expected, "contact"])
        leads, users = self.env["crm.lead"].with_user(self.seller), self.env["res.users"].with_user(self.seller)
        self.assertEqual(self.groups(leads, "email_contact_type", [("id", "=", self.lead.id)]), {"contact": 1})
        self.salesperson.partner_id.is_email_list_contact = True
        one = [("id", "=", self.salesperson.id)]
        self.assertEqual(self.groups(users, "email_contact_type", one), {"both": 1})

    def test_a_new_user_is_a_contact(self):
        form = Form(self.env["res.users"].with_user(self.env.ref("base.user_admin")), view="base.view_users_form")
        form.name, form.login = "Nora New", "nora"
        user = form.save()
        self.assertEqual((user.email_contact_type, user.partner_id.email_contact_type), ("contact", "contact"))
        with Form(user, view="base.view_users_form") as form:
            form.is_email_list_contact = True
        self.assertEqual(user.partner_id.email_contact_type, "both")

    def test_a_lead_that_becomes_a_contact_keeps_its_type(self):
        self.lead.write({"is_email_contact": False, "is_email_list_contact": True})
        self.lead._handle_partner_assignment(create_missing=True)
        self.assertEqual(self.lead.partner_id.email_contact_type, "list_contact")
