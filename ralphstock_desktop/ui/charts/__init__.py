"""The candle chart: one plain widget painter over NumPy arrays in device pixels (docs/decisions/002-own-chart-painter.md).

Everything is placed in *device* pixels: painters are scaled back by the device pixel ratio, fonts are made larger instead.
Modules without ``paint`` in their name are plain arithmetic and are tested without a window.
"""
