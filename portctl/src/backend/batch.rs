//! Batches that take effect as a whole, but for items whose failure does not matter.

use std::collections::HashSet;

use super::fault::Fault;
use super::operations::{BatchOutcome, ItemFault};

/// Submits the items as one batch. As long as every failure in it is one that `is_tolerated` accepts, those
/// items are left out and the others are submitted again. Each round has fewer items, so it ends.
///
/// Returns the answers with the positions of their items, or all failures that are not tolerated. Positions
/// are those in `items`.
pub(crate) fn submit<T, A>(
    items: &[T],
    send: impl Fn(&[&T]) -> Result<BatchOutcome<A>, Fault>,
    mut is_tolerated: impl FnMut(&ItemFault) -> bool,
) -> Result<BatchOutcome<(usize, A)>, Fault> {
    let mut left: Vec<(usize, &T)> = items.iter().enumerate().collect();
    loop {
        if left.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let batch: Vec<&T> = left.iter().map(|(_, item)| *item).collect();
        let faults = match send(&batch)? {
            Ok(answers) => {
                let indices = left.into_iter().map(|(index, _)| index);
                return Ok(Ok(indices.zip(answers).collect()));
            }
            Err(faults) => faults,
        };
        let in_items = |it: ItemFault| ItemFault {
            index: left[it.index].0,
            fault: it.fault,
        };
        let (tolerated, refused): (Vec<_>, Vec<_>) = faults
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
    use crate::backend::{Fault, ItemFault};

    fn fault(index: usize) -> ItemFault {
        let code = ErrorCode::Failed;
        let error = index.to_string();
        let fault = Fault::Refused { code, error };
        ItemFault { index, fault }
    }

    /// Answers numbers with their doubles, unless one of them is odd.
    fn double(numbers: &[&u32]) -> BatchOutcome<u32> {
        let odd = numbers.iter().enumerate().filter(|(_, it)| **it % 2 == 1);
        let odd: Vec<ItemFault> = odd.map(|(index, _)| fault(index)).collect();
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
    fn refused_items_are_named_by_their_own_positions() {
        // The second round fails again, for an item that the first one was not about.
        let send = |numbers: &[&u32]| {
            Ok(match numbers.iter().position(|it| **it == 1) {
                Some(index) => Err(vec![fault(index)]),
                None => double(numbers),
            })
        };
        let refused = submit(&[1, 2, 3], send, |it| it.index == 0);
        let refused = refused.unwrap().unwrap_err();
        assert_eq!((refused.len(), refused[0].index), (1, 2));
    }
}
