import { measureLoading } from "../times.mjs";

globalThis.loading = await measureLoading(() => import("pocketsage"));
