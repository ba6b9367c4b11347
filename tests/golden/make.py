"""Writes tests/golden/ward.bin: the results of SciPy's Ward on 320 sets of vectors, for
tests/golden.rs and tests/golden/ward.test.mjs.

    .tools/emoji-venv/bin/python tests/golden/make.py

(numpy and scipy, pinned by data/emoji/requirements.txt)

The vectors are not stored: each reader generates them from the parameters of a set, with 32-bit
integers and values that are exact in f32.

Draws.  Draw i (from 0) of stream s is mix(s + (i + 1) 0x9e3779b9), modulo 2^32, where mix is
        MurmurHash3's finaliser:
            mix(x): x ^= x >> 16; x *= 0x85ebca6b; x ^= x >> 13; x *= 0xc2b2ae35; x ^= x >> 16
        A set of seed s has two streams: numbers = s and choices = s ^ 0x5bd1e995. Each is read in
        the order written here, row by row.
Kinds.  0 uniform     value = ((number >> 8) - 2^23) / 2^23, in [-1, 1)
        1 mixture     `p` centres of values ((choice >> 19) - 2^12) / 2^10, in [-4, 4); then for
                      each row its centre, choice mod p; value = centre +
                      ((sum of four (number >> 16)) - 2^17) / 2^17, about normal with standard
                      deviation 0.29
        2 duplicates  a mixture; then for each row from 1 on: if choice mod 3 = 0, the row becomes
                      a copy of row (choice mod row)
        3 grid        value = (number >> 8) mod p, integers: many equal distances
        4 emoji       distinct rows of www/public/emoji.sage, among the `p` rows from first =
                      choice mod n_items on (cyclic): first + (number mod p), drawn again if that
                      row is taken; the vectors as the catalogue decodes them

A set:  kind, n, dim, seed, p, checks (u32 each; checks = 1 if the partitions are checked), n - 1
        squared heights (f64, ascending), then for each of 5 cuts its threshold (f64) and, if
        checks = 1, n labels (u16, numbered by first member).
File:   number of sets (u32), CRC-32 of the catalogue's n x dim f32 vectors (u32), the sets; all
        little-endian.

Ties.   Of equal distances either may be merged first, and the tree may depend on the choice.
        (Copies of a row are equal too, but the tree is the same in every order.) So each grid is
        also clustered by the definition, many times, with ties broken at random. If squared heights
        change, the set is rejected and another seed tried; if partitions change, they are not
        checked (checks = 0). Cuts lie in the middle of gaps of at least a thousandth of the height.
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import fcluster, ward

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "data/emoji"))
from sage_file import SageFile  # noqa: E402

UNIFORM, MIXTURE, DUPLICATES, GRID, EMOJI = range(5)
KINDS = 5
# Mostly small sets.
ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 250, 400]
# Larger grids have so many ties that every tree depends on their order.
GRID_ROWS = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20]
GRID_DIMENSIONS = [2, 3, 4, 6, 9]
DIMENSIONS = [2, 3, 4, 5, 8, 13, 16, 24, 32, 48, 64, 100, 128, 200, 256, 384]
SETS_OF_A_KIND = 64
CUTS = 5
RANDOM_TREES = 40
MAX_FILE_BYTES = 600_000


class Stream:
    """A stream of draws, read in order."""

    def __init__(self, seed: int) -> None:
        self.seed, self.read = seed, 0

    def take(self, count: int) -> np.ndarray:
        step = np.arange(self.read + 1, self.read + 1 + count, dtype=np.uint64)
        self.read += count
        x = (np.uint64(self.seed) + step * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
        return (x ^ (x >> np.uint64(16))).astype(np.int64)

    def one(self) -> int:
        return int(self.take(1)[0])


def vectors(kind: int, n: int, dim: int, seed: int, p: int, catalogue: np.ndarray) -> np.ndarray:
    """The n x dim vectors of a set, as f64 values that are exact in f32."""
    numbers, choices = Stream(seed), Stream(seed ^ 0x5BD1E995)
    if kind == UNIFORM:
        return ((numbers.take(n * dim) >> 8) - 2**23).reshape(n, dim) / 2**23
    if kind == GRID:
        return ((numbers.take(n * dim) >> 8) % p).reshape(n, dim).astype(float)
    if kind == EMOJI:
        first, rows = choices.one() % len(catalogue), []
        while len(rows) < n:
            row = (first + numbers.one() % p) % len(catalogue)
            if row not in rows:
                rows.append(row)
        return catalogue[rows].astype(float)
    centres = ((choices.take(p * dim) >> 19) - 2**12).reshape(p, dim) / 2**10
    rows = centres[choices.take(n) % p]
    sums = (numbers.take(n * dim * 4) >> 16).reshape(n, dim, 4).sum(axis=2)
    rows = rows + (sums - 2**17) / 2**17
    if kind == DUPLICATES:
        for row in range(1, n):
            if choices.one() % 3 == 0:
                rows[row] = rows[choices.one() % row]
    return rows


def canonical(labels: np.ndarray) -> np.ndarray:
    """The labels, numbered by first member."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def thresholds(heights: np.ndarray) -> np.ndarray:
    """Five squared heights in the middle of wide gaps, from few to many clusters.

    With fewer than five gaps, some are used repeatedly.
    """
    n = len(heights) + 1
    if not heights.any():
        return np.full(CUTS, 1.0)  # one row, or equal rows
    # Gap r lies between edges r and r + 1, and leaves n - r clusters.
    edges = np.concatenate([[0], heights, [2 * heights[-1]]])
    widths = np.diff(edges)
    gaps = [r for r in range(n) if edges[r + 1] > 0 and widths[r] >= 1e-3 * edges[r + 1]]
    if n > 2 * CUTS and len(gaps) > 2 * CUTS:
        gaps = gaps[1:-1]  # n clusters and one cluster are trivial partitions
    cluster_counts = np.geomspace(2, n, CUTS + 1)[:CUTS]
    chosen = []
    for clusters in cluster_counts:
        unused = [r for r in gaps if r not in chosen] or gaps
        chosen.append(min(unused, key=lambda r: abs(np.log((n - r) / clusters))))
    return np.array([(edges[r] + edges[r + 1]) / 2 for r in sorted(chosen)])


