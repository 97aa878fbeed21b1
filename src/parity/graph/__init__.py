"""Who requires whom in a resolved set."""

from parity.graph.drawing import DrawnLine, drawn, told_need
from parity.graph.needs import Graph, Need, SelfDescription, extras_in, graph_of

__all__ = ["DrawnLine", "Graph", "Need", "SelfDescription", "drawn", "extras_in", "graph_of", "told_need"]
