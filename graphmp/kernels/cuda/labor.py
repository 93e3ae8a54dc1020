"""LABOR sampling on the GPU: declined, so that the reference backend runs it on the device.

A call is a sample of all edges, then a few passes over them: sums and maxima by row and by source,
and one comparison with a random number. Plain torch runs each pass as one parallel operation.
"""

from __future__ import annotations

DECLINED = {("labor", "copy"): "plain torch computes LABOR's probabilities on the device"}
