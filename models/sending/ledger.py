"""What a worker writes down of a mass email: what it is about to hand over, and what became of it."""

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from . import prepared, verdict

# A domain may have recovered long before all that was held back has had its turn.
LONGEST_DEFERRAL = timedelta(minutes=15)


class Taken(NamedTuple):
    """What became of a group: ids that limits let go, ids that a slow domain holds back, when more may go (a moment in
    UTC, or None), and ids that are marked as handed over.
    """

    granted: set
    late: set
    again_at: object
    handed: set


NOTHING = Taken(set(), set(), None, set())


class Ledger:
    """Books of `mailing` (as superuser), sent by `provider` as `worker`."""

    def __init__(self, mailing, worker, provider):
        self._mailing = mailing
        self._worker = worker
        self._provider = provider
        self.handed = {}  # id → mail: handed over, and what became of it is not written down
        self._noted = []  # addresses that took something, which is not noted on them yet

    def open(self, mails):
        """Remember `mails` as handed over, once that is committed."""
        self.handed.update((mail.key, mail) for mail in mails)

    def close(self, outcomes):
        """Forget the mails of `outcomes`, once these are committed."""
        for outcome in outcomes:
            mail = self.handed.pop(outcome.key)
            if outcome.result == "accepted":
                self._noted.append(mail.normalized)

    def note_addresses(self, least=1):
        """Note on the addresses that they took something, in a transaction of its own, when there are `least` of them;
        give whether it did.

        It is news about an address and no part of the protocol; many at a time cost half. Where no frequency cap asks
        about it, it is left to the log.
        """
        if len(self._noted) < least:
            return False
        env = self._mailing.env
        cap = env["email.audience"]._frequency_cap()
        if cap:
            self._mailing._committed(lambda: env["email.address"]._note_sent(self._noted, cap))
        self._noted = []
        return bool(cap)

    def prepare(self):
        """Get ready to write down outcomes, in the current transaction."""
        self._mailing.env["email.campaign.recipient"]._prepare_flush(self._worker)

    def exchange(self, outcomes, blamed, skipped, group):
        """Write down `outcomes` and `skipped`, and mark of `group` what may leave, in the current transaction.

        :param blamed: those of `outcomes` that are about the sender
        :param skipped: {id: reason}
        """
        env = self._mailing.env
        recipients = env["email.campaign.recipient"]
        flush = self._flush(self._mailing, outcomes, blamed) if outcomes else ""
        if skipped:
            # The mass email before its recipients, as buttons hold them.
            prepared.run(env.cr, flush)
            flush = ""
            recipients._skip(skipped)
        if not group:
            prepared.run(env.cr, flush)
            return NOTHING
        granted, late, again_at = self._allowed(group)
        recipients._defer(self._moments(late))
        handed = recipients._hand(self._mailing, self._worker, granted, before=flush)
        if len(handed) < len(granted):
            unused = Counter(domain(mail) for mail in group if mail.key in granted and mail.key not in handed)
            self._provider._give_back(unused.total(), unused)
        return Taken(set(granted), {mail.key for mail in late}, again_at, handed)

    def settle(self, env, outcomes):
        """Write down `outcomes` by `env`, in its current transaction."""
        if outcomes:
            prepared.run(env.cr, self._flush(self._mailing.with_env(env), outcomes, []))

    def _allowed(self, group):
        """Give (ids that limits let go, mails that their domain holds back, when more may go)."""
        if self._provider._is_free():
            return [mail.key for mail in group], [], None
        domains = [domain(mail) for mail in group]
        allowance = self._provider._allowance(len(group), Counter(domains))
        granted, late, of_domain = [], [], dict(allowance.domains)
        for mail, its in zip(group, domains, strict=True):
            if of_domain.get(its, 1) <= 0:
                late.append(mail)
            elif len(granted) < allowance.total:
                granted.append(mail.key)
                if its in of_domain:
                    of_domain[its] -= 1
        return granted, late, allowance.again_at

    def _moments(self, late):
        """Give {id: when it may be tried again} of mails to slowed domains, as far apart as their domain wants it."""
        spacing = self._provider._spacing({domain(mail) for mail in late}) if late else {}
        soon = datetime.now(timezone.utc).replace(tzinfo=None)
        places, moments = Counter(), {}
        for mail in late:
            at, seconds = spacing.get(domain(mail), (soon, 1.0))
            moments[mail.key] = at + min(LONGEST_DEFERRAL, timedelta(seconds=places[domain(mail)] * seconds))
            places[domain(mail)] += 1
        return moments

    def _flush(self, mailing, outcomes, blamed):
        """Write down `outcomes` with the log and what they tell about addresses, domains and the provider.

        Where they tell nothing but that all went well, it gives the text of a statement that the caller has to run.
        """
        rows, refused, sent, slowed = [], [], [], {}
        blamed = {outcome.key for outcome in blamed}
        for outcome in outcomes:
            mail = self.handed[outcome.key]
            reply = verdict.reply(outcome)
            if outcome.result == "accepted":
                sent.append(mail)
                rows.append({"id": outcome.key, "state": "sent", "code": outcome.code, "reply": reply})
                continue
            # What is about the sender asks nothing about this recipient, who can be written to later.
            state = "queued" if outcome.key in blamed else verdict.state(outcome)
            # It is for the database to say whether a temporary one was the last.
            kind, reason = verdict.refusal(outcome) if state in ("failed", "retry") else (None, None)
            if state == "retry" and outcome.result == "transient":
                slowed[domain(mail)] = (outcome.code, reply)
            if reason:
                refused.append(_refused(outcome, kind, reason, reply))
            rows.append({"id": outcome.key, "state": state, "code": outcome.code, "reply": reply, "bounce": kind})
        env = mailing.env
        flush = env["email.campaign.recipient"]._flush_call(mailing, self._worker, rows)
        provider = self._provider.with_env(env)
        is_free = provider._is_free()
        if is_free and not refused and not slowed:
            return flush
        prepared.run(env.cr, flush)
        if sent and not is_free:
            provider._note_domain_success(Counter(map(domain, sent)))
        if refused:
            env["email.verdict"]._take_refusals(provider, refused)
        if slowed:
            provider._note_domain_trouble(slowed)
        return ""


def _refused(outcome, kind, reason, reply):
    return {
        "id": outcome.key,
        "kind": kind or "soft",
        "counts": bool(kind),
        "status": outcome.enhanced,
        "reason": reason,
        "text": reply,
    }


def domain(mail):
    """Give the domain that `mail` goes to."""
    return mail.normalized.rpartition("@")[2]
