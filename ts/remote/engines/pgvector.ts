/**
 * PostgreSQL with pgvector, through whatever runs SQL where you are: node-postgres, postgres.js, a driver over HTTP. One statement asks all
 * queries, by stored id or by vector; everything that is not the name of a table or column is a parameter.
 */
import { checkInteger, checkKeys, inspect } from "../../check.js";
import { SageError } from "../../errors.js";
import { unlessAborted } from "../abort.js";
import type { RemoteRetriever } from "../answer.js";
import { type Engine, type EngineReply, retrieverOf } from "../engine.js";
import { RetrievalError } from "../failure.js";
import { type Condition, checkFilter, type Filter, type Syntax, toExpression } from "../filter.js";
import { field, id, list, number } from "../reply.js";
import { shortNumbers } from "../vectors.js";

/** Runs one statement with its parameters ($1, $2, ...) and resolves to its rows. */
export type SqlExecutor = (
  statement: string,
  parameters: unknown[],
  signal?: AbortSignal,
) => Promise<{ rows: readonly unknown[] }>;

/** Which table, and how to reach it. */
export interface PgvectorOptions {
  /** For node-postgres: `(statement, parameters) => pool.query(statement, parameters)`. */
  query: SqlExecutor;
  /** "items" or "schema.items". */
  table: string;
  /** Default: "id". */
  idColumn?: string;
  /** The type of that column. Default: "text". */
  idType?: "text" | "bigint" | "uuid";
  /** A `vector` column with an index on `vector_cosine_ops`, or none. Default: "embedding". */
  vectorColumn?: string;
  /** On columns of the table. */
  filter?: Filter;
  dim?: number;
  /** Breadth of the search in an HNSW index, which gives no more hits than this. Default: twice the hits wanted, 1,000 at most. */
  efSearch?: number;
}

interface Statement {
  text: string;
  parameters: unknown[];
}

const OPTIONS = [
  "query",
  "table",
  "idColumn",
  "idType",
  "vectorColumn",
  "filter",
  "dim",
  "efSearch",
];
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const IDS = {
  text: /^[^\0]*$/,
  bigint: /^-?\d{1,18}$/,
  uuid: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/,
};

/** Asks a table with pgvector. */
export function pgvector(options: PgvectorOptions): RemoteRetriever {
  checkKeys("pgvector", options, OPTIONS);
  const { query, idType = "text", dim } = options;
  if (typeof query !== "function")
    throw new SageError(
      "option",
      `pgvector: query: expected a function that runs SQL, saw ${inspect(query)}.`,
    );
  if (!(idType in IDS))
    throw new SageError(
      "option",
      `pgvector: idType: expected "text", "bigint" or "uuid", saw ${inspect(idType)}.`,
    );
  const efSearch =
    options.efSearch === undefined
      ? undefined
      : checkInteger("pgvector: efSearch", options.efSearch);
  const table = quoted("table", options.table);
  const key = quoted("idColumn", options.idColumn ?? "id");
  const embedding = quoted("vectorColumn", options.vectorColumn ?? "embedding");
  const condition = options.filter && checkFilter("pgvector", options.filter);

  const engine: Engine<Statement> = {
    name: "pgvector",
    identity: JSON.stringify(["pgvector", options.table, key, embedding, condition]),
    capabilities: {
      byId: "native",
      batch: true,
      maxK: 1000,
      idKind: idType === "bigint" ? "integer" : "string",
      filter: "full",
    },
    dim,
    accepts: (item) => IDS[idType].test(item),
    search: (queries) => {
      const most = Math.max(...queries.map(({ count }) => count));
      const parameters: unknown[] = [
        // Lists as JSON: drivers differ in how they write an array.
        JSON.stringify(
          queries.map((each, place) => ({
            place,
            item: each.id,
            given: each.vector && `[${shortNumbers(each.vector).join(",")}]`,
          })),
        ),
        most,
        String(efSearch ?? Math.min(1000, Math.max(40, most * 2))),
      ];
      const where = condition ? `where ${toSql(condition, parameters)}` : "";
      // The index filters what it has found, and by itself would give fewer hits than there are; pgvector 0.8 can make it go on.
      const going = condition
        ? `, case when (select string_to_array(extversion, '.')::int[] >= '{0,8}' from pg_extension where extname = 'vector')
    then set_config('hnsw.iterative_scan', 'relaxed_order', true) end as going`
        : "";
      // The vectors are read once, and how the index is searched is set for this statement before it is entered.
      const text = `
with asked as materialized (
  select q.place, coalesce(q.given::vector, own.${embedding}::vector) as wanted, set_config('hnsw.ef_search', $3, true) as breadth${going}
  from json_to_recordset($1::text::json) as q(place int, item text, given text)
  left join ${table} own on own.${key} = q.item::${idType}
)
select asked.place, asked.wanted is null as missing, hit.item, hit.score
from asked left join lateral (
  select t.${key}::text as item, 1 - (t.${embedding} <=> asked.wanted) as score
  from ${table} t ${where}
  order by t.${embedding} <=> asked.wanted limit $2
) hit on asked.wanted is not null
order by asked.place, hit.score desc nulls last`;
      return [
        {
          queries,
          request: { text, parameters },
          read: (reply) => readRows(reply, queries.length),
        },
      ];
    },
    lookUp: (items) => ({
      request: {
        text: `
select t.${key}::text as item, t.${embedding}::text as vector from ${table} t
where t.${key} in (select wanted::${idType} from json_array_elements_text($1::text::json) as wanted)`,
        parameters: [JSON.stringify(items)],
      },
      read: (reply) => {
        const rows = list(field(reply, "rows"), "rows");
        const found = new Map(
          rows.map((row) => [id(field(row, "item")), parseVector(field(row, "vector"))]),
        );
        return items.map((item) => found.get(item));
      },
    }),
    send: (statement, signal) => run(query, statement, signal),
    show: ({ text, parameters }) => ({
      to: "pgvector",
      bytes: new TextEncoder().encode(JSON.stringify({ statement: text, parameters })),
    }),
  };
  return retrieverOf(engine);
}

