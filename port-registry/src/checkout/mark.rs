//! Marks, which tell checkouts with the same labels apart.

use crate::fnv;
use crate::types::service_key::MAX_NAME_LEN;

/// The lengths of marks, in hexadecimal digits. A longer one is for the rare case that the marks of two checkouts with
/// the same labels agree.
pub(crate) const MARK_LENGTHS: [usize; 3] = [4, 8, 16];

/// Adds a mark to an instance: a hash of the checkout's path, of at most 16 digits.
pub(crate) fn marked(instance: &str, dir: &str, length: usize) -> String {
    let mark = of(dir.as_bytes(), length);
    let mut kept = instance.len().min(MAX_NAME_LEN - mark.len() - 1);
    while !instance.is_char_boundary(kept) {
        kept -= 1;
    }
    format!("{}-{mark}", &instance[..kept])
}

/// Returns the mark of a path: a hash of it, of at most 16 digits.
pub(crate) fn of(path: &[u8], length: usize) -> String {
    // The last bytes first, because in the others the hashes of similar paths are alike.
    let mut mark = format!("{:016x}", fnv::hash(path).swap_bytes());
    mark.truncate(length);
    mark
}

/// Removes the mark of a checkout from an instance, if it has one.
pub(crate) fn unmarked<'a>(instance: &'a str, dir: &str) -> &'a str {
    let marks = MARK_LENGTHS.map(|length| marked("", dir, length));
    let mut unmarked = marks
        .iter()
        .filter_map(|mark| instance.strip_suffix(mark.as_str()));
    unmarked.next().unwrap_or(instance)
}

#[cfg(test)]
mod tests {
    use super::{MARK_LENGTHS, marked, unmarked};
    use crate::types::service_key::{MAX_NAME_LEN, ServiceKey};

    #[test]
    fn marked_instance_is_a_valid_name_and_depends_on_the_path() {
        let long = "\u{e9}".repeat(127);
        for instance in ["main", "a/b", &long, &"x".repeat(MAX_NAME_LEN)] {
            for length in MARK_LENGTHS {
                let one = marked(instance, "/home/me/one", length);
                assert_ne!(one, marked(instance, "/home/me/two", length));
                assert_ne!(one, marked(instance, "/home/me/onf", length));
                let key = ServiceKey::new("shop", &one, "web").unwrap();
                assert_eq!(key.instance(), one);
                assert!(instance.starts_with(unmarked(&one, "/home/me/one")));
                assert_eq!(unmarked(&one, "/home/me/two"), one);
            }
        }
        assert_eq!(marked("main", "/home/me/one", 4).len(), "main-".len() + 4);
    }
}
