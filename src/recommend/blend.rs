//! Blending of ranked lists into one.
//!
//! Ties: a place goes to the first of the lists with the greatest quotient; in a list, of equal
//! scores the earlier hit comes first.

use crate::Error;
use crate::math::sort::{argsort, descending_key, no_tie_break};
use crate::options::check_range;
use alloc::{vec, vec::Vec};

/// An item of a ranked list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Number of the item, chosen by the caller.
    pub item: u32,
    /// Score for the query of the list; higher is better.
    pub score: f32,
}

/// A hit of the blend, and the list it counts for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blended {
    /// The item, with its score in `list`.
    pub hit: Hit,
    /// Index of the list that reached the item first.
    pub list: usize,
}

/// Blends ranked lists into one of at most `count` items, and gives each list a share of the places
/// in proportion to its weight.
///
/// Places are assigned one by one by Webster's method (Sainte-Lague): the next place goes to the
/// list with the greatest weight / (2 taken + 1) that has items left, of ties the first. Each list
/// gives its items by score, of ties the earlier one. An item appears once, for the list that
/// reaches it first; items in `exclude` never appear. So a shorter blend is the beginning of a
/// longer one, and other lists get the places of an exhausted list.
///
/// O(h log h + (h + count) l) for h hits in l lists. No lists, or `count` 0, return no items. A
/// list of weight 0 is used only when the others are exhausted.
///
/// # Errors
/// [`Error::Dimension`] unless there is one weight per list; [`Error::Option`] for a weight that is
/// negative or not finite; [`Error::NotFinite`] for a score.
///
/// ```
/// use pocketsage::{Hit, blend};
///
/// let hit = |item, score| Hit { item, score };
/// let lists = [vec![hit(1, 0.9), hit(2, 0.8), hit(3, 0.7)], vec![hit(3, 0.95), hit(4, 0.5)]];
/// let blended = blend(&lists, &[0.7, 0.3], 3, &[2])?;
/// let items: Vec<u32> = blended.iter().map(|b| b.hit.item).collect();
/// assert_eq!(items, [1, 3, 4]);
/// # Ok::<(), pocketsage::Error>(())
/// ```
pub fn blend(
    lists: &[Vec<Hit>],
    weights: &[f64],
    count: usize,
    exclude: &[u32],
) -> Result<Vec<Blended>, Error> {
    validate_arguments(lists, weights)?;
    let (numbers, item_count) = number_items(lists);
    let mut is_used = vec![false; item_count];
    let mut queues = hit_queues(lists, &numbers);
    let mut taken_counts = vec![0u32; lists.len()];
    let mut blended: Vec<Blended> = Vec::new();
    while blended.len() < count {
        for queue in &mut queues {
            while queue
                .last()
                .is_some_and(|&(hit, number)| is_used[number] || exclude.contains(&hit.item))
            {
                queue.pop();
            }
        }
        let quotient = |list: usize| weights[list] / f64::from(2 * taken_counts[list] + 1);
        let non_empty_lists = (0..queues.len()).filter(|&list| !queues[list].is_empty());
        // `max_by` returns the last of equal elements; in reverse order, that is the first list.
        let next_list = non_empty_lists.rev().max_by(|&x, &y| quotient(x).total_cmp(&quotient(y)));
        let Some((list, (hit, number))) =
            next_list.and_then(|list| Some((list, queues[list].pop()?)))
        else {
            break;
        };
        is_used[number] = true;
        taken_counts[list] += 1;
        blended.push(Blended { hit, list });
    }
    Ok(blended)
}

/// Validates the arguments of [`blend`] and [`mix`](super::mix()).
pub(super) fn validate_arguments<L: AsRef<[Hit]>>(
    lists: &[L],
    weights: &[f64],
) -> Result<(), Error> {
    if weights.len() != lists.len() {
        return Err(Error::Dimension {
            what: "number of weights (one a list)",
            got: weights.len(),
            expected: lists.len(),
        });
    }
    for &weight in weights {
        check_range("weights", weight, 0.0, f64::MAX)?;
    }
    let scores = lists.iter().flat_map(AsRef::as_ref).map(|hit| hit.score);
    match scores.clone().position(|score| !score.is_finite()) {
        Some(row) => {
            let got = scores.into_iter().nth(row).unwrap_or(f32::NAN).into();
            Err(Error::NotFinite { what: "the score", row, got })
        }
        None => Ok(()),
    }
}

