"""Optimization: find the bottleneck, turn the right knob, and keep it only if it helped."""
