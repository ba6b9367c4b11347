// SVG pictures that follow the theme. A picture that is opened by itself, as in an editor or on a
// code host, has the colours in a style element; in the site the theme has them.

/** Colours by class: light, dark. Interests are coloured by hue, as on the page in www/. */
const COLOURS = {
  text: ["fill", "#1b241e", "#e9eee8"],
  muted: ["fill", "#535e56", "#a5b0a7"],
  dot: ["fill", "#b9c2b7", "#3d473f"],
  line: ["stroke", "#8a958c", "#78847a"],
  grid: ["stroke", "#dbe1d7", "#2d362f"],
  accent: ["fill", "#2f5d46", "#a8d2b3"],
  "accent-line": ["stroke", "#2f5d46", "#a8d2b3"],
  warn: ["fill", "#9c2f22", "#f0a596"],
  "warn-line": ["stroke", "#9c2f22", "#f0a596"],
  // Interests, and the lines of contestants: food, sport, animals, and a fourth.
  i0: ["fill", "#b5651d", "#e5a565"],
  i1: ["fill", "#2a6fb0", "#7db7ea"],
  i2: ["fill", "#4d8b31", "#95cf78"],
  i3: ["fill", "#8a4fa3", "#cf9fe2"],
  l0: ["stroke", "#b5651d", "#e5a565"],
  l1: ["stroke", "#2a6fb0", "#7db7ea"],
  l2: ["stroke", "#4d8b31", "#95cf78"],
  l3: ["stroke", "#8a4fa3", "#cf9fe2"],
};

const rules = (prefix, at) =>
  Object.entries(COLOURS)
    .map(([name, [property, ...values]]) => `${prefix}.p-${name}{${property}:${values[at]}}`)
    .join("\n");

/** Style sheet of the pictures in the site, where the class "dark" is on the root element. */
export const siteStyle = () => `${rules("", 0)}\n${rules(".dark ", 1)}\n`;

const ownStyle = `<style>
${rules("", 0)}
@media (prefers-color-scheme: dark) {
${rules("", 1)}
}
</style>
`;

export const withoutStyle = (svg) => svg.replace(/<style>[\s\S]*?<\/style>\n/, "");

const escapeXml = (text) =>
  String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const round = (value) => (typeof value === "number" ? Number(value.toFixed(1)) : value);

/** An element: its attributes in order, numbers rounded to a tenth, and its content. */
function element(name, attributes, content) {
  const text = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(round(value))}"`)
    .join("");
  return content === undefined ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`;
}

/** Text at a place; `anchor` is "start", "middle" or "end". */
export function label(x, y, text, { anchor, size = 13, kind = "text", weight } = {}) {
  const attributes = { x, y, class: `p-${kind}`, "text-anchor": anchor, "font-size": size };
  return element("text", { ...attributes, "font-weight": weight }, escapeXml(text));
}

export const circle = (cx, cy, r, kind, extra = {}) =>
  element("circle", { cx, cy, r, class: `p-${kind}`, ...extra });

/** A line through points `[x, y]`. */
export function path(points, kind, extra = {}) {
  const d = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
  return element("path", { d, class: `p-${kind}`, fill: "none", "stroke-width": 1.5, ...extra });
}

export const rectangle = (x, y, width, height, kind, extra = {}) =>
  element("rect", { x, y, width, height, class: `p-${kind}`, ...extra });

/**
 * Moves places that are closer than `gap` apart, each as little as their order allows: runs of
 * close places are centred on their mean. Returns the places in the given order.
 */
export function spread(places, gap) {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const runs = [];
  for (const index of order) {
    runs.push({ sum: places[index], count: 1 });
    for (;;) {
      const [last, before] = [runs.at(-1), runs.at(-2)];
      const start = (run) => run.sum / run.count - ((run.count - 1) * gap) / 2;
      if (!before || start(before) + before.count * gap <= start(last)) break;
      runs.splice(-2, 2, { sum: before.sum + last.sum, count: before.count + last.count });
    }
  }
  const moved = runs.flatMap(({ sum, count }) =>
    Array.from({ length: count }, (_, i) => sum / count + (i - (count - 1) / 2) * gap),
  );
  const result = [];
  for (const [place, index] of order.entries()) result[index] = moved[place];
  return result;
}

/** A whole picture: a title for screen readers, and parts, one a line. */
export function picture(width, height, title, parts) {
  const font = 'font-family="system-ui, sans-serif"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ${font}>
<title>${escapeXml(title)}</title>
${ownStyle}${parts.flat(9).join("\n")}
</svg>
`;
}
