//! Many ranked lists -> one.

use crate::Error;
use crate::math::sort::{argsort, descending_key, no_tie_break};
use alloc::{vec, vec::Vec};

/// An item in a ranked list. `item` is the caller's own number for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The item.
    pub item: u32,
    /// How well it answers the query; higher is better.
    pub score: f32,
}

/// A hit of the blend, and the list it is credited to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blended {
    /// The item with its best score.
    pub hit: Hit,
    /// The list in which it scored best.
    pub list: usize,
}

/// Blends ranked lists into one of at most `count` items, giving each list a share in proportion to its weight.
///
/// An item stands once, with its best score, for the list that gave it that score (of equals, the first list). Excluded
/// items never appear. Places are dealt one by one by Webster's rule (Sainte-Lague): the next goes to the list with the greatest
/// weight / (2 taken + 1) that has items left, of equals to the first list; each list gives its items by score, of equals the
/// earlier first. So the beginning of a longer blend is the shorter blend, and short lists leave their places to the others.
///
/// O(h log h + count l) for h hits in l lists. No lists, or `count` 0, give nothing.
///
/// # Errors
/// [`Error::Dimension`] unless there is one weight a list; [`Error::Option`] for a weight that is negative or not finite;
/// [`Error::NotFinite`] for a score.
///
/// ```
/// use pocketsage::{Hit, blend};
///
/// let hit = |item, score| Hit { item, score };
/// let lists = [vec![hit(1, 0.9), hit(2, 0.8), hit(3, 0.7)], vec![hit(3, 0.95), hit(4, 0.5)]];
/// let items: Vec<u32> = blend(&lists, &[0.7, 0.3], 3, &[2])?.iter().map(|b| b.hit.item).collect();
/// assert_eq!(items, [1, 3, 4]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub fn blend(
    lists: &[Vec<Hit>],
    weights: &[f64],
    count: usize,
    exclude: &[u32],
) -> Result<Vec<Blended>, Error> {
    check(lists, weights)?;
    let mut queues = queues(lists, exclude);
    let mut taken = vec![0u32; lists.len()];
    let mut blended = Vec::new();
    while blended.len() < count {
        let claim = |list: usize| weights[list] / f64::from(2 * taken[list] + 1);
        let with_items = (0..queues.len()).filter(|&list| !queues[list].is_empty());
        // max_by takes the last of equals: reversed, the first list.
        let next = with_items.rev().max_by(|&x, &y| claim(x).total_cmp(&claim(y)));
        let Some((list, hit)) = next.and_then(|list| Some((list, queues[list].pop()?))) else {
            break;
        };
        taken[list] += 1;
        blended.push(Blended { hit, list });
    }
    Ok(blended)
}

fn check(lists: &[Vec<Hit>], weights: &[f64]) -> Result<(), Error> {
    if weights.len() != lists.len() {
        return Err(Error::Dimension {
            what: "number of weights (one a list)",
            got: weights.len(),
            expected: lists.len(),
        });
    }
    for &weight in weights {
        crate::options::within("weights", weight, 0.0, f64::MAX)?;
    }
    let scores = lists.iter().flatten().map(|hit| hit.score);
    match scores.clone().position(|score| !score.is_finite()) {
        Some(row) => {
            let got = scores.into_iter().nth(row).unwrap_or(f32::NAN).into();
            Err(Error::NotFinite { what: "the score", row, got })
        }
        None => Ok(()),
    }
}

/// Each list's own hits, worst first, so that the best is popped first.
fn queues(lists: &[Vec<Hit>], exclude: &[u32]) -> Vec<Vec<Hit>> {
    let hits =
        lists.iter().enumerate().flat_map(|(list, hits)| hits.iter().map(move |&hit| (list, hit)));
    let hits: Vec<(usize, Hit)> = hits.collect();
    // Best first; of equal scores the first list, and in a list the earlier hit.
    let keys: Vec<u64> = hits.iter().map(|(_, hit)| descending_key(hit.score.into())).collect();
    let by_score = argsort(&keys, &no_tie_break);
    // The same, item by item: the first of each item is the one that counts.
    let keys: Vec<u64> = by_score.iter().map(|&at| hits[at].1.item.into()).collect();
    let by_item = argsort(&keys, &no_tie_break);
    let mut counts = vec![false; hits.len()];
    let mut before = None;
    for &place in &by_item {
        let item = hits[by_score[place]].1.item;
        counts[place] = before != Some(item) && !exclude.contains(&item);
        before = Some(item);
    }
    let mut queues = vec![Vec::new(); lists.len()];
    for (&at, counts) in by_score.iter().zip(counts).rev() {
        if counts {
            queues[hits[at].0].push(hits[at].1);
        }
    }
    queues
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(hits: &[(u32, f32)]) -> Vec<Hit> {
        hits.iter().map(|&(item, score)| Hit { item, score }).collect()
    }

    fn items(blended: &[Blended]) -> Vec<(u32, usize)> {
        blended.iter().map(|b| (b.hit.item, b.list)).collect()
    }

    #[test]
    fn places_follow_the_weights() {
        let lists: Vec<_> = (0..3u32)
            .map(|l| {
                list(&(0..50).map(|i| (l * 100 + i, 1.0 - i as f32 / 50.0)).collect::<Vec<_>>())
            })
            .collect();
        let blended = blend(&lists, &[0.5, 0.3, 0.2], 20, &[]).unwrap();
        let share = |l| blended.iter().filter(|b| b.list == l).count();
        assert_eq!([share(0), share(1), share(2)], [10, 6, 4]);
    }

    #[test]
    fn an_item_stands_once_for_its_best_list() {
        let lists = [list(&[(7, 0.5), (8, 0.4)]), list(&[(7, 0.9), (9, 0.9), (7, 0.2)])];
        let blended = blend(&lists, &[1.0, 1.0], 9, &[]).unwrap();
        assert_eq!(items(&blended), [(8, 0), (7, 1), (9, 1)]);
    }

    #[test]
    fn lists_that_run_dry_leave_their_places_to_others() {
        let lists = [list(&[(1, 0.9)]), list(&[(2, 0.8), (3, 0.7), (4, 0.6)])];
        let blended = blend(&lists, &[0.99, 0.01], 9, &[3]).unwrap();
        assert_eq!(items(&blended), [(1, 0), (2, 1), (4, 1)]);
        assert!(blend(&[], &[], 3, &[]).unwrap().is_empty());
        assert!(blend(&lists, &[1.0, 1.0], 0, &[]).unwrap().is_empty());
    }

    #[test]
    fn bad_weights_and_scores_are_named() {
        let lists = [list(&[(1, f32::NAN)])];
        assert_eq!(blend(&lists, &[], 1, &[]).unwrap_err().code(), "dimension");
        assert_eq!(blend(&lists, &[-1.0], 1, &[]).unwrap_err().code(), "option");
        assert_eq!(blend(&lists, &[1.0], 1, &[]).unwrap_err().code(), "not-finite");
    }
}
