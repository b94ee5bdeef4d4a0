import math

from odoo import models

from ...tools import pacing


class EmailProvider(models.Model):
    """What people are told of limits: how much of them is used, and how long something will take."""

    _inherit = "email.provider"

    def _compute_usage_text(self):
        now = self.env["email.provider.pace"]._now()
        usage = self.env["email.provider.usage"].sudo()
        for provider in self:
            limits = provider._limits()
            slots = usage._slots(now, pacing.DAY, provider) if limits.counts else {}
            texts = []
            for span, limit, text in (
                (pacing.HOUR, limits.hour, self.env._("%(used)s of %(limit)s this hour")),
                (pacing.DAY, limits.day_limit(now), self.env._("%(used)s of %(limit)s in 24 hours")),
            ):
                if limit:
                    used = limit - pacing.room(slots, span, limit, now)
                    texts.append(text % {"used": self._number(used), "limit": self._number(limit)})
            provider.usage_text = ", ".join(texts) or self.env._("No limit")

    def _estimate(self, count):
        """Give the seconds after which the last of `count` emails leaves that begin now, within all limits.

        None when nothing is known: neither how fast it is nor a limit; or when it would last longer than a year.
        """
        self.ensure_one()
        limits, cap = self._limits(), self._hourly_cap()
        if cap:
            limits = limits.with_hour(cap)
        if not limits and not self.measured_rate:
            return None
        now = self.env["email.provider.pace"]._now()
        slots = self.env["email.provider.usage"].sudo()._slots(now, pacing.DAY, self) if limits.counts else {}
        return pacing.estimate(count, self.measured_rate, limits, now, slots)

    def _estimate_text(self, count):
        """Give the estimate for `count` emails as people read it; empty when nothing is known."""
        self.ensure_one()
        parts = []
        if self.measured_rate:
            unlimited = count / self.measured_rate
            parts.append(self.env._("about %s", self._duration(unlimited)))
        else:
            unlimited = 0
        limited = self._estimate(count)
        binding = self._binding()
        if binding and limited is None:
            parts.append(self.env._("%(limit)s of “%(provider)s”: more than a year", limit=binding, provider=self.name))
        elif binding and limited > max(1.1 * unlimited, unlimited + 1):
            parts.append(
                self.env._(
                    "%(limit)s of “%(provider)s”: %(duration)s",
                    limit=binding,
                    provider=self.name,
                    duration=self._duration(limited),
                )
            )
        if not parts:
            return ""
        return self.env._("%(count)s emails: %(durations)s", count=self._number(count), durations="; ".join(parts))

    def _binding(self):
        """Give the limits in words, empty for none."""
        limits, cap = self._limits(), self._hourly_cap()
        now = self.env["email.provider.pace"]._now()
        texts = []
        if limits.second:
            texts.append(self.env._("%s a second", f"{limits.second:g}"))
        if limits.hour or cap:
            texts.append(self.env._("%s an hour", self._number(min(limits.hour or cap, cap or limits.hour))))
        if limits.day_limit(now):
            texts.append(self.env._("%s a day", self._number(limits.day_limit(now))))
        if limits.window:
            texts.append(self.env._("the sending hours"))
        return self.env._("at the limit of %s", ", ".join(texts)) if texts else ""

    def _number(self, value):
        return self.env["ir.qweb.field.integer"].value_to_html(value, {})

    def _duration(self, seconds):
        """Give a duration in the two largest units that matter."""
        seconds = math.ceil(seconds)
        if seconds < 60:
            return self.env._("1 second") if seconds <= 1 else self.env._("%s seconds", seconds)
        minutes = math.ceil(seconds / 60)
        if minutes < 120:
            return self.env._("1 minute") if minutes == 1 else self.env._("%s minutes", minutes)
        if minutes < 48 * 60:
            return self.env._("%s hours", round(minutes / 60))
        days, hours = divmod(math.ceil(minutes / 60), 24)
        return self.env._("%(days)s days and %(hours)s hours", days=days, hours=hours)