Solution = tuple[np.ndarray, np.ndarray, list[np.ndarray], bool]


def solve(x: np.ndarray, ties: bool) -> Solution | None:
    """Squared heights, thresholds, partitions, and whether the partitions do not depend on ties.

    None if the heights depend on ties.
    """
    if len(x) == 1:
        return np.empty(0), thresholds(np.empty(0)), [np.zeros(1, int)] * CUTS, True
    merges = ward(x)
    heights = merges[:, 2] ** 2
    cuts = thresholds(heights)
    expected = [canonical(fcluster(merges, np.sqrt(cut), "distance")) for cut in cuts]
    same, random = True, np.random.default_rng(0)
    for _ in range(RANDOM_TREES if ties else 0):
        other, partitions = ward_by_definition(x, cuts, random)
        if not np.allclose(other, heights, rtol=1e-9):
            return None
        same &= all(map(np.array_equal, partitions, expected))
    return heights, cuts, expected, same


def ward_by_definition(
    x: np.ndarray, cuts: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Heights and partitions if each merge takes one of the nearest pairs at random.

    On integers, two of these distances are equal or differ by far more than rounding: they are
    fractions of small denominators.
    """
    members = [[row] for row in range(len(x))]
    heights, labels, partitions = [], np.arange(len(x)), {}
    while len(members) > 1:
        means = np.array([x[rows].mean(axis=0) for rows in members])
        sizes = np.array([len(rows) for rows in members])
        factor = 2 * sizes[:, None] * sizes / (sizes[:, None] + sizes)
        lower_triangle = np.where(np.tri(len(members)), np.inf, 0)
        distances = factor * np.square(means[:, None] - means).sum(axis=2) + lower_triangle
        a, b = random.choice(np.argwhere(distances <= distances.min() * (1 + 1e-9)))
        for cut in cuts:
            if distances[a, b] > cut:
                partitions.setdefault(cut, canonical(labels))
        heights.append(distances[a, b])
        members[a] += members.pop(b)
        labels[members[a]] = labels[members[a][0]]
    return np.array(heights), [partitions.get(cut, canonical(labels)) for cut in cuts]


def parameter(kind: int, n: int, i: int) -> int:
    """`p` of the i-th set of a kind: centres, values of the grid, or width of the item window."""
    mixture = 2 + i % 7
    grid, window = 3 + i % 9, (2 + i % 3) * n
    return {UNIFORM: 0, MIXTURE: mixture, DUPLICATES: mixture, GRID: grid, EMOJI: window}[kind]


def main() -> None:
    catalogue = SageFile(ROOT / "www/public/emoji.sage").vectors
    sets, tried, unchecked, tied = [], 0, 0, 0
    for number in range(SETS_OF_A_KIND * KINDS):
        kind, i = number % KINDS, number // KINDS
        rows, dimensions = (GRID_ROWS, GRID_DIMENSIONS) if kind == GRID else (ROWS, DIMENSIONS)
        n = rows[i % len(rows)]
        # The lists differ in length, so rows and dimensions are paired differently in each round.
        dim = dimensions[(i * 5 + i // 16 + kind) % len(dimensions)]
        dim = catalogue.shape[1] if kind == EMOJI else dim
        p = parameter(kind, n, i)
        for attempt in range(200):
            seed = 1 + number * 1000 + attempt
            tried += 1
            x = vectors(kind, n, dim, seed, p, catalogue)
            if not np.array_equal(x, x.astype(np.float32)):
                raise SystemExit(f"set {number}: a value is not exact in f32")
            solved = solve(x, ties=kind == GRID)
            if solved:
                break
        else:
            parameters = f"kind {kind}, n {n}, dim {dim}, p {p}"
            raise SystemExit(f"set {number} ({parameters}): its tree depends on ties")
        heights, cuts, expected, same = solved
        unchecked += not same
        tied += len(np.unique(heights)) < len(heights)
        content = struct.pack("<6I", kind, n, dim, seed, p, same) + heights.astype("<f8").tobytes()
        for cut, labels in zip(cuts, expected, strict=True):
            content += struct.pack("<d", cut)
            content += labels.astype("<u2").tobytes() if same else b""
        sets.append(content)
    crc = zlib.crc32(catalogue.astype("<f4").tobytes())
    content = struct.pack("<II", len(sets), crc) + b"".join(sets)
    if len(content) > MAX_FILE_BYTES:
        raise SystemExit(f"got {len(content)} bytes, expected at most {MAX_FILE_BYTES}")
    (HERE / "ward.bin").write_bytes(content)
    print(
        f"{len(sets)} sets, {len(content)} bytes; {tried - len(sets)} seeds rejected for ties, "
        f"{unchecked} grids with heights only; equal heights in {tied} sets"
    )


if __name__ == "__main__":
    main()
