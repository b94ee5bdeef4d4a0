import ast

from odoo import api, models
from odoo.fields import Domain
from odoo.orm.domains import DomainAnd, DomainCondition, DomainNot, DomainOr

LONGEST = 300
# With these a condition on records names them, by their ids.
NAMING = {"=", "!=", "in", "not in", "child_of", "parent_of"}
WITH_OTHERS = {"child_of", "parent_of"}


def each(value):
    """Give the values that a condition compares with."""
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]


class EmailTargetListCriterion(models.Model):
    """Criteria in words, for lists and for errors."""

    _inherit = "email.target.list.criterion"

    @api.model
    def _label_of(self, model):
        """Give the name that people know `model` by; its technical one if it is gone."""
        return self.env["ir.model"].sudo()._get(model).name or model

    def _model_label(self):
        return self._label_of(self.model) if self.model else ""

    def _name_with(self, conditions):
        operations = dict(self._fields["operation"]._description_selection(self.env))
        return self.env._(
            "%(operation)s: %(kind)s, %(conditions)s",
            operation=operations.get(self.operation),
            kind=self._model_label(),
            conditions=conditions,
        )

    def _conditions_text(self, env):
        """Give the conditions in words; those that can't be understood as they are written.

        What they compare with is named as far as the user of `env` may read it.
        """
        if self.everyone:
            return self.env._("everyone")
        try:
            domain = Domain(ast.literal_eval(self.domain or "[]"))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return (self.domain or "")[:LONGEST]
        if domain.is_true():
            return self.env._("no condition")
        return self._words(env.get(self.model), domain)[:LONGEST]

    def _words(self, records, domain):
        """Give `domain` on `records` in words; `records` is None for a model that is gone."""
        if isinstance(domain, (DomainAnd, DomainOr)):
            glue = self.env._(" and ") if isinstance(domain, DomainAnd) else self.env._(" or ")
            parts = [self._words(records, child) for child in domain.children]
            inner = [
                f"({part})" if isinstance(child, (DomainAnd, DomainOr)) else part
                for child, part in zip(domain.children, parts, strict=True)
            ]
            return glue.join(inner)
        if isinstance(domain, DomainNot):
            return self.env._("not (%s)", self._words(records, domain.child))
        if isinstance(domain, DomainCondition):
            return self._condition_words(records, domain)
        return self.env._("nobody")

    def _condition_words(self, records, condition):
        labels, field = [], None
        for name in condition.field_expr.split("."):
            field = records._fields.get(name) if records is not None else None
            labels.append(field._description_string(self.env) if field else name)
            records = records.env[field.comodel_name] if field and field.relational else None
        label, value = " → ".join(labels), condition.value
        if condition.operator in ("any", "not any"):
            inner = self._words(records, Domain(value))
            if condition.operator == "any":
                return f"{label}: {inner}"
            return self.env._("not (%s)", f"{label}: {inner}")
        if value is False and condition.operator in ("=", "!="):
            is_set = condition.operator == "!="
            if field and field.type == "boolean":
                return self.env._("%s is set", label) if is_set else self.env._("%s is not set", label)
            return self.env._("%s is filled in", label) if is_set else self.env._("%s is empty", label)
        operator = condition.operator
        if operator in ("in", "not in") and isinstance(value, (list, tuple)) and len(value) == 1:
            operator = "=" if operator == "in" else "!="
        return f"{label} {self._operator_words(operator)} {self._value_words(field, records, value)}".rstrip()

    def _operator_words(self, operator):
        return {
            "=": self.env._("is"),
            "!=": self.env._("is not"),
            "in": self.env._("is one of"),
            "not in": self.env._("is none of"),
            "like": self.env._("contains"),
            "ilike": self.env._("contains"),
            "not like": self.env._("does not contain"),
            "not ilike": self.env._("does not contain"),
            "child_of": self.env._("is or belongs to"),
        }.get(operator, operator)

    def _value_words(self, field, records, value):
        values = each(value)
        if records is not None and all(isinstance(one, int) for one in values):
            found = records.browse(values).exists()._filtered_access("read")
            return ", ".join(found.mapped("display_name")) or ", ".join(map(str, values))
        if field and field.type == "selection":
            labels = dict(field._description_selection(self.env))
            values = [labels.get(one, one) for one in values]
        return ", ".join(self.env._("yes") if one is True else str(one) for one in values)

    def _problem_in(self, records, domain, inside=False):
        """Say which field of `domain`, or which record that it names, is gone, or give None.

        :param inside: the domain is part of a condition on other records, so that their ids name them
        """
        for condition in domain.iter_conditions():
            step = records
            named = records if inside or condition.operator in WITH_OTHERS else None
            for name in condition.field_expr.split("."):
                if step is None:
                    break  # a part of a date, or a property
                field = step._fields.get(name)
                if not field:
                    return self.env._(
                        "“%(kind)s” has no field “%(field)s” any more. Choose another condition.",
                        kind=self._label_of(step._name),
                        field=name,
                    )
                step = records.env[field.comodel_name] if field.relational else None
                named = named if name == "id" else step
            if named is not None and self._names_deleted(named, condition):
                return self.env._(
                    "“%(condition)s” names something of the kind “%(kind)s” that was deleted. Choose again, or take "
                    "the condition out.",
                    condition=self._condition_words(records, condition),
                    kind=self._label_of(named._name),
                )
            if condition.operator in ("in", "not in") and not condition.value and condition.value is not False:
                return self.env._(
                    "“%s” is compared with nothing. Choose a value, or take the condition out.",
                    self._condition_words(records, condition),
                )
            inner = step is not None and condition.operator in ("any", "not any")
            if inner and (problem := self._problem_in(step, Domain(condition.value), inside=True)):
                return problem
        return None

    def _names_deleted(self, records, condition):
        if condition.operator not in NAMING:
            return False
        ids = {one for one in each(condition.value) if isinstance(one, int) and not isinstance(one, bool)}
        return bool(ids) and len(records.sudo().browse(ids).exists()) < len(ids)
