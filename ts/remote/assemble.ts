/** Builds a retriever, a function with properties, from its properties. */
import type { Hit } from "../retriever.js";
import { inspect } from "../values/check.js";
import type { RemoteQuery, RemoteRetriever } from "./answer.js";
import { RetrievalError } from "./failure.js";

/** The properties of a retriever. */
export type RetrieverParts = { [Key in keyof RemoteRetriever]: RemoteRetriever[Key] };

/** Builds a retriever from its properties. See {@link RemoteRetriever} for its call behaviour. */
export function assembleRetriever(parts: RetrieverParts): RemoteRetriever {
  const retrieve = async (
    queries: readonly RemoteQuery[],
    signal?: AbortSignal,
  ): Promise<Hit[][]> => {
    const answers = await parts.ask(queries, signal);
    return answers.map((answer, row) => {
      if (answer.status === "ok") return answer.hits;
      if (answer.status === "error") throw answer.error;
      throw new RetrievalError(
        "not-found",
        `${parts.engine} does not have ${inspect(queries[row]!.item)}; pass its vector.`,
      );
    });
  };
  // `preview()` shows the function's name.
  Object.defineProperty(retrieve, "name", { value: parts.engine });
  return Object.assign(retrieve, propertiesOf(parts));
}

/** The properties of a retriever alone: a copy of the function would have its name, too. */
export function propertiesOf(retriever: RetrieverParts): RetrieverParts {
  const { engine, identity, capabilities, space, ask, vectors, outbound, withFilter } = retriever;
  return {
    engine,
    identity,
    capabilities,
    space,
    ask,
    vectors,
    outbound,
    ...(withFilter && { withFilter }),
  };
}
