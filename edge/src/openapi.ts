/** The OpenAPI document: the routes by hand, their bodies from the very schemas that check them. */
import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { Actions, Hidden, Medoids } from "./schema.js";

const json = (schema: GenericSchema) => ({
  required: true,
  content: {
    "application/json": {
      schema: without(toJsonSchema(schema, { errorMode: "ignore", target: "openapi-3.0" })),
    },
  },
});
/** Without lists of required fields that are empty, which OpenAPI 3.0 forbids. */
const without = (schema: object): object =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === "required" && Array.isArray(value) && value.length === 0 ? undefined : value,
    ),
  ) as object;
const query = (name: string, type: string, description: string): object => ({
  name,
  in: "query",
  required: false,
  schema: { type },
  description,
});
const answers = (description: string, status = "200"): object => ({
  [status]: { description },
  "400": { description: "What was said is wrong: `error.message` says where." },
  "401": { description: "No token, or one that was refused." },
  "429": { description: "Too many requests." },
});

/** The document. */
export function openApi(): object {
  return {
    openapi: "3.0.3",
    info: {
      title: "PocketSage at the edge",
      version: "1",
      description: "A user's taste, and recommendations from it. The user is the token's `sub`.",
    },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
    security: [{ token: [] }],
    paths: {
      "/v1/actions": {
        post: {
          summary: "Record actions",
          parameters: [
            {
              name: "Idempotency-Key",
              in: "header",
              required: false,
              schema: { type: "string", pattern: "^[\\w-]{8,64}$" },
            },
          ],
          requestBody: json(Actions),
          responses: {
            ...answers("Recorded.", "201"),
            "409": { description: "The key was used for other actions." },
          },
        },
        delete: {
          summary: "Forget an item, a range of time, or everything",
          parameters: [
            query("item", "string", "Forget one item."),
            query("from", "integer", "Milliseconds."),
            query("to", "integer", "Milliseconds."),
          ],
          responses: answers("How many actions were deleted."),
        },
      },
      "/v1/hidden": {
        post: {
          summary: "Never recommend an item",
          requestBody: json(Hidden),
          responses: answers("Hidden."),
        },
      },
      "/v1/profile": {
        get: {
          summary: "The interests of now",
          parameters: [query("vectors", "string", "1: with the medoids' vectors.")],
          responses: answers("The profile."),
        },
      },
      "/v1/recommendations": {
        get: {
          summary: "What to show next",
          parameters: [
            query("count", "integer", "1 to 200."),
            query("interests", "integer", "1 to 16."),
            query("seed", "integer", "Samples the interests."),
          ],
          responses: {
            ...answers("Items, scores and reasons."),
            "502": { description: "The engine failed." },
            "504": { description: "It was too slow." },
          },
        },
      },
      "/v1/export": {
        get: {
          summary: "Everything remembered, as bytes that `sage.import` reads",
          responses: answers("The bytes."),
        },
      },
      "/v1/retrieve": {
        post: {
          summary:
            "Nearest items to medoids; nothing about the caller is kept. As JSON, or as compact medoids.",
          requestBody: {
            required: true,
            content: {
              ...json(Medoids).content,
              "application/cbor": { schema: { type: "string", format: "binary" } },
            },
          },
          responses: answers("One answer a medoid."),
        },
      },
    },
  };
}
