"""From what somebody wrote to what is filled for every recipient: the content of a mass email, compiled once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from . import markup
from .inline import inline_css
from .links import Tracker, settle_rendered
from .template import CodeError, Parts, Slot, Slots, TemplateError, paths

# Mail programs clip what is longer than about 100 kB; a hundred times that is no email any more but an accident.
MAX_HTML_LENGTH = 10_000_000


@dataclass(frozen=True)
class Source:
    """What was written: inline expressions in all four; `text` may be empty and is then derived from `html`."""

    subject: str
    html: str
    text: str = ""
    preview: str = ""


@dataclass(frozen=True)
class Options:
    """How a content is compiled.

    `footer_html` and `footer_text` carry `{optOutUrl}` and are appended where the content has no opt-out link itself;
    empty where the duty is switched off. `to_text` converts HTML into plain text.
    """

    base_url: str
    to_text: Callable[[str], str]
    open_tracking: bool = True
    click_tracking: bool = True
    hidden_link: bool = False  #: whether a link is added that only machines follow; its slot is a link to nowhere
    footer_html: str = ""
    footer_text: str = ""
    default_look: bool = False  #: whether what says nothing of its own gets a readable font and images that fit
    named_urls: Mapping[str, str] = field(default_factory=dict)
    parameters: str = ""  #: added to links that are not tracked


@dataclass(frozen=True)
class Content:
    """A compiled content; `urls` are the tracked targets with the text each was seen under first."""

    subject: Parts
    html: Parts
    text: Parts
    urls: Mapping[str, str]
    has_opt_out: bool

    def fields(self) -> set[str]:
        """Give the paths of the fields that are filled in."""
        return paths(self.subject, self.html, self.text)


@dataclass(frozen=True)
class Program:
    """A content with code in it: QWeb makes of it something else for each recipient; all that can be is done before.

    :param subject_code: what is rendered as the subject, empty where `subject` is compiled
    :param body_code: what is rendered as the body, empty where `body` is the same for everybody
    """

    slots: Slots
    subject: Parts
    subject_code: str
    body: str
    body_code: str
    document: tuple[str, str]  #: what goes before the body and after it
    footer: tuple[str, str]  #: for a body, and for a written text, in which there was no opt-out link after all
    text: str
    to_text: Callable[[str], str]
    base_url: str
    urls: Mapping[str, str]

    def fill(self, body: str | None, value: Callable[[Slot, bool], str]) -> tuple[str, str]:
        """Give HTML and plain text for one recipient.

        :param body: what QWeb made of `body_code`
        :param value: gives what is written for a slot, in markup (True) or in text (False)
        """
        body = self.body if body is None else settle_rendered(body, self.base_url)
        if not self._opts_out(body):
            body += self.footer[0]
        before, after = self.document
        text = self.text
        if not text:
            text = self.to_text(markup.readable(markup.body(markup.read(body))))
        elif not self._opts_out(text):
            text = text.rstrip() + "\n\n" + self.footer[1]
        html = self.slots.fill(before + body + after, lambda slot: value(slot, True))
        return html, self.slots.fill(text, lambda slot: value(in_text(slot), False))

    def fields(self) -> set[str]:
        """Give the paths of the fields that are filled in beside the code."""
        return paths(self.subject, self.slots.cut("".join(self.slots.all())))

    def _opts_out(self, text: str) -> bool:
        return any(self.slots.get(sentinel).kind == "opt_out" for sentinel in self.slots.find(text))


def compose_code(source: Source, options: Options, code_in_subject: bool) -> Program:
    """Compile `source`, whose HTML, and subject if `code_in_subject`, may hold code; nothing else may.

    :raises TemplateError: naming the place, where something can't be compiled
    """
    _check_length(source)
    source = Source(**{name: markup.without_control(text) for name, text in vars(source).items()})
    slots = Slots()
    tracker = Tracker(slots, options.base_url, options.named_urls, options.click_tracking, options.parameters)
    root = markup.read(source.html)
    markup.take_out_around_code(root, slots)
    root = _without_plain_tags(root, slots)
    _lay_out(root, options, tracker)
    footer_html = ""
    if options.footer_html:
        element = markup.add_fragment(root, options.footer_html)
        tracker.track_html(element, "footer")
        footer_html = markup.take_out(element)
    text = tracker.track_text(slots.take_out(source.text, "plain text", "text")) if source.text.strip() else ""
    footer_text = tracker.track_text(options.footer_text, "footer") if text and options.footer_text else ""
    code = markup.has_directives(markup.body(root))
    marker = slots.add(Slot("open"))
    inner = markup.take_body(root, marker)
    _add_unread(root, source, options, slots)
    before, _marker, after = markup.write(root).partition(marker)
    slots.forget([marker])
    subject, subject_code = _subject(source.subject, slots, code_in_subject)
    return Program(
        slots=slots,
        subject=subject,
        subject_code=subject_code,
        body="" if code else inner,
        body_code=inner if code else "",
        document=(before, after),
        footer=(footer_html, footer_text),
        text=text,
        to_text=options.to_text,
        base_url=options.base_url,
        urls=dict(tracker.found),
    )


def _subject(subject: str, slots: Slots, code: bool) -> tuple[Parts, str]:
    """Give (compiled subject, code): one of the two is empty."""
    subject = " ".join(subject.split())
    try:
        return slots.cut(slots.take_out(subject, "subject", "header")), ""
    except CodeError:
        if not code:
            raise
        return (), subject


def _without_plain_tags(root: etree._Element, slots: Slots) -> etree._Element:
    """Give `root` with its t-outs as slots, if that is all the code there is; else as it is."""
    tried = copy.deepcopy(root)
    known = slots.all()
    try:
        slots.take_out_tags(tried, "body")
    except CodeError:
        slots.forget(set(slots.all()) - set(known))
        return root
    return tried


def compose(source: Source, options: Options) -> Content:
    """Compile `source`.

    :raises TemplateError: naming the place, where something can't be compiled
    """
    _check_length(source)
    source = Source(**{name: markup.without_control(text) for name, text in vars(source).items()})
    slots = Slots()
    tracker = Tracker(slots, options.base_url, options.named_urls, options.click_tracking, options.parameters)

    root = markup.read(slots.take_out(source.html, "body", "html"))
    slots.take_out_tags(root, "body")
    _lay_out(root, options, tracker)
    if options.footer_html and not tracker.has_opt_out:
        tracker.track_html(markup.add_fragment(root, options.footer_html), "footer")
    if source.text.strip():
        text = _written_text(source.text, options.footer_text, slots, tracker)
    else:
        text = options.to_text(markup.readable(root))
    _add_unread(root, source, options, slots)

    return Content(
        subject=slots.cut(slots.take_out(" ".join(source.subject.split()), "subject", "header")),
        html=slots.cut(markup.write(root)),
        text=_as_text(slots.cut(text)),
        urls=dict(tracker.found),
        has_opt_out=tracker.has_opt_out,
    )


def _lay_out(root: etree._Element, options: Options, tracker: Tracker) -> None:
    """Make `root` look in a mail as it was written, with its fields and links as slots."""
    markup.place_fields(root, tracker.slots)
    markup.absolute_sources(root, options.base_url)
    if options.default_look:
        markup.add_defaults(root)
    inline_css(root, tracker.slots.find)
    tracker.track_html(root)


def _add_unread(root: etree._Element, source: Source, options: Options, slots: Slots) -> None:
    """Add what nobody reads: at the end, so that neither the plain text nor the content's styles get hold of it."""
    if preview := " ".join(source.preview.split()):
        markup.add_preview(root, slots.take_out(preview, "preview text", "attribute"))
    if options.open_tracking:
        markup.add_pixel(root, slots.add(Slot("open", context="url")))
    if options.hidden_link:
        markup.add_hidden_link(root, slots.add(Slot("link", context="url")))


def _check_length(source: Source) -> None:
    if len(source.html) > MAX_HTML_LENGTH:
        raise TemplateError("body", source.html[:60], f"the body is longer than {MAX_HTML_LENGTH:,} characters")


def _written_text(source: str, footer: str, slots: Slots, tracker: Tracker) -> str:
    """Give the plain text that somebody wrote, with the footer unless it has an opt-out link itself."""
    text = tracker.track_text(slots.take_out(source, "plain text", "text"))
    if footer and not any(slots.get(sentinel).kind == "opt_out" for sentinel in slots.find(text)):
        text = text.rstrip() + "\n\n" + tracker.track_text(footer, "footer")
    return text


def _as_text(parts: Parts) -> Parts:
    """Give `parts` with the fields that stood in markup standing in text."""
    return tuple(in_text(part) if isinstance(part, Slot) else part for part in parts)


def in_text(slot: Slot) -> Slot:
    """Give `slot` as it is written in plain text, where it stood in markup."""
    return replace(slot, context="text") if slot.context in ("html", "attribute", "css") else slot
