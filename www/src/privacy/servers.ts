/**
 * The servers of the dial. index.html has their addresses in `<meta name="cell-servers">`, as JSON;
 * `npm start` fills it in, and so can a host of the built page. Without, it is empty.
 */

/** Addresses of servers that two operators run, and of a vector engine. */
export interface CellServers {
  /** The catalogue of the page whose items the servers hold: an id of catalogues.ts. */
  catalogue: string;
  /** Address of the folder of cell files, which has their manifest.json. */
  cells: string;
  /** Addresses of the endpoints `POST /v1/cells/xor` of two operators that do not collude. */
  hosts: [string, string];
  /** The endpoint of `httpRetriever`, for anchors and medoids. */
  engine: string;
}

/** Undefined if the page names no servers. Throws a SyntaxError if the JSON is invalid. */
export function readServers(): CellServers | undefined {
  const { content } = document.querySelector<HTMLMetaElement>('meta[name="cell-servers"]') ?? {};
  return content ? (JSON.parse(content) as CellServers) : undefined;
}
