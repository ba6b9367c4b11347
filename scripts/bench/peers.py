"""SciPy's and fastcluster's Ward, timed on request: one JSON request a line, one JSON answer a line (see peers.mjs)."""
import json
import sys
import time

import fastcluster
import numpy
import scipy.cluster.hierarchy

LINKAGES = {"scipy": scipy.cluster.hierarchy.linkage, "fastcluster": fastcluster.linkage}

for line in sys.stdin:
    request = json.loads(line)
    vectors = numpy.fromfile(request["path"], dtype="<f4").reshape(request["n"], request["dim"])
    begun = time.perf_counter()
    tree = LINKAGES[request["peer"]](vectors, method="ward")
    milliseconds = (time.perf_counter() - begun) * 1000
    print(json.dumps({"milliseconds": milliseconds, "heights": tree[:, 2].tolist()}), flush=True)
