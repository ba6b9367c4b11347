// A fresh process opens a catalogue file and answers queries. Arguments: the paths of the catalogue
// and of f32 queries. Prints one line of JSON: `{ load, first, memory }`, CPU ms of opening and of
// the first query, and bytes of wasm memory after all queries.
import { readFile } from "node:fs/promises";
import { Catalogue, init } from "pocketsage";
import { cpuMsSince } from "../timing.mjs";
import { wasmMemory } from "../wasm-memory.mjs";

const [file, queriesFile] = process.argv.slice(2);
const bytes = new Uint8Array(await readFile(file));
const queries = new Float32Array((await readFile(queriesFile)).buffer);
await init();
const loadStart = process.cpuUsage();
const catalogue = await Catalogue.fromBytes(bytes);
const load = cpuMsSince(loadStart);
const queryStart = process.cpuUsage();
catalogue.search(queries.subarray(0, catalogue.dim), { count: 10 });
const first = cpuMsSince(queryStart);
for (let at = 0; at < queries.length; at += catalogue.dim)
  catalogue.search(queries.subarray(at, at + catalogue.dim), { count: 10 });
console.log(JSON.stringify({ load, first, memory: wasmMemory() }));
