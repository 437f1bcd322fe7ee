//! The settings of redb.

use redb::{Builder, ConcurrencyMode};

/// The size of redb's cache. 60,000 allocations take about 9 MB; redb's default is 1 GiB.
pub(super) const CACHE_SIZE: usize = 8 << 20;

/// Returns the settings for a file that other processes use too.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .set_cache_size(CACHE_SIZE);
    builder
}
