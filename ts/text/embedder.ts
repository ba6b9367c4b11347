/** Text functions of a catalogue by an embedder: any function from a text to a vector. */
import type { Catalogue } from "../catalogue/catalogue.js";
import { checkCatalogue } from "../catalogue/check-catalogue.js";
import { SEARCH_OPTION_NAMES } from "../catalogue/options.js";
import { reasonOf, SageError } from "../errors.js";
import type { VectorLike } from "../item.js";
import type { Hit } from "../retriever.js";
import { unlessAborted } from "../values/abort.js";
import { checkAbort, checkFunction, checkKeys, checkVector, unexpected } from "../values/check.js";
import { checkSpace, commonSpace } from "../values/space.js";
import { MAX_TEXT_LENGTH } from "./features.js";
import { openTextSearch, type TextSearchOptions } from "./search.js";
import { checkPage } from "./search-options.js";

/**
 * Computes the vector of a text by the model of the item vectors, with transformers.js, a model of
 * the browser, Workers AI or a server.
 */
export type Embedder = (
  text: string,
  options: { signal?: AbortSignal },
) => VectorLike | Promise<VectorLike>;

/** Options of {@link openEmbedder}. */
export interface EmbedderOptions {
  /** The embedder, of the model that gave the items their vectors. */
  embed: Embedder;
  /** The payload field that has the name of an item, for `search`. Default: names do not count. */
  nameField?: string;
  /** Name of the vector space of the embedder. Default: that of the catalogue. */
  space?: string;
}

/** Text functions of a catalogue, by an embedder. */
export interface EmbedderText {
  /** Name of the vector space of the catalogue's vectors; undefined for an unnamed one. */
  readonly space: string | undefined;
  /**
   * The vector of a text, of unit length; undefined for a text without letters and digits, of which
   * the embedder gets none. Gives it the first 16,384 UTF-16 units. Rejects with code "option" for
   * a value that is no string, "dimension" and "not-finite" for a vector that is not one of the
   * catalogue, "retrieval" if the embedder fails, "aborted" if the signal fires.
   */
  embed(text: string, options?: { signal?: AbortSignal }): Promise<Float32Array | undefined>;
  /** As {@link CatalogueText.search}. Rejects as {@link EmbedderText.embed}. */
  search(text: string, options?: TextSearchOptions & { signal?: AbortSignal }): Promise<Hit[]>;
}

/**
 * Opens the texts of a catalogue by an embedder of its vectors. Throws code "option" for another
 * metric than cosine, "dimension" for an embedder of another space.
 */
export function openEmbedder(catalogue: Catalogue, options: EmbedderOptions): EmbedderText {
  checkCatalogue("openEmbedder", catalogue);
  checkKeys("openEmbedder", options, ["embed", "nameField", "space"]);
  const { embed: computeVector, nameField } = options;
  checkFunction("openEmbedder: embed", computeVector);
  if (nameField !== undefined && typeof nameField !== "string")
    throw unexpected("openEmbedder: nameField", "a string", nameField);
  if (catalogue.metric !== "cosine")
    throw new SageError(
      "option",
      `openEmbedder: expected a catalogue of the metric cosine, saw ${catalogue.metric}.`,
    );
  const space = commonSpace([catalogue, { space: checkSpace("openEmbedder", options) }]);
  const search = openTextSearch(catalogue, nameField);
  const embed: EmbedderText["embed"] = async (text, options = {}) => {
    checkKeys("embed", options, ["signal"]);
    const { signal } = options;
    checkText(text);
    checkAbort(signal);
    const head = text.slice(0, MAX_TEXT_LENGTH);
    if (!/[\p{L}\p{N}]/u.test(head)) return undefined;
    let given: VectorLike;
    try {
      const computed = Promise.resolve(computeVector(head, signal ? { signal } : {}));
      // Not every embedder listens to signals.
      given = await unlessAborted(computed, signal);
    } catch (error) {
      checkAbort(signal);
      const message = `embed: the embedder failed: ${reasonOf(error)}`;
      throw new SageError("retrieval", message, { cause: error });
    }
    checkAbort(signal);
    return toUnitLength(checkVector("embed: the embedder's vector", given, catalogue.dim));
  };
  return {
    space,
    embed,
    async search(text, given = {}) {
      checkKeys("search", given, [...SEARCH_OPTION_NAMES, "signal"]);
      const { signal, ...options } = given;
      checkPage("search", options);
      return search(text, await embed(text, signal ? { signal } : {}), options);
    },
  };
}

/** Throws code "option" unless the value is a string. */
export function checkText(text: unknown): asserts text is string {
  if (typeof text !== "string") throw unexpected("text", "a string", text);
}

/** The vector at unit length; undefined for a zero vector, which has no direction. */
function toUnitLength(vector: Float32Array): Float32Array | undefined {
  let square = 0;
  for (const value of vector) square += value * value;
  if (square === 0) return undefined;
  const norm = Math.sqrt(square);
  return vector.map((value) => value / norm);
}
