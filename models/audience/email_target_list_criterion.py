import ast

from psycopg2 import DataError, ProgrammingError

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

ADD, KEEP, REMOVE = "add", "keep", "remove"
# What the database, or psycopg2 on the way there, makes of conditions that compare what can't be compared.
UNREADABLE = (DataError, ProgrammingError, ValueError)


def in_short(error):
    """Give the first line of what the database says: after it comes the statement."""
    return str(error).partition("\n")[0]


class CriterionError(UserError):
    """A criterion can't be read; the message says which and why."""


class EmailTargetListCriterion(models.Model):
    """One step in finding out who is on a dynamic list: the records of a model that meet a domain.

    The steps are taken in their order: each adds people to those who were found before, keeps only some of them, or
    takes some out. They are read with the rights of their owner, who is whoever last changed anything about the
    criteria of the list: all of them, as taking away a step that takes people out shows people too. So nobody sees more
    by way of a list than they may, unless somebody who may made it for them.
    """

    _name = "email.target.list.criterion"
    _description = "Target List Criterion"
    _order = "list_id, sequence, id"

    list_id = fields.Many2one("email.target.list", "Target List", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    name = fields.Char(compute="_compute_name")
    conditions = fields.Char("Who", compute="_compute_name")
    operation = fields.Selection(
        [(ADD, "Add"), (KEEP, "Keep Only"), (REMOVE, "Take Out")],
        "What It Does",
        default=ADD,
        required=True,
        help="Add: who meets the conditions comes onto the list.\n"
        "Keep Only: of those found by the criteria above, only who meets the conditions stays.\n"
        "Take Out: who meets the conditions does not stay.",
    )
    model = fields.Selection(
        selection="_select_models",
        string="Of Which Kind",
        required=True,
        default="res.partner",
        help="All that have an email address and that you may read.",
    )
    model_id = fields.Many2one("ir.model", compute="_compute_model_id", inverse="_inverse_model_id", compute_sudo=True)
    everyone = fields.Boolean(
        help="All of them that you may read meet this criterion, without any condition. Archived ones do not."
    )
    domain = fields.Char("Conditions", help="All of them that meet the conditions and that you may read.")
    owner_id = fields.Many2one(
        "res.users",
        "Read With the Rights Of",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="Who last changed the criteria of this list. The criteria find only what this user may read.",
    )

    @api.model
    def _select_models(self):
        """Give the models that can be chosen, and those that a colleague has chosen."""
        addressees = self.env["email.addressee"]._email_addressee_models()
        known = {name for name in addressees if self.env[name].has_access("read")}
        used = self.env.execute_query(SQL("SELECT DISTINCT model FROM email_target_list_criterion"))
        known.update(name for (name,) in used)
        return [(name, self._label_of(name)) for name in addressees if name in known]

    @api.depends("model")
    def _compute_model_id(self):
        for criterion in self:
            criterion.model_id = self.env["ir.model"]._get(criterion.model) if criterion.model else False

    def _inverse_model_id(self):
        for criterion in self:
            criterion.model = criterion.model_id.model

    @api.depends("operation", "model", "domain", "everyone")
    @api.depends_context("lang", "uid")
    def _compute_name(self):
        for criterion in self:
            criterion.conditions = criterion._conditions_text(self.env)
            criterion.name = criterion._name_with(criterion.conditions)

    @api.onchange("everyone")
    def _onchange_everyone(self):
        if self.everyone:
            self.domain = "[]"

    @api.onchange("model")
    def _onchange_model(self):
        self.domain = "[]"

    @api.constrains("model", "domain", "everyone", "operation", "list_id")
    def _check_readable(self):
        for criterion in self:
            query = criterion._matching()
            query.limit = 1
            try:
                with self.env.cr.savepoint(flush=False):
                    self.env.cr.execute(query.select(), log_exceptions=False)
            except UNREADABLE as error:
                raise criterion._error(self.env._("its conditions don't make sense (%s).", in_short(error))) from error

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_model(vals)
        criteria = super().create([{**vals, "owner_id": self.env.uid} for vals in vals_list])
        criteria.list_id._note_criteria_changed()
        return criteria

    def write(self, vals):
        self._check_model(vals)
        if vals.get("list_id"):
            # Odoo asks about the list that it was on, and not about the one that it comes onto.
            self.list_id.browse(vals["list_id"]).check_access("write")
        before = self.list_id
        result = super().write({**vals, "owner_id": self.env.uid})
        (before | self.list_id)._note_criteria_changed()
        return result

    def unlink(self):
        lists = self.list_id
        result = super().unlink()
        lists._note_criteria_changed()
        return result

    def _check_model(self, vals):
        model = vals.get("model")
        if model and model not in dict(self._select_models()):
            raise UserError(
                self.env._(
                    "“%s” can't be on a target list: it has no email address, or you may not read it.",
                    self._label_of(model),
                )
            )

    def _own(self):
        """Let these criteria be read with the rights of the user from now on."""
        if others := self.filtered(lambda criterion: criterion.owner_id != self.env.user):
            others.write({})

    def _matching(self):
        """Give a query of the ids of the records that meet this criterion, among those that its owner may read.

        :raises CriterionError: saying which criterion can't be read, and why
        """
        self.ensure_one()
        criterion = self.sudo()
        if criterion.model not in self.env["email.addressee"]._email_addressee_models():
            raise criterion._error(
                self.env._("“%s” is no longer here, or has no email address any more.", criterion._model_label())
            )
        records = criterion._as_owner()
        domain = criterion._parsed()
        try:
            if problem := criterion._problem_in(records, domain):
                raise criterion._error(problem)
            if domain.optimize_full(records).is_true() and not criterion.everyone:
                raise criterion._error(criterion._no_condition())
            return records._search(domain)
        except CriterionError:
            raise
        except AccessError as error:
            raise criterion._error(
                self.env._("%s may not read something that it asks for.", criterion.owner_id.name)
            ) from error
        except (ValueError, TypeError, KeyError, NotImplementedError, UserError) as error:
            raise criterion._error(self.env._("its conditions don't make sense (%s).", error)) from error

    def _as_owner(self):
        """Give the model, to be read as the owner of this criterion would read it in the company of the list."""
        owner, company = self.owner_id, self.list_id.company_id
        if not owner or not (owner.active or owner.id == SUPERUSER_ID):
            raise self._error(
                self.env._(
                    "%s, with whose rights it was read, is archived. Somebody else must take the criteria over.",
                    owner.name or self.env._("The user"),
                )
            )
        if company not in owner.company_ids and owner.id != SUPERUSER_ID:
            raise self._error(
                self.env._(
                    "%(user)s, with whose rights it is read, does not work in the company %(company)s.",
                    user=owner.name,
                    company=company.name,
                )
            )
        context = {"allowed_company_ids": company.ids, "lang": owner.lang, "tz": owner.tz}
        records = self.env(user=owner, su=False, context=context)[self.model]
        if not records.has_access("read"):
            raise self._error(
                self.env._("%(user)s may not read “%(kind)s”.", user=owner.name, kind=self._model_label())
            )
        return records

    def _parsed(self):
        """Give the domain. What the domain editor writes has no code in it, and none is run here."""
        if self.everyone:
            return Domain.TRUE
        try:
            domain = Domain(ast.literal_eval(self.domain or "[]"))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
            raise self._error(self.env._("its conditions can't be understood: %s", self.domain)) from error
        if domain.is_true():
            raise self._error(self._no_condition())
        return domain

    def _no_condition(self):
        return self.env._("it has no condition. Add one, or tick “Everyone”.")

    def _error(self, reason):
        """Give an error that names this criterion, and of the records in it no more than its owner may read."""
        context = {"lang": self.env.lang}
        reader = self.owner_id or self.env.ref("base.public_user")
        name = self._name_with(self._conditions_text(self.env(user=reader, su=False, context=context)))
        return CriterionError(
            self.env._("The criterion “%(criterion)s” can't be read: %(reason)s", criterion=name, reason=reason)
        )
