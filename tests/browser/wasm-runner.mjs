// Cargo's runner of the suite `wasm-firefox`: runs a test program in Firefox. wasm-pack would need
// geckodriver, which Debian does not have; here wasm-bindgen-test-runner only serves the page.
//   node tests/browser/wasm-runner.mjs target/…/wasm_browser.wasm [options of the test program]
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { launchFirefox } from "./launch.mjs";

const TIMEOUT_MS = 120_000;

const server = spawn("wasm-bindgen-test-runner", process.argv.slice(2), {
  env: { ...process.env, NO_HEADLESS: "1", WASM_BINDGEN_TEST_ADDRESS: "127.0.0.1:0" },
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const address = await addressOf(server);
  const browser = await launchFirefox();
  try {
    const page = await browser.newPage();
    await page.goto(address);
    const output = page.locator("#output");
    await output.filter({ hasText: "test result: " }).waitFor({ timeout: TIMEOUT_MS });
    const text = await output.textContent();
    console.log(text);
    if (!/^test result: ok\./m.test(text)) process.exitCode = 1;
  } finally {
    await browser.close();
  }
} finally {
  server.kill();
}

/** The address in the output of the server. Rejects if it ends without one. */
async function addressOf({ stdout }) {
  for await (const line of createInterface(stdout)) {
    const address = line.match(/available at (http:\S+)/)?.[1];
    if (address) return address;
  }
  throw new Error("wasm-bindgen-test-runner ended before it served a page");
}
