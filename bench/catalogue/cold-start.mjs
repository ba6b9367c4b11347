// A fresh process: our catalogue from the bytes of a file, its first query and its memory, as a line of JSON.
import { readFile } from "node:fs/promises";
import { Catalogue, init } from "pocketsage";
import open from "../../pkg/wasm/core.js";

const [file, queriesFile] = process.argv.slice(2);
const bytes = new Uint8Array(await readFile(file));
const queries = new Float32Array((await readFile(queriesFile)).buffer);
const cpu = (begun) => {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
};
await init();
let begun = process.cpuUsage();
const catalogue = await Catalogue.fromBytes(bytes);
const load = cpu(begun);
begun = process.cpuUsage();
catalogue.search(queries.subarray(0, catalogue.dim), { count: 10 });
const first = cpu(begun);
for (let at = 0; at < queries.length; at += catalogue.dim)
  catalogue.search(queries.subarray(at, at + catalogue.dim), { count: 10 });
const { memory } = await open();
console.log(JSON.stringify({ load, first, memory: memory.buffer.byteLength }));
