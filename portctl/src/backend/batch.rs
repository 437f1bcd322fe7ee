//! Batches that succeed or fail as a whole, except for items whose failure is tolerated.

use std::collections::HashSet;

use super::error::BackendError;
use super::operations::{BatchOutcome, ItemError};

/// Submits the items as one batch. If `is_tolerated` accepts all errors of the batch, the failed items are left out
/// and the others are submitted again. This ends because each round has fewer items.
///
/// Returns the answers with the positions of their items, or all errors that are not tolerated. Positions are those
/// in `items`.
pub(crate) fn submit<T, A>(
    items: &[T],
    send: impl Fn(&[&T]) -> Result<BatchOutcome<A>, BackendError>,
    mut is_tolerated: impl FnMut(&ItemError) -> bool,
) -> Result<BatchOutcome<(usize, A)>, BackendError> {
    let mut left: Vec<(usize, &T)> = items.iter().enumerate().collect();
    loop {
        if left.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let batch: Vec<&T> = left.iter().map(|(_, item)| *item).collect();
        let errors = match send(&batch)? {
            Ok(answers) => {
                let indices = left.into_iter().map(|(index, _)| index);
                return Ok(Ok(indices.zip(answers).collect()));
            }
            Err(errors) => errors,
        };
        let in_items = |it: ItemError| ItemError {
            index: left[it.index].0,
            error: it.error,
        };
        let (tolerated, refused): (Vec<_>, Vec<_>) = errors
            .into_iter()
            .map(in_items)
            .partition(&mut is_tolerated);
        if !refused.is_empty() {
            return Ok(Err(refused));
        }
        let tolerated: HashSet<usize> = tolerated.iter().map(|it| it.index).collect();
        left.retain(|(index, _)| !tolerated.contains(index));
    }
}

#[cfg(test)]
mod tests {
    use port_registry::daemon::api::ErrorCode;

    use super::submit;
    use crate::backend::operations::BatchOutcome;
    use crate::backend::{BackendError, ItemError};

    fn item_error(index: usize) -> ItemError {
        let code = ErrorCode::Failed;
        let error = index.to_string();
        let error = BackendError::Refused { code, error };
        ItemError { index, error }
    }

    /// Doubles the numbers. Fails for each odd one.
    fn double(numbers: &[&u32]) -> BatchOutcome<u32> {
        let odd = numbers.iter().enumerate().filter(|(_, it)| **it % 2 == 1);
        let odd: Vec<ItemError> = odd.map(|(index, _)| item_error(index)).collect();
        if odd.is_empty() {
            Ok(numbers.iter().map(|it| **it * 2).collect())
        } else {
            Err(odd)
        }
    }

    #[test]
    fn tolerated_items_are_left_out_and_the_others_submitted() {
        let send = |numbers: &[&u32]| Ok(double(numbers));
        let answers = submit(&[2, 3, 4, 5, 6], send, |_| true);
        assert_eq!(answers.unwrap().unwrap(), [(0, 4), (2, 8), (4, 12)]);
        let answers = submit(&[1, 3], send, |_| true);
        assert_eq!(answers.unwrap().unwrap(), []);
    }

    #[test]
    fn refused_items_have_their_positions_among_all_items() {
        // The second round fails again, for another item than the first.
        let send = |numbers: &[&u32]| {
            Ok(match numbers.iter().position(|it| **it == 1) {
                Some(index) => Err(vec![item_error(index)]),
                None => double(numbers),
            })
        };
        let refused = submit(&[1, 2, 3], send, |it| it.index == 0);
        let refused = refused.unwrap().unwrap_err();
        assert_eq!((refused.len(), refused[0].index), (1, 2));
    }
}
