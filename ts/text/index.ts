/**
 * Words in: vectors of texts without a model, and search by words. For catalogues that were built
 * with `pocketsage build --text`. Import `pocketsage` as well, which loads the wasm.
 *
 * @packageDocumentation
 */

export { type CatalogueText, openText } from "./catalogue-text.js";
export {
  type Embedder,
  type EmbedderOptions,
  type EmbedderText,
  openEmbedder,
} from "./embedder.js";
export {
  openSageText,
  type QueryOptions,
  type SageText,
  type TasteHit,
  type TextAction,
} from "./sage-text.js";
export type { TextSearchOptions } from "./search.js";
