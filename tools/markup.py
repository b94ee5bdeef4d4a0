"""The HTML of a mass email: read, freed of what no mail program takes, written; and where merge fields stand in it."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable

from lxml import etree
from lxml import html as lxml_html

from .links import place_url_fields
from .template import Context, Slots, TemplateError, close_empty_tags

PREVIEW_CLASS = "o_ec_preview"

# What XML can't hold and no mail needs; lxml refuses texts with any of them.
_NOT_IN_MARKUP = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BODY_STYLE = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.5;"
_NO_MAIL = ("script", "iframe", "frame", "frameset", "object", "embed", "applet", "base")
_URL_ATTRIBUTES = {"href", "src", "action", "formaction", "background", "poster", "cite", "data", "longdesc"}
# Here a parser knows no character references, so nothing can be escaped.
_RAW_TEXT = {"style", "xmp", "plaintext", "noembed", "noframes", "listing"}
_PLAIN_TEXT = {"title", "textarea"}
_CONDITIONAL = re.compile(r"\[if\b|\[endif\]", re.IGNORECASE)
_ROOT_RELATIVE_CSS = re.compile(r"""(url\(\s*['"]?)/(?!/)""", re.IGNORECASE)


def without_control(text: str) -> str:
    """Give `text` without the characters that no markup can hold: controls and halves of surrogate pairs."""
    return _NOT_IN_MARKUP.sub("", text)


def read(source: str) -> etree._Element:
    """Give the root of the document that `source` is, or the body of which it is, cleaned.

    :raises TemplateError: where a parser finds no HTML at all
    """
    source = close_empty_tags(without_control(source))
    if "<body" not in source.lower():
        source = f"<html><head></head><body>{source}</body></html>"
    try:
        # A declaration of an encoding inside is not ours to believe: the text is decoded already. Without
        # `huge_tree` what is nested deeper than 256 elements would be dropped in silence.
        parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
        root = lxml_html.document_fromstring(source.encode(), parser=parser)
    except (etree.ParserError, ValueError) as error:
        raise TemplateError("body", source[:60], f"this is no HTML that can be read ({error})") from error
    _clean(root)
    return root


def _clean(root: etree._Element) -> None:
    """Remove what would run and what points elsewhere."""
    etree.strip_elements(root, *_NO_MAIL, with_tail=False)
    for node in list(root.iter(etree.ProcessingInstruction)):
        _drop(node)
    for meta in root.xpath("//meta[@charset or @http-equiv]"):
        if meta.get("charset") or meta.get("http-equiv", "").lower() in ("content-type", "refresh"):
            _drop(meta)
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            # Handlers, and what the editor notes for itself.
            if str(name).lower().startswith(("on", "data-oe-")):
                del element.attrib[name]
            elif _NOT_IN_MARKUP.search(value):
                element.set(name, without_control(value))
        # Character references can spell what can't stand there itself.
        if element.text and _NOT_IN_MARKUP.search(element.text):
            element.text = without_control(element.text)
        if element.tail and _NOT_IN_MARKUP.search(element.tail):
            element.tail = without_control(element.tail)


def _drop(node: etree._Element) -> None:
    """Remove `node`, keeping the text that follows it."""
    parent, tail = node.getparent(), node.tail
    if parent is None:
        return
    previous = node.getprevious()
    if tail and previous is not None:
        previous.tail = (previous.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    node.tail = None
    parent.remove(node)


def place_fields(root: etree._Element, slots: Slots) -> None:
    """Tell every slot of `root` how its value must be written where it stands; remarks of the author are dropped.

    :raises TemplateError: for a field where no value can be written safely, or where a parser lost it
    """
    placed: list[str] = []

    def place(text: str | None, context: Context) -> None:
        found = slots.find(text or "")
        slots.set_context(found, context)
        placed.extend(found)

    for comment in list(root.iter(etree.Comment)):
        if not _CONDITIONAL.search(comment.text or ""):
            slots.forget(slots.find(comment.text or ""))
            _drop(comment)
    for element in root.iter():
        if element.tag is etree.Comment:
            # Of the conditional comments for Outlook; one that stands in a link of theirs is found by the tracker.
            place(element.text, "attribute")
        else:
            for name, value in element.attrib.items():
                _place_in_attribute(str(name), value, slots, place)
            if element.tag not in _RAW_TEXT:
                place(element.text, "attribute" if element.tag in _PLAIN_TEXT else "html")
        place(element.tail, "html")
    markup = write(root)
    for sentinel in slots.all():
        # Twice in the markup: as the name of a tag.
        if sentinel not in placed or markup.count(sentinel) != 1:
            raise TemplateError(
                "body",
                slots.as_written(sentinel),
                "no value can be filled in there; fields can stand in text, in attributes and in links",
            )


def _place_in_attribute(name: str, value: str, slots: Slots, place: Callable[[str | None, Context], None]) -> None:
    if not slots.find(value):
        return
    if name == "style":
        # A whole declaration as a value could be any; only what comes after its colon is filled.
        place(" ".join(text.partition(":")[2] for text in value.split(";")), "css")
    elif name != "srcset":
        place(value, "attribute")
        if name.lower() in _URL_ATTRIBUTES:
            place_url_fields(slots, value)


def has_directives(root: etree._Element) -> bool:
    """Say whether there is any QWeb in `root`."""
    return any(has_directives_itself(element) for element in root.iter(etree.Element))


def has_directives_itself(element: etree._Element) -> bool:
    """Say whether `element` carries QWeb."""
    return element.tag == "t" or any(str(name).startswith("t-") for name in element.attrib)


def take_out_around_code(root: etree._Element, slots: Slots) -> None:
    """Replace each `{{ … }}` that is not QWeb's own, which are those in its directives, by a sentinel.

    :raises TemplateError: for one that is no field
    """
    for element in root.iter():
        if element.tag is not etree.Comment:
            for name, value in element.attrib.items():
                if not str(name).startswith("t-"):
                    element.set(name, slots.take_out(value, "body", "attribute"))
        element.text = slots.take_out(element.text, "body", "text") if element.text else element.text
        element.tail = slots.take_out(element.tail, "body", "text") if element.tail else element.tail


def take_body(root: etree._Element, marker: str) -> str:
    """Give what stands in the body of `root`, and put `marker` there instead; its styles go to the head."""
    parent = body(root)
    head = root.find("head")
    if head is None:
        head = etree.Element("head")
        root.insert(0, head)
    for style in list(parent.iter("style")):
        if not any(has_directives_itself(element) for element in (style, *style.iterancestors())):
            moved = copy.deepcopy(style)
            moved.tail = None
            head.append(moved)
            _drop(style)
    inner = html.escape(parent.text or "", quote=False)
    for child in list(parent):
        inner += str(lxml_html.tostring(child, encoding="unicode"))
        parent.remove(child)
    parent.text = marker
    return inner


def absolute_sources(root: etree._Element, base_url: str) -> None:
    """Make images absolute that are given relative to the server: a mail has no page to be relative to."""
    base = base_url.rstrip("/")

    def in_css(css: str) -> str:
        return _ROOT_RELATIVE_CSS.sub(lambda match: f"{match[1]}{base}/", css)

    for element in root.iter(etree.Element):
        for name in ("src", "background"):
            source = (element.get(name) or "").strip()
            if source.startswith("//"):
                element.set(name, "https:" + source)
            elif source.startswith("/"):
                element.set(name, base + source)
        if "url(" in (style := element.get("style") or ""):
            element.set("style", in_css(style))
        if element.tag == "style" and element.text:
            element.text = in_css(element.text)


def body(root: etree._Element) -> etree._Element:
    """Give the element under which the content of the document `root` stands."""
    found = root.find("body")
    return root if found is None else found


def add_preview(root: etree._Element, preview: str) -> None:
    """Put the preview text first, unseen: mailbox lists show it beside the subject."""
    style = (
        "display:none;mso-hide:all;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;"
    )
    element = etree.Element("div", {"class": PREVIEW_CLASS, "style": style})
    element.text = preview
    parent = body(root)
    element.tail, parent.text = parent.text, None
    parent.insert(0, element)


def add_fragment(root: etree._Element, fragment: str) -> etree._Element:
    """Put the HTML `fragment` last, and give the element that holds it."""
    element = lxml_html.fragment_fromstring(fragment, create_parent="div")
    body(root).append(element)
    return element


def take_out(element: etree._Element) -> str:
    """Remove `element`, and give its HTML."""
    text = str(lxml_html.tostring(element, encoding="unicode", with_tail=False))
    _drop(element)
    return text


def add_pixel(root: etree._Element, source: str) -> None:
    """Put an invisible image from `source` last."""
    style = "border:0;width:1px;height:1px;"
    attributes = {"src": source, "width": "1", "height": "1", "alt": "", "style": style}
    etree.SubElement(body(root), "img", attributes)


def add_hidden_link(root: etree._Element, target: str) -> None:
    """Put a link last that nobody sees, hears or reaches by keyboard: without words there is nothing to show.

    Programs that follow all links of a message follow this one too.
    """
    attributes = {"href": target, "style": "display:none;", "aria-hidden": "true", "tabindex": "-1", "rel": "nofollow"}
    etree.SubElement(body(root), "a", attributes).text = ""


def add_defaults(root: etree._Element) -> None:
    """Give what says nothing of its own the look people expect: a readable font, images that fit the screen."""
    styled = body(root)
    if "font" not in (styled.get("style") or ""):
        styled.set("style", _BODY_STYLE + (styled.get("style") or ""))
    for element in root.iter("img"):
        style = element.get("style") or ""
        if "width" not in style and not element.get("width"):
            element.set("style", "max-width:100%;height:auto;" + style)


def readable(root: etree._Element) -> str:
    """Give the HTML of what is to be read in `root`: for a converter into plain text."""
    root = copy.deepcopy(body(root))
    for node in list(root.iter(etree.Comment)):
        _drop(node)
    etree.strip_elements(root, "style", "title", with_tail=False)
    for element in root.iter("img"):
        # Of an image its description is read; an address of one helps nobody.
        element.tag, element.text = "span", element.get("alt") or ""
        element.attrib.clear()
    for element in root.iter("a"):
        element.text = element.text or ""
    return str(lxml_html.tostring(root, encoding="unicode", with_tail=False))


def write(root: etree._Element) -> str:
    """Give the document `root` as text, saying that it is UTF-8."""
    head = root.find("head")
    if head is None:
        head = etree.Element("head")
        root.insert(0, head)
    if head.find("meta[@charset]") is None:
        head.insert(0, etree.Element("meta", {"charset": "utf-8"}))
    return str(lxml_html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>", with_tail=False))
