"""From what somebody wrote to what is filled for every recipient: the content of a mass email, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from . import markup
from .inline import inline_css
from .links import Tracker
from .template import Parts, Slot, Slots, TemplateError

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
    footer_html: str = ""
    footer_text: str = ""
    default_look: bool = False  #: whether what says nothing of its own gets a readable font and images that fit
    named_urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """A compiled content; `urls` are the tracked targets with the text each was seen under first."""

    subject: Parts
    html: Parts
    text: Parts
    urls: Mapping[str, str]
    has_opt_out: bool


def compose(source: Source, options: Options) -> Content:
    """Compile `source`.

    :raises TemplateError: naming the place, where something can't be compiled
    """
    if len(source.html) > MAX_HTML_LENGTH:
        raise TemplateError("body", source.html[:60], f"the body is longer than {MAX_HTML_LENGTH:,} characters")
    source = Source(**{name: markup.without_control(text) for name, text in vars(source).items()})
    slots = Slots()
    tracker = Tracker(slots, options.base_url, options.named_urls, options.click_tracking)

    root = markup.read(slots.take_out(source.html, "body", "html"))
    slots.take_out_tags(root, "body")
    markup.place_fields(root, slots)
    markup.absolute_sources(root, options.base_url)
    if options.default_look:
        markup.add_defaults(root)
    inline_css(root, slots.find)
    tracker.track_html(root)
    if options.footer_html and not tracker.has_opt_out:
        tracker.track_html(markup.add_fragment(root, options.footer_html), "footer")
    if source.text.strip():
        text = _written_text(source.text, options.footer_text, slots, tracker)
    else:
        text = options.to_text(markup.readable(root))
    # What nobody reads comes last, so that neither the plain text nor the styles of the content get hold of it.
    if preview := " ".join(source.preview.split()):
        markup.add_preview(root, slots.take_out(preview, "preview text", "attribute"))
    if options.open_tracking:
        markup.add_pixel(root, slots.add(Slot("open", context="url")))

    return Content(
        subject=slots.cut(slots.take_out(" ".join(source.subject.split()), "subject", "header")),
        html=slots.cut(markup.write(root)),
        text=_as_text(slots.cut(text)),
        urls=dict(tracker.found),
        has_opt_out=tracker.has_opt_out,
    )


def _written_text(source: str, footer: str, slots: Slots, tracker: Tracker) -> str:
    """Give the plain text that somebody wrote, with the footer unless it has an opt-out link itself."""
    text = tracker.track_text(slots.take_out(source, "plain text", "text"))
    if footer and not any(slots.get(sentinel).kind == "opt_out" for sentinel in slots.find(text)):
        text = text.rstrip() + "\n\n" + tracker.track_text(footer, "footer")
    return text


def _as_text(parts: Parts) -> Parts:
    """Give `parts` with the fields that stood in markup standing in text."""
    return tuple(
        replace(part, context="text")
        if isinstance(part, Slot) and part.context in ("html", "attribute", "css")
        else part
        for part in parts
    )
