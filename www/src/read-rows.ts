/** Reads rows of fields from the text of a file: JSON lines, a JSON array, or CSV with a header. */

export type Row = Readonly<Record<string, unknown>>;

/** Throws an Error with a remedy if the text is none of these. */
export function readRows(text: string): Row[] {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed === "") throw new Error("The file is empty");
  if (trimmed.startsWith("[")) return checkRows(JSON.parse(trimmed));
  if (trimmed.startsWith("{")) return readJsonLines(trimmed);
  return readCsv(trimmed);
}

function readJsonLines(text: string): Row[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return checkRows([JSON.parse(line)]);
    } catch (cause) {
      throw new Error(`Line ${index + 1} is not JSON: ${line.slice(0, 60)}`, { cause });
    }
  });
}

function checkRows(value: unknown): Row[] {
  if (Array.isArray(value) && value.every((row) => typeof row === "object" && row !== null))
    return value as Row[];
  throw new Error('Expected objects, such as {"id": "a", "vector": [0.1, 0.2]}');
}

/** CSV as in RFC 4180: fields in double quotes may contain commas, line breaks and "". */
function readCsv(text: string): Row[] {
  const rows: string[][] = [[]];
  let field = "";
  let isQuoted = false;
  const endField = (): void => {
    rows.at(-1)?.push(field);
    field = "";
  };
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else isQuoted = false;
    } else if (character === '"' && field === "") isQuoted = true;
    else if (character === ",") endField();
    else if (character === "\n") {
      endField();
      rows.push([]);
    } else if (character !== "\r") field += character;
  }
  endField();
  const [header = [], ...body] = rows;
  if (header.length < 2)
    throw new Error(`Expected a header line such as "id,vector" or "item,at", saw "${header[0]}"`);
  return body
    .filter((fields) => fields.length > 1 || fields[0] !== "")
    .map((fields) =>
      Object.fromEntries(header.map((name, index) => [name.trim(), fields[index] ?? ""])),
    );
}
