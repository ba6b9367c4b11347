//! What the lists of interests add to a mixture: scores for queries that lean towards the average
//! of the history, and the nearest interest of each item. For the JavaScript binding.

use super::Hit;
use alloc::{vec, vec::Vec};

/// The interest that scores an item highest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NearestInterest {
    /// Index of its list, of ties the first; -1 if no list of an interest has the item.
    pub(crate) list: i32,
    /// The score in that list; minus infinity without one.
    pub(crate) similarity: f32,
}

/// Returns the nearest interest of each item number, and then replaces the scores of interests by
/// those for queries that lean towards the query of the first list, the average of the history. The
/// score for the leaned query of unit length, `((1 - lean) x interest + lean x average) / length`,
/// follows from the scores for the two. An item that the first list lacks counts there as its
/// lowest score.
///
/// List l is `hits[offsets[l]..offsets[l + 1]]`. `lengths` has for each list the length of the
/// leaned query, or 0 if the list belongs to no interest; a list of length 0 keeps its scores. All
/// lists keep their scores if `lean` is 0 or the first list is empty. Items are numbered without
/// large gaps. O(h + largest number) for h hits.
pub(crate) fn lean_to_first(
    hits: &mut [Hit],
    offsets: &[u32],
    lean: f64,
    lengths: &[f64],
) -> Vec<NearestInterest> {
    let item_count = hits.iter().map(|hit| hit.item as usize + 1).max().unwrap_or(0);
    let mut nearest = vec![NearestInterest { list: -1, similarity: f32::NEG_INFINITY }; item_count];
    let average = &hits[..offsets.get(1).map_or(0, |&end| end as usize)];
    let is_leaning = lean > 0.0 && !average.is_empty();
    let lowest = average.iter().fold(f32::INFINITY, |lowest, hit| lowest.min(hit.score));
    let mut average_scores = vec![lowest; item_count];
    for hit in average {
        average_scores[hit.item as usize] = hit.score;
    }
    for ((list, bounds), &length) in offsets.windows(2).enumerate().zip(lengths) {
        if length == 0.0 {
            continue;
        }
        for hit in &mut hits[bounds[0] as usize..bounds[1] as usize] {
            let item = hit.item as usize;
            if hit.score > nearest[item].similarity {
                nearest[item] = NearestInterest { list: list as i32, similarity: hit.score };
            }
            if is_leaning {
                let average_score = f64::from(average_scores[item]);
                let sum = (1.0 - lean) * f64::from(hit.score) + lean * average_score;
                hit.score = (sum / length) as f32;
            }
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(hits: &[(u32, f32)]) -> Vec<Hit> {
        hits.iter().map(|&(item, score)| Hit { item, score }).collect()
    }

    #[test]
    fn interests_lean_to_the_first_list() {
        let lists = hits(&[(0, 0.5), (1, -0.25), (2, 1.0), (0, 0.75), (1, 0.0)]);
        let mut leaned = lists.clone();
        lean_to_first(&mut leaned, &[0, 2, 4, 5], 0.25, &[0.0, 0.5, 0.0]);
        // Item 2 counts as the lowest score of the average, -0.25. Other lists are no interests.
        assert_eq!(leaned, hits(&[(0, 0.5), (1, -0.25), (2, 1.375), (0, 1.375), (1, 0.0)]));

        let mut kept = lists.clone();
        lean_to_first(&mut kept, &[0, 2, 4, 5], 0.0, &[0.0, 0.5, 0.0]);
        assert_eq!(kept, lists, "a lean of 0");
        lean_to_first(&mut kept, &[0, 0, 5], 0.5, &[0.0, 1.0]);
        assert_eq!(kept, lists, "the average found nothing");
        assert!(lean_to_first(&mut [], &[0], 0.5, &[]).is_empty());
    }

    #[test]
    fn the_nearest_interest_scores_highest() {
        let mut lists = hits(&[(0, 0.9), (1, 0.9), (1, 0.25), (2, 0.5), (2, 0.5), (1, 0.375)]);
        let nearest = lean_to_first(&mut lists, &[0, 2, 4, 6], 0.5, &[0.0, 1.0, 1.0]);
        assert!(lists[5].score > 0.6, "{lists:?}");
        // By the scores before they lean. Item 0 is in no list of an interest; of the ties of item
        // 2 the first list counts.
        let expected = [(-1, f32::NEG_INFINITY), (2, 0.375), (1, 0.5)]
            .map(|(list, similarity)| NearestInterest { list, similarity });
        assert_eq!(nearest, expected);
    }
}
