"""Quantised networks: training, freezing to integers, hls4ml projects."""
