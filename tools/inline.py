"""CSS into style attributes, as mail programs need it: by premailer, once for a template, never for a recipient."""

from __future__ import annotations

import logging

from lxml import etree
from premailer import Premailer


def inline_css(root: etree._Element) -> etree._Element:
    """Give the document `root` with the rules of its `<style>` blocks written into the elements they select.

    Blocks stay as well, because media queries work nowhere else. Nothing is fetched: a stylesheet that is only linked
    is left to the mail program. CSS that can't be parsed is left alone.
    """
    if not root.xpath("//style"):
        return root
    inliner = Premailer(
        root,
        keep_style_tags=True,
        include_star_selectors=True,
        strip_important=False,
        disable_validation=True,
        disable_link_rewrites=True,
        allow_network=False,
        allow_loading_external_files=False,
        cssutils_logging_level=logging.CRITICAL,
    )
    return inliner.transform()
