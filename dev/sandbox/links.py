"""What a message links to, and how one opts out of it (RFC 2369, RFC 8058)."""

import dataclasses
import html.parser
import re


@dataclasses.dataclass(frozen=True)
class Link:
    """``href`` as the message wrote it, ``text`` as a reader sees it (empty in plain text)."""

    href: str
    text: str

    @property
    def is_web(self) -> bool:
        """Whether it may be offered for clicking: not ``javascript:`` and its like."""
        return self.href.lower().startswith(("http://", "https://", "mailto:"))


class _Collector(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[Link] = []
        self._href: str | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "area"):
            self._finish()
            values = dict(attrs)
            # What is hidden from everybody is there for machines.
            self._href = values.get("href") if values.get("aria-hidden") != "true" else None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img" and self._href is not None:
            self._text.append(dict(attrs).get("alt") or "(image)")
        else:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._finish()

    def handle_data(self, data: str) -> None:
        if self._href is not None:
            self._text.append(data)

    def close(self) -> None:
        super().close()
        self._finish()

    def _finish(self) -> None:
        if self._href is not None:
            self.links.append(Link(self._href.strip(), " ".join("".join(self._text).split())))
        self._href, self._text = None, []


def find_links(html_body: str, text_body: str = "") -> list[Link]:
    """Every link of the HTML in its order, then those of the plain text that the HTML has not."""
    collector = _Collector()
    try:
        collector.feed(html_body)
        collector.close()
    except AssertionError:  # html.parser's word for markup that it cannot make out, such as "<![x"
        pass
    links = collector.links
    known = {link.href for link in links}
    for href in re.findall(r"https?://[^\s<>\"')\]]+", text_body):
        if href not in known:
            known.add(href)
            links.append(Link(href, ""))
    return links


def one_click_url(list_unsubscribe: str, list_unsubscribe_post: str) -> str:
    """The URL that RFC 8058 lets a mail client POST to, or an empty string where the message offers none."""
    if list_unsubscribe_post.replace(" ", "").lower() != "list-unsubscribe=one-click":
        return ""
    urls = re.findall(r"<\s*([^<>]+?)\s*>", list_unsubscribe)
    return next((url for url in urls if url.lower().startswith(("http://", "https://"))), "")
