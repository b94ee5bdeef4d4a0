"""The links of a mass email: which ones are tracked, and where the opt-out link stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urljoin, urlsplit

from lxml import etree

from .template import Slot, Slots, TemplateError

# `{optOutUrl}` and `{trackingUrl:CODE}` are EspoCRM's spelling, so that its templates can be taken along.
_PLACEHOLDER = re.compile(r"\{(optOutUrl|trackingUrl:([A-Za-z0-9_-]+))\}")
_URL_IN_TEXT = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]", re.IGNORECASE)
_SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")


@dataclass
class Tracker:
    """Replaces links by slots.

    :param slots: where the slots of this template are kept
    :param base_url: what relative links are resolved against
    :param named: target by code of the campaign's named tracking URLs
    :param enabled: whether clicks are tracked; if not, links stay as they are and named ones show their target
    """

    slots: Slots
    base_url: str
    named: Mapping[str, str]
    enabled: bool = True
    found: dict[str, str] = field(default_factory=dict)  #: tracked URL → the text it was seen under first
    has_opt_out: bool = False

    def track_html(self, root: etree._Element) -> None:
        """Replace every link below `root` that can be tracked, and the placeholders in links and text."""
        for element in root.iter("a", "area"):
            href = (element.get("href") or "").strip()
            if not href:
                continue
            label = " ".join("".join(element.itertext()).split())
            element.set("href", self._link(href, label))
        for element in root.iter(etree.Element):
            if element.tag in ("style", "script"):
                continue
            if element.text and "{" in element.text:
                element.text = self._placeholders(element.text)
            if element.tail and "{" in element.tail:
                element.tail = self._placeholders(element.tail)

    def track_text(self, text: str) -> str:
        """Give `text` with its URLs and placeholders replaced."""
        text = self._placeholders(text)
        if not self.enabled:
            return text
        return _URL_IN_TEXT.sub(lambda match: self._tracked(match[0], ""), text)

    def _link(self, href: str, label: str) -> str:
        # Editors percent-encode the braces of a placeholder in a link.
        if placeholder := _PLACEHOLDER.search(unquote(href)):
            return self._placeholder(placeholder)
        if fields := self.slots.find(href):
            # Where a merge value decides on the target, the link can't be known before: it is not tracked.
            self.slots.set_context(fields, "url_part")
            if href.startswith(fields[0]):
                self.slots.set_context(fields[:1], "url")
            return href
        if href.startswith("/"):
            href = urljoin(self.base_url, href)
        if self.enabled and href.lower().startswith(("http://", "https://")) and _has_host(href):
            return self._tracked(href, label)
        return href

    def _tracked(self, url: str, label: str) -> str:
        if self.slots.find(url):
            return url
        self.found.setdefault(url, label)
        return self.slots.add(Slot("link", url, context="url"))

    def _placeholders(self, text: str) -> str:
        return _PLACEHOLDER.sub(self._placeholder, text)

    def _placeholder(self, match: re.Match[str]) -> str:
        code = match[2]
        if not code:
            self.has_opt_out = True
            return self.slots.add(Slot("opt_out", context="url"))
        if code not in self.named:
            raise TemplateError("body", match[0], f"the campaign has no tracking URL with the code “{code}”")
        return self._tracked(self.named[code], "") if self.enabled else self.named[code]


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def safe_target(value: str, at_start: bool) -> str:
    """Give a merge value as it may stand in a link.

    At the start of a link it must be a whole address of a harmless scheme, or the link leads nowhere (`#`): what a
    recipient supplied must not become a `javascript:` link. Further on it is percent-encoded.

    >>> safe_target("javascript:alert(1)", at_start=True)
    '#'
    >>> safe_target("a b&c", at_start=False)
    'a%20b%26c'
    """
    if not at_start:
        return quote(value, safe="")
    value = value.strip()
    if "@" in value and ":" not in value and "/" not in value:
        return "mailto:" + quote(value, safe="@")
    if value.startswith("www."):
        value = "https://" + value
    if not value.lower().startswith(_SAFE_SCHEMES):
        return "#"
    return quote(value, safe="%/:=&?~#+!$,;'@()*[]")
