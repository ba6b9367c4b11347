/** Media types and problem types of OHTTP (RFC 9458). */
export const REQUEST_TYPE = "message/ohttp-req";
export const RESPONSE_TYPE = "message/ohttp-res";
export const KEYS_TYPE = "application/ohttp-keys";
/** Problem details (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json";
const PROBLEM_TYPES = "https://iana.org/assignments/http-problem-types";
export const KEY_PROBLEM = `${PROBLEM_TYPES}#ohttp-key`;
export const DATE_PROBLEM = `${PROBLEM_TYPES}#date`;
