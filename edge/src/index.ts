/** Entry of the Worker: the HTTP routes, and the Durable Object class of a user. */
export { app as default } from "./app.js";
export { CellShard } from "./cell-shard.js";
export { UserObject } from "./user-object.js";
