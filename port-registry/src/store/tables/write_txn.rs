//! Write transactions.

use std::sync::Arc;

use super::changes::{Change, Changes};
use super::rows::{Rows, StoredRows};
use super::schema::stored_id;
use crate::store::fault::Fault;
use crate::store::snapshot::Snapshot;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_name::CheckoutName;
use crate::types::claim::Claim;
use crate::types::filter::Filter;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;
use crate::types::timestamp::Timestamp;

/// A write transaction on the rows. Changes are made in memory, and stored by the commit.
#[derive(Debug)]
pub(crate) struct WriteTxn {
    rows: StoredRows,
    /// `true` if the transaction is committed even without changes.
    is_touched: bool,
}

impl WriteTxn {
    pub(in crate::store) fn begin(snapshot: Arc<Snapshot>) -> WriteTxn {
        WriteTxn {
            rows: StoredRows::new(snapshot),
            is_touched: false,
        }
    }

    /// Tests if there is anything to commit.
    pub(in crate::store) fn has_changes(&self) -> bool {
        self.is_touched || !self.rows.own.is_empty()
    }

    /// Returns the changes of the transaction, and the next id after them.
    pub(in crate::store) fn into_changes(self) -> (Changes, u64) {
        (self.rows.own, self.rows.next_id)
    }

    pub(crate) fn rows(&self) -> &dyn Rows {
        &self.rows
    }

    /// Makes the transaction write to the store without a change.
    #[cfg(any(test, feature = "daemon"))]
    pub(crate) fn touch(&mut self) {
        self.is_touched = true;
    }

    /// Allocates a free port to a service that holds none. The service has this key, and is otherwise as claimed.
    pub(crate) fn insert(
        &mut self,
        key: ServiceKey,
        claim: &Claim,
        port: Port,
    ) -> Result<Allocation, Fault> {
        let allocation = Allocation {
            id: self.next_id_for(port)?,
            key,
            port,
            created_at: claim.created_at().unwrap_or_else(Timestamp::now),
            dir: claim.dir().cloned(),
            label_origin: claim.label_origin(),
            checkout_name: None,
        };
        self.hold(allocation, claim.checkout_name().cloned())
    }

    /// Moves the service of an allocation, which must exist, to a free port.
    ///
    /// The service gets a new allocation, because an allocation keeps its port while it is held.
    pub(crate) fn move_to(
        &mut self,
        allocation: &Allocation,
        port: Port,
    ) -> Result<Allocation, Fault> {
        let moved = Allocation {
            id: self.next_id_for(port)?,
            port,
            created_at: Timestamp::now(),
            ..allocation.clone()
        };
        self.remove(allocation)?;
        // The checkout loses its name if this was its only allocation.
        self.hold(moved, allocation.checkout_name())
    }

    /// Returns the id of a new allocation of a port, which must be free.
    fn next_id_for(&mut self, port: Port) -> Result<AllocationId, Fault> {
        let id = stored_id(self.rows.next_id)?;
        if id.get() == u64::MAX {
            return Err(Fault::Damaged("the ids are used up".to_owned()));
        }
        // A contradiction must fail this request now, rather than all writers when the changes are merged.
        let is_free = self.rows.free_runs(port.get()..=port.get())?.next();
        if is_free.transpose()?.is_none() || self.rows.by_port(port)?.is_some() {
            let damage = format!("port {port} is free in one table and taken in another");
            return Err(Fault::Damaged(damage));
        }
        self.rows.next_id += 1;
        Ok(id)
    }

    /// Passes an allocation on to the checkout of a claim.
    ///
    /// If the labels were detected, all allocations of the checkout that it leaves pass on with it, because that checkout
    /// is gone. Otherwise the others would be released as those of a checkout that is gone.
    pub(crate) fn pass_on(
        &mut self,
        allocation: Allocation,
        claim: &Claim,
    ) -> Result<Allocation, Fault> {
        let left = allocation.dir.clone();
        let left = left.filter(|_| claim.label_origin().is_detected());
        let left = left.filter(|left| Some(left) != claim.dir());
        let name = left.as_ref().and_then(|_| allocation.checkout_name());
        let passed = Allocation {
            dir: claim.dir().cloned(),
            label_origin: claim.label_origin(),
            ..allocation
        };
        let passed = self.hold(passed, name)?;
        if let Some(left) = left {
            for other in self.rows.matching(&Filter::new().with_dir(left))? {
                let dir = claim.dir().cloned();
                self.hold(Allocation { dir, ..other }, None)?;
            }
        }
        Ok(passed)
    }

    /// Adds an allocation with a new checkout, which gets this name if it has none.
    ///
    /// All allocations of a checkout carry its name, so that it ends with the last of them. The first one with
    /// detected labels decides it.
    fn hold(
        &mut self,
        mut allocation: Allocation,
        name: Option<CheckoutName>,
    ) -> Result<Allocation, Fault> {
        allocation.checkout_name = None;
        if let Some(dir) = allocation.dir.clone() {
            let known = self.rows.checkout_name(&dir)?;
            let is_new = known.is_none();
            let name = known.or(name).or_else(|| allocation.checkout_name());
            allocation.set_checkout_name(name.clone());
            if is_new && let Some(name) = name {
                for mut other in self.rows.matching(&Filter::new().with_dir(dir))? {
                    other.set_checkout_name(Some(name.clone()));
                    self.rows.own.add(Change::Held(other));
                }
            }
        }
        self.rows.own.add(Change::Held(allocation.clone()));
        Ok(allocation)
    }

    /// Releases an allocation, which must exist.
    pub(crate) fn remove(&mut self, allocation: &Allocation) -> Result<(), Fault> {
        let is_indexed = self.rows.by_port(allocation.port)?.as_ref() == Some(allocation)
            && self.rows.by_key(&allocation.key)?.as_ref() == Some(allocation);
        if !is_indexed {
            let id = allocation.id;
            return Err(Fault::Damaged(format!(
                "allocation {id} is missing in an index"
            )));
        }
        self.rows.own.add(Change::Released(allocation.clone()));
        Ok(())
    }
}
