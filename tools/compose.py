"""From what somebody wrote to what is filled for every recipient: the content of a mass email, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree
from lxml import html as lxml_html

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
        raise TemplateError(
            "body", source.html[:60], f"the body is longer than {MAX_HTML_LENGTH:,} characters"
        )
    slots = Slots()
    tracker = Tracker(slots, options.base_url, options.named_urls, options.click_tracking)
    subject = slots.cut(slots.take_out(" ".join(source.subject.split()), "subject", "header"))

    root = _document(slots.take_out(source.html, "body", "html"))
    slots.take_out_tags(root, "body")
    _add_preview(root, slots.take_out(source.preview, "preview text", "html"))
    _absolute_images(root, options.base_url)
    root = inline_css(root)
    tracker.track_html(root)
    if not tracker.has_opt_out and options.footer_html:
        _append(root, options.footer_html, tracker)
    html_text = _serialise(root)

    if source.text.strip():
        text = tracker.track_text(slots.take_out(source.text, "plain text", "text"))
        if (
            not any(slots.get(sentinel).kind == "opt_out" for sentinel in slots.find(text))
            and options.footer_text
        ):
            text = text.rstrip() + "\n\n" + tracker.track_text(options.footer_text)
    else:
        text = options.to_text(_without_preview(html_text))
    if options.open_tracking:
        html_text = _with_pixel(html_text, slots)

    return Content(
        subject=subject,
        html=slots.cut(html_text),
        text=_as_text(slots.cut(text)),
        urls=dict(tracker.found),
        has_opt_out=tracker.has_opt_out,
    )


def _document(source: str) -> etree._Element:
    """Give the root of the document that `source` is, or the body of which it is."""
    if "<body" not in source.lower():
        source = f"<html><head></head><body>{source}</body></html>"
    try:
        # A declaration of an encoding inside is not ours to believe: the text is decoded already.
        root = lxml_html.document_fromstring(source.encode(), parser=lxml_html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, ValueError) as error:
        raise TemplateError("body", source[:60], f"this is no HTML that can be read ({error})") from error
    etree.strip_elements(root, "script", with_tail=False)
    return root


def _serialise(root: etree._Element) -> str:
    for meta in root.xpath("//meta[@charset or translate(@http-equiv, 'CONTEYP', 'conteyp')='content-type']"):
        meta.getparent().remove(meta)
    markup = lxml_html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")
    return str(markup).replace("<head>", '<head><meta charset="utf-8">', 1)


def _body(root: etree._Element) -> etree._Element:
    body = root.find("body")
    return root if body is None else body


def _add_preview(root: etree._Element, preview: str) -> None:
    """Put the preview text first: mailbox lists show it beside the subject."""
    if not preview.strip():
        return
    element = etree.Element(
        "div",
        {
            "class": "o_ec_preview",
            "style": "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;",
        },
    )
    element.text = " ".join(preview.split())
    body = _body(root)
    element.tail, body.text = body.text, None
    body.insert(0, element)


def _without_preview(html_text: str) -> str:
    root = lxml_html.document_fromstring(html_text)
    for element in root.xpath("//div[@class='o_ec_preview']"):
        element.drop_tree()
    return str(lxml_html.tostring(root, encoding="unicode"))


def _absolute_images(root: etree._Element, base_url: str) -> None:
    for element in root.iter("img"):
        source = element.get("src") or ""
        if source.startswith("/") and not source.startswith("//"):
            element.set("src", base_url.rstrip("/") + source)


def _append(root: etree._Element, fragment: str, tracker: Tracker) -> None:
    footer = lxml_html.fragment_fromstring(fragment, create_parent="div")
    tracker.track_html(footer)
    _body(root).append(footer)


def _with_pixel(html_text: str, slots: Slots) -> str:
    sentinel = slots.add(Slot("open", context="url"))
    pixel = f'<img src="{sentinel}" width="1" height="1" alt="" style="border:0;width:1px;height:1px;">'
    head, close, tail = html_text.rpartition("</body>")
    return head + pixel + close + tail if close else html_text + pixel


def _as_text(parts: Parts) -> Parts:
    """Give `parts` with the fields that stood in markup standing in text."""
    return tuple(
        replace(part, context="text") if isinstance(part, Slot) and part.context == "html" else part
        for part in parts
    )
