// What a Worker in workerd uses. CPU is that of the whole process, to the nanosecond: more than the Worker's own, by the cache, the database and the
// rate limiter that miniflare simulates. (V8's profiler would tell them apart, but takes waiting for an engine for work.)
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import WebSocket from "ws";

/** The workerd that listens on this port. */
export function workerdOf(port) {
  const line = execFileSync("ss", ["-ltnpH", `sport = :${port}`], { encoding: "utf8" });
  return Number(/pid=(\d+)/.exec(line)[1]);
}

/** Milliseconds of CPU that all threads of a process have used. */
export function cpuOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      return 0; // it has just ended
    }
  });
  return threads.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}

/** Megabytes that the Worker behind this inspector holds, garbage included: objects, and buffers, of which the wasm's memory is one. */
export async function memoryOf(inspectorPort) {
  const socket = new WebSocket(`ws://127.0.0.1:${inspectorPort}/core:user:`);
  try {
    const {
      usedSize,
      embedderHeapUsedSize = 0,
      backingStorageSize = 0,
    } = await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("the inspector did not answer")), 20_000).unref();
      socket.on("error", reject);
      socket.on("open", () =>
        socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" })),
      );
      socket.on("message", (text) => {
        const { id, result } = JSON.parse(text);
        if (id === 1) resolve(result);
      });
    });
    return (usedSize + embedderHeapUsedSize + backingStorageSize) / 2 ** 20;
  } finally {
    socket.close();
  }
}
