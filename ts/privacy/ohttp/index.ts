/**
 * Oblivious HTTP (RFC 9458): requests of `pocketsage/privacy` and `pocketsage/remote` without the
 * address of the device. `ohttpFetch` is for pages, `ohttpRelay` for a server of another operator,
 * `ohttpGateway` for the server behind it.
 *
 * @packageDocumentation
 */

export { type OhttpOptions, ohttpFetch } from "./client.js";
export { type OhttpGatewayOptions, ohttpGateway } from "./gateway.js";
export { type OhttpRelayOptions, ohttpRelay } from "./relay.js";
