// The main journey in WebKit: MiniBrowser of WebKitGTK, driven by WebDriver. Optional, because only
// Debian's packages webkit2gtk-driver and xvfb have it: without them it is skipped, with a note.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../../scripts/lib/http.mjs";
import { probe } from "../../../scripts/lib/run.mjs";
import { serveBuiltPage } from "../built-page.mjs";

const LIBRARIES = "/usr/lib";
const START_MS = 20_000;
const WAIT_MS = 60_000;

const tools = await findTools();
const skip = tools === undefined && "needs the Debian packages webkit2gtk-driver and xvfb";

test("WebKit: example, both lists, dials and a reload", { skip, timeout: 240_000 }, async (t) => {
  const site = await serveBuiltPage();
  t.after(() => site.close());
  const driver = await startDriver(t);
  const session = await openSession(driver, t);
  const run = (script, ...args) => session("POST", "execute/sync", { script, args });
  const until = async (condition) => {
    const end = Date.now() + WAIT_MS;
    while (!(await run(`return Boolean(${condition})`))) {
      if (Date.now() > end) assert.fail(`not in ${WAIT_MS} ms: ${condition}`);
      await sleep(200);
    }
  };
  const ready = `document.body?.dataset.state === "ready"`;

  await session("POST", "url", { url: site.url });
  await until(ready);
  await run(`document.getElementById("example").click()`);
  await until(`document.querySelectorAll(".card").length === 4`);
  await until(`document.querySelectorAll("#list-average .recommendation").length === 12`);
  await run(`document.getElementById("tab-dials").click()`);
  await until(`document.getElementById("dial-diversity")`);
  await run(`const dial = document.getElementById("dial-diversity");
    dial.value = 1; dial.dispatchEvent(new Event("input"));`);
  await until(`location.hash.includes("diversity=1")`);
  await session("POST", "refresh", {});
  await until(`${ready} && document.getElementById("interests-note").textContent.includes("12")`);
  assert.equal(await run(`return document.getElementById("notices").textContent`), "");
});

/** Paths of MiniBrowser and Xvfb; undefined if one of them or the driver is missing. */
async function findTools() {
  const xvfb = await probe("sh", ["-c", "command -v Xvfb && command -v WebKitWebDriver"]);
  if (!xvfb) return undefined;
  for (const architecture of await readdir(LIBRARIES)) {
    const folder = `${LIBRARIES}/${architecture}`;
    const names = architecture.includes("linux") ? await readdir(folder) : [];
    const library = names.find((name) => name.startsWith("webkit2gtk-4"));
    if (library !== undefined) return { browser: `${folder}/${library}/MiniBrowser` };
  }
  return undefined;
}

/** Starts a display and the driver for the test; returns the driver's address. */
async function startDriver(t) {
  const display = `:${90 + (process.pid % 900)}`;
  const port = await freePort();
  const start = (command, args, env) => {
    const child = spawn(command, args, { stdio: "ignore", env: { ...process.env, ...env } });
    t.after(() => child.kill());
  };
  start("Xvfb", [display, "-screen", "0", "1280x900x24"]);
  await sleep(1000);
  // Its sandbox needs user namespaces, which containers often lack.
  start("WebKitWebDriver", [`--port=${port}`], {
    DISPLAY: display,
    GDK_BACKEND: "x11",
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
    LIBGL_ALWAYS_SOFTWARE: "1",
    WEBKIT_DISABLE_COMPOSITING_MODE: "1",
  });
  const address = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(200))
    if (
      await fetch(`${address}/status`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return address;
  throw new Error(`WebKitWebDriver did not answer in ${START_MS} ms`);
}

/** Opens a session; returns a function that sends a command and resolves to its value. */
async function openSession(driver, t) {
  const send = async (method, path, body) => {
    const options = { method, ...(body && { body: JSON.stringify(body) }) };
    const { value } = await (await fetch(`${driver}${path}`, options)).json();
    if (value?.error) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  const options = { binary: tools.browser, args: ["--automation"] };
  const { sessionId } = await send("POST", "/session", {
    capabilities: {
      alwaysMatch: { browserName: "MiniBrowser", "webkitgtk:browserOptions": options },
    },
  });
  t.after(() => send("DELETE", `/session/${sessionId}`).catch(() => undefined));
  return (method, command, body) => send(method, `/session/${sessionId}/${command}`, body);
}
