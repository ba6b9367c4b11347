"""Embeds descriptions of the operating system's packages with the model of data/emoji: real text for the catalogue's benchmark.

    .tools/emoji-venv/bin/python bench/data/text.py --out vectors.f32 [--count 20100]

Writes count x 384 f32, row-major, of unit length, in the order of the packages' names. The package index is that of the machine (`apt-cache`), so
the vectors differ between releases: what counts is that they are of real text.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "data" / "emoji"))
from embed import embed  # noqa: E402


def descriptions(count: int) -> list[str]:
    """One "name: summary" a package, evenly drawn from all, without packages that repeat another's summary."""
    lines = subprocess.run(["apt-cache", "search", "."], check=True, capture_output=True, text=True).stdout.splitlines()
    seen, kept = set(), []
    for line in sorted(lines):
        name, _, summary = line.partition(" - ")
        if summary and summary not in seen:
            seen.add(summary)
            kept.append(f"{re.sub(r'[-_.]', ' ', name)}: {summary}")
    if len(kept) < count:
        raise SystemExit(f"apt-cache knows {len(kept)} descriptions, expected {count}: run `apt-get update` first")
    drawn = np.random.default_rng(1).permutation(len(kept))[:count]
    return [kept[row] for row in drawn]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--count", type=int, default=20_100)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    vectors = embed(descriptions(given.count))
    given.out.write_bytes(vectors.astype("<f4").tobytes())
    print(f"{len(vectors)} descriptions -> {given.out}")


if __name__ == "__main__":
    main()
