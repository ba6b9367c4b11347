/**
 * Adapter for PostgreSQL with pgvector, through any SQL driver: node-postgres, postgres.js, a
 * driver over HTTP. One statement for all queries, by stored id or by vector. Everything except
 * names of tables and columns is a parameter.
 */

import { unlessAborted } from "../../values/abort.js";
import { checkChoice, checkInteger, inspect, unexpected } from "../../values/check.js";
import type { RemoteRetriever } from "../answer.js";
import { checkEngineOptions } from "../check-options.js";
import { type Engine, type EngineReply, engineRetriever, priorIdentity } from "../engine.js";
import { beginningOf, RetrievalError } from "../failure.js";
import {
  type Condition,
  checkFilter,
  type ExpressionSyntax,
  type Filter,
  narrowFilter,
  toExpression,
} from "../filter.js";
import { readField, readId, readList, readNumber, readPrior, readWhole } from "../reply.js";
import { roundedUnitVector } from "../vectors.js";

/** Runs a statement with parameters ($1, $2, ...) and resolves to its rows. */
export type SqlExecutor = (
  statement: string,
  parameters: unknown[],
  signal?: AbortSignal,
) => Promise<{ rows: readonly unknown[] }>;

/** Options of {@link pgvector}. */
export interface PgvectorOptions {
  /** Runs SQL. With node-postgres: `(text, parameters) => pool.query(text, parameters)`. */
  query: SqlExecutor;
  /** Name of the table, with or without a schema: "items" or "schema.items". */
  table: string;
  /** Column of the item ids. Default: "id". */
  idColumn?: string;
  /** Type of the id column. Default: "text". */
  idType?: "text" | "bigint" | "uuid";
  /**
   * Column of type `vector`. An index on it must use `vector_cosine_ops`; without an index the
   * search is exact. Default: "embedding".
   */
  vectorColumn?: string;
  /**
   * Column with the prior of an item, a number of at least 0 or null. Default: hits have no prior.
   */
  priorField?: string;
  /** Restricts the hits by columns of the table. Default: no restriction. */
  filter?: Filter;
  /** Length of the stored vectors. If given, others are rejected before anything is sent. */
  dim?: number;
  /** Name of the vector space of the stored vectors. Default: none, which fits every space. */
  space?: string;
  /**
   * `hnsw.ef_search`: candidates examined in an HNSW index, also a limit of its hits. Default:
   * twice the requested hits, from 40 to 1,000.
   */
  efSearch?: number;
}

interface Statement {
  statementText: string;
  parameters: unknown[];
}

const OPTIONS = {
  texts: ["table", "idColumn", "idType", "vectorColumn", "priorField"],
  others: ["query", "efSearch"],
};
const SQL_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const ID_PATTERNS = {
  text: /^[^\0]*$/,
  bigint: /^-?\d{1,18}$/,
  uuid: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/,
};

/**
 * A retriever for a table with a pgvector column.
 *
 * @throws SageError "option" or "not-finite" for an invalid option.
 */
