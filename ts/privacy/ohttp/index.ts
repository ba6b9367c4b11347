/**
 * Oblivious HTTP (RFC 9458): requests of `pocketsage/privacy` and `pocketsage/remote` without the
 * address of the device. `ohttpFetch` is for pages, `ohttpGateway` for the server behind a relay.
 *
 * @packageDocumentation
 */

export { type OhttpOptions, ohttpFetch } from "./client.js";
export { type OhttpGatewayOptions, ohttpGateway } from "./gateway.js";
