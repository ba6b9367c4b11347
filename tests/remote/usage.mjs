// CPU time and memory of a Worker in workerd. The CPU time is that of the whole process, which
// includes the cache, database and rate limiter that Miniflare simulates. (V8's profiler could
// separate them, but it counts waiting for an engine as work.)
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import WebSocket from "ws";

/** The process id of the workerd that listens on this port. */
export function workerdOf(port) {
  const line = execFileSync("ss", ["-ltnpH", `sport = :${port}`], { encoding: "utf8" });
  return Number(/pid=(\d+)/.exec(line)[1]);
}

/** CPU time of all threads of a process so far, in milliseconds. */
export function cpuOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      return 0; // the thread ended meanwhile
    }
  });
  return threads.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}

/** Memory of a Worker in MiB, by its inspector: objects, garbage, and buffers such as wasm. */
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
