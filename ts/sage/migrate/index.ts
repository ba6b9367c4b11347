/**
 * A history that survives a change of the embedding model: actions are looked up again by id, and
 * all other vectors are converted by a bridge between the two vector spaces.
 * Synchronous functions: `await init()` before, or open a catalogue.
 *
 * @packageDocumentation
 */

export { type Bridge, type BridgeOptions, fitBridge } from "./bridge.js";
export { type MigrationReport, migrateLog, migrateStore, rollback } from "./convert.js";
export type { BridgeReport } from "./retention.js";
