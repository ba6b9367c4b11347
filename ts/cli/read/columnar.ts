/**
 * Items and actions from Parquet and Arrow. Another process decodes the file, with limits of time
 * and memory: a damaged or hostile file can make a decoder loop without end, or end its process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { stat } from "node:fs/promises";
import { totalmem } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../command-error.js";
import type { ColumnarFormat, DecodeAnswer, DecodeRequest } from "./columnar-process.js";
import type { BinaryType } from "./columnar-values.js";
import type { OnNote, Row } from "./row.js";
import { toReadError } from "./stream.js";

/** Time limit of one answer in ms: a constant, and more for each byte of a row group. */
const BASE_DEADLINE_MS = 10_000;
const DEADLINE_MS_PER_BYTE = 1e-3;
/** JavaScript heap of the process, in MB: a constant, and more for each MB of the file. */
const BASE_HEAP_MB = 1024;
const HEAP_MB_PER_MB = 40;

const BYTES_PER_MB = 1 << 20;

export interface ColumnarOptions {
  /** Name of the vector field; if it has bytes, they are decoded to components. */
  readonly vector: string;
  readonly binary?: BinaryType | undefined;
  readonly onNote: OnNote;
  /** Receives the share read so far, from 0 to 1. */
  readonly onShare?: ((share: number) => void) | undefined;
}

const FORMAT_OF_EXTENSION: Readonly<Record<string, ColumnarFormat>> = {
  ".parquet": "Parquet",
  ".arrow": "Arrow",
  ".arrows": "Arrow",
  ".feather": "Arrow",
  ".ipc": "Arrow",
};

const WRITER_OF_FORMAT: Readonly<Record<ColumnarFormat, string>> = {
  Parquet: "pyarrow.parquet.write_table",
  Arrow: "pyarrow.feather.write_feather",
};

/** The format of a file of columns, by its extension; undefined for other files. */
export function columnarFormatOf(file: string): ColumnarFormat | undefined {
  return FORMAT_OF_EXTENSION[extname(file).toLowerCase()];
}

/** The rows of the file; columns are fields. One row group is in memory at a time. */
export async function* readColumnarRows(
  file: string,
  format: ColumnarFormat,
  { vector, binary, onNote, onShare }: ColumnarOptions,
): AsyncGenerator<Row> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw toReadError(file, error);
  });
  const heapLimitMb = Math.min(
    BASE_HEAP_MB + (HEAP_MB_PER_MB * size) / BYTES_PER_MB,
    (0.75 * totalmem()) / BYTES_PER_MB,
  );
  const child = fork(fileURLToPath(new URL("./columnar-process.js", import.meta.url)), {
    serialization: "advanced",
    execArgv: [`--max-old-space-size=${Math.ceil(heapLimitMb)}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const request = async (message: DecodeRequest, bytes: number): Promise<DecodeAnswer> => {
    const answer = await requestAnswer(
      child,
      message,
      BASE_DEADLINE_MS + bytes * DEADLINE_MS_PER_BYTE,
    );
    if ("error" in answer)
      throw new InputError(
        `${file}: cannot be read as ${format}: ${answer.error}. ` +
          `Write the file again, as with ${WRITER_OF_FORMAT[format]}, or convert it to JSON lines.`,
      );
    return answer;
  };
  try {
    const openedFile = await request({ file, format, vector, binary }, size);
    if (!("groups" in openedFile)) return;
    const { groups } = openedFile;
    const printedNotes = new Set<string>();
    for (const [group, { firstRow, compressedBytes }] of groups.entries()) {
      const answer = await request({ group }, Math.min(compressedBytes, size));
      if (!("rows" in answer)) return;
      for (const note of answer.notes) if (!printedNotes.has(note)) onNote(`${file}: ${note}`);
      for (const note of answer.notes) printedNotes.add(note);
      for (const [index, fields] of answer.rows.entries())
        yield { location: `${file}: row ${firstRow + index}`, fields };
      onShare?.((group + 1) / groups.length);
    }
  } finally {
    child.kill("SIGKILL");
  }
}

/** The answer to a message; an error if the process ends first or exceeds the deadline. */
function requestAnswer(
  child: ChildProcess,
  message: DecodeRequest,
  deadline: number,
): Promise<DecodeAnswer> {
  return new Promise((resolve) => {
    const finish = (answer: DecodeAnswer): void => {
      clearTimeout(timer);
      child.off("message", onMessage);
      child.off("exit", onExit);
      child.off("error", onError);
      resolve(answer);
    };
    const onMessage = (answer: unknown): void => finish(answer as DecodeAnswer);
    const onExit = (): void =>
      finish({ error: "decoding it exceeds the memory limit, so the file is probably damaged" });
    const onError = (error: Error): void => finish({ error: error.message });
    const timer = setTimeout(() => {
      const seconds = Math.round(deadline / 1000);
      finish({ error: `decoding takes longer than ${seconds} s, so the file is probably damaged` });
    }, deadline);
    child.once("message", onMessage).once("exit", onExit).once("error", onError);
    child.send(message, (error) => error && onError(error));
  });
}
