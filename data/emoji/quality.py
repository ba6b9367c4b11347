"""Prints how often an emoji's five nearest neighbours share its group: as embedded, and as the finished catalogue keeps them.

    python quality.py          after build.mjs; reads .tools/emoji/items.jsonl and www/public/emoji.sage
"""

import json
from pathlib import Path

import numpy as np
from sage_file import SageFile

ROOT = Path(__file__).resolve().parents[2]
NEIGHBOURS = 5


def same_group(vectors: np.ndarray, groups: np.ndarray) -> float:
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :NEIGHBOURS]
    return float((groups[nearest] == groups[:, None]).mean())


def main() -> None:
    with (ROOT / ".tools/emoji/items.jsonl").open(encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    catalogue = SageFile(ROOT / "www/public/emoji.sage")
    if catalogue.ids != [item["id"] for item in items]:
        raise SystemExit("the catalogue and items.jsonl are not of the same items: run build.mjs")
    given = np.array([item["vector"] for item in items], dtype=np.float32)
    groups = np.array([item["group"] for item in items])
    shares = np.unique(groups, return_counts=True)[1] / len(groups)
    print(f"items                  {len(items)}")
    print(f"same group, embedded   {same_group(given, groups):.4f}")
    print(f"same group, catalogue  {same_group(catalogue.vectors, groups):.4f}")
    print(f"same group, by chance  {float((shares**2).sum()):.4f}")
    print(f"least cosine of a vector to what is kept of it  {float((given * catalogue.vectors).sum(axis=1).min()):.5f}")
    print(f"spread D               {catalogue.spread:.4f}")


if __name__ == "__main__":
    main()
