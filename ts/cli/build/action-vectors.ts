/** `pocketsage build --from-actions`: vectors of items from the actions of many users. */
import { InputError } from "../command-error.js";
import { type ActionLog, PARTS } from "../eval/action-log.js";
import { readActionLog } from "../eval/read-action-log.js";
import { trainVectors } from "../eval/train-vectors.js";
import type { FileItem } from "../read/item-file.js";
import type { OnNote } from "../read/row.js";

/** Start of the subspace iteration: equal actions give equal vectors. */
const SEED = 1;

/** What `pocketsage build --from-actions` reports. */
export interface ActionReport {
  /** Actions that the vectors were computed from. */
  actions: number;
  users: number;
  /** Items whose vector was computed from actions. */
  embedded: number;
  /** Items left out: they share no history with another item, and have no text. */
  dropped: number;
}

export interface ActionItems {
  readonly items: FileItem[];
  /** The index of each item in the given list. */
  readonly indices: readonly number[];
  readonly report: ActionReport;
}

/**
 * Sets each item's vector, from actions in the file. An item without one keeps an empty vector,
 * which its text replaces later, if `keepOthers`; else it is left out. Of a file that is split,
 * only the train actions count, so that `pocketsage eval` on the same file is fair. Throws an
 * InputError if no item of the catalogue has a vector.
 */
export async function embedActions(
  items: readonly FileItem[],
  file: string,
  keepOthers: boolean,
  onNote: OnNote,
  onProgress: (share: number) => void,
): Promise<ActionItems> {
  const log = await readActionLog(file, {
    columns: {},
    header: undefined,
    atUnit: "auto",
    minRating: undefined,
    onNote,
    onAction: () => {},
    onShare: (share) => onProgress(share / 4),
  }).catch((error: unknown) => {
    throw withoutOptions(error);
  });
  const isTrain = trainFlagsOf(log);
  const { ids, values, dim } = trainVectors(log, isTrain, SEED, (share) =>
    onProgress(0.25 + 0.75 * share),
  );
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const rows = items.map(([id]) => rowOf.get(id));
  const embedded = rows.filter((row) => row !== undefined).length;
  if (embedded === 0)
    throw new InputError(
      `--from-actions ${file}: none of its items has an id of the items file, as ` +
        `"${items[0]![0]}". Name the field of the ids with --id.`,
    );
  const indices = [...items.keys()].filter((index) => keepOthers || rows[index] !== undefined);
  const report: ActionReport = {
    actions: isTrain.reduce((sum, flag) => sum + flag, 0),
    users: log.users.length,
    embedded,
    dropped: items.length - indices.length,
  };
  return {
    items: indices.map((index): FileItem => {
      const [id, , ...rest] = items[index]!;
      const row = rows[index];
      const vector = row === undefined ? [] : values.subarray(row * dim, (row + 1) * dim);
      return [id, Float32Array.from(vector), ...rest];
    }),
    indices,
    report,
  };
}

/** The remedies of the reader that name options of `eval`, which `build` does not have. */
const OPTION_REMEDY =
  /,? or pass --at-unit.*| --(?:user|item|at|columns) .*| Write all times in one unit.*/s;

/** The error with a remedy without options that `build` does not have. */
function withoutOptions(error: unknown): unknown {
  if (!(error instanceof InputError) || !OPTION_REMEDY.test(error.message)) return error;
  const problem = error.message.replace(OPTION_REMEDY, "").replace(/\.?$/, ".");
  return new InputError(
    `${problem} Name the columns user, item and at, all times in ISO 8601 or in one unit.`,
  );
}

/** For each action 1; 0 if the file is split and the action is not in its part "train". */
function trainFlagsOf({ item, part }: ActionLog): Uint8Array {
  if (!part) return new Uint8Array(item.length).fill(1);
  const train = PARTS.indexOf("train");
  return Uint8Array.from(part, (index) => (index === train ? 1 : 0));
}
