"""What parity does for pipelines: their files, and annotations of what a run said."""

from parity.ci.annotations import FORMATS, annotated, summary_of
from parity.ci.markdown import as_shown
from parity.ci.matrix import MATRIX_FORMS, MatrixRow, matrix_text
from parity.ci.pipelines import PLACES, demand_host, pipeline_text, write_pipeline

__all__ = [
    "FORMATS",
    "MATRIX_FORMS",
    "PLACES",
    "MatrixRow",
    "annotated",
    "as_shown",
    "demand_host",
    "matrix_text",
    "pipeline_text",
    "summary_of",
    "write_pipeline",
]
