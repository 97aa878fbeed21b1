"""What a reviewer is shown of a finished bundle."""

from parity.report.contents import Reported, ReportedPackage, graph_of_bundle, read_bundle
from parity.report.page import report_page

__all__ = ["Reported", "ReportedPackage", "graph_of_bundle", "read_bundle", "report_page"]
