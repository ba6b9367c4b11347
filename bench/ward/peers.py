"""Ward clustering by Python packages, on request. runner.mjs documents the protocol."""

import json
import sys
import time
from pathlib import Path

import fastcluster
import numpy
import scipy.cluster.hierarchy
import scipy.spatial.distance


def sgemm(vectors):
    """All distances by one matrix product, then fastcluster: what an expert writes."""
    squared = vectors @ vectors.T
    norms = squared.diagonal().copy()
    squared *= -2
    squared += norms
    squared += norms[:, None]
    distances = scipy.spatial.distance.squareform(squared, checks=False)
    numpy.maximum(distances, 0, out=distances)
    numpy.sqrt(distances, out=distances)
    return fastcluster.linkage(distances, method="ward", preserve_input=False)


IDLE_SECONDS = 0.02
SWEPT_MEMORY = numpy.ones((32 << 20) // 8)


def isolate_next_call():
    """isolateNextCall() of bench/timing.mjs."""
    time.sleep(IDLE_SECONDS)
    SWEPT_MEMORY.sum()
    return time.perf_counter(), time.process_time()


CONTESTANTS = {
    "scipy": lambda vectors: scipy.cluster.hierarchy.linkage(vectors, method="ward"),
    "fastcluster": lambda vectors: fastcluster.linkage(vectors, method="ward"),
    "fastcluster-vector": lambda vectors: fastcluster.linkage_vector(vectors, method="ward"),
    "sgemm": sgemm,
}


def resident_bytes(field):
    """VmRSS (now) or VmHWM (peak) from /proc/self/status; None on systems without that file."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return int(status.split(f"{field}:")[1].split()[0]) * 1024


def serve(request):
    vectors = numpy.fromfile(request["path"], dtype="<f4").reshape(-1, request["dim"])
    before = resident_bytes("VmRSS")
    wall, cpu = [], []
    for _ in range(request["calls"]):
        if request["isolated"]:
            isolate_next_call()
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        tree = CONTESTANTS[request["contestant"]](vectors)
        cpu.append((time.process_time() - cpu_start) * 1e3)
        wall.append((time.perf_counter() - wall_start) * 1e3)
    memory = None if before is None else resident_bytes("VmHWM") - before
    heights = (tree[:, 2] ** 2).tolist() if request["heights"] else None
    return {"wall": wall, "cpu": cpu, "memory": memory, "heights": heights}


for line in sys.stdin:
    try:
        reply = serve(json.loads(line))
    except Exception as error:  # the bench reports it and continues with the other contestants
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
