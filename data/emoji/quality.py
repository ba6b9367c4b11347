"""Prints how often the five nearest neighbours of an emoji share its group: by the vectors as
embedded, and as the finished catalogue stores them.

    python quality.py    after build.mjs: reads .tools/emoji/items.jsonl, www/public/emoji.sage
"""

import json
from pathlib import Path

import numpy as np
from sage_file import SageFile

ROOT = Path(__file__).resolve().parents[2]
NEIGHBOURS = 5


def share_of_same_group(vectors: np.ndarray, groups: np.ndarray) -> float:
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :NEIGHBOURS]
    return float((groups[nearest] == groups[:, None]).mean())


def main() -> None:
    with (ROOT / ".tools/emoji/items.jsonl").open(encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    catalogue = SageFile(ROOT / "www/public/emoji.sage")
    if catalogue.ids != [item["id"] for item in items]:
        raise SystemExit("the catalogue and items.jsonl have different items: run build.mjs")
    embedded = np.array([item["vector"] for item in items], dtype=np.float32)
    groups = np.array([item["group"] for item in items])
    shares = np.unique(groups, return_counts=True)[1] / len(groups)
    cosines = (embedded * catalogue.vectors).sum(axis=1)
    print(f"items                                       {len(items)}")
    by_embedded = share_of_same_group(embedded, groups)
    by_stored = share_of_same_group(catalogue.vectors, groups)
    print(f"same group, embedded                        {by_embedded:.4f}")
    print(f"same group, catalogue                       {by_stored:.4f}")
    print(f"same group, by chance                       {float((shares**2).sum()):.4f}")
    print(f"least cosine of embedded and stored vector  {float(cosines.min()):.5f}")
    print(f"spread D                                    {catalogue.spread:.4f}")


if __name__ == "__main__":
    main()
