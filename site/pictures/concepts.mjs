// Pictures of the concepts, drawn from runs of the package on the emoji catalogue.
import { init, project, ward } from "pocketsage";
import { catalogue, cosine, DAY, meanOf, NOW, nameOf, sageOf, TAPS } from "./emoji.mjs";
import { circle, label, path, picture, rectangle, spread } from "./svg.mjs";

await init();
const sage = await sageOf(TAPS);
const { interests } = await sage.profile();
const interestOf = new Map(interests.flatMap(({ items }, i) => items.map((item) => [item, i])));
const medoids = new Set(interests.map(({ medoid }) => medoid));

/** The vectors of items as one matrix. */
function matrixOf(items) {
  const matrix = new Float32Array(items.length * catalogue.dim);
  for (const [row, item] of items.entries())
    matrix.set(catalogue.vector(item), row * catalogue.dim);
  return matrix;
}

/** The interest that an item is nearest to, if it is near one at all. */
function nearestInterest(item) {
  const cosines = interests.map(({ items }) =>
    Math.max(...items.map((tapped) => cosine(catalogue.vector(tapped), catalogue.vector(item)))),
  );
  const best = Math.max(...cosines);
  return best >= 0.45 ? cosines.indexOf(best) : undefined;
}

const classOf = (index) => (index === undefined ? "muted" : `i${index}`);

/** Ten taps in two dimensions: three interests, their medoids, and the mean among none of them. */
export function interestsMap() {
  const points = project(matrixOf(TAPS), { dim: catalogue.dim });
  const at = TAPS.map((_, row) => [230 + points[row * 2] * 165, 150 - points[row * 2 + 1] * 120]);
  const mean = [0, 1].map((axis) => at.reduce((sum, point) => sum + point[axis], 0) / at.length);
  const [x, y] = mean;
  const cross = [
    path(
      [
        [x - 7, y - 7],
        [x + 7, y + 7],
      ],
      "warn-line",
      { "stroke-width": 3 },
    ),
    path(
      [
        [x - 7, y + 7],
        [x + 7, y - 7],
      ],
      "warn-line",
      { "stroke-width": 3 },
    ),
    label(x, y - 16, "the mean of all", { kind: "warn", anchor: "middle", weight: 600 }),
  ];
  return picture(460, 310, "Ten taps, three interests, and their mean, which lies near none", [
    TAPS.map((item, row) => {
      const [cx, cy] = at[row];
      const index = interestOf.get(item);
      const ring = { fill: "none", "stroke-width": 2 };
      return [
        circle(cx, cy, 6, `i${index}`),
        medoids.has(item) ? circle(cx, cy, 11, `l${index}`, ring) : [],
      ];
    }),
    interests.map(({ items }, index) => {
      const rows = items.map((item) => TAPS.indexOf(item));
      const right = Math.max(...rows.map((row) => at[row][0]));
      const isRight = right < 330;
      const x = isRight ? right + 20 : Math.min(...rows.map((row) => at[row][0])) - 20;
      const places = spread(
        rows.map((row) => at[row][1]),
        19,
      );
      return rows.map((row, i) =>
        label(x, places[i] + 4, nameOf(TAPS[row]), {
          anchor: isRight ? "start" : "end",
          kind: `i${index}`,
          weight: medoids.has(TAPS[row]) ? 700 : undefined,
        }),
      );
    }),
    cross,
  ]);
}

/** The nearest unseen items of the mean, and of the medoid of each interest. */
export function nearestLists() {
  const queries = [
    { title: "the mean", vector: meanOf(TAPS), kind: "warn" },
    ...interests.map(({ medoid, vector }, i) => ({ title: nameOf(medoid), vector, kind: `i${i}` })),
  ];
  const parts = queries.map(({ title, vector, kind }, place) => {
    const [left, top] = [10 + (place % 2) * 230, 20 + Math.floor(place / 2) * 150];
    const hits = catalogue.search(vector, { count: 5, exclude: TAPS });
    return [
      label(left, top, `near ${title}`, { kind, weight: 600 }),
      hits.map(({ item, score }, row) => {
        const y = top + 10 + row * 23;
        return [
          rectangle(left, y, score * 120, 17, classOf(nearestInterest(item)), { opacity: 0.3 }),
          label(left + 5, y + 13, `${nameOf(item)} ${score.toFixed(2)}`),
        ];
      }),
    ];
  });
  return picture(460, 310, "Nearest items of the mean and of three medoids, with cosines", parts);
}

