/**
 * Items and actions from Parquet. Another process decodes the file, with limits of time and memory:
 * a damaged or hostile file can make a decoder loop without end, or end its process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { stat } from "node:fs/promises";
import { totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { InputError } from "../command-error.js";
import type { BinaryType } from "./parquet-decode.js";
import type { ParquetAnswer, ParquetRequest } from "./parquet-process.js";
import type { OnNote, Row } from "./row.js";
import { toReadError } from "./stream.js";

export type { BinaryType };

/** Time limit of one answer in ms: a constant, and more for each byte of a row group. */
const BASE_DEADLINE_MS = 10_000;
const DEADLINE_MS_PER_BYTE = 1e-3;
/** JavaScript heap of the process, in MB: a constant, and more for each MB of the file. */
const BASE_HEAP_MB = 1024;
const HEAP_MB_PER_MB = 40;

const BYTES_PER_MB = 1 << 20;

export interface ParquetOptions {
  /** Name of the vector field; if it has bytes, they are decoded to components. */
  readonly vector: string;
  readonly binary?: BinaryType | undefined;
  readonly onNote: OnNote;
  /** Receives the share read so far, from 0 to 1. */
  readonly onShare?: ((share: number) => void) | undefined;
}

/** The rows of the file; columns are fields. One row group is in memory at a time. */
export async function* readParquetRows(
  file: string,
  { vector, binary, onNote, onShare }: ParquetOptions,
): AsyncGenerator<Row> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw toReadError(file, error);
  });
  const heapLimitMb = Math.min(
    BASE_HEAP_MB + (HEAP_MB_PER_MB * size) / BYTES_PER_MB,
    (0.75 * totalmem()) / BYTES_PER_MB,
  );
  const child = fork(fileURLToPath(new URL("./parquet-process.js", import.meta.url)), {
    serialization: "advanced",
    execArgv: [`--max-old-space-size=${Math.ceil(heapLimitMb)}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const request = async (message: ParquetRequest, bytes: number): Promise<ParquetAnswer> => {
    const answer = await requestAnswer(
      child,
      message,
      BASE_DEADLINE_MS + bytes * DEADLINE_MS_PER_BYTE,
    );
    if ("error" in answer)
      throw new InputError(
        `${file}: cannot be read as Parquet: ${answer.error}. ` +
          "Write the file again, as with pyarrow.parquet.write_table, or convert it to JSON lines.",
      );
    return answer;
  };
  try {
    const openedFile = await request({ file, vector, binary }, size);
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
  message: ParquetRequest,
  deadline: number,
): Promise<ParquetAnswer> {
  return new Promise((resolve) => {
    const finish = (answer: ParquetAnswer): void => {
      clearTimeout(timer);
      child.off("message", onMessage);
      child.off("exit", onExit);
      child.off("error", onError);
      resolve(answer);
    };
    const onMessage = (answer: unknown): void => finish(answer as ParquetAnswer);
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
