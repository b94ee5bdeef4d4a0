"""Human or machine: who requested a tracked link or image, as far as one request tells.

What several requests tell together (a burst, a hidden link, a visit right after sending) is judged where they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from crawleruseragents import is_crawler

from .visitor_networks import is_public, owner

Verdict = Literal["human", "machine"]

LONGEST_RECORDED = 500
MAX_USER_AGENT = 512  # characters looked at; the longest of real browsers have about 300

# Proxies that fetch images when a person opens the message, although the list of crawlers names them.
MAIL_PROXIES = ("GoogleImageProxy", "YahooMailProxy")
# What Gmail's servers call themselves when they load images before anybody opened the message.
_GMAIL_PREFETCH = "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
# Apple's Mail Privacy Protection names itself by nothing but this, and loads all images of all messages.
_APPLE = "Mozilla/5.0"

_PREFETCH_HEADERS = ("purpose", "x-purpose", "sec-purpose", "x-moz")
_PREFETCH = re.compile(r"\b(?:prefetch|prerender|preview)\b", re.IGNORECASE)

# Reasons that a request gives by more than its address and its User-Agent: they can't be found out again afterwards.
OF_THE_REQUEST = ("head_request", "prefetch")


@dataclass(frozen=True)
class Visit:
    """The verdict on one request. `reason` is a stable code; for a human it is mail_proxy, unproven_proxy or None."""

    verdict: Verdict
    reason: str | None = None


_HEAD = Visit("machine", "head_request")
_PREFETCHED = Visit("machine", "prefetch")


def judge(method: str, user_agent: str | None, headers: Mapping[str, str], ip: str | None = None) -> Visit:
    """Judge one HTTP request by its method, its User-Agent, its other headers and where it came from.

    Reasons of machines, the first that fits: head_request (HEAD and OPTIONS), prefetch, and those of `judge_visitor`.
    Everything in a request is the visitor's own claim: the verdict serves statistics, never access.

    :param headers: names in any case
    """
    if method.upper() in ("HEAD", "OPTIONS"):
        return _HEAD
    for name, value in headers.items():
        if name.lower() in _PREFETCH_HEADERS and _PREFETCH.search(value[:MAX_USER_AGENT]):
            return _PREFETCHED
    return judge_visitor(user_agent, ip)


def judge_visitor(user_agent: str | None, ip: str | None) -> Visit:
    """Judge by what the log keeps of a request: its User-Agent and the address that it came from.

    Reasons of machines: no_user_agent; gmail_prefetch; google_network (Google's servers, under another name than its
    image proxy); apple_proxy (Mail Privacy Protection by its name, or Apple's network); crawler. Reasons of humans:
    mail_proxy, which loads images when somebody opens the message; unproven_proxy for who says so from elsewhere.
    """
    agent = (user_agent or "").strip()[:MAX_USER_AGENT]
    by_name = _judge_agent(agent)
    whose = owner(ip)
    if by_name.reason == "mail_proxy":
        if "GoogleImageProxy" in agent and whose != "google" and is_public(ip):
            return Visit("human", "unproven_proxy")
        return by_name
    if by_name.verdict == "human" and whose:
        return Visit("machine", "google_network" if whose == "google" else "apple_proxy")
    return by_name


def recorded(user_agent: str | None) -> str | None:
    """Return what is kept of a User-Agent: of bounded length and without NUL, which no database takes."""
    return user_agent.replace("\0", "")[:LONGEST_RECORDED] if user_agent else None


@lru_cache(maxsize=4096)
def _judge_agent(user_agent: str) -> Visit:
    # Cached because 1500 patterns take about 0.2 ms, and few different programs make most of the requests.
    if not user_agent:
        return Visit("machine", "no_user_agent")
    if any(proxy in user_agent for proxy in MAIL_PROXIES):
        return Visit("human", "mail_proxy")
    if user_agent.endswith(_GMAIL_PREFETCH):
        return Visit("machine", "gmail_prefetch")
    if user_agent == _APPLE:
        return Visit("machine", "apple_proxy")
    if is_crawler(user_agent):
        return Visit("machine", "crawler")
    return Visit("human")
