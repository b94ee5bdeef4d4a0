"""CSS into style attributes, as mail programs need it: by premailer, once for a template, never for a recipient."""

from __future__ import annotations

import logging
import xml.dom
from collections.abc import Callable, Sequence

import cssselect
from lxml import etree
from premailer import Premailer

_logger = logging.getLogger(__name__)

# What premailer and cssutils raise for CSS that they don't understand; the last four are bugs of theirs.
_STUMBLES = (
    xml.dom.DOMException,
    cssselect.SelectorError,
    ValueError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
)


def inline_css(root: etree._Element, fields: Callable[[str], Sequence[str]] = lambda style: ()) -> etree._Element:
    """Write the rules of the `<style>` blocks of the document `root` into the elements they select; give `root`.

    Blocks stay as well, because media queries work nowhere else. Nothing is fetched: a stylesheet that is only linked
    is left to the mail program. CSS that can't be parsed is left alone.

    :param fields: gives the sentinels of merge fields in a style; declarations with one are kept as they are
    """
    if not root.xpath("//style[normalize-space()]"):
        return root
    precious = {element: _declarations(element, fields) for element in root.iterfind(".//*[@style]")}
    inliner = Premailer(
        root,
        keep_style_tags=True,
        include_star_selectors=True,
        strip_important=False,
        disable_validation=True,
        disable_link_rewrites=True,
        disable_leftover_css=True,
        allow_network=False,
        allow_loading_external_files=False,
        cssutils_logging_level=logging.CRITICAL,
    )
    try:
        inliner.transform()
    except _STUMBLES as error:
        # What they stumble over is CSS that mail programs would not understand either.
        _logger.info("The CSS of a mass email could not be put into its elements: %r", error)
    for element, declarations in precious.items():
        style = element.get("style", "")
        # A parser of CSS drops "width: <sentinel>%", which is no width to it.
        lost = [text for text in declarations if not set(fields(text)) <= set(fields(style))]
        if lost:
            element.set("style", "; ".join([style.rstrip("; "), *lost]).lstrip("; "))
    return root


def _declarations(element: etree._Element, fields: Callable[[str], Sequence[str]]) -> list[str]:
    """Give the declarations with a merge field in the style of `element`."""
    style = str(element.get("style"))
    return [text.strip() for text in style.split(";") if fields(text)] if fields(style) else []
