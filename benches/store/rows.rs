//! The rows of a registry.

use std::path::Path;

use port_registry::{Atomicity, Claim, Registry, Request, ServiceKey, Verdict};

use crate::report::BenchResult;

/// The app of the first 100 rows.
pub(crate) const HUNDRED: &str = "a hundred";

/// The app of the 10,000 after them.
pub(crate) const TEN_THOUSAND: &str = "ten thousand";

/// Fills a registry with rows.
pub(crate) fn fill(store: &Path, rows: u32) -> BenchResult<()> {
    let registry = Registry::builder()
        .with_path(store)
        .with_probe(|_| Ok(Verdict::Free))
        .open()?;
    let numbers: Vec<u32> = (0..rows).collect();
    for numbers in numbers.chunks(1000) {
        let claims = numbers
            .iter()
            .map(|&number| Request::Allocate(claim(number)));
        let claims: Vec<_> = claims.collect();
        for answer in registry.apply(&claims, Atomicity::AllOrNothing)? {
            answer?;
        }
    }
    Ok(())
}

/// Makes a claim with names as people give them, in no particular order.
pub(crate) fn claim(number: u32) -> Claim {
    let scattered = number.wrapping_mul(2_654_435_761);
    let app = match number {
        0..100 => HUNDRED.to_owned(),
        100..10_100 => TEN_THOUSAND.to_owned(),
        _ => format!("project-{}", scattered % 97),
    };
    let instance = format!("feature-{}", scattered % 389);
    let key = ServiceKey::new(app, instance, format!("service-{number}"));
    Claim::new(key.expect("the names are valid"))
        .with_dir("/home/me/project")
        .expect("the path is valid")
}
