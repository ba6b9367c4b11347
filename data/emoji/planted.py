"""Sessions with planted interests: items of a few random subgroups of the emoji catalogue, and
their Ward trees."""

from pathlib import Path

import numpy as np
from embed import read_items
from sage_file import SageFile
from scipy.cluster.hierarchy import ward
from scipy.spatial.distance import pdist

INTERESTS = (1, 2, 3, 5, 8)
ACTIONS = (1, 2, 3, 5, 10, 20)
SESSIONS_PER_CELL = 150


class Sessions:
    """Trees of many sessions as arrays, one row each: squared heights (ascending, padded with
    infinity) and the ARI after 0, 1, ... merges. A cell is a combination of k and m."""

    def __init__(self, cells: list[int], names: list[str], trees: list["Tree"]) -> None:
        self.cell, self.names = np.array(cells), names
        self.n = np.array([tree.n for tree in trees])
        widest = self.n.max()
        self.heights = np.array([padded(tree.heights, widest, np.inf) for tree in trees])
        self.ari = np.array([padded(tree.ari, widest, -1) for tree in trees])
        self.scales = {
            name: np.array([tree.scales[name] for tree in trees]) for name in trees[0].scales
        }

    def below(self, thresholds: np.ndarray) -> np.ndarray:
        """Number of merges of each session up to its threshold."""
        return (self.heights <= thresholds[:, None]).sum(axis=1)

    def score(self, kept: np.ndarray) -> np.ndarray:
        """Mean ARI of each cell, where `kept` is the number of merges of each session."""
        return self.mean_of_cells(self.ari[np.arange(len(kept)), kept])

    def mean_of_cells(self, ari: np.ndarray) -> np.ndarray:
        return np.bincount(self.cell, ari) / np.bincount(self.cell)

    def cells(self, kind: str) -> np.ndarray:
        """Mask of the cells of a kind. Each cell has one kind."""
        def kind_of(name: str) -> str:
            if "uneven" in name:
                return "uneven"
            if name.startswith("k = 1,"):
                return "one interest"
            return "one action each" if name.endswith("m = 1") else "even"
        return np.array([kind_of(name) == kind for name in self.names])


class Tree:
    """One Ward tree: squared heights, the ARI of every cut with the planted interests, and
    statistics of the pairwise distances."""

    def __init__(self, vectors: np.ndarray, truth: np.ndarray | None) -> None:
        merges = ward(vectors)
        distances = pdist(vectors, "sqeuclidean")
        self.n = len(vectors)
        self.merges = merges
        self.heights = merges[:, 2] ** 2
        self.ari = np.zeros(self.n) if truth is None else ari_of_cuts(merges, truth)
        quantiles = {f"quantile {q}": np.quantile(distances, q) for q in (0.8, 0.9, 0.95)}
        self.scales = {"mean": distances.mean(), "diameter": distances.max(), **quantiles}


def padded(values: np.ndarray, length: int, value: float) -> np.ndarray:
    return np.pad(values, (0, length - len(values)), constant_values=value)


def emoji(root: Path) -> tuple[np.ndarray, dict[str, np.ndarray], float]:
    """The catalogue's vectors, the rows of every subgroup, and D."""
    catalogue = SageFile(root / "www/public/emoji.sage")
    items = read_items(root / "node_modules/emojibase-data")
    subgroup = {item["id"]: item["subgroup"] for item in items}
    names = np.array([subgroup[key] for key in catalogue.ids])
    rows = {name: np.flatnonzero(names == name) for name in sorted(set(names))}
    return catalogue.vectors.astype(np.float64), rows, catalogue.spread


def sessions(vectors: np.ndarray, subgroups: dict[str, np.ndarray], seed: int) -> Sessions:
    """150 sessions of every k and m, and 300 uneven ones of every k > 1."""
    random = np.random.default_rng(seed)
    cells, names, trees = [], [], []

    def add(name: str, sizes: list[int]) -> None:
        if name not in names:
            names.append(name)
        rows, truth = plant(subgroups, sizes, random)
        cells.append(names.index(name))
        trees.append(Tree(vectors[rows], truth))

    for k in INTERESTS:
        for m in ACTIONS:
            for _ in range(SESSIONS_PER_CELL if k * m > 1 else 0):
                add(f"k = {k}, m = {m}", [m] * k)
    for k in INTERESTS[1:]:
        for _ in range(2 * SESSIONS_PER_CELL):
            add(f"k = {k}, uneven", random.choice(ACTIONS, k).tolist())
    return Sessions(cells, names, trees)


def plant(
    subgroups: dict[str, np.ndarray], sizes: list[int], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of random distinct subgroups, `sizes` of them, without repetition, and the number of the
    subgroup of each row."""
    free, rows = dict(subgroups), []
    for size in sorted(sizes, reverse=True):
        name = random.choice([name for name, members in free.items() if len(members) >= size])
        rows.append(random.choice(free.pop(name), size, replace=False))
    return np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(part) for part in rows])


def ari_of_cuts(merges: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Adjusted Rand index with the truth after 0, 1, ..., n - 1 merges, updated merge by merge."""
    n, k = len(truth), truth.max() + 1
    pairs = lambda counts: (counts * (counts - 1) / 2).sum()
    nodes = [np.eye(k)[t] for t in truth]  # by node: number of rows of each interest
    together, found, planted = 0.0, 0.0, pairs(np.bincount(truth).astype(float))

    def index() -> float:
        expected, most = found * planted / (n * (n - 1) / 2), (found + planted) / 2
        return 1.0 if most == expected else (together - expected) / (most - expected)

    indices = [index()]
    for a, b in merges[:, :2].astype(int):
        joined = nodes[a] + nodes[b]
        together += pairs(joined) - pairs(nodes[a]) - pairs(nodes[b])
        found += pairs(joined.sum()) - pairs(nodes[a].sum()) - pairs(nodes[b].sum())
        nodes.append(joined)
        indices.append(index())
    return np.array(indices)
