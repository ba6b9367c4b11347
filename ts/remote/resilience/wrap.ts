/** A retriever around a retriever: what all wrappers share. They work query by query. */
import { checkAbort } from "../../check.js";
import { isSageError } from "../../errors.js";
import type { Answer, RemoteQuery, RemoteRetriever } from "../answer.js";
import { assemble, type RetrieverParts, unexpected } from "../engine.js";

/** `inner`, with these parts of its own. */
export function wrap(inner: RemoteRetriever, parts: Partial<RetrieverParts>): RemoteRetriever {
  const { engine, identity, capabilities, ask, vectors, outbound } = inner;
  return assemble({ engine, identity, capabilities, ask, vectors, outbound, ...parts });
}

/** Which answers are such. */
export function placesOf(answers: readonly Answer[], which: (answer: Answer) => boolean): number[] {
  return answers.flatMap((answer, place) => (which(answer) ? [place] : []));
}

/** What `from` answers to the queries at these places. One that cannot even be asked (a closed catalogue) is a failure of each, not the end. */
export async function askFor(
  places: readonly number[],
  queries: readonly RemoteQuery[],
  from: RemoteRetriever,
  signal: AbortSignal | undefined,
): Promise<Answer[]> {
  const asked = places.map((place) => queries[place]!);
  try {
    return await from.ask(asked, signal);
  } catch (error) {
    checkAbort(signal);
    const failure = isSageError(error) ? error : unexpected(from.engine, String(error), error);
    return asked.map((): Answer => ({ status: "error", error: failure }));
  }
}
