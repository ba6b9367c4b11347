"""Embeds the items of the word catalogue as data/emoji/embed.py embeds emoji.

    python embed.py --items items.jsonl --out vectors.jsonl

Each input line is {"id", "text", "label", "group", "about"}; the output has "vector" in place of
"text" and is input of `pocketsage build`.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "emoji"))
from embed import embed  # noqa: E402  (the folder is added to the path above)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--items", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()

    with options.items.open(encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    vectors = embed([item.pop("text") for item in items])
    with options.out.open("w", encoding="utf-8") as lines:
        for item, vector in zip(items, vectors, strict=True):
            # numpy prints an f32 as the shortest decimal that parses to the same f32.
            numbers = ",".join(str(x) for x in vector)
            rest = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
            lines.write(f'{{"vector":[{numbers}],{rest[1:]}\n')
    print(f"{len(items)} items -> {options.out}")


if __name__ == "__main__":
    main()
