"""Who requires whom in a resolved set."""

from parity.graph.drawing import DrawnLine, drawn
from parity.graph.needs import Graph, Need, SelfDescription, graph_of

__all__ = ["DrawnLine", "Graph", "Need", "SelfDescription", "drawn", "graph_of"]
