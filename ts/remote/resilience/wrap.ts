/** Functions shared by the retriever wrappers of this folder. */

import type { Filter } from "../../catalogue/filter.js";
import { isSageError } from "../../errors.js";
import { checkAbort, checkMethods, unexpected } from "../../values/check.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { assembleRetriever, propertiesOf, type RetrieverParts } from "../assemble.js";
import { unexpectedReply } from "../engine.js";

/** Throws code "option" unless `value` is a retriever of this package. */
export function checkRetriever(where: string, value: unknown): void {
  if (typeof (value as Partial<RemoteRetriever> | null | undefined)?.engine !== "string")
    throw unexpected(where, "a retriever of pocketsage/remote", value);
  checkMethods(where, value, ["ask", "vectors", "outbound"]);
}

/**
 * Builds a retriever from `inner` with some of its properties replaced. `wrapAgain` wraps the inner
 * retriever that a filter restricts.
 */
export function overrideParts(
  inner: RemoteRetriever,
  parts: Partial<RetrieverParts>,
  wrapAgain: (inner: RemoteRetriever, filter: Filter) => RemoteRetriever,
): RemoteRetriever {
  const { withFilter } = inner;
  return assembleRetriever({
    ...propertiesOf(inner),
    ...(withFilter && {
      withFilter: (filter: Filter) => wrapAgain(withFilter.call(inner, filter), filter),
    }),
    ...parts,
  });
}

/** Indices of the answers that satisfy the predicate. */
export function answerRowsWhere(
  answers: readonly Answer[],
  predicate: (answer: Answer) => boolean,
): number[] {
  return answers.flatMap((answer, row) => (predicate(answer) ? [row] : []));
}

/**
 * Query `retriever` with a subset of the queries, given by index. A rejection (such as that of a
 * closed catalogue) becomes the error of each of them, except "aborted".
 */
export async function askSubset(
  rows: readonly number[],
  queries: readonly RemoteQuery[],
  retriever: RemoteRetriever,
  signal: AbortSignal | undefined,
): Promise<Answer[]> {
  const querySubset = rows.map((row) => queries[row]!);
  try {
    return await retriever.ask(querySubset, signal);
  } catch (error) {
    checkAbort(signal);
    const failure = isSageError(error)
      ? error
      : unexpectedReply(retriever.engine, String(error), error);
    return querySubset.map((): Answer => ({ status: "error", error: failure }));
  }
}
