/**
 * JSON exports of embedding services and vector databases: detects the format of an export, and
 * reads its items.
 */
import { inspect } from "../../values/check.js";
import { InputError } from "../command-error.js";
import { listNames, type Row } from "./row.js";

/** The parts of one item, not yet checked. */
interface ItemParts {
  readonly location: string;
  readonly id: unknown;
  readonly vector: unknown;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An export format; `read` returns the items of one row. */
export interface ExportFormat {
  readonly name: string;
  /** Whether the ids are positions, to be replaced by --ids. */
  readonly hasPositions?: boolean;
  read(row: Row): ItemParts[];
}

type Fields = Readonly<Record<string, unknown>>;

/** The format of a file, from its first row; undefined for ordinary rows. */
export function detectExport({ fields }: Row): ExportFormat | undefined {
  return FORMATS.find(({ matches }) => matches(fields))?.format;
}

const FORMATS: readonly { matches(fields: Fields): boolean; format: ExportFormat }[] = [
  {
    matches: (fields) => isResponse(fields),
    format: {
      name: "an OpenAI embeddings response",
      hasPositions: true,
      read: ({ location, fields }) =>
        embeddingsOf(fields).map(({ index, embedding }, row) => ({
          location: `${location}: data[${row}]`,
          id: index ?? row,
          vector: decodeBase64(embedding),
          payload: {},
        })),
    },
  },
  {
    matches: (fields) => isObject(fields.response) && "custom_id" in fields,
    format: {
      name: "the output of an OpenAI batch",
      read({ location, fields }) {
        const body = isObject(fields.response) ? fields.response.body : undefined;
        const embeddings = isObject(body) && isResponse(body) ? embeddingsOf(body) : [];
        if (embeddings.length === 0)
          throw new InputError(
            `${location}: the request ${inspect(fields.custom_id)} has no embedding. ` +
              "Remove its line or send the request again.",
          );
        return embeddings.map(({ index, embedding }, row) => ({
          location,
          id: embeddings.length === 1 ? fields.custom_id : `${fields.custom_id}/${index ?? row}`,
          vector: decodeBase64(embedding),
          payload: {},
        }));
      },
    },
  },
  {
    matches: ({ ids, embeddings }) => Array.isArray(ids) && Array.isArray(embeddings),
    format: { name: "a Chroma collection", read: readChroma },
  },
  {
    matches: ({ vectors }) =>
      typeof vectors === "object" && vectors !== null && Object.values(vectors).every(isRecord),
    format: {
      name: "Pinecone or Vectorize vectors",
      read: ({ location, fields: { vectors } }) =>
        Object.values(vectors as Record<string, Fields>).map((fields, row) =>
          readRecord({ location: `${location}: vectors[${row}]`, fields }),
        ),
    },
  },
  {
    matches: (fields) => isRecord(fields) && !("vector" in fields),
    format: { name: "Pinecone or Vectorize vectors", read: (row) => [readRecord(row)] },
  },
];

/** Lists of equal length: ids, embeddings, and where included documents, metadatas and uris. */
function readChroma({ location, fields }: Row): ItemParts[] {
  const ids = fields.ids as readonly unknown[];
  const listOf = (name: string): readonly unknown[] | undefined => {
    const list = fields[name] ?? undefined;
    if (list === undefined || (Array.isArray(list) && list.length === ids.length))
      return list as readonly unknown[] | undefined;
    throw new InputError(
      `${location}: ${name}: expected a list of ${ids.length} values, one an id, saw ` +
        `${Array.isArray(list) ? list.length : inspect(list)}. Export with collection.get(...).`,
    );
  };
  const embeddings = listOf("embeddings");
  const documents = listOf("documents");
  const metadatas = listOf("metadatas");
  const uris = listOf("uris");
  return ids.map((id, row) => ({
    location: `${location}: ids[${row}]`,
    id,
    vector: embeddings?.[row],
    payload: withoutNull({
      document: documents?.[row],
      uri: uris?.[row],
      ...(isObject(metadatas?.[row]) ? (metadatas[row] as Fields) : {}),
    }),
  }));
}

/** `{ id, values, metadata }`: the payload is the metadata and the other fields. */
function readRecord({ location, fields }: Row): ItemParts {
  const { id, values, metadata, namespace: _, sparseValues: __, ...others } = fields;
  if (!Array.isArray(values))
    throw new InputError(
      `${location}: the field "values" is missing. Fields: ${listNames(Object.keys(fields))}.`,
    );
  const payload = isObject(metadata) ? { ...others, ...metadata } : others;
  return { location, id, vector: values, payload };
}

function isRecord(value: unknown): boolean {
  return isObject(value) && "id" in value && Array.isArray(value.values);
}

function isResponse(fields: Fields): boolean {
  const { data } = fields;
  return Array.isArray(data) && isObject(data[0]) && "embedding" in data[0] && !("id" in data[0]);
}

function embeddingsOf(fields: Fields): { index?: unknown; embedding?: unknown }[] {
  return (fields.data as unknown[]).map((entry) => (isObject(entry) ? entry : {}));
}

/** `encoding_format: "base64"` writes the bytes of little-endian float32 components. */
function decodeBase64(embedding: unknown): unknown {
  if (typeof embedding !== "string" || !/^[A-Za-z0-9+/]+=*$/.test(embedding)) return embedding;
  const bytes = Buffer.from(embedding, "base64");
  if (bytes.length % 4 !== 0) return embedding;
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

function withoutNull(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
