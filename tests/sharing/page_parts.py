"""What the tests of a folder's page share."""

import html.parser

from basehttpserver._files.listing import Entry
from basehttpserver._sharing.page.answer import answer_with_listing
from basehttpserver._sharing.page.html_page import Allowed

#: 2024-02-29T12:00:00Z
LEAP_DAY = 1709208000.0


def file(name, size=1, modified=LEAP_DAY):
    return Entry(name, False, False, size, modified)


def folder(name, modified=LEAP_DAY):
    return Entry(name, True, False, None, modified)


def page_of(entries, path="/", query="", readme=None, **allowed):
    """Return the HTML of a folder's page."""
    answer = answer_with_listing(
        path, entries, query=query, allowed=Allowed(**allowed), read_readme=lambda: readme
    )
    return answer.body.decode()


class Elements(html.parser.HTMLParser):
    """All elements of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for found, attributes in self.found if found == tag]


def links_of(page):
    """Return the hrefs of the entries."""
    rows = page.partition("<tbody")[2].partition("</table>")[0]
    return [one["href"] for one in Elements(rows).all("a")]
