// The Worker of main.mjs: one Durable Object with a history of each length. The clock of workerd
// stands still during computation, so main.mjs measures calls from outside.
import { DurableObject } from "cloudflare:workers";
import * as pocketsage from "pocketsage";
import { RequestLog } from "../../edge/src/requests.ts";
import { sqliteStore } from "../../edge/src/store.ts";
import { CALLS, measureOpening, medianOf, openHistories } from "./measure.mjs";

// wrangler.jsonc has bindings for these.
export { CellShard } from "../../edge/src/cell-shard.ts";
export { UserObject } from "../../edge/src/user-object.ts";

/** Has the rows that a UserObject would have. */
export class Journal extends DurableObject {
  #history;

  /** The store of one sage. */
  #createStore() {
    return sqliteStore(this.ctx.storage, new RequestLog(this.ctx.storage));
  }

  /** Runs a command on a history of this length: "fill", "record", "empty", "open" or "bytes". */
  async run(command, length) {
    if (command === "fill")
      [this.#history] = await openHistories(pocketsage, () => this.#createStore(), [length]);
    if (command === "record") await this.#history.recordNext();
    if (command === "open") await measureOpening(pocketsage, this.#createStore());
    return command === "bytes" ? medianOf(this.#history.writtenBytes.slice(-CALLS)) : 0;
  }
}

export default {
  async fetch(request, { JOURNALS }) {
    const [command, length] = new URL(request.url).pathname.slice(1).split("/");
    const journal = JOURNALS.get(JOURNALS.idFromName(length));
    return new Response(String(await journal.run(command, Number(length))));
  },
};
