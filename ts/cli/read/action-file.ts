/** Actions from a file: item, and where given time, weight, kind and vector. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { isSageError } from "../../errors.js";
import { checkAction } from "../../sage/actions.js";
import type { Action } from "../../sage/types.js";
import { inspect } from "../../values/check.js";
import { InputError, messageOf } from "../command-error.js";
import { type ActionFields, DEFAULT_FIELDS, PRESETS, type PresetName } from "./action-presets.js";
import { actionTimeReader, type TimeUnit } from "./action-time.js";
import { namesColumns, readPath, splitListPath } from "./field-path.js";
import { columnsOf, readVector, toId, toNumber, toVector } from "./fields.js";
import { openRows } from "./open-rows.js";
import { listNames, type OnNote, type Row } from "./row.js";
import { displayName } from "./stream.js";

/** How the actions of a file are read. */
export interface ActionStreamOptions {
  /** Field paths given as options; they replace those of the preset. */
  readonly fields: Partial<ActionFields>;
  /** The user whose actions are read; undefined for all. */
  readonly userId: string | undefined;
  readonly preset: PresetName;
  readonly atUnit: TimeUnit;
  /** Names of the columns of CSV without a header line. */
  readonly columns: string | undefined;
  readonly onNote: OnNote;
  /** Receives the number of bytes read so far, of text. */
  readonly onBytes?: ((bytesRead: number) => void) | undefined;
}

export interface ActionFileOptions extends ActionStreamOptions {
  readonly catalogue: Catalogue | undefined;
  /** The time of actions without one, in milliseconds since the epoch. */
  readonly now: number;
  /** Whether actions on items that are not in the catalogue are left out. */
  readonly skipUnknown: boolean;
}

/** An action whose vector is a Float32Array. */
export type FileAction = Action & { vector?: Float32Array };

export interface ActionFile {
  readonly actions: Action[];
  /** Length of the vectors; undefined without a catalogue and without actions. */
  readonly dim: number | undefined;
}

/** The parts of an action, not yet checked. Undefined and null are missing parts. */
interface ActionParts {
  readonly location: string;
  readonly item: unknown;
  readonly at: unknown;
  readonly kind: unknown;
  readonly weight: unknown;
  readonly vector: unknown;
  readonly user: unknown;
}

/**
 * All actions of one user, each checked. Without a catalogue every action must have a vector, and
 * the first one determines the length.
 */
export async function readActions(file: string, options: ActionFileOptions): Promise<ActionFile> {
  const { catalogue, now, onNote } = options;
  const name = displayName(file);
  const actions: Action[] = [];
  let dim = catalogue?.dim;
  let user: string | undefined;
  let unknownCount = 0;
  for await (const { location, action, userField, ...row } of streamActions(file, options)) {
    if (row.user !== undefined) {
      user ??= row.user;
      if (row.user !== user)
        throw new InputError(
          `${location}: an action of the user ${inspect(row.user)}, after actions of ` +
            `${inspect(user)}. Select one user: --user ${userField}=${user.slice(0, 60)}.`,
        );
    }
    if (options.skipUnknown && !action.vector && catalogue && !catalogue.has(action.item)) {
      unknownCount += 1;
      continue;
    }
    dim ??= action.vector?.length;
    actions.push(checkRecordable(location, action, { dim: dim ?? 0, catalogue, now }));
  }
  if (unknownCount > 0)
    onNote(`${name}: ${unknownCount} actions on items that are not in the catalogue are left out`);
  return { actions, dim };
}

/** An action of a file, its parts converted but not checked, and where it was read. */
export interface StreamedAction {
  readonly location: string;
  readonly action: FileAction;
  /** The id of its user; undefined if the row has none. */
  readonly user: string | undefined;
  /** The field of the user. */
  readonly userField: string | undefined;
}

/**
 * The actions of a file, one after the other: files may be larger than memory. Rejects with an
 * InputError that has the location of the first invalid row; its notes come after the last action.
 */
export async function* streamActions(
  file: string,
  options: ActionStreamOptions,
): AsyncGenerator<StreamedAction> {
  const { onNote } = options;
  const name = displayName(file);
  const readTime = actionTimeReader(options.atUnit, (note) => onNote(`${name}: ${note}`));
  const unusedFields = new Set<string>();
  let layout: Layout | undefined;
  let rows = 0;
  let itemlessCount = 0;
  let actionCount = 0;
  const vector = options.fields.vector ?? DEFAULT_FIELDS.vector;
  const { columns, onBytes } = options;
  const rowOptions = { id: "item", vector, columns, onNote, ...(onBytes && { onBytes }) };
  for await (const row of openRows(file, rowOptions)) {
    rows += 1;
    layout ??= chooseLayout(name, row, options);
    const { fields } = layout;
    for (const field of Object.keys(row.fields))
      if (!layout.usedFields.has(field)) unusedFields.add(field);
    const entries = partsOf(row, layout);
    if (entries.length === 0) itemlessCount += 1;
    for (const parts of entries) {
      if (!isUser(parts, options.userId)) continue;
      actionCount += 1;
      yield {
        location: parts.location,
        action: toAction(parts, fields, row.decimalComma ?? false, readTime),
        user: parts.user == null ? undefined : String(parts.user),
        userField: fields.user,
      };
    }
  }
  if (itemlessCount > 0) {
    const paths = layout!.fields.item.join(" or ");
    if (itemlessCount === rows)
      throw new InputError(
        `${name}: no row has an item in ${paths}. --item FIELD names its field, as in ` +
          "--item items[].id.",
      );
    onNote(`${name}: ${itemlessCount} of ${rows} rows have no item in ${paths} and are left out`);
  }
  if (rows > 0 && actionCount === 0 && options.userId !== undefined)
    throw new InputError(
      `${name}: no action of the user ${inspect(options.userId)}. --user FIELD=ID selects one.`,
    );
  if (unusedFields.size > 0) onNote(`unused fields: ${listNames([...unusedFields])}`);
}

