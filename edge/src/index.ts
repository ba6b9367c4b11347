/** PocketSage at the edge: a Worker, and a Durable Object for each user. */
export { app as default } from "./app.js";
export { UserTaste } from "./taste.js";
