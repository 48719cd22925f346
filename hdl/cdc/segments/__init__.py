"""RTL of the track-segment finders."""
