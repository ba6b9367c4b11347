"""The effect of a cut on recommendations, by real histories that are split in time: the rule reads
the first part, the recommendations are compared with the second."""

import gzip
from pathlib import Path

import numpy as np
from planted import Sessions, Tree
from scipy.cluster.hierarchy import fcluster

USERS, MAX_ACTIONS, MIN_ACTIONS = 400, 200, 15
RECOMMENDED, QUERIES, DECAY, MIN_COSINE = 100, 10, 0.01, 0.79  # DECAY is per day


def report(folder: Path, rules: dict) -> None:
    """Prints relevance, the share of the user's next items with a cosine of at least MIN_COSINE to
    a recommended item, and recall, the share of them that were recommended."""
    vectors, spread, users = read(folder, np.random.default_rng(0))
    trees = [Tree(vectors[rows].astype(np.float64), None) for rows, _, _ in users]
    sessions = Sessions([0] * len(trees), [folder.name], trees)
    scale = np.full(len(trees), spread)
    print(
        f"\n## Recommendations: {folder.name}, {len(users)} users, "
        f"the {QUERIES} most important interests (D = {spread:.2f})\n"
    )
    print("| cut | relevance | lift over the last item | recall@100 | interests, median |")
    print("|---|---|---|---|---|")

    by_last_item = [
        score(vectors, user, recommend(vectors, user, [user[0][-1]])) for user in users
    ]
    last = np.mean(by_last_item, axis=0)
    print(f"| the last item | {last[0]:.3f} | | {last[1]:.3f} | |")
    for name, rule in rules.items():
        interests = sessions.n - rule(sessions, scale)
        found = []
        for user, tree, count in zip(users, trees, interests):
            labels = fcluster(tree.merges, count, "maxclust") - 1
            recommended = recommend(vectors, user, medoids(vectors, user, labels))
            found.append(score(vectors, user, recommended))
        relevance, recall = np.mean(found, axis=0)
        lift = 100 * (relevance / last[0] - 1)
        median = np.median(interests)
        print(f"| {name} | {relevance:.3f} | {lift:+.0f} % | {recall:.3f} | {median:.0f} |")


def read(
    folder: Path, random: np.random.Generator
) -> tuple[np.ndarray, float, list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Unit vectors, D, and for a sample of users (rows of the history, age of each action in days,
    rows of the next items)."""
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
    names = [
        user
        for user, actions in history.items()
        if user in future and len(actions) >= MIN_ACTIONS
    ]
    users = []
    for user in random.permutation(names)[:USERS]:
        rows, ts = map(np.array, zip(*history[user][-MAX_ACTIONS:]))
        users.append((rows, (ts.max() - ts) / 86400, np.array(future[user])))
    spread = 2 * (np.square(vectors).sum(axis=1).mean() - np.square(vectors.mean(axis=0)).sum())
    return vectors, float(spread), users


def medoids(vectors: np.ndarray, user: tuple, labels: np.ndarray) -> list[int]:
    """For each of the most important clusters, the member nearest to its mean."""
    rows, age, _ = user
    importance = np.bincount(labels, np.exp(-DECAY * age))
    chosen = []
    for cluster in np.argsort(-importance, kind="stable")[:QUERIES]:
        members = rows[labels == cluster]
        distances = np.square(vectors[members] - vectors[members].mean(axis=0)).sum(axis=1)
        chosen.append(members[distances.argmin()])
    return chosen


def recommend(vectors: np.ndarray, user: tuple, queries: list[int]) -> np.ndarray:
    """The items nearest to the queries, round robin, without items of the history."""
    similarity = vectors[queries] @ vectors.T
    similarity[:, user[0]] = -np.inf
    ranked = np.argsort(-similarity, axis=1, kind="stable")[:, :RECOMMENDED]
    return np.array(list(dict.fromkeys(ranked.T.ravel().tolist()))[:RECOMMENDED])


def score(vectors: np.ndarray, user: tuple, recommended: np.ndarray) -> tuple[float, float]:
    future = user[2]
    relevant = (vectors[future] @ vectors[recommended].T).max(axis=1) >= MIN_COSINE
    return float(relevant.mean()), float(np.isin(future, recommended).mean())
