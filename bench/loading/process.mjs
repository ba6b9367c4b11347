// A fresh process: prints the times of loading the package as one line of JSON.
import { measureLoading } from "./times.mjs";

const start = process.cpuUsage();
let cpu;
const times = await measureLoading(
  () => import("pocketsage"),
  () => {
    const { user, system } = process.cpuUsage(start);
    cpu = (user + system) / 1000;
  },
);
console.log(JSON.stringify({ ...times, cpu }));
