// The picture of the threat model: the device, who receives what, and what each can learn.
import { label, path, picture, rectangle } from "./svg.mjs";

const WIDTH = 720;
const ROW_HEIGHT = 84;
const DEVICE = { x: 10, width: 210 };
const RECEIVER = { x: 466, width: 246 };

/** Each arrow: the mode, what travels, and what its receiver can learn. */
const ROWS = [
  {
    mode: "local",
    sent: "requests for public files",
    receiver: "Host of page and catalogue",
    learns: ["address, time of the visit"],
    kind: "accent",
  },
  {
    mode: "cells, split",
    sent: "random bit vectors",
    receiver: "Server A   |   Server B",
    learns: ["each: address, time, nothing more", "together: every cell"],
    kind: "accent",
  },
  {
    mode: "cells, static",
    sent: "R sets of w cells",
    receiver: "Host of the cells",
    learns: ["address, time; each set is", "epsilon-private for one interest"],
    kind: "accent",
  },
  {
    mode: "anchors, medoids",
    sent: "m items, shuffled",
    receiver: "Vector engine, or your Worker",
    learns: ["anchors: topics", "medoids: true items of the history"],
    kind: "warn",
  },
];

function box({ x, width }, y, height, kind) {
  const line = { fill: "none", rx: 8, "stroke-width": 1.5 };
  return rectangle(x, y, width, height, kind, line);
}

function arrow(y, kind) {
  const [start, end] = [DEVICE.x + DEVICE.width, RECEIVER.x - 4];
  return [
    path(
      [
        [start, y],
        [end, y],
      ],
      `${kind}-line`,
    ),
    path(
      [
        [end - 8, y - 5],
        [end, y],
        [end - 8, y + 5],
      ],
      `${kind}-line`,
    ),
  ];
}

export function threatModel() {
  const top = 34;
  const height = ROWS.length * ROW_HEIGHT;
  const inside = [
    ["History, profile, ledger", "text", 600],
    ["in a store of this origin;", "muted"],
    ["sealed by encryptedStore", "muted"],
    ["", "muted"],
    ["Interests, ranking", "text", 600],
    ["in the memory of the page", "muted"],
    ["", "muted"],
    ["Consent gate, preview(),", "text", 600],
    ["onOutbound: every message", "muted"],
    ["passes here first", "muted"],
    ["", "muted"],
    ["Reads all of it: any script", "warn"],
    ["of the origin, an extension", "warn"],
  ];
  return picture(WIDTH, top + height + 10, "What leaves the device in each mode, and to whom", [
    label(DEVICE.x, 20, "The device", { weight: 600 }),
    label(RECEIVER.x, 20, "Receivers, and what they learn", { weight: 600 }),
    box(DEVICE, top, height, "line"),
    inside.map(([text, kind, weight], index) =>
      label(DEVICE.x + 12, top + 28 + index * 23, text, { kind, weight, size: 13 }),
    ),
    ROWS.map(({ mode, sent, receiver, learns, kind }, index) => {
      const y = top + index * ROW_HEIGHT;
      const centre = (DEVICE.x + DEVICE.width + RECEIVER.x) / 2;
      return [
        arrow(y + 40, kind),
        label(centre, y + 30, mode, { anchor: "middle", weight: 600 }),
        label(centre, y + 58, sent, { anchor: "middle", kind: "muted" }),
        box(RECEIVER, y + 4, ROW_HEIGHT - 12, "line"),
        label(RECEIVER.x + 12, y + 26, receiver, { weight: 600 }),
        learns.map((text, line) =>
          label(RECEIVER.x + 12, y + 45 + line * 17, text, { kind: "muted", size: 12 }),
        ),
      ];
    }),
  ]);
}