async function run(
  query: SqlExecutor,
  { text, parameters }: Statement,
  signal?: AbortSignal,
): Promise<unknown> {
  try {
    return await unlessAborted(query(text, parameters, signal), signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    const said = `pgvector: the statement failed (${String(code ?? "no code")}: ${String(message ?? error).slice(0, 160)}).`;
    // SQLSTATE classes: 28 credentials, 42 unknown names or rights, 22 data; everything else may pass.
    const state = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : "";
    if (state.startsWith("28") || state === "42501")
      throw new RetrievalError("refused", said, { cause: error });
    if (state.startsWith("42") || state.startsWith("3D"))
      throw new RetrievalError("not-found", said, { cause: error });
    if (state.startsWith("22")) throw new RetrievalError("reply", said, { cause: error });
    throw new RetrievalError("network", said, { cause: error });
  }
}

function readRows(reply: unknown, count: number): EngineReply[] {
  const said: EngineReply[] = Array.from({ length: count }, () => []);
  const met = new Set<number>();
  for (const row of list(field(reply, "rows"), "rows")) {
    const place = number(field(row, "place"), "a place");
    met.add(place);
    if (field(row, "missing") === true) said[place] = "not-found";
    else if (field(row, "item") !== null)
      (said[place] as unknown[]).push({
        item: id(field(row, "item")),
        score: number(field(row, "score"), "a score"),
      });
  }
  if (met.size !== count) throw new TypeError(`rows for ${met.size} of ${count} queries`);
  return said;
}

function parseVector(value: unknown): Float32Array | undefined {
  if (value === null) return undefined;
  if (typeof value !== "string" || !value.startsWith("["))
    throw new TypeError(`${inspect(value)} for a vector`);
  return Float32Array.from(value.slice(1, -1).split(","), (each) =>
    number(each, "a number of a vector"),
  );
}

/** A name in double quotes, each part of it checked: names cannot be parameters. */
function quoted(option: string, name: string): string {
  const parts = typeof name === "string" ? name.split(".") : [];
  if (
    parts.length < 1 ||
    parts.length > (option === "table" ? 2 : 1) ||
    !parts.every((part) => NAME.test(part))
  ) {
    throw new SageError(
      "option",
      `pgvector: ${option}: expected a name of letters, digits and _, saw ${inspect(name)}.`,
    );
  }
  return parts.map((part) => `"${part}"`).join(".");
}

function toSql(condition: Condition, parameters: unknown[]): string {
  const test: Syntax["test"] = (name, sign, value) =>
    `t."${name}" ${sign === "!=" ? "<>" : sign} $${parameters.push(value)}`;
  return toExpression(condition, { test, and: " and ", or: " or " });
}
