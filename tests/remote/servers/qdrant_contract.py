# A contract server for Qdrant. Request bodies are validated by the official client's models, which
# refuse unknown fields, and the client's in-memory engine answers them. Routes and envelope are
# those of Qdrant's REST API.
# Usage: qdrant_contract.py PORT ITEMS.json KEY
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import ValidationError
from qdrant_client import QdrantClient, models

port, path, key = sys.argv[1:]
with open(path) as file:
    given = json.load(file)

client = QdrantClient(":memory:")
client.create_collection(
    "items",
    vectors_config=models.VectorParams(size=given["dim"], distance=models.Distance.COSINE),
)
client.upsert(
    "items",
    [
        models.PointStruct(
            id=int(row["id"]),
            vector=row["vector"],
            payload={"colour": row["colour"], "size": row["size"], "sku": f"sku-{row['id']}"},
        )
        for row in given["items"]
    ],
)


class Refused(Exception):
    def __init__(self, status, message):
        self.status, self.message = status, message


def query_batch(body):
    batch = models.QueryRequestBatch(**body)
    results = []
    for search in batch.searches:
        if isinstance(search.query, (int, str)) and not client.retrieve("items", [search.query]):
            raise Refused(404, f"Not found: No point with id {search.query} found")
        if isinstance(search.query, list) and len(search.query) != given["dim"]:
            dims = f"expected dim: {given['dim']}, got {len(search.query)}"
            raise Refused(400, f"Wrong input: Vector dimension error: {dims}")
        found = client.query_points(
            "items",
            query=search.query,
            limit=search.limit,
            query_filter=search.filter,
            with_payload=search.with_payload,
            using=search.using,
        )
        results.append(found.model_dump(mode="json"))
    return results


def retrieve(body):
    request = models.PointRequest(**body)
    found = client.retrieve(
        "items",
        request.ids,
        with_payload=request.with_payload,
        with_vectors=request.with_vector,
    )
    return [point.model_dump(mode="json") for point in found]


def scroll(body):
    request = models.ScrollRequest(**body)
    points, after = client.scroll(
        "items",
        scroll_filter=request.filter,
        limit=request.limit,
        with_payload=request.with_payload,
        with_vectors=request.with_vector,
    )
    found = [point.model_dump(mode="json") for point in points]
    return {"points": found, "next_page_offset": after}


routes = {"points/query/batch": query_batch, "points": retrieve, "points/scroll": scroll}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            if self.headers.get("api-key") != key:
                raise Refused(401, "Must provide an API key or an Authorization bearer token")
            _, collections, name, route = self.path.split("/", 3)
            if collections != "collections" or route not in routes:
                raise Refused(404, "")
            if name != "items":
                raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
            result = routes[route](json.loads(body))
            self.answer(200, {"result": result, "status": "ok", "time": 0.001})
        except Refused as refused:
            self.answer(refused.status, {"status": {"error": refused.message}, "time": 0.001})
        except ValidationError as error:
            self.answer(422, {"status": {"error": str(error)}, "time": 0.001})

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
