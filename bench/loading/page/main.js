// Loads the package and posts the times. `?loaded` in the address: after the page has loaded;
// `?later`: the first call follows when the page has been idle.
import { measureLoading } from "../times.mjs";

const IDLE_MS = 200;
const options = new URLSearchParams(location.search);
const idle = () => new Promise((resolve) => setTimeout(resolve, IDLE_MS));

if (options.has("loaded")) {
  await new Promise((resolve) => addEventListener("load", resolve));
  await idle();
}
const times = await measureLoading(
  () => import("pocketsage"),
  options.has("later") ? idle : undefined,
);
await fetch("/times", { method: "POST", body: JSON.stringify(times) });