/** The checked action; an error of an unknown item names the option that leaves it out. */
function checkRecordable(
  location: string,
  action: FileAction,
  context: Parameters<typeof checkAction>[2],
): Action {
  try {
    return checkAction(location, action, context);
  } catch (error) {
    const isUnknown = isSageError(error) && error.code === "unknown-item" && context.catalogue;
    const remedy = isUnknown ? " --skip-unknown leaves out actions on unknown items." : "";
    throw new InputError(messageOf(error) + remedy);
  }
}

/** The fields of a file, chosen by its first row. */
interface Layout {
  readonly fields: ActionFields;
  /** Whether rows without an item are left out: logs have other events, too. */
  readonly isLog: boolean;
  readonly usedFields: ReadonlySet<string>;
}

function chooseLayout(name: string, row: Row, options: ActionStreamOptions): Layout {
  const { preset: presetName, fields: givenFields, onNote } = options;
  const mayDetect = presetName === "auto" && !givenFields.item && !("item" in row.fields);
  const preset = mayDetect
    ? PRESETS.find(({ matches }) => matches(row.fields))
    : PRESETS.find(({ name: candidate }) => candidate === presetName);
  if (preset && mayDetect)
    onNote(`${name}: read as ${preset.title} (as with --preset ${preset.name})`);
  const fields = { ...(preset?.fields ?? DEFAULT_FIELDS), ...givenFields };
  const { item, at, kind, weight, vector, user = "" } = fields;
  const paths = [...item, at, kind, weight, user];
  const columns = namesColumns(vector) ? columnsOf(vector) : [vector];
  const rootFields = [...paths, ...columns].flatMap((path) => [path, path.split(/\.|\[\]/)[0]!]);
  const isLog = preset !== undefined || item.some((path) => path.includes("[]"));
  return { fields, isLog, usedFields: new Set(rootFields) };
}

/** The actions of a row: one, or one for each element of the list that has the items. */
function partsOf(row: Row, { fields, isLog }: Layout): ActionParts[] {
  for (const path of fields.item) {
    const listPath = splitListPath(path);
    const elements = listPath ? readPath(row.fields, listPath[0]) : undefined;
    if (listPath && Array.isArray(elements)) {
      const parts = elements.map((element: unknown, index) =>
        readParts(row, fields, path, { prefix: listPath[0], element, index }),
      );
      const withItem = parts.filter(({ item }) => item != null);
      if (withItem.length > 0) return withItem;
    } else if (!listPath && readPath(row.fields, path) != null)
      return [readParts(row, fields, path, undefined)];
  }
  if (isLog) return [];
  throw new InputError(
    `${row.location}: the field "${fields.item.join(" or ")}" is missing. Fields: ` +
      `${listNames(Object.keys(row.fields))}. --item FIELD names the field of the item.`,
  );
}

interface ListElement {
  /** The path of the list. */
  readonly prefix: string;
  readonly element: unknown;
  readonly index: number;
}

function readParts(
  row: Row,
  fields: ActionFields,
  itemPath: string,
  list: ListElement | undefined,
): ActionParts {
  const readField = (path: string): unknown => {
    const [prefix, rest] = splitListPath(path) ?? [];
    if (rest === undefined) return readPath(row.fields, path);
    if (prefix !== list?.prefix) return undefined;
    if (rest === "") return list?.element;
    const isObject = typeof list?.element === "object" && list.element !== null;
    return isObject ? readPath(list.element as Record<string, unknown>, rest) : undefined;
  };
  const { vector } = fields;
  const hasColumns = namesColumns(vector) && columnsOf(vector)[0]! in row.fields;
  return {
    location: list ? `${row.location}: ${list.prefix}[${list.index}]` : row.location,
    item: readField(itemPath),
    at: readField(fields.at),
    kind: readField(fields.kind),
    weight: readField(fields.weight),
    vector: hasColumns ? readVector(row, vector) : readField(vector),
    user: fields.user === undefined ? undefined : readField(fields.user),
  };
}

function isUser({ user }: ActionParts, userId: string | undefined): boolean {
  return userId === undefined || (user != null && String(user) === userId);
}

/** The action, its parts converted from text where needed. */
function toAction(
  parts: ActionParts,
  fields: ActionFields,
  decimalComma: boolean,
  readTime: (where: string, value: unknown) => number,
): FileAction {
  const { location } = parts;
  const action: FileAction = { item: toId(`${location}: ${fields.item[0]}`, parts.item) };
  if (parts.vector != null)
    action.vector = toVector(`${location}: ${fields.vector}`, parts.vector, decimalComma);
  if (parts.at != null) action.at = readTime(`${location}: ${fields.at}`, parts.at);
  if (parts.weight != null) {
    const weight = toNumber(parts.weight, decimalComma);
    if (Number.isNaN(weight))
      throw new InputError(
        `${location}: ${fields.weight}: expected a number, saw ${inspect(parts.weight)}.`,
      );
    action.weight = weight;
  }
  if (parts.kind != null) action.kind = String(parts.kind);
  return action;
}
