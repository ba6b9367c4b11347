/** The help text of `pocketsage build`, and the limits that it states. */
import { MIN_ITEMS_FOR_LISTS } from "../build/inverted-lists.js";
import { formatCount } from "../terminal/print.js";

/**
 * Maximum number of items whose near-duplicates are searched and reported by default: O(n^2) in
 * the items.
 */
export const MAX_ITEMS_FOR_DUPLICATE_SEARCH = 10_000;

const REPORT_LIMIT = formatCount(MAX_ITEMS_FOR_DUPLICATE_SEARCH);
const LISTS_LIMIT = formatCount(MIN_ITEMS_FOR_LISTS);

export const help = `Build a catalogue: the file that apps search on the device.

Usage
  pocketsage build ITEMS -o CATALOGUE [options]

  ITEMS has one item a row: an id, a vector, and other fields, which become the item's payload.
    JSON     lines, one array, or an export of OpenAI, Pinecone, Vectorize or Chroma
    CSV      separated by commas, semicolons or tabs, with a header line or --columns; a vector is
             a cell like "[0.1, 0.2]" or "0.1 0.2"; other cells are strings, empty ones left out
    Parquet  .parquet, any common compression; Arrow (Feather 2): .arrow, .feather
    text     word2vec, GloVe or fastText: a word and its numbers
    arrays   NumPy's .npy, .safetensors, or lines of numbers only, each with --ids
    .sage    a catalogue, with its metric and attributes, as for --dims
  The name and the beginning select the format; - is the standard input, for text formats.

Options
  -o, --out FILE             where to write the catalogue
      --precision LEVEL      full (default): 2 bytes a vector component; compact: 1 byte, with
                             larger rounding errors
      --metric METRIC        cosine (default), ip (inner product) or l2 (Euclidean distance)
      --dims D               store D dimensions of each vector instead of all; the report has the
                             recall that this leaves, against exact search in all of them
      --reduce METHOD        how: pca (default): along the D principal axes of the items, for the
                             best recall; truncate: the first D components, for Matryoshka models
      --axes FILE            with pca, write the map (.npy, D x (all + 1)): the product of the
                             axes with a vector from outside, plus the last column, reduces it as
                             the items were (cosine: a vector of unit length)
      --id FIELD             the field of the id (default: id); a.b is a field in an object
      --vector FIELD         the field of the vector (default: vector), likewise; d0..d383 or
                             x,y,z is one column a dimension
      --ids FILE             for vectors without ids: one id a line (.txt), or JSON lines or CSV
                             with ids and payloads
      --columns NAMES        the columns of CSV without a header line, as in id,d0..d383
      --binary TYPE          components of a vector that Parquet or Arrow stores as bytes:
                             float16, float32 (default), float64, int8, uint8, little-endian
      --attribute FIELD      a payload field that filters can use; FIELD:number converts the text
                             of CSV to numbers; a.b is a field in an object; repeatable
      --prior FIELD          the field of each item's prior, as a count of actions: a number of at
                             least 0 (missing: 0), which is then no part of the payload, unless
                             it is an attribute, too; pocketsage prior computes priors
      --space MODEL          the model of the vectors, as MODEL or MODEL@REVISION: the catalogue
                             stores it with dimension, normalisation and reduction as the name of
                             its vector space, and does not mix with one of another name.
                             Vectors that this command computes have a name by default: the model
                             of --embed, or texts- and actions- with a checksum of the vectors
      --text FIELDS          learn vectors of words from these payload fields, separated by commas,
                             the name of an item first; stored in the catalogue, for
                             pocketsage/text: search by words. Items may lack a vector: theirs is
                             that of their text. For the metric cosine
      --embed text           with --text, for items without vectors: compute all from the texts
      --embed MODEL          likewise by a model, an id of Hugging Face or a folder, in
                             transformers.js: npm install @huggingface/transformers
      --from-actions FILE        for items without vectors: compute them from the actions of many
                             users (a user, an item and a time a row, in any format of eval): items
                             in the same histories are near. Of a file with a column "part", the
                             train actions. Items without company get the vector of their text with
                             --text, else they are left out
      --near-duplicates WHAT report: count them (default up to ${REPORT_LIMIT} items);
                             drop: store the first item of each group only;
                             group: store all, and the others name the first in variantOf, so that
                             searches return the first only;
                             keep: do not search for them (default above ${REPORT_LIMIT} items)
      --near SCORE           least score of a near-duplicate, in the metric (default: 0.95, which
                             is meant for cosine)
      --lists WHEN           inverted lists (IVF), so that a search scans a part of the items:
                             auto (default: from ${LISTS_LIMIT} items on, if that part is less
                             than half), always or never
      --ranges               divide the items into blocks of at most 64 KiB of vectors, so that
                             pocketsage/ranged reads only the blocks that a search needs, by HTTP
                             range requests or file reads (guide: Catalogues larger than memory)
      --cells K              also write the items as K cells of equal size (2 to 65536), which a
                             device fetches without disclosing its interests (guide: Cells); for
                             the metric cosine
      --cells-out FOLDER     where to write the cells (default: CATALOGUE without .sage, and .cells)
      --cells-payload FIELD  a payload field that the cells carry, such as the title; repeatable
      --no-recall            skip the measurement of the recall
  -q, --quiet                no progress and no notes on the standard error
      --json                 the report as JSON
  -h, --help                 this text

Example
  $ cat items.jsonl
  {"id": "tea", "vector": [0.1, 0.9], "label": "green tea"}
  {"id": "mug", "vector": [0.3, 0.7], "label": "blue mug"}
  $ pocketsage build items.jsonl -o items.sage

Exit codes
  0  the catalogue was written
  1  an item is invalid (the message has its line), or a file cannot be read or written; then no
     file is written
  2  the command line is invalid
`;
