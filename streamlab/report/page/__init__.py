"""The HTML report: pages for people without streamlab. Pure: values in, text out."""

from streamlab.report.page.document import html_report

__all__ = ["html_report"]
