"""What a cut does to recommendations: real histories, split in time into what the rule sees and what the user did next."""

import gzip
from pathlib import Path

import numpy as np
from planted import Sessions, Tree
from scipy.cluster.hierarchy import fcluster

USERS, LONGEST, SHORTEST = 400, 200, 15
RECOMMENDED, QUERIES, DECAY, ALIKE = 100, 10, 0.01, 0.79


def report(folder: Path, rules: dict) -> None:
    """Share of the user's next items with cosine >= 0.79 to a recommended one, and the share recommended themselves."""
    vectors, spread, users = read(folder, np.random.default_rng(0))
    trees = [Tree(vectors[rows].astype(np.float64), None) for rows, _, _ in users]
    sessions = Sessions([0] * len(trees), [folder.name], trees)
    scale = np.full(len(trees), spread)
    print(f"\n## Recommendations: {folder.name}, {len(users)} users, the 10 most important interests (D = {spread:.2f})\n")
    print("| cut | relevance | lift over the last item | recall@100 | interests, median |\n|---|---|---|---|---|")

    last = np.mean([score(vectors, user, recommend(vectors, user, [user[0][-1]])) for user in users], axis=0)
    print(f"| the last item | {last[0]:.3f} | | {last[1]:.3f} | |")
    for name, rule in rules.items():
        interests = sessions.n - rule(sessions, scale)
        found = []
        for user, tree, count in zip(users, trees, interests):
            labels = fcluster(tree.merges, count, "maxclust") - 1
            found.append(score(vectors, user, recommend(vectors, user, medoids(vectors, user, labels))))
        relevance, recall = np.mean(found, axis=0)
        print(f"| {name} | {relevance:.3f} | {100 * (relevance / last[0] - 1):+.0f} % | {recall:.3f} | {np.median(interests):.0f} |")


def read(folder: Path, random: np.random.Generator) -> tuple[np.ndarray, float, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Unit vectors, D, and for some users the rows of their history, the age of each in days, and the rows that came next."""
    vectors = np.load(folder / "vectors.f16.npy").astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    row = {item: i for i, item in enumerate((folder / "vector-items.txt").read_text().split("\n"))}
    history, future = {}, {}
    with gzip.open(folder / "split.tsv.gz", "rt") as lines:
        for user, item, ts, part in (line.rstrip("\n").split("\t") for line in lines):
            if item in row and part == "train":
                history.setdefault(user, []).append((row[item], float(ts)))
            if item in row and part == "test":
                future.setdefault(user, []).append(row[item])
    names = [user for user, actions in history.items() if user in future and len(actions) >= SHORTEST]
    users = []
    for user in random.permutation(names)[:USERS]:
        rows, ts = map(np.array, zip(*history[user][-LONGEST:]))
        users.append((rows, (ts.max() - ts) / 86400, np.array(future[user])))
    spread = 2 * (np.square(vectors).sum(axis=1).mean() - np.square(vectors.mean(axis=0)).sum())
    return vectors, float(spread), users


def medoids(vectors: np.ndarray, user: tuple, labels: np.ndarray) -> list[int]:
    """The member nearest to the mean of each of the most important clusters."""
    rows, age, _ = user
    importance = np.bincount(labels, np.exp(-DECAY * age))
    chosen = []
    for cluster in np.argsort(-importance, kind="stable")[:QUERIES]:
        members = rows[labels == cluster]
        apart = np.square(vectors[members] - vectors[members].mean(axis=0)).sum(axis=1)
        chosen.append(members[apart.argmin()])
    return chosen


def recommend(vectors: np.ndarray, user: tuple, queries: list[int]) -> np.ndarray:
    """The items nearest to the queries, round robin, without those of the history."""
    similarity = vectors[queries] @ vectors.T
    similarity[:, user[0]] = -np.inf
    ranked = np.argsort(-similarity, axis=1, kind="stable")[:, :RECOMMENDED]
    return np.array(list(dict.fromkeys(ranked.T.ravel().tolist()))[:RECOMMENDED])


def score(vectors: np.ndarray, user: tuple, recommended: np.ndarray) -> tuple[float, float]:
    future = user[2]
    alike = (vectors[future] @ vectors[recommended].T).max(axis=1) >= ALIKE
    return float(alike.mean()), float(np.isin(future, recommended).mean())
