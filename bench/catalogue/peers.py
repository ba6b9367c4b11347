"""The native yardsticks in one process: a line of JSON in, a line out. One thread; times are of this process's CPU."""

import json
import sys
import time

import faiss
import hnswlib
import numpy as np
from usearch.index import Index

faiss.omp_set_num_threads(1)
indexes = {}


def build(name: str, path: str, dim: int):
    vectors = np.fromfile(path, np.float32).reshape(-1, dim)
    n = len(vectors)
    if name == "faiss SQ8 flat":
        index = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
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

    def tune(ef):
        index.expansion_search = ef

    return lambda query, k: index.search(query, k, threads=1).keys, tune


for line in sys.stdin:
    job = json.loads(line)
    name = job["name"]
    begun = time.process_time()
    if job["do"] == "build":
        indexes[name] = build(name, job["path"], job["dim"])
        queries = np.fromfile(job["queries"], np.float32).reshape(-1, job["dim"])
        answer = {}
    elif job["do"] == "tune":
        tune = indexes[name][1]
        answer = {"tunable": tune is not None}
        if tune:
            tune(job["ef"])
    elif job["do"] == "drop":
        indexes.clear()
        answer = {}
    else:
        search = indexes[name][0]
        answer = {"rows": [[int(row) for row in search(query, job["k"])] for query in queries]}
    print(json.dumps({**answer, "milliseconds": (time.process_time() - begun) * 1000}), flush=True)
