/**
 * The OpenAPI 3.1 document. Bodies, parameters and responses are generated from the schemas that
 * validate them; tests compare paths and statuses with the routes of app.ts and their replies.
 * (hono-openapi would add 11 KB gzipped to the Worker, measured; this file adds 2 KB.)
 * More than 400 lines: one entry a route, read side by side.
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import {
  ActionsBody,
  BlobQuery,
  BlobsDeletedReply,
  BlobsQuery,
  BlobsReply,
  BlobWrittenReply,
  BoostBody,
  DeletedReply,
  ErrorReply,
  ForgetQuery,
  HealthReply,
  HiddenListReply,
  HiddenReply,
  HideBody,
  HistoryQuery,
  HistoryReply,
  IdempotencyKey,
  ImportedReply,
  MarkedReply,
  ParametersReply,
  ProfileQuery,
  ProfileReply,
  RankBody,
  RankReply,
  RecommendationsReply,
  RecommendQuery,
  RecordedReply,
  RequestTime,
  RetrieveBody,
  RetrieveReply,
  ShownBody,
  UnhiddenReply,
  UnhideQuery,
} from "./schema.js";

type Json = Record<string, unknown>;

/** An operation: its 2xx responses by status, and the statuses of its errors. */
interface Operation {
  summary: string;
  description?: string;
  parameters?: Json[];
  requestBody?: Json;
  replies: Record<number, { description: string; content: Json }>;
  errors: (keyof typeof ERRORS)[];
}

const RETRY_AFTER = {
  "retry-after": { description: "Seconds to wait.", schema: { type: "integer" } },
};

/** Every error status: its description, and its headers. */
const ERRORS = {
  400: ["Invalid request; see error.message."],
  401: [
    "The token is missing or was refused.",
    { "www-authenticate": { required: true, schema: { type: "string" } } },
  ],
  403: ["The token has no user id (sub)."],
  404: ["There is no such blob."],
  409: ["The Idempotency-Key belongs to another request, or the cells have another codebook."],
  413: ["The body is too large, or the blobs of the user would be."],
  415: ["The content-type is not supported."],
  422: ["An item without a vector is in neither the engine nor the catalogue."],
  429: ["Too many requests.", RETRY_AFTER],
  500: ["A setting of the Worker is invalid, stored data are unreadable, or an internal error."],
  502: ["The vector engine failed."],
  503: [
    "The vector engine is failing and requests to it are paused, or the storage failed.",
    RETRY_AFTER,
  ],
  504: ["The vector engine did not answer in time."],
} as const satisfies Record<number, readonly [description: string, headers?: Json]>;

const schemaOf = (schema: GenericSchema, typeMode: "input" | "output" = "input"): Json => {
  const { $schema, ...rest } = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode,
    // JSON Schema cannot express a check, and JSON numbers are finite.
    ignoreActions: ["check", "finite"],
  }) as Json;
  return rest;
};
const jsonContent = (schema: GenericSchema): Json => ({
  "application/json": { schema: schemaOf(schema) },
});
const jsonResponse = (description: string, schema: GenericSchema) => ({
  description,
  content: jsonContent(schema),
});

/** An optional header. */
function header(name: string, description: string, schema: GenericSchema): Json {
  const { description: _, ...rest } = schemaOf(schema, "output");
  return { name, in: "header", required: false, description, schema: rest };
}

/** The parameters of a query schema. An array is a parameter that may occur several times. */
function queryParameters(schema: GenericSchema): Json[] {
  const { properties, required = [] } = schemaOf(schema, "output") as {
    properties: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    description,
    schema: property,
  }));
}

const KEY_HEADER = header(
  "Idempotency-Key",
  "A request is done once per key. Keys expire after a day; a deletion does not end them.",
  IdempotencyKey,
);
const TIME_HEADER = header(
  "Request-Time",
  "When the client made the request, equal in all its retries, in milliseconds since the epoch. " +
    "What was deleted after this time stays deleted. Default: on arrival.",
  RequestTime,
);

/** The error statuses of every route under /v1, and of those that need a user. */
const V1_ERRORS: Operation["errors"] = [400, 401, 429, 500];
const USER_ERRORS: Operation["errors"] = [...V1_ERRORS, 403, 503];
const ENGINE_ERRORS: Operation["errors"] = [502, 503, 504];
const BODY_ERRORS: Operation["errors"] = [413, 415];