/** The Ward tree of the ten taps, its cut, and the interests that the cut leaves. */
export function wardTree() {
  const merges = ward(matrixOf(TAPS), { dim: catalogue.dim });
  const nodes = TAPS.map((item) => ({ items: [item], height: 0 }));
  for (let at = 0; at < merges.length; at += 4) {
    const [a, b] = [nodes[merges[at]], nodes[merges[at + 1]]];
    nodes.push({ children: [a, b], items: [...a.items, ...b.items], height: merges[at + 2] });
  }
  const top = nodes.at(-1);
  const rows = new Map(top.items.map((item, row) => [item, 24 + row * 25]));
  const x = (height) => 100 + (Math.sqrt(height) / Math.sqrt(top.height)) * 300;
  const yOf = (node) =>
    node.children ? (yOf(node.children[0]) + yOf(node.children[1])) / 2 : rows.get(node.items[0]);
  const isOneInterest = ({ items }) =>
    new Set(items.map((item) => interestOf.get(item))).size === 1;
  const lines = nodes.flatMap((node) => {
    if (!node.children) return [];
    const [a, b] = node.children;
    const kind = isOneInterest(node) ? `l${interestOf.get(node.items[0])}` : "line";
    const right = x(node.height);
    return path(
      [
        [x(a.height), yOf(a)],
        [right, yOf(a)],
        [right, yOf(b)],
        [x(b.height), yOf(b)],
      ],
      kind,
      { "stroke-width": 2 },
    );
  });
  const keptHeight = Math.max(...nodes.filter(isOneInterest).map(({ height }) => height));
  const undone = Math.min(...nodes.filter((node) => !isOneInterest(node)).map((n) => n.height));
  const cut = (x(keptHeight) + x(undone)) / 2;
  return picture(460, 310, "Ward tree of ten taps, cut into three interests", [
    TAPS.map((item) =>
      label(90, rows.get(item) + 4, nameOf(item), {
        anchor: "end",
        kind: `i${interestOf.get(item)}`,
        weight: medoids.has(item) ? 700 : undefined,
      }),
    ),
    lines,
    path(
      [
        [cut, 8],
        [cut, 268],
      ],
      "warn-line",
      { "stroke-dasharray": "5 4" },
    ),
    label(cut + 6, 14, "cut", { kind: "warn", weight: 600 }),
    label(100, 298, "alike", { kind: "muted" }),
    label(400, 298, "unlike", { kind: "muted", anchor: "end" }),
    path(
      [
        [140, 293],
        [352, 293],
      ],
      "line",
    ),
  ]);
}

const SPAN = 120;

/** Importance by day: food, then sport, then food once more, under two half-lives. */
export async function decay() {
  const start = NOW - SPAN * DAY;
  const food = TAPS.slice(0, 4);
  const sport = TAPS.slice(4, 7);
  const tap = (items) => (day, i) => ({ item: items[i % items.length], at: start + day * DAY });
  const actions = [
    ...[0, 2, 5, 9, 14, 18].map(tap(food)),
    ...[30, 34, 40, 47, 52, 60].map(tap(sport)),
    ...[100, 101].map(tap(food)),
  ];
  const panels = [];
  for (const [place, halfLifeDays] of [69.3, 14].entries()) {
    const other = await sageOf(actions, { halfLifeDays });
    const shares = [];
    for (let day = 2; day <= SPAN; day += 1) {
      const profile = await other.profile({ at: start + day * DAY });
      const share = profile.interests
        .filter(({ items }) => items.some((item) => food.includes(item)))
        .reduce((sum, { importance }) => sum + importance, 0);
      shares.push([day, share]);
    }
    await other.close();
    const [top, height] = [30 + place * 140, 85];
    const x = (day) => 10 + (day / SPAN) * 440;
    const line = shares.map(([day, share]) => [x(day), top + height * (1 - share)]);
    const area = (edge) => [...line, [line.at(-1)[0], edge], [line[0][0], edge]];
    panels.push([
      label(10, top - 10, `half-life ${Math.round(halfLifeDays)} days`, { weight: 600 }),
      path(area(top), "i1", { fill: undefined, opacity: 0.45, "stroke-width": undefined }),
      path(area(top + height), "i0", { fill: undefined, opacity: 0.6, "stroke-width": undefined }),
      label(x(8), top + height - 10, "food"),
      label(x(70), top + 18, "sport"),
      [0, 30, 60, 90, 120].map((day) =>
        label(x(day), top + height + 16, day === 0 ? "day 0" : day, {
          kind: "muted",
          size: 11,
          anchor: day === 0 ? "start" : day === SPAN ? "end" : "middle",
        }),
      ),
    ]);
  }
  return picture(460, 280, "Share of two interests over 120 days, with two half-lives", panels);
}

/** The first twelve recommendations from one average, and from several interests. */
export async function mixture() {
  const columns = [
    ["one average", { focus: 1 }],
    ["several interests", {}],
  ];
  const parts = [];
  for (const [place, [title, options]] of columns.entries()) {
    const left = 10 + place * 230;
    const picks = await sage.recommend({ count: 12, ...options });
    parts.push(
      label(left, 20, title, { weight: 600 }),
      picks.map(({ item }, row) => {
        const y = 32 + row * 22;
        const kind = classOf(nearestInterest(item));
        return [
          label(left + 16, y + 13, row + 1, { anchor: "end", kind: "muted", size: 11 }),
          rectangle(left + 22, y, 190, 18, kind, { opacity: 0.3, rx: 3 }),
          label(left + 29, y + 13, nameOf(item)),
        ];
      }),
    );
  }
  return picture(460, 300, "Twelve recommendations from one average and from interests", parts);
}
