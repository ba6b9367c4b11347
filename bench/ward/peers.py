"""Ward of the Python packages, timed on request: see runner.mjs for the requests and answers, one line of JSON each."""
import json
import sys
import time
from pathlib import Path

import fastcluster
import numpy
import scipy.cluster.hierarchy
import scipy.spatial.distance


def sgemm(vectors):
    """What an expert writes: all distances by one matrix product, and fastcluster on them."""
    squared = vectors @ vectors.T
    norms = squared.diagonal().copy()
    squared *= -2
    squared += norms
    squared += norms[:, None]
    distances = scipy.spatial.distance.squareform(squared, checks=False)
    numpy.maximum(distances, 0, out=distances)
    numpy.sqrt(distances, out=distances)
    return fastcluster.linkage(distances, method="ward", preserve_input=False)


CONTESTANTS = {
    "scipy": lambda vectors: scipy.cluster.hierarchy.linkage(vectors, method="ward"),
    "fastcluster": lambda vectors: fastcluster.linkage(vectors, method="ward"),
    "fastcluster-vector": lambda vectors: fastcluster.linkage_vector(vectors, method="ward"),
    "sgemm": sgemm,
}


def resident(line):
    """A line of /proc/self/status in bytes: VmRSS now, VmHWM the most so far. None where there is no such file."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return int(status.split(f"{line}:")[1].split()[0]) * 1024


def run(request):
    vectors = numpy.fromfile(request["path"], dtype="<f4").reshape(-1, request["dim"])
    before = resident("VmRSS")
    wall, cpu = [], []
    for _ in range(request["calls"]):
        begun, on_cpu = time.perf_counter(), time.process_time()
        tree = CONTESTANTS[request["contestant"]](vectors)
        cpu.append((time.process_time() - on_cpu) * 1e3)
        wall.append((time.perf_counter() - begun) * 1e3)
    memory = None if before is None else resident("VmHWM") - before
    heights = (tree[:, 2] ** 2).tolist() if request["heights"] else None
    return {"wall": wall, "cpu": cpu, "memory": memory, "heights": heights}


for line in sys.stdin:
    try:
        answer = run(json.loads(line))
    except Exception as why:  # the bench prints it and goes on with the others
        answer = {"error": f"{type(why).__name__}: {why}"}
    print(json.dumps(answer), flush=True)
