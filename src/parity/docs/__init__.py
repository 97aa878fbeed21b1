"""The documents that travel with parity, read without a network."""

from parity.docs.errors import ErrorPage, error_pages
from parity.docs.pages import DocPage, all_pages, close_pages, find_page, index_text, page_names

__all__ = [
    "DocPage",
    "ErrorPage",
    "all_pages",
    "close_pages",
    "error_pages",
    "find_page",
    "index_text",
    "page_names",
]
