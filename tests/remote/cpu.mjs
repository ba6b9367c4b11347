// CPU and memory of a Worker. CPU is measured twice: what its own isolate computes, sampled by V8's profiler, which is what Cloudflare counts; and what the whole
// process takes, with the database, the cache and the rate limiter that miniflare adds.
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

/** A look into the Worker behind this inspector: `measure(step)` resolves to the milliseconds its isolate computed meanwhile. */
export async function openProfiler(port) {
  const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(targets.find(({ id, webSocketDebuggerUrl }) => /core:user/.test(id ?? webSocketDebuggerUrl)).webSocketDebuggerUrl);
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const waiting = new Map();
  socket.on("message", (message) => {
    const { id, result } = JSON.parse(message);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let last = 0;
  const send = (method, params) =>
    new Promise((resolve, reject) => {
      waiting.set((last += 1), resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
      setTimeout(() => reject(new Error(`the inspector did not answer ${method}`)), 20_000).unref();
    });
  await send("Profiler.enable");
  await send("Profiler.setSamplingInterval", { interval: 500 });
  return {
    async measure(step) {
      await send("Profiler.start");
      await step();
      const { profile } = await send("Profiler.stop");
      // "(program)" is native code outside of any function: here, the isolate waiting for an engine.
      const idle = new Set(profile.nodes.filter(({ callFrame }) => /^\((idle|program)\)$/.test(callFrame.functionName)).map(({ id }) => id));
      // A sample lasts until the next one.
      return profile.samples.reduce((sum, node, place) => sum + (idle.has(node) ? 0 : Math.max(0, profile.timeDeltas[place + 1] ?? 0)), 0) / 1000;
    },
    /** Megabytes that the isolate holds, garbage included: objects, and buffers, of which the wasm's memory is one. */
    async memory() {
      const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await send("Runtime.getHeapUsage");
      return (usedSize + embedderHeapUsedSize + backingStorageSize) / 2 ** 20;
    },
    close: () => socket.close(),
  };
}