const PATHS: Record<string, Record<string, Operation>> = {
  "/health": {
    get: {
      summary: "Liveness of the Worker",
      replies: { 200: jsonResponse("The Worker is running.", HealthReply) },
      errors: [],
    },
  },
  "/openapi.json": {
    get: {
      summary: "This document",
      replies: {
        200: {
          description: "An OpenAPI 3.1 document.",
          content: { "application/json": { schema: { type: "object" } } },
        },
      },
      errors: [],
    },
  },
  "/v1/actions": {
    get: {
      summary: "The history, newest first, in pages",
      parameters: queryParameters(HistoryQuery),
      replies: { 200: jsonResponse("A page of actions.", HistoryReply) },
      errors: USER_ERRORS,
    },
    post: {
      summary: "Record actions",
      description: "All actions are recorded or, on any error, none.",
      parameters: [KEY_HEADER, TIME_HEADER],
      requestBody: { required: true, content: jsonContent(ActionsBody) },
      replies: {
        200: jsonResponse(
          "Recorded by an earlier request with this key, or all dropped.",
          RecordedReply,
        ),
        201: jsonResponse("Recorded.", RecordedReply),
      },
      errors: [...USER_ERRORS, ...BODY_ERRORS, ...ENGINE_ERRORS, 409, 422],
    },
    delete: {
      summary: "Delete the traces of an item, the actions of a time range, or everything",
      parameters: [...queryParameters(ForgetQuery), KEY_HEADER],
      replies: { 200: jsonResponse("The number of deleted actions.", DeletedReply) },
      errors: [...USER_ERRORS, 409],
    },
  },
  "/v1/hidden": {
    get: {
      summary: "The hidden items",
      replies: { 200: jsonResponse("The hidden items.", HiddenListReply) },
      errors: USER_ERRORS,
    },
    delete: {
      summary: "Recommend hidden items again",
      description: "Actions are unchanged.",
      parameters: [...queryParameters(UnhideQuery), KEY_HEADER],
      replies: { 200: jsonResponse("The items that were hidden.", UnhiddenReply) },
      errors: [...USER_ERRORS, 409],
    },
    post: {
      summary: "Exclude items from all recommendations",
      parameters: [KEY_HEADER, TIME_HEADER],
      requestBody: { required: true, content: jsonContent(HideBody) },
      replies: { 200: jsonResponse("The items that are hidden.", HiddenReply) },
      errors: [...USER_ERRORS, ...BODY_ERRORS, 409],
    },
  },
  "/v1/disliked": {
    delete: {
      summary: "End the dislikes of items",
      description: "Other actions are unchanged. GET /v1/parameters lists the disliked items.",
      parameters: [...queryParameters(UnhideQuery), KEY_HEADER],
      replies: { 200: jsonResponse("The number of items that were disliked.", MarkedReply) },
      errors: [...USER_ERRORS, 409],
    },
    post: {
      summary: "Dislike items: they are not recommended, and items like them come last",
      description: "The same as actions of weight -1.",
      parameters: [KEY_HEADER, TIME_HEADER],
      requestBody: { required: true, content: jsonContent(HideBody) },
      replies: { 200: jsonResponse("The number of items that are disliked.", MarkedReply) },
      errors: [...USER_ERRORS, ...BODY_ERRORS, ...ENGINE_ERRORS, 409, 422],
    },
  },
  "/v1/boosts": {
    post: {
      summary: "Mute or boost the interest of an item",
      description: "A factor of 0 mutes it, 1 ends earlier factors. It survives new clusterings.",
      parameters: [KEY_HEADER, TIME_HEADER],
      requestBody: { required: true, content: jsonContent(BoostBody) },
      replies: { 200: jsonResponse("1, or 0 for an item deleted since.", MarkedReply) },
      errors: [...USER_ERRORS, ...BODY_ERRORS, 409, 422],
    },
  },
  "/v1/shown": {
    post: {
      summary: "Count a showing of items, which come later in the next lists",
      description: "Kept in memory only, until the object of the user is evicted.",
      requestBody: { required: true, content: jsonContent(ShownBody) },
      replies: { 200: jsonResponse("The number of items.", MarkedReply) },
      errors: [...USER_ERRORS, ...BODY_ERRORS],
    },
  },
  "/v1/parameters": {
    get: {
      summary: "The main parameters of recommendations, in plain words",
      replies: { 200: jsonResponse("Names, values and meanings.", ParametersReply) },
      errors: USER_ERRORS,
    },
  },
  "/v1/profile": {
    get: {
      summary: "The user's current interests",
      parameters: queryParameters(ProfileQuery),
      replies: { 200: jsonResponse("The profile.", ProfileReply) },
      errors: USER_ERRORS,
    },
  },
  "/v1/recommendations": {
    get: {
      summary: "Items to show next",
      parameters: queryParameters(RecommendQuery),
      replies: { 200: jsonResponse("Items with scores and reasons.", RecommendationsReply) },
      errors: [...USER_ERRORS, ...ENGINE_ERRORS],
    },
  },
  "/v1/rank": {
    post: {
      summary: "Reorder a list of items by the user's taste",
      requestBody: { required: true, content: jsonContent(RankBody) },
      replies: { 200: jsonResponse("The list and, on request, scores.", RankReply) },
      errors: [...USER_ERRORS, ...BODY_ERRORS, ...ENGINE_ERRORS],
    },
  },
  "/v1/export": {
    get: {
      summary: "All of the user's data, as bytes that `sage.import` reads",
      replies: { 200: { description: "The bytes.", content: { "application/octet-stream": {} } } },
      errors: USER_ERRORS,
    },
  },
  "/v1/import": {
    put: {
      summary: "Merge an export of this user, here or on a device",
      description: "Importing bytes twice changes nothing.",
      requestBody: { required: true, content: { "application/octet-stream": {} } },
      replies: { 200: jsonResponse("Imported.", ImportedReply) },
      errors: [...USER_ERRORS, ...BODY_ERRORS],
    },
  },
  "/v1/blobs": {
    delete: {
      summary: "Delete the sealed blobs of all devices of the user",
      replies: { 200: jsonResponse("The number of deleted blobs.", BlobsDeletedReply) },
      errors: USER_ERRORS,
    },
    get: {
      summary: "The sealed blobs of the user's devices, by name",
      parameters: queryParameters(BlobsQuery),
      replies: { 200: jsonResponse("Names, versions and lengths.", BlobsReply) },
      errors: USER_ERRORS,
    },
  },
  "/v1/blob": {
    delete: {
      summary: "Delete the sealed blob of a device",
      parameters: queryParameters(BlobQuery),
      replies: { 200: jsonResponse("1, or 0 if there was none.", BlobsDeletedReply) },
      errors: USER_ERRORS,
    },
    get: {
      summary: "The sealed blob of a device",
      parameters: queryParameters(BlobQuery),
      replies: { 200: { description: "The bytes.", content: { "application/octet-stream": {} } } },
      errors: [...USER_ERRORS, 404],
    },
    put: {
      summary: "Write or replace the sealed blob of a device",
      description: "Bytes of `sync` of pocketsage/vault: a length class and a head are checked.",
      parameters: queryParameters(BlobQuery),
      requestBody: { required: true, content: { "application/octet-stream": {} } },
      replies: { 200: jsonResponse("Written.", BlobWrittenReply) },
      errors: [...USER_ERRORS, ...BODY_ERRORS],
    },
  },
  "/v1/retrieve": {
    post: {
      summary: "The nearest items to medoids",
      description: "For clients that keep the profile on the device. No user data are stored.",
      requestBody: {
        required: true,
        content: { ...jsonContent(RetrieveBody), "application/cbor": {} },
      },
      replies: { 200: jsonResponse("One answer per medoid.", RetrieveReply) },
      errors: [...V1_ERRORS, ...BODY_ERRORS, ...ENGINE_ERRORS],
    },
  },
  "/v1/cells/xor": {
    post: {
      summary: "The XOR of selected cells, for retrieval from two servers",
      description: "Bit vectors as in docs/cells.md. No user data are stored.",
      requestBody: { required: true, content: { "application/octet-stream": {} } },
      replies: {
        200: {
          description: "One cell for each vector.",
          content: { "application/octet-stream": {} },
        },
      },
      errors: [...V1_ERRORS, ...BODY_ERRORS, 409],
    },
  },
};

let document: Json | undefined;

/** The document; generated on the first call. */
export function openApi(): Json {
  document ??= {
    openapi: "3.1.0",
    info: {
      title: "PocketSage at the edge",
      version: "1",
      description:
        "A user's interests, and recommendations from them. The user is the `sub` of the token.",
      license: { name: "MIT OR Apache-2.0", identifier: "MIT OR Apache-2.0" },
    },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Error: schemaOf(ErrorReply) },
      responses: Object.fromEntries(
        Object.entries(ERRORS).map(([status, [description, headers]]) => [
          status,
          {
            description,
            ...(headers ? { headers } : {}),
            content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
          },
        ]),
      ),
    },
    paths: Object.fromEntries(
      Object.entries(PATHS).map(([path, operations]) => [
        path,
        Object.fromEntries(
          Object.entries(operations).map(([method, { replies, errors, ...operation }]) => [
            method,
            {
              ...operation,
              security: path.startsWith("/v1/") ? [{ token: [] }] : [],
              responses: {
                ...replies,
                ...Object.fromEntries(
                  errors.map((status) => [status, { $ref: `#/components/responses/${status}` }]),
                ),
              },
            },
          ]),
        ),
      ]),
    ),
  };
  return document;
}