export function pgvector(options: PgvectorOptions): RemoteRetriever {
  checkEngineOptions("pgvector", options, OPTIONS);
  const { query, idType = "text", dim } = options;
  if (typeof query !== "function")
    throw unexpected("pgvector: query", "a function that runs SQL", query);
  checkChoice("pgvector: idType", idType, Object.keys(ID_PATTERNS));
  const efSearch =
    options.efSearch === undefined
      ? undefined
      : checkInteger("pgvector: efSearch", options.efSearch);
  const table = quoteName("table", options.table);
  const idName = quoteName("idColumn", options.idColumn ?? "id");
  const vectorName = quoteName("vectorColumn", options.vectorColumn ?? "embedding");
  const priorName =
    options.priorField === undefined ? undefined : quoteName("priorField", options.priorField);
  const condition = checkFilter("pgvector", options.filter);

  const engine: Engine<Statement> = {
    name: "pgvector",
    identity: JSON.stringify([
      "pgvector",
      options.table,
      idName,
      vectorName,
      condition,
      ...priorIdentity(options.priorField),
    ]),
    capabilities: {
      byId: "native",
      batch: true,
      maxK: 1000,
      idKind: idType === "bigint" ? "integer" : "string",
      filter: "full",
    },
    dim,
    space: options.space,
    acceptsId: (item) => ID_PATTERNS[idType].test(item),
    search: (queries) => {
      const maxCount = Math.max(...queries.map(({ count }) => count));
      const parameters: unknown[] = [
        // Lists as JSON: drivers encode arrays differently.
        JSON.stringify(
          queries.map((each, place) => ({
            place,
            item: each.id,
            given: each.vector && `[${roundedUnitVector(each.vector).join(",")}]`,
          })),
        ),
        maxCount,
        String(efSearch ?? Math.min(1000, Math.max(40, maxCount * 2))),
      ];
      const where = condition ? `where ${toSql(condition, parameters)}` : "";
      // An index applies the filter to its candidates and may return too few hits; iterative scans
      // (pgvector 0.8) continue until there are enough.
      const iterativeScan = condition
        ? `, case when (
    select string_to_array(extversion, '.')::int[] >= '{0,8}'
    from pg_extension where extname = 'vector'
  ) then set_config('hnsw.iterative_scan', 'relaxed_order', true) end as going`
        : "";
      const [priorColumn, hitPrior] = priorName
        ? [`, t.${priorName}::float8 as prior`, ", hit.prior"]
        : ["", ""];
      // The materialised CTE reads the query vectors once and sets the index parameters before the
      // scan.
      const statementText = `
with asked as materialized (
  select q.place, coalesce(q.given::vector, own.${vectorName}::vector) as wanted,
    set_config('hnsw.ef_search', $3, true) as breadth${iterativeScan}
  from json_to_recordset($1::text::json) as q(place int, item text, given text)
  left join ${table} own on own.${idName} = q.item::${idType}
)
select asked.place, asked.wanted is null as missing, hit.item, hit.score${hitPrior}
from asked left join lateral (
  select t.${idName}::text as item, 1 - (t.${vectorName} <=> asked.wanted) as score${priorColumn}
  from ${table} t ${where}
  order by t.${vectorName} <=> asked.wanted limit $2
) hit on asked.wanted is not null
order by asked.place, hit.score desc nulls last`;
      return [
        {
          queries,
          request: { statementText, parameters },
          read: (reply) => readRows(reply, queries.length),
        },
      ];
    },
    lookUp: (items) => ({
      request: {
        statementText: `
select t.${idName}::text as item, t.${vectorName}::text as vector from ${table} t
where t.${idName} in (
  select wanted::${idType} from json_array_elements_text($1::text::json) as wanted
)`,
        parameters: [JSON.stringify(items)],
      },
      read: (reply) => {
        const rows = readList(readField(reply, "rows"), "rows");
        const vectorByItem = new Map(
          rows.map((row) => [
            readId(readField(row, "item")),
            parseVector(readField(row, "vector")),
          ]),
        );
        return items.map((item) => vectorByItem.get(item));
      },
    }),
    send: (statement, signal) => runStatement(query, statement, signal),
    show: ({ statementText, parameters }) => ({
      to: "pgvector",
      bytes: new TextEncoder().encode(JSON.stringify({ statement: statementText, parameters })),
    }),
  };
  return engineRetriever(engine, narrowFilter(pgvector, options));
}

async function runStatement(
  query: SqlExecutor,
  { statementText, parameters }: Statement,
  signal?: AbortSignal,
): Promise<unknown> {
  try {
    return await unlessAborted(query(statementText, parameters, signal), signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    const reason = beginningOf(String(message ?? error));
    const failure = `pgvector: the statement failed (${String(code ?? "no code")}: ${reason}).`;
    // SQLSTATE classes: 28 credentials, 42 and 3D unknown names, 22 data. Others may be transient.
    const sqlState = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : "";
    if (sqlState.startsWith("28") || sqlState === "42501")
      throw new RetrievalError("refused", failure, { cause: error });
    if (sqlState.startsWith("42") || sqlState.startsWith("3D"))
      throw new RetrievalError("not-found", failure, { cause: error });
    if (sqlState.startsWith("22")) throw new RetrievalError("reply", failure, { cause: error });
    throw new RetrievalError("network", failure, { cause: error });
  }
}

function readRows(reply: unknown, count: number): EngineReply[] {
  const replies: EngineReply[] = Array.from({ length: count }, () => []);
  const answeredQueries = new Set<number>();
  for (const row of readList(readField(reply, "rows"), "rows")) {
    const queryIndex = readWhole(readField(row, "place"), "a query index", count - 1);
    answeredQueries.add(queryIndex);
    if (readField(row, "missing") === true) replies[queryIndex] = "not-found";
    else if (readField(row, "item") !== null)
      (replies[queryIndex] as unknown[]).push({
        item: readId(readField(row, "item")),
        score: readNumber(readField(row, "score"), "a score"),
        ...readPrior(row, "prior"),
      });
  }
  if (answeredQueries.size !== count)
    throw new TypeError(`rows for ${answeredQueries.size} of ${count} queries`);
  return replies;
}

function parseVector(value: unknown): Float32Array | undefined {
  if (value === null) return undefined;
  if (typeof value !== "string" || !/^\[.*\]$/.test(value))
    throw new TypeError(`${inspect(value)} for a vector`);
  return Float32Array.from(value.slice(1, -1).split(","), (component) =>
    readNumber(component, "a vector component"),
  );
}

/** Validate and quote a name: names cannot be parameters. */
function quoteName(option: string, name: string): string {
  const parts = typeof name === "string" ? name.split(".") : [];
  if (
    parts.length < 1 ||
    parts.length > (option === "table" ? 2 : 1) ||
    !parts.every((part) => SQL_NAME.test(part))
  ) {
    throw unexpected(`pgvector: ${option}`, "a name of letters, digits and _", name);
  }
  return parts.map((part) => `"${part}"`).join(".");
}

function toSql(condition: Condition, parameters: unknown[]): string {
  const compare: ExpressionSyntax["compare"] = (name, sign, value) =>
    `t."${name}" ${sign === "!=" ? "<>" : sign} $${parameters.push(value)}`;
  return toExpression(condition, { compare, and: " and ", or: " or " });
}
