// A Worker that replies with what errors of each kind become: the response and the log fields.
// Every message has the word SECRET.
import { SageError } from "pocketsage";
import { RetrievalError } from "pocketsage/remote";
import { problemOf } from "../../edge/src/problem.ts";

export { BlobObject } from "../../edge/src/blob-object.ts";
export { CellShard } from "../../edge/src/cell-shard.ts";
export { UserObject } from "../../edge/src/user-object.ts";

const REASONS = "network timeout deadline status refused not-found reply redirect open".split(" ");
const MESSAGE = "SECRET\n    at SECRET (SECRET.js:1:1)\nSECRET";

function errors() {
  const renamed = new TypeError(MESSAGE);
  renamed.message = "SECRET of another length";
  const oddName = new Error(MESSAGE);
  oddName.name = "SECRET name";
  const postgres = (code) => Object.assign(new Error(MESSAGE), { code });
  return [
    ...REASONS.map((reason) => new RetrievalError(reason, MESSAGE, { status: 418 })),
    ...["42P01", "SECRET", "secre"].map(
      (code) => new RetrievalError("not-found", MESSAGE, { cause: postgres(code) }),
    ),
    new SageError("retrieval", MESSAGE),
    ...[new TypeError(MESSAGE), renamed, oddName, MESSAGE, { message: MESSAGE }, undefined, null],
  ];
}

export default {
  fetch() {
    return Response.json(
      errors().map((error) => {
        const { status, code, message, headers, logFields } = problemOf(error);
        return { status, code, message, headers, logFields };
      }),
    );
  },
};
