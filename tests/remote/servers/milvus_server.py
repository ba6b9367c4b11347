# A Milvus 2.3 standalone server that holds the items of a file. It stops when standard input ends.
# Usage: milvus_server.py FOLDER ITEMS.json; prints {"port": ...} when it is ready.
import json
import sys

from milvus import MilvusServer
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, connections

folder, path = sys.argv[1:]
with open(path) as file:
    given = json.load(file)

server = MilvusServer()
server.set_base_dir(folder)
server.start()
try:
    connections.connect(host="127.0.0.1", port=server.listen_port)
    fields = [
        FieldSchema("id", DataType.VARCHAR, is_primary=True, max_length=256),
        FieldSchema("size", DataType.INT64),
        FieldSchema("vector", DataType.FLOAT_VECTOR, dim=given["dim"]),
    ]
    items = Collection("items", CollectionSchema(fields))
    rows = given["items"]
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        items.insert([[row[name] for row in part] for name in ("id", "size", "vector")])
    items.flush()
    index = {
        "index_type": "HNSW",
        "metric_type": "COSINE",
        "params": {"M": 32, "efConstruction": 200},
    }
    items.create_index("vector", index)
    items.load()
    print(json.dumps({"port": server.listen_port}), flush=True)
    sys.stdin.read()
finally:
    server.stop()
