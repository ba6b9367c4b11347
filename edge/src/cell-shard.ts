/** The Durable Object of one shard of cells, for catalogues larger than one isolate's memory. */
import { DurableObject } from "cloudflare:workers";
import { answerShard } from "./cells.js";
import type { Env } from "./settings.js";

/** Holds no data of its own: the shard is read from the static files. */
export class CellShard extends DurableObject<Env> {
  answerShard(shard: number, body: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    return answerShard(this.env, shard, body);
  }
}