/// Numbers the items of all hits, in the order of the lists, by ascending item. Returns the number
/// of each hit's item, and how many items there are. O(h log h).
pub(super) fn number_items(lists: &[Vec<Hit>]) -> (Vec<usize>, usize) {
    let items: Vec<u64> = lists.iter().flatten().map(|hit| hit.item.into()).collect();
    let mut numbers = vec![0; items.len()];
    let mut count = 0;
    let mut previous_item = None;
    for index in argsort(&items, &no_tie_break) {
        count += usize::from(previous_item != Some(items[index]));
        previous_item = Some(items[index]);
        numbers[index] = count - 1;
    }
    (numbers, count)
}

/// For each list its hits with the numbers of their items, in ascending order of score, so that
/// `pop` returns the best; of equal scores the earlier hit.
fn hit_queues(lists: &[Vec<Hit>], numbers: &[usize]) -> Vec<Vec<(Hit, usize)>> {
    let mut numbers = numbers.iter().copied();
    let queue = |hits: &Vec<Hit>| {
        let hits: Vec<(Hit, usize)> = hits.iter().copied().zip(&mut numbers).collect();
        let keys: Vec<u64> = hits.iter().map(|(hit, _)| descending_key(hit.score.into())).collect();
        argsort(&keys, &no_tie_break).into_iter().rev().map(|index| hits[index]).collect()
    };
    lists.iter().map(queue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked_list(hits: &[(u32, f32)]) -> Vec<Hit> {
        hits.iter().map(|&(item, score)| Hit { item, score }).collect()
    }

    fn items_and_lists(blended: &[Blended]) -> Vec<(u32, usize)> {
        blended.iter().map(|b| (b.hit.item, b.list)).collect()
    }

    #[test]
    fn each_list_gets_its_share_of_the_places() {
        let lists: Vec<_> = (0..3u32)
            .map(|l| {
                ranked_list(
                    &(0..50).map(|i| (l * 100 + i, 1.0 - i as f32 / 50.0)).collect::<Vec<_>>(),
                )
            })
            .collect();
        let blended = blend(&lists, &[0.5, 0.3, 0.2], 20, &[]).unwrap();
        let item_count = |l| blended.iter().filter(|b| b.list == l).count();
        assert_eq!([item_count(0), item_count(1), item_count(2)], [10, 6, 4]);
    }

    #[test]
    fn an_item_appears_once_for_the_list_that_reaches_it_first() {
        let lists =
            [ranked_list(&[(7, 0.5), (8, 0.4)]), ranked_list(&[(7, 0.9), (9, 0.9), (7, 0.2)])];
        let blended = blend(&lists, &[1.0, 1.0], 9, &[]).unwrap();
        assert_eq!(items_and_lists(&blended), [(7, 0), (9, 1), (8, 0)]);
        assert_eq!(blended[0].hit.score, 0.5, "its score in that list");
    }

    #[test]
    fn other_lists_get_the_places_of_an_exhausted_one() {
        let lists = [ranked_list(&[(1, 0.9)]), ranked_list(&[(2, 0.8), (3, 0.7), (4, 0.6)])];
        let blended = blend(&lists, &[0.99, 0.01], 9, &[3]).unwrap();
        assert_eq!(items_and_lists(&blended), [(1, 0), (2, 1), (4, 1)]);
        assert!(blend(&[], &[], 3, &[]).unwrap().is_empty());
        assert!(blend(&lists, &[1.0, 1.0], 0, &[]).unwrap().is_empty());
    }

    #[test]
    fn bad_weights_and_scores_are_errors() {
        let lists = [ranked_list(&[(1, f32::NAN)])];
        assert_eq!(blend(&lists, &[], 1, &[]).unwrap_err().code(), "dimension");
        assert_eq!(blend(&lists, &[-1.0], 1, &[]).unwrap_err().code(), "option");
        assert_eq!(blend(&lists, &[1.0], 1, &[]).unwrap_err().code(), "not-finite");
    }
}
