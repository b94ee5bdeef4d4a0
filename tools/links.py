"""The links of a mass email: which ones are tracked, and where the opt-out link stands."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, unquote_plus, urljoin, urlsplit

from lxml import etree

from .template import Slot, Slots, TemplateError

# `{optOutUrl}` and `{trackingUrl:CODE}` are EspoCRM's spelling, so that its templates can be taken along.
# Odoo's link dialog takes no colon in what is no scheme, so a slash does as well.
_PLACEHOLDER = re.compile(r"\{(optOutUrl|preferencesUrl|viewUrl|trackingUrl[:/]([A-Za-z0-9_-]+))\}")
# What was meant as a placeholder and is none: it would stand in the mail as it is.
_MISSPELT = re.compile(
    r"\{\s*(?:opt[_-]?out[_-]?url|preferences?[_-]?url|view[_-]?url|tracking[_-]?url)[^}\n]{0,60}\}?", re.IGNORECASE
)
_URL_IN_TEXT = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_ADDRESS_SCHEMES = ("mailto:", "tel:", "sms:")
# Browsers ignore blanks and controls in a scheme. What such a link does, it does on the page that shows the mail.
_RUNS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
_IGNORED_IN_SCHEME = re.compile(r"[\x00-\x20]+")
# Outlook reads these comments as HTML; the links of its buttons stand there.
_HREF_IN_COMMENT = re.compile(r"""(\shref\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
# A link that is made for one recipient only; most others are known before and don't look like this.
_UNSETTLED = re.compile(
    r"""\b(href|src|action|formaction|background|poster)="(\s*(?:/|[jvd\x00-\x20&])[^"]*)\"""", re.IGNORECASE
)
_LONGEST_LABEL = 200
# What strangers type about themselves, as the name in a subscribe form, is no target that our links lead to.
_TARGET_ROOTS = ("object.", "values.")
_LONGEST_TARGET = 4_000  # characters; browsers take no longer ones everywhere
MAX_QUERY_LENGTH = 1_000  # characters; some servers take no longer line than 4,000 with all that is there already
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass
class Tracker:
    """Replaces links by slots.

    :param slots: where the slots of this template are kept
    :param base_url: what relative links are resolved against
    :param named: target by code of the campaign's named tracking URLs
    :param enabled: whether clicks are tracked; if not, links stay as they are and named ones show their target
    :param parameters: added to links that are not tracked, see `with_parameters`; the others get them when clicked
    """

    slots: Slots
    base_url: str
    named: Mapping[str, str]
    enabled: bool = True
    parameters: str = ""
    found: dict[str, str] = field(default_factory=dict)  #: tracked URL → the text it was seen under first
    has_opt_out: bool = False

    def track_html(self, root: etree._Element, place: str = "body") -> None:
        """Replace every link below `root` that can be tracked, and the placeholders in links and text.

        :raises TemplateError: for a placeholder of a tracking URL that there isn't, naming `place`
        """
        for element in root.iter(etree.Element):
            href = (element.get("href") or "").strip()
            if href and element.tag != "link":
                element.set("href", self._link(href, self._label(element), place))
        for element in root.iter(etree.Element):
            if element.tag == "style":
                continue
            if element.text and "{" in element.text:
                element.text = self._placeholders(element.text, place)
            if element.tail and "{" in element.tail:
                element.tail = self._placeholders(element.tail, place)
        seen = self.has_opt_out
        for comment in root.iter(etree.Comment):
            comment.text = _HREF_IN_COMMENT.sub(lambda match: self._in_comment(match, place), comment.text or "")
            if comment.tail and "{" in comment.tail:
                comment.tail = self._placeholders(comment.tail, place)
                seen = self.has_opt_out or seen
        self.has_opt_out = seen

    def track_text(self, text: str, place: str = "plain text") -> str:
        """Give `text` with its URLs and placeholders replaced.

        :raises TemplateError: for a placeholder of a tracking URL that there isn't, naming `place`
        """
        return _URL_IN_TEXT.sub(lambda match: self._in_text(match[0]), self._placeholders(text, place))

    def _in_text(self, url: str) -> str:
        # What ends a sentence doesn't end a link, but for a parenthesis that was opened in it.
        rest = ""
        while url and (url[-1] in ".,;:!?]}" or (url[-1] == ")" and url.count(")") > url.count("("))):
            url, rest = url[:-1], url[-1] + rest
        if self.slots.find(url):
            place_url_fields(self.slots, url)
        elif _has_host(url):
            url = self._tracked(url, "") if self.enabled else with_parameters(url, self.parameters)
        return url + rest

    def _in_comment(self, match: re.Match[str], place: str) -> str:
        href = html.unescape(match[2] if match[2] is not None else match[3]).strip()
        if self.slots.find(href):
            place_url_fields(self.slots, href)
        return f'{match[1]}"{html.escape(self._link(href, "", place))}"'

    def _label(self, element: etree._Element) -> str:
        """Give what is read of a link: its text, or what its image is said to show."""
        text = "".join(element.itertext(etree.Element)) or " ".join(element.xpath(".//img/@alt"))
        return " ".join(self.slots.as_written(text).split())[:_LONGEST_LABEL]

    def _link(self, href: str, label: str, place: str) -> str:
        # Editors percent-encode the braces of a placeholder in a link.
        if placeholder := _PLACEHOLDER.search(unquote(href)):
            return self._placeholder(placeholder, place)
        self._check_spelling(unquote(href), place)
        if _RUNS.match(_IGNORED_IN_SCHEME.sub("", href)):
            return "#"
        if fields := self.slots.find(href):
            # Where a merge value decides on the target, the link can't be known before. If it is all of the target,
            # that is kept for each recipient; else it is not tracked.
            if self.enabled and fields == [href] and self.slots.get(href).value.startswith(_TARGET_ROOTS):
                self.slots.set_context(fields, "url_tracked")
                self.found.setdefault(str(personal(self.slots.get(href))), label)
            return href
        # As browsers do it: line ends mean nothing in a link, blanks are encoded.
        href = re.sub(r"[\t\r\n]+", "", href).replace(" ", "%20")
        if href.lower().startswith("www."):
            href = "https://" + href
        elif href.startswith("//"):
            href = "https:" + href
        elif href.startswith("/"):
            href = urljoin(self.base_url, href)
        if href.lower().startswith(("http://", "https://")) and _has_host(href):
            return self._tracked(href, label) if self.enabled else with_parameters(href, self.parameters)
        return href

    def _tracked(self, url: str, label: str) -> str:
        if not self.found.get(url):
            self.found[url] = label
        return self.slots.add(Slot("link", url, context="url"), url)

    def _placeholders(self, text: str, place: str) -> str:
        text = _PLACEHOLDER.sub(lambda match: self._placeholder(match, place), text)
        self._check_spelling(text, place)
        return text

    def _check_spelling(self, text: str, place: str) -> None:
        if misspelt := _MISSPELT.search(text):
            raise TemplateError(
                place,
                misspelt[0],
                "write {optOutUrl}, {preferencesUrl}, {viewUrl}, or {trackingUrl/CODE} with the code of a tracking URL",
            )

    def _placeholder(self, match: re.Match[str], place: str) -> str:
        code = match[2]
        if match[1] == "preferencesUrl":
            return self.slots.add(Slot("preferences", context="url"), match[0])
        if match[1] == "viewUrl":
            return self.slots.add(Slot("view", context="url"), match[0])
        if not code:
            self.has_opt_out = True
            return self.slots.add(Slot("opt_out", context="url"), match[0])
        if code not in self.named:
            raise TemplateError(place, match[0], f"the campaign has no tracking URL with the code “{code}”")
        url = self.named[code]
        return self._tracked(url, "") if self.enabled else with_parameters(url, self.parameters)


def place_url_fields(slots: Slots, url: str) -> None:
    """Tell the merge fields that stand in `url` whether they are its beginning, a part of it, or an address."""
    url = url.strip()
    fields = slots.find(url)
    slots.set_context(fields, "url_address" if url.lower().startswith(_ADDRESS_SCHEMES) else "url_part")
    if fields and url.startswith(fields[0]):
        slots.set_context(fields[:1], "url")


def personal(slot: Slot) -> str | None:
    """Give what stands for the target of a tracked link that is another one for each recipient; None for other slots.

    >>> personal(Slot("field", "object.website", "https://x.example", context="url_tracked"))
    '{{ object.website ||| https://x.example }}'
    """
    if slot.kind != "field" or slot.context != "url_tracked":
        return None
    return f"{{{{ {slot.value} ||| {slot.default} }}}}" if slot.default else f"{{{{ {slot.value} }}}}"


def personal_target(value: str) -> str:
    """Give where a tracked link leads whose target is the merge value `value`; empty for what is no web address."""
    target = safe_target(value, at_start=True)
    return target if len(target) <= _LONGEST_TARGET and is_web_address(target) else ""


def is_web_address(url: str) -> bool:
    """Say whether `url` is a whole http(s) address that a browser can be sent to."""
    try:
        return (
            url.lower().startswith(("http://", "https://"))
            and url.isprintable()
            and " " not in url
            and _has_host(url)
            and (urlsplit(url).port or 1) > 0
        )
    except ValueError:
        return False


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def parameters(query: str) -> str:
    """Give the query string `query` as it may be added to links, without what it begins with.

    Raises ValueError with an explanation for people: for control characters, a fragment, or one that is too long.

    >>> parameters("?ref=spring offers&x=ä")
    'ref=spring%20offers&x=%C3%A4'
    """
    query = query.strip(" ").lstrip("?&").rstrip("&")
    if control := _CONTROL.search(query):
        raise ValueError(f"it must not hold line ends or other control characters, and has {control[0]!r}.")
    if "#" in query:
        raise ValueError("a # begins what no server gets to see; write %23 if you mean the character.")
    if "{" in query or "}" in query:
        raise ValueError("no field can be filled in there; it is the same for everybody.")
    if len(query) > MAX_QUERY_LENGTH:
        raise ValueError(f"it has {len(query):,} characters, and at most {MAX_QUERY_LENGTH:,} can be added to a link.")
    pieces = [quote(piece, safe="%/:?@!$'()*+,;=-._~") for piece in query.split("&") if piece]
    if nameless := next((piece for piece in pieces if piece.startswith("=")), None):
        raise ValueError(f"“{nameless}” has no name; write name=value, and & between two of them.")
    return "&".join(pieces)


def joined_parameters(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Give `pairs` of name and value as a query string; those without a value are left out.

    >>> joined_parameters([("utm_source", "R&D #1"), ("utm_content", "")])
    'utm_source=R%26D%20%231'
    """
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs if value)


def with_parameters(url: str, added: str) -> str:
    """Give an http(s) `url` with those of the parameters `added` that it does not have, before its fragment.

    What stands in it is left to the character: there are links that are signed.

    >>> with_parameters("https://x.example/?utm_source=mine#top", "utm_source=ours&ref=1")
    'https://x.example/?utm_source=mine&ref=1#top'
    """
    if not added or not url.lower().startswith(("http://", "https://")):
        return url
    url, hash_sign, fragment = url.partition("#")
    before, mark, query = url.partition("?")
    there = {_parameter_name(piece) for piece in query.split("&")}
    new = "&".join(piece for piece in added.split("&") if _parameter_name(piece) not in there)
    if not new:
        return url + hash_sign + fragment
    if not mark and before.count("/") == 2:
        before += "/"
    between = "" if not query or query.endswith("&") else "&"
    return f"{before}?{query}{between}{new}{hash_sign}{fragment}"


def _parameter_name(piece: str) -> str:
    return unquote_plus(piece.partition("=")[0])


def settle_rendered(markup: str, base_url: str) -> str:
    """Give `markup` that code has made with links that lead somewhere from a mail, and none that runs anything."""
    base = html.escape(base_url.rstrip("/"))

    def settled(match: re.Match[str]) -> str:
        href = _IGNORED_IN_SCHEME.sub("", html.unescape(match[2]))
        if _RUNS.match(href) and not (match[1].lower().endswith("src") and href.lower().startswith("data:image/")):
            return f'{match[1]}="#"'
        if href.startswith("//"):
            return f'{match[1]}="https:{match[2].lstrip()}"'
        return f'{match[1]}="{base}{match[2].lstrip()}"' if href.startswith("/") else match[0]

    return _UNSETTLED.sub(settled, markup)


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
        return quote(value, safe="", errors="replace")
    value = value.strip()
    if "@" in value and ":" not in value and "/" not in value:
        return "mailto:" + safe_address(value)
    if value.lower().startswith("www."):
        value = "https://" + value
    if not value.lower().startswith(_SAFE_SCHEMES):
        return "#"
    return quote(value, safe="%/:=&?~#+!$,;'@()*[]", errors="replace")


def safe_address(value: str) -> str:
    """Give a merge value as it may stand in a mailto: or tel: link, to which it must add no header.

    >>> safe_address("ann@x.example?bcc=eve@x.example")
    'ann@x.example%3Fbcc%3Deve@x.example'
    """
    return quote(value, safe="@+", errors="replace")
