"""What parity does for pipelines: their files, and annotations of what a run said."""

from parity.ci.annotations import FORMATS, annotated, summary_of
from parity.ci.markdown import as_shown
from parity.ci.pipelines import PLACES, pipeline_text, write_pipeline

__all__ = ["FORMATS", "PLACES", "annotated", "as_shown", "pipeline_text", "summary_of", "write_pipeline"]
