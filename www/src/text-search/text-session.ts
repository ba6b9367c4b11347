/**
 * In the worker: finds items by typed words, and records texts. Loaded with the encoder when either
 * is first needed.
 */
import { Catalogue, type ItemId, isSageError, type Sage } from "pocketsage";
import {
  type CatalogueText,
  type EmbedderText,
  openEmbedder,
  openSageText,
  openText,
} from "pocketsage/text";
import { cosine } from "../near-duplicates.js";
import { openVocabulary, type Vocabulary } from "./vocabulary.js";

export interface TextRequest {
  text: string;
  /** The address of the encoder; "" if it is in the catalogue. */
  encoderUrl: string;
}

export interface FoundItem {
  item: ItemId;
  /** Words of the item that begin with a typed word, in the order of the item's texts. */
  words: string[];
  /** Whether all typed words are in the name of the item. */
  isNamed: boolean;
  /** The cosine between the vectors of the text and the item; undefined for an unknown text. */
  likeness: number | undefined;
  /** Number of places that the taste moves the item up; negative: down. */
  lift: number;
  /** The medoid of the nearest interest; undefined without interests. */
  interest: ItemId | undefined;
}

export interface TextAnswer {
  found: FoundItem[];
  /** Typed words that no item has. */
  unknownWords: string[];
  /** Whether the text has a vector, so that it can be recorded. */
  hasVector: boolean;
  /** Whether the catalogue has an encoder; without, only names are found. */
  hasEncoder: boolean;
  /** Duration of the search and the ranking. */
  milliseconds: number;
}

/** The text functions of one catalogue. */
interface Texts {
  search: CatalogueText | EmbedderText;
  vocabulary: Vocabulary;
  hasEncoder: boolean;
}

/** Hits that taste orders. */
const CANDIDATES = 60;
const DEFAULT_NAME_FIELDS = ["label", "title", "name", "text"];

const textsByCatalogue = new WeakMap<Catalogue, Promise<Texts>>();

/** Items for a text, best first; `taste` is its share of the score, in [0, 1]. */
export async function findItems(
  { catalogue, sage }: { catalogue: Catalogue; sage: Sage },
  { text, encoderUrl, taste }: TextRequest & { taste: number },
): Promise<TextAnswer> {
  const { search, vocabulary, hasEncoder } = await textsOf(catalogue, encoderUrl);
  const start = performance.now();
  const vector = await search.embed(text);
  const hits = await search.search(text, { count: CANDIDATES });
  const ranked = await openSageText(sage, catalogue, search).rank(hits, { taste });
  const milliseconds = performance.now() - start;
  const { interests } = await sage.profile();
  const medoids = interests.map(({ medoid }) => ({ medoid, vector: catalogue.vector(medoid) }));
  const placeOf = new Map(hits.map(({ item }, place) => [item, place]));
  const found = ranked.map(({ item }, place): FoundItem => {
    const itemVector = catalogue.vector(item);
    const likenessTo = (other: Float32Array | undefined): number =>
      itemVector && other ? cosine(itemVector, other) : -1;
    const [nearest] = medoids
      .map((entry) => ({ ...entry, likeness: likenessTo(entry.vector) }))
      .sort((a, b) => b.likeness - a.likeness);
    return {
      item,
      ...vocabulary.match(item, text),
      likeness: vector && likenessTo(vector),
      lift: (placeOf.get(item) ?? place) - place,
      interest: nearest?.medoid,
    };
  });
  const unknownWords = vocabulary.unknownWords(text);
  return { found, unknownWords, hasVector: vector !== undefined, hasEncoder, milliseconds };
}

/** Records a text as an action on what it means. */
export async function recordText(
  { catalogue, sage }: { catalogue: Catalogue; sage: Sage },
  { text, encoderUrl, at }: TextRequest & { at: number },
): Promise<void> {
  const { search } = await textsOf(catalogue, encoderUrl);
  await openSageText(sage, catalogue, search).record({ text, at, kind: "tap" });
}

function textsOf(catalogue: Catalogue, encoderUrl: string): Promise<Texts> {
  let texts = textsByCatalogue.get(catalogue);
  if (texts === undefined) {
    texts = openTexts(catalogue, encoderUrl);
    textsByCatalogue.set(catalogue, texts);
    texts.catch(() => textsByCatalogue.delete(catalogue)); // the next call tries again
  }
  return texts;
}

/**
 * The encoder of a listed catalogue is the text section of a second file, which has one item of the
 * same vector space (scripts/lib/page-encoders.mjs): so the first load does not contain it.
 */
async function openTexts(catalogue: Catalogue, encoderUrl: string): Promise<Texts> {
  if (encoderUrl === "") return openOwnTexts(catalogue);
  const file = await Catalogue.fetch(encoderUrl);
  const encoder = openText(file);
  const { space, fields } = encoder;
  const [nameField = ""] = fields;
  const embed = (text: string): Float32Array =>
    encoder.embed(text) ?? new Float32Array(catalogue.dim);
  const [item = ""] = file.ids();
  const { words } = file.payload(item) as { words: string[] };
  return {
    // Another space than that of the catalogue is an error.
    search: openEmbedder(catalogue, { embed, nameField, ...(space && { space }) }),
    vocabulary: openVocabulary(catalogue, fields, words),
    hasEncoder: true,
  };
}

function openOwnTexts(catalogue: Catalogue): Texts {
  const search = encoderIn(catalogue);
  if (search === undefined) return openNames(catalogue);
  return { search, vocabulary: openVocabulary(catalogue, search.fields), hasEncoder: true };
}

/** The encoder of a catalogue that was built with --text. */
function encoderIn(catalogue: Catalogue): CatalogueText | undefined {
  try {
    return openText(catalogue);
  } catch (error) {
    if (isSageError(error) && error.code === "option") return undefined;
    throw error;
  }
}

/** Search by names only. */
function openNames(catalogue: Catalogue): Texts {
  const [first] = catalogue.ids();
  const payload = first === undefined ? undefined : catalogue.payload(first);
  const fields = typeof payload === "object" && payload !== null ? Object.keys(payload) : [];
  const nameField = DEFAULT_NAME_FIELDS.find((name) => fields.includes(name));
  const search = openEmbedder(catalogue, {
    embed: () => new Float32Array(catalogue.dim),
    ...(nameField !== undefined && { nameField }),
  });
  const vocabulary = openVocabulary(catalogue, nameField === undefined ? [] : [nameField]);
  return { search, vocabulary, hasEncoder: false };
}
