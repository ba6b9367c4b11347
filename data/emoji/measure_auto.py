"""Measures the rule of the `auto` cut on planted interests and prints markdown tables.

    python measure_auto.py [folder with split.tsv.gz, vectors.f16.npy, vector-items.txt]

Takes about two minutes. A session is k random subgroups of the emoji catalogue with m items each; a
rule reads only the Ward tree of the items and is scored by the adjusted Rand index (ARI) of its
clusters with the subgroups. "Uneven" sessions mix the sizes. Constants are fitted on one half of
the sessions; the tables show the other half. With a folder of real histories, the rules are also
compared by their recommendations.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import planted
import relevance
from planted import Sessions

ROOT = Path(__file__).resolve().parents[2]

# The library's constants (c, p) in src/profile/cut.rs: t(k) = c Y (n / k)^p, with Y = D, or the
# diameter without a catalogue. The latter lie between the constants fitted with and without
# sessions of one action per interest, because joining unrelated actions is worse than splitting an
# interest.
WITH_CATALOGUE = (0.70, 0.40)
WITHOUT = (0.75, 0.30)


def constant(s: Sessions, scale: np.ndarray, factor: float) -> np.ndarray:
    """Number of merges kept: those below one height."""
    return s.below(factor * scale)


def power_of_n(s: Sessions, scale: np.ndarray, c: float, p: float) -> np.ndarray:
    """Number of merges kept: those below a height that grows with the number of actions."""
    return s.below(c * s.n**p * scale)


def capped_power_of_n(
    s: Sessions, scale: np.ndarray, c: float, p: float, cap: float
) -> np.ndarray:
    return s.below(np.minimum(c * s.n**p, cap) * scale)


def log_of_n(s: Sessions, scale: np.ndarray, a: float, b: float) -> np.ndarray:
    return s.below((a + b * np.log(s.n)) * scale)


def growing(s: Sessions, scale: np.ndarray, c: float, p: float) -> np.ndarray:
    """Merges kept, lowest first, while each is at most c scale (n / k)^p, with k clusters left."""
    clusters = np.maximum(s.n[:, None] - 1 - np.arange(s.heights.shape[1]), 1)
    fits = s.heights <= c * scale[:, None] * (s.n[:, None] / clusters) ** p
    return np.argmin(fits, axis=1)  # rows end with infinity, so each has a merge that does not fit


def largest_gap(s: Sessions, _: np.ndarray, least: float) -> np.ndarray:
    """The cut into 2 to n / 2 clusters at the largest ratio of successive heights; one cluster if
    that ratio is below `least`."""
    kept = np.arange(1, s.heights.shape[1])
    clusters = s.n[:, None] - kept
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = s.heights[:, 1:] / s.heights[:, :-1]
    ratio = np.where((clusters >= 2) & (clusters <= np.maximum(s.n[:, None] // 2, 2)), ratio, 0)
    return np.where(ratio.max(axis=1) < least, s.n - 1, kept[ratio.argmax(axis=1)])


def fit(
    rule, s: Sessions, scale: np.ndarray, grids: list[np.ndarray], cells: np.ndarray
) -> tuple[float, ...]:
    """The constants with the highest ARI, as the unweighted mean of the selected cells."""
    return max(
        itertools.product(*grids),
        key=lambda constants: s.score(rule(s, scale, *constants))[cells].mean(),
    )


def grid(start: float, stop: float, step: float) -> np.ndarray:
    return np.round(np.arange(start, stop + step / 2, step), 2)


def row(name: str, s: Sessions, ari: np.ndarray) -> str:
    kinds = ("one interest", "one action each", "even", "uneven")
    means = [ari[s.cells(kind)].mean() for kind in kinds] + [ari.mean()]
    return "| " + " | ".join([name, *(f"{mean:.2f}" for mean in means)]) + " |"


HEAD = ("| rule | k = 1 | m = 1 | other even | uneven | all cells |", "|---|---|---|---|---|---|")


def with_catalogue(train: Sessions, test: Sessions, spread: float) -> None:
    print(f"## With a catalogue (D = {spread:.3f})\n")
    print(*HEAD, sep="\n")
    best = test.mean_of_cells(test.ari.max(axis=1))
    print(row("oracle: the best cut of every session", test, best))
    factors = np.geomspace(0.2, 12, 120)
    thresholds = [np.full(len(test.n), factor * spread) for factor in factors]
    by_factor = np.array([test.score(test.below(one)) for one in thresholds])
    print(row("oracle: the best factor of D for every cell", test, by_factor.max(axis=0)))
    everything = np.ones(len(test.names), dtype=bool)
    for name, rule, grids in (
        ("a D", constant, [grid(0.4, 3, 0.02)]),
        ("a n^b D", power_of_n, [grid(0.2, 1.2, 0.05), grid(0.05, 0.7, 0.05)]),
        (
            "min(a n^b, c) D",
            capped_power_of_n,
            [grid(0.2, 1.2, 0.1), grid(0.1, 0.7, 0.1), grid(1.2, 4, 0.4)],
        ),
        ("(a + b ln n) D", log_of_n, [grid(-0.2, 1, 0.1), grid(0.1, 1, 0.05)]),
        ("a (n/k)^b D", growing, [grid(0.4, 1.2, 0.05), grid(0.1, 0.8, 0.05)]),
    ):
        constants = fit(rule, train, np.full(len(train.n), spread), grids, everything)
        ari = test.score(rule(test, np.full(len(test.n), spread), *constants))
        print(row(f"{name}: {', '.join(f'{x:.2f}' for x in constants)}", test, ari))
    chosen = test.score(growing(test, np.full(len(test.n), spread), *WITH_CATALOGUE))
    print(row("**chosen: {:.2f} (n/k)^{:.2f} D**".format(*WITH_CATALOGUE), test, chosen))


def without_catalogue(train: Sessions, test: Sessions) -> None:
    """Without D, unrelated actions (m = 1) and a single interest (k = 1) have similar trees, and no
    rule scores well on both.

    So the constants are fitted without the cells of m = 1; for the diameter also with them.
    """
    print("\n## Without a catalogue\n")
    print(*HEAD, sep="\n")
    fitted = ~train.cells("one action each")
    names = ("mean", "quantile 0.8", "quantile 0.9", "quantile 0.95", "diameter")
    for name, rule in itertools.product(names, (power_of_n, growing)):
        grids = [grid(0.3, 1.4, 0.05), grid(0.05, 0.6, 0.05)]
        constants = fit(rule, train, train.scales[name], grids, fitted)
        ari = test.score(rule(test, test.scales[name], *constants))
        shape = "a n^b" if rule is power_of_n else "a (n/k)^b"
        values = ", ".join(f"{x:.2f}" for x in constants)
        print(row(f"{shape} x {name} of own distances: {values}", test, ari))
    grids = [grid(0.3, 1.4, 0.05), grid(0.05, 0.6, 0.05)]
    every = np.ones(len(train.names), dtype=bool)
    constants = fit(growing, train, train.scales["diameter"], grids, every)
    ari = test.score(growing(test, test.scales["diameter"], *constants))
    values = ", ".join(f"{x:.2f}" for x in constants)
    print(row(f"the same, fitted with m = 1 too: {values}", test, ari))
    (least,) = fit(largest_gap, train, train.n, [grid(1, 2, 0.05)], fitted)
    ari = test.score(largest_gap(test, test.n, least))
    print(row(f"largest relative gap, at least {least:.2f}", test, ari))
    chosen = test.score(growing(test, test.scales["diameter"], *WITHOUT))
    print(row("**chosen: {:.2f} (n/k)^{:.2f} x diameter**".format(*WITHOUT), test, chosen))


def every_cell(test: Sessions, spread: float) -> None:
    print("\n## Every cell\n")
    print("| session | best factor of D | its ARI | 1.4 D | chosen, with D | chosen, without |")
    print("|---|---|---|---|---|---|")
    scale = np.full(len(test.n), spread)
    factors = np.geomspace(0.2, 12, 120)
    by_factor = np.array([test.score(test.below(f * scale)) for f in factors])
    columns = [
        test.score(test.below(1.4 * scale)),
        test.score(growing(test, scale, *WITH_CATALOGUE)),
        test.score(growing(test, test.scales["diameter"], *WITHOUT)),
    ]
    for cell, name in enumerate(test.names):
        best = by_factor[:, cell].argmax()
        rest = " | ".join(f"{column[cell]:.2f}" for column in columns)
        print(f"| {name} | {factors[best]:.2f} | {by_factor[best, cell]:.2f} | {rest} |")


def main() -> None:
    vectors, subgroups, spread = planted.emoji(ROOT)
    train, test = (planted.sessions(vectors, subgroups, seed) for seed in (1, 2))
    with_catalogue(train, test, spread)
    without_catalogue(train, test)
    every_cell(test, spread)
    for folder in sys.argv[1:]:
        relevance.report(Path(folder), {
            "0.7 D": lambda s, scale: constant(s, scale, 0.7),
            "1.4 D": lambda s, scale: constant(s, scale, 1.4),
            "0.70 n^0.25 D": lambda s, scale: power_of_n(s, scale, 0.70, 0.25),
            "chosen, with D": lambda s, scale: growing(s, scale, *WITH_CATALOGUE),
            "chosen, without": lambda s, _: growing(s, s.scales["diameter"], *WITHOUT),
        })


if __name__ == "__main__":
    main()
