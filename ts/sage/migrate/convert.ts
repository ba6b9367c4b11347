/** Converts the log of one vector space to another. */

import type { Catalogue } from "../../catalogue/catalogue.js";
import { SageError } from "../../errors.js";
import type { BytesLike } from "../../item.js";
import { concatenate } from "../../store/concatenate.js";
import { checkStore, type Store } from "../../store/store.js";
import { sameBytes } from "../../values/bytes.js";
import { decodeLog, encodeLog } from "../log-format.js";
import type { Entry } from "../operation.js";
import { segmentsOf } from "../segments.js";
import { checkBridgeArguments } from "./arguments.js";
import { type Bridge, type BridgeOptions, fitBridge } from "./bridge.js";
import type { BridgeReport } from "./retention.js";

const MAX_ATTEMPTS = 10;

/** Numbers of actions by how a migration converted them. */
export interface MigrationReport {
  /** Number of actions: the sum of the next three. */
  readonly actions: number;
  /** Actions on items of the new catalogue, which gives their vectors from now on. */
  readonly byId: number;
  /** Actions whose vector the bridge converted. */
  readonly bridged: number;
  /** Actions without a vector on items of neither catalogue; profiles ignore them. */
  readonly withoutVector: number;
  /** The bridge; absent if no vector needed one. */
  readonly bridge?: BridgeReport;
}

/**
 * Converts a log, the result of `export()` or the bytes of a store, to the vector space of the
 * catalogue `to`. `from` is the catalogue with which it was recorded. Ids, times, weights, kinds,
 * hidden items and deletions stay as they are; the given bytes, which are not changed, restore the
 * old state. Equal arguments give equal bytes on every engine, so that migrated devices still
 * merge.
 *
 * The bridge is fitted only if an action needs it. Throws as {@link fitBridge}, and "corrupt",
 * "version" or "dimension" for bytes that are no log of the space of `from`.
 */
export function migrateLog(
  log: BytesLike,
  from: Catalogue,
  to: Catalogue,
  options: BridgeOptions = {},
): { log: Uint8Array; report: MigrationReport } {
  checkBridgeArguments(from, to, options);
  const data = decodeLog(log, from.dim, false, from.space);
  let bridge: Bridge | undefined;
  let byId = 0;
  let bridged = 0;
  let withoutVector = 0;
  const entries = data.entries.map((entry): Entry => {
    const { vector: ownVector, ...rest } = entry;
    if (to.has(entry.item)) {
      byId += 1;
      return rest;
    }
    const vector = ownVector ?? from.vector(entry.item);
    if (!vector) {
      withoutVector += 1;
      return rest;
    }
    bridged += 1;
    bridge ??= fitBridge(from, to, options);
    return { ...rest, vector: bridge.convert(vector) };
  });
  const report = {
    actions: entries.length,
    byId,
    bridged,
    withoutVector,
    ...(bridge && { bridge: bridge.report }),
  };
  return { log: encodeLog({ ...data, entries, space: to.space }, to.dim), report };
}

/**
 * Converts the log of a store as {@link migrateLog} does, after it has copied the old bytes to
 * `backup`, an empty store, from which {@link rollback} restores them. Close the sages of the store
 * before. Undefined, and nothing written, for an empty store.
 *
 * Rejects as {@link migrateLog} throws, "option" if `backup` has other bytes, and "storage" if
 * other writers do not pause; then the store is unchanged.
 */
export async function migrateStore(
  store: Store,
  backup: Store,
  from: Catalogue,
  to: Catalogue,
  options: BridgeOptions = {},
): Promise<MigrationReport | undefined> {
  checkStores("migrate", store, backup);
  checkBridgeArguments(from, to, options);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { segments, token } = await segmentsOf(store).read();
    const bytes = concatenate(segments);
    if (bytes === undefined) return undefined;
    const { log, report } = migrateLog(bytes, from, to, options);
    const backupBytes = await backup.load();
    if (backupBytes !== undefined && attempt === 0 && !sameBytes(backupBytes, bytes))
      throw new SageError(
        "option",
        "migrate: the backup store has the bytes of another log: roll back, or clear it.",
      );
    await backup.save(bytes);
    if ((await segmentsOf(store).replace(log, token)) !== undefined) return report;
  }
  throw new SageError("storage", "Other sages keep writing to the store: close them, try again.");
}

/**
 * Restores the bytes that {@link migrateStore} copied to `backup`, bit for bit, and clears it.
 * What was recorded since is lost: export it before. Rejects "option" for an empty `backup`
 * and for one in the place of the store, "storage" if other writers do not pause.
 */
export async function rollback(store: Store, backup: Store): Promise<void> {
  checkStores("rollback", store, backup);
  const bytes = await backup.load();
  if (bytes === undefined)
    throw new SageError("option", "rollback: the backup store is empty: nothing was migrated.");
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { segments, token } = await segmentsOf(store).read();
    if (sameBytes(concatenate(segments), bytes)) return clearBackup(store, backup, bytes);
    if ((await segmentsOf(store).replace(bytes, token)) === undefined) continue;
    return backup.clear();
  }
  throw new SageError("storage", "Other sages keep writing to the store: close them, try again.");
}

/**
 * Clears a backup whose bytes are those of the store. Two stores of one place, such as one name in
 * IndexedDB, are only recognized when both are empty: then the bytes are restored.
 */
async function clearBackup(store: Store, backup: Store, bytes: Uint8Array): Promise<void> {
  await backup.clear();
  if ((await store.load()) !== undefined) return;
  await store.save(bytes);
  throw onePlace("rollback");
}

function onePlace(where: string): SageError {
  return new SageError(
    "option",
    `${where}: the store and the backup are one: expected a backup of another name.`,
  );
}

/** Throws code "option" unless both are stores, and two. */
function checkStores(where: string, store: Store, backup: Store): void {
  for (const [name, value] of Object.entries({ store, backup }))
    checkStore(`${where}: ${name}`, value);
  if (store === backup) throw onePlace(where);
}
