"""A bundle cut into volumes for media; joining them is the far side's (`parity.portable.transfer.join`)."""

from parity.volumes.sizes import parse_size
from parity.volumes.split import SplitBundle, split_bundle
from parity.volumes.whole import SplitDiscs, split_whole

__all__ = ["SplitBundle", "SplitDiscs", "parse_size", "split_bundle", "split_whole"]
