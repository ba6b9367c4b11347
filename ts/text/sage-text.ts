/** Text functions of a sage: actions on texts, recommendations for a query, ranking by taste. */
import type { Catalogue } from "../catalogue/catalogue.js";
import { checkCatalogue } from "../catalogue/check-catalogue.js";
import { SEARCH_OPTION_NAMES } from "../catalogue/options.js";
import { SageError } from "../errors.js";
import type { ItemId } from "../item.js";
import type { Hit } from "../retriever.js";
import type { Action, RecordResult, Sage } from "../sage/types.js";
import {
  checkAbort,
  checkFinite,
  checkItemId,
  checkItemIds,
  checkKeys,
  checkMethods,
  checkShare,
  inspect,
  unexpected,
} from "../values/check.js";
import { LIMITS } from "../values/limits.js";
import { commonSpace } from "../values/space.js";
import type { CatalogueText } from "./catalogue-text.js";
import { checkText, type EmbedderText } from "./embedder.js";
import { sortByScore, type TextSearchOptions } from "./search.js";
import { checkPage } from "./search-options.js";

/** Search hits per recommendation, from which taste chooses. */
const CANDIDATES_PER_HIT = 10;
/** Number of recommendations that are chosen from the first candidates. */
const FIRST_TIER = 20;
const DEFAULT_TASTE = 0.3;
/** Number of actions per call of `sage.actions`. */
const ACTIONS_PER_PAGE = 1000;
const ACTION_KEYS = ["text", "item", "at", "weight", "kind"];
const QUERY_KEYS = ["query", "taste", "signal", ...SEARCH_OPTION_NAMES];
/** Maximum length of the part of a text in the id of its action, in UTF-16 units. */
const MAX_ID_TEXT = 200;

/** An action on a text, such as a search or a wish: an {@link Action} with a text for a vector. */
export interface TextAction extends Omit<Action, "item" | "vector"> {
  text: string;
  /** Default: "text:" and the first 200 UTF-16 units of the text. */
  item?: ItemId;
}

/** Options of {@link SageText.recommend}. */
export interface QueryOptions extends TextSearchOptions {
  /** What is searched for. */
  query: string;
  /** Share of the taste, as in {@link SageText.rank}. Default: 0.3. */
  taste?: number;
  signal?: AbortSignal;
}

/** A hit with its parts: `score` is (1 - share) x `match` + share x `taste`; see the options. */
export interface TasteHit extends Hit {
  /** The score of the search. */
  match: number;
  /** `ItemScore.taste` of `pocketsage`; 0 for a user without actions. */
  taste: number;
}

/** Text functions of a sage. */
export interface SageText {
  /**
   * Records actions on texts, as `sage.record`. Rejects with code "unknown-item" for a text without
   * a vector, then none is recorded; else as the `embed` of the texts and as `sage.record`.
   */
  record(action: TextAction | readonly TextAction[]): Promise<RecordResult>;
  /**
   * Items for a query, without items acted on, disliked, hidden or excluded. The first 20 are
   * chosen from the best 200 hits of the search, the next 20 from the best 400, the next 40 from
   * the best 800, and so on; each by {@link TasteHit.score}, best first, of equal scores the item
   * earlier in the catalogue. So the place of an item depends on neither `count` nor `offset`.
   * `minScore` is the least {@link TasteHit.score}. Without actions, the order of the search.
   */
  recommend(options: QueryOptions): Promise<TasteHit[]>;
  /**
   * The hits of a search, all of them, by match and taste. `taste` is the share of the taste, in
   * [0, 1]; default: 0.3. Both scores are cosines, but for what names add. Of equal scores, the
   * item earlier in the catalogue.
   */
  rank(hits: readonly Hit[], options?: { taste?: number }): Promise<TasteHit[]>;
}

/**
 * Opens the text functions of a sage; `catalogue` is that of the sage and of the texts. Throws code
 * "option" for values of another kind, "dimension" for texts of another vector space.
 */
