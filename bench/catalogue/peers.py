"""Builds and searches native vector indexes on request, with one line of JSON per request and
reply. One thread; times are CPU time of this process."""

import json
import sys
import time

import faiss
import hnswlib
import numpy as np
from usearch.index import Index

faiss.omp_set_num_threads(1)
peers = {}  # results of build() by name
IDLE_SECONDS = 0.02
SWEPT_MEMORY = np.ones((32 << 20) // 8)


def isolate_next_call():
    """isolateNextCall() of bench/timing.mjs."""
    time.sleep(IDLE_SECONDS)
    SWEPT_MEMORY.sum()
    time.process_time()


def build(name: str, path: str, dim: int):
    """Builds an index. Returns a function from (query, k) to rows, and one that sets the search
    effort, or None if the index has no effort."""
    vectors = np.fromfile(path, np.float32).reshape(-1, dim)
    n = len(vectors)
    if name == "faiss SQ8 flat":
        metric = faiss.METRIC_INNER_PRODUCT
        index = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_8bit, metric)
        index.train(vectors)
        index.add(vectors)
        return lambda query, k: index.search(query[None], k)[1][0], None
    if name == "hnswlib":
        index = hnswlib.Index("cosine", dim)
        index.init_index(n, M=16, ef_construction=200)
        index.set_num_threads(1)
        index.add_items(vectors, num_threads=1)
        return lambda query, k: index.knn_query(query, k, num_threads=1)[0][0], index.set_ef
    index = Index(ndim=dim, metric="cos", dtype="i8")
    index.add(np.arange(n), vectors, threads=1)

    def tune(effort):
        index.expansion_search = effort

    return lambda query, k: index.search(query, k, threads=1).keys, tune


for line in sys.stdin:
    request = json.loads(line)
    name = request["name"]
    start = time.process_time()
    if request["command"] == "build":
        peers[name] = build(name, request["path"], request["dim"])
        queries = np.fromfile(request["queries"], np.float32).reshape(-1, request["dim"])
        reply = {}
    elif request["command"] == "tune":
        tune = peers[name][1]
        reply = {"tunable": tune is not None}
        if tune:
            tune(request["effort"])
    elif request["command"] == "drop":
        peers.clear()
        reply = {}
    elif request["command"] == "isolated":
        search, query = peers[name][0], queries[request["query"]]
        isolate_next_call()
        start = time.process_time()
        search(query, request["k"])
        reply = {}
    else:
        search, k = peers[name][0], request["k"]
        reply = {"rows": [[int(row) for row in search(query, k)] for query in queries]}
    milliseconds = (time.process_time() - start) * 1000
    print(json.dumps({**reply, "milliseconds": milliseconds}), flush=True)
