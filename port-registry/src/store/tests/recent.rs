//! Recent changes and their cache.

use redb::ReadableDatabase;

use super::fixtures::{claim, open, scratch};
use crate::store::handle::builder;
use crate::store::tables::recent::{MAX_RECENT, RecentCache};
use crate::store::tables::rows::{Rows, StoredRows};
use crate::store::tables::schema::{FREE, PORTS};
use crate::store::tables::{base, free_ports};
use crate::{Error, Filter};

#[test]
fn an_older_transaction_sees_the_changes_of_its_own_state() {
    // One more change, and so many that they are merged in between.
    for more in [1, MAX_RECENT + 1] {
        let folder = scratch();
        let path = folder.path().join("ports.redb");
        let registry = open(&path);
        let first = registry.allocate(claim("first")).unwrap();
        let database = builder().open(&path).unwrap();
        let earlier = database.begin_read().unwrap();
        for number in 0..more {
            registry.allocate(claim(&format!("{number}"))).unwrap();
        }
        registry.release(first.id).unwrap();

        let cache = RecentCache::default();
        let later = database.begin_read().unwrap();
        let count = |txn| {
            let rows = StoredRows::read(txn, &path, &cache).unwrap();
            rows.check().unwrap();
            rows.matching(&Filter::new()).unwrap().len()
        };
        for _ in 0..2 {
            assert_eq!(count(&later), usize::try_from(more).unwrap());
            assert_eq!(count(&earlier), 1);
        }
        let earlier_rows = StoredRows::read(&earlier, &path, &cache).unwrap();
        assert_eq!(earlier_rows.by_id(first.id).unwrap(), Some(first));
    }
}

#[test]
fn a_trial_write_merges_the_changes_when_a_write_would() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let registry = open(&path);
    for number in 0..MAX_RECENT {
        registry.try_write().unwrap();
        registry.allocate(claim(&format!("{number}"))).unwrap();
    }
    let merged = || {
        let database = builder().open(&path).unwrap();
        let txn = database.begin_read().unwrap();
        base::read_tables(&txn, &path).unwrap().merged().unwrap()
    };
    assert_eq!(merged(), 0);
    registry.try_write().unwrap();
    assert_eq!(merged(), MAX_RECENT);
    registry.verify().unwrap();
    assert_eq!(
        registry.list(&Filter::new()).unwrap().len() as u64,
        MAX_RECENT
    );
}

#[test]
fn a_contradiction_fails_the_request_that_meets_it_and_no_other() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let registry = open(&path);
    let mut allocations = Vec::new();
    for number in 0..2 * MAX_RECENT {
        let claim = claim(&format!("{number}"));
        allocations.push(registry.allocate(claim).unwrap());
    }
    let victim = &allocations[0];
    let database = builder().open(&path).unwrap();
    let txn = database.begin_write().unwrap();
    let mut ports = txn.open_table(PORTS).unwrap();
    let entry = ports.remove(victim.port.get()).unwrap();
    assert!(entry.is_some(), "it is in the tables");
    drop(entry);
    drop(ports);
    let mut free = txn.open_table(FREE).unwrap();
    free_ports::take(&mut free, "9000".parse().unwrap()).unwrap();
    drop(free);
    txn.commit().unwrap();
    drop(database);

    let registry = open(&path);
    let released = registry.release(victim.id);
    assert!(
        matches!(released, Err(Error::Damaged { .. })),
        "{released:?}"
    );
    let given = registry.allocate(claim("x").with_port("9000".parse().unwrap()));
    assert!(matches!(given, Err(Error::Damaged { .. })), "{given:?}");
    for number in 0..2 * MAX_RECENT {
        registry
            .allocate(claim(&format!("later {number}")))
            .unwrap();
    }
}