export function openSageText(
  sage: Sage,
  catalogue: Catalogue,
  texts: CatalogueText | EmbedderText,
): SageText {
  checkMethods("openSageText: sage", sage, ["record", "score", "actions", "hidden"]);
  checkCatalogue("openSageText", catalogue);
  checkMethods("openSageText: texts", texts, ["embed", "search"]);
  commonSpace([catalogue, texts]);
  const rank = async (hits: readonly Hit[], share: number): Promise<TasteHit[]> => {
    const scores = await sage.score(hits.map(({ item }) => item));
    const fused = hits.map((hit, index): TasteHit => {
      const { taste } = scores[index]!;
      return { ...hit, match: hit.score, taste, score: (1 - share) * hit.score + share * taste };
    });
    return sortByScore(catalogue, fused);
  };
  /** Items acted on, disliked or hidden, which `sage.recommend` leaves out, too. */
  const ownItems = async (): Promise<Set<ItemId>> => {
    const items = new Set(await sage.hidden());
    for (let offset = 0; ; offset += ACTIONS_PER_PAGE) {
      const actions = await sage.actions({ offset, count: ACTIONS_PER_PAGE });
      for (const { item } of actions) items.add(item);
      if (actions.length < ACTIONS_PER_PAGE) return items;
    }
  };
  return {
    async record(given) {
      // Holes of an array become undefined, which is no action.
      const actions = Array.from(Array.isArray(given) ? given : [given]) as TextAction[];
      const completed: Action[] = [];
      actions.forEach((action, index) => {
        checkKeys(`record: action ${index}`, action, ACTION_KEYS);
      });
      for (const { text, item, ...rest } of actions) {
        const vector = await texts.embed(text);
        if (!vector)
          throw new SageError(
            "unknown-item",
            `record: the text ${inspect(text)} has no known words: record an item instead.`,
          );
        completed.push({ ...rest, item: item ?? idOf(text), vector });
      }
      return sage.record(completed);
    },
    async recommend(options) {
      checkKeys("recommend", options, QUERY_KEYS);
      const {
        query,
        taste = DEFAULT_TASTE,
        signal,
        exclude = [],
        minScore: _,
        ...search
      } = options;
      checkText(query);
      const { count, offset, minScore } = checkPage("recommend", options);
      checkShare("recommend: taste", taste);
      const excluded = new Set([
        ...checkItemIds("recommend: exclude", exclude),
        ...(await ownItems()),
      ]);
      const end = offset + count;
      let size = FIRST_TIER;
      while (size < end) size *= 2;
      for (; ; size *= 2) {
        const candidates = Math.min(CANDIDATES_PER_HIT * size, LIMITS.maxCount);
        const hits = await texts.search(query, {
          ...search,
          exclude: excluded,
          count: candidates,
          offset: 0,
          ...(signal && { signal }),
        });
        const ranked = arrangeTiers(hits, await rank(hits, taste), minScore, size);
        checkAbort(signal);
        if (ranked.length >= end || hits.length < candidates) return ranked.slice(offset, end);
      }
    },
    async rank(hits, options = {}) {
      checkKeys("rank", options, ["taste"]);
      checkHits(hits);
      return rank(hits, checkShare("rank: taste", options.taste ?? DEFAULT_TASTE));
    },
  };
}

/**
 * The ranked hits with a score of at least `minScore` in tiers: up to place n, for n = 20, 40, 80
 * to `size`, the best of the first 10 n of `hits`.
 */
function arrangeTiers(
  hits: readonly Hit[],
  ranked: readonly TasteHit[],
  minScore: number,
  size: number,
): TasteHit[] {
  const places = new Map(hits.map(({ item }, place) => [item, place]));
  const arranged = new Set<TasteHit>();
  for (let tier = FIRST_TIER; tier <= size; tier *= 2)
    for (const hit of ranked) {
      if (arranged.size === tier) break;
      const isCandidate = places.get(hit.item)! < CANDIDATES_PER_HIT * tier;
      if (isCandidate && hit.score >= minScore) arranged.add(hit);
    }
  return [...arranged];
}

function checkHits(hits: unknown): void {
  if (!Array.isArray(hits)) throw unexpected("rank", "an array of hits", hits);
  Array.from(hits as (Partial<Hit> | null | undefined)[]).forEach((hit, index) => {
    checkItemId(`rank: hit ${index}: item`, hit?.item);
    checkFinite(`rank: hit ${index}: score`, hit?.score);
  });
}

/** The id of an action on a text: well-formed Unicode, as ids are. */
function idOf(text: string): ItemId {
  const head = new TextEncoder().encode(text.slice(0, MAX_ID_TEXT));
  return `text:${new TextDecoder().decode(head)}`;
}
