"""Figures: pure functions from records and summaries to Plotly figures, one file a subject.

A function gives None where a run left nothing to draw. Titles, units and definitions stand in the figure: each
axis names its unit, each line's hover text holds its definition, and ``layout.meta["definitions"]`` lists both.
"""
