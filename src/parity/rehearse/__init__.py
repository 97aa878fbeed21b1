"""The test install in a second container without network; its result is the proof."""
