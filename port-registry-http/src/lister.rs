//! The thread that makes lists, one at a time. What several clients ask for at one moment is made once.

use std::io;
use std::iter;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::web::Bytes;
use port_registry::{Allocation, Filter, Registry};
use tokio::time::timeout;

use crate::api_error::ApiError;
use crate::body;
use crate::delivery::{Delivery, Parcel};
use crate::queue::{Asker, Jobs, Queue};

/// The way to the thread.
#[derive(Clone, Debug)]
pub(crate) struct Lister {
    queue: Queue<Order>,
    patience: Duration,
}

/// A list that a client wants to have.
#[derive(Debug)]
struct Order {
    filter: Filter,
    asker: Asker<Bytes>,
}

impl Lister {
    pub(crate) fn start(
        registry: Registry,
        delivery: Delivery,
    ) -> io::Result<(Lister, JoinHandle<()>)> {
        // Those that came before take their time, too.
        let patience = registry.wait().saturating_mul(2);
        let (queue, thread) = Queue::start("lister", move |orders| {
            make_all(&registry, &orders, &delivery);
        })?;
        Ok((Lister { queue, patience }, thread))
    }

    /// The document of the allocations that match.
    pub(crate) async fn list(&self, filter: Filter) -> Result<Bytes, ApiError> {
        let list = self.queue.ask(|asker| Order { filter, asker });
        let list = timeout(self.patience, list).await;
        list.unwrap_or_else(|_| Err(ApiError::busy()))
    }
}

fn make_all(registry: &Registry, orders: &Jobs<Order>, delivery: &Delivery) {
    while let Some(first) = orders.next() {
        let mut waiting: Vec<_> = iter::once(first).chain(orders.waiting()).collect();
        // The small ones first.
        waiting.sort_by_key(|order| order.filter.app.is_none() && order.filter.port.is_none());
        while let Some(filter) = waiting.first().map(|order| order.filter.clone()) {
            let alike = waiting.extract_if(.., |order| order.filter == filter);
            // Nobody waits any more for those whose clients are gone.
            let askers = alike.map(|order| order.asker);
            let askers: Vec<_> = askers.filter(|asker| !asker.is_closed()).collect();
            if askers.is_empty() {
                continue;
            }
            let list = make(registry, &filter);
            let parcels = askers.into_iter();
            let parcels = parcels.map(|asker| Parcel::new(asker, list.clone()));
            delivery.send(parcels.collect());
        }
    }
}

fn make(registry: &Registry, filter: &Filter) -> Result<Bytes, ApiError> {
    let add = |json: &mut Vec<u8>, allocation: &Allocation| {
        json.push(if json.is_empty() { b'[' } else { b',' });
        body::write_json(json, allocation);
    };
    let mut json = registry.fold(filter, Vec::new, add)?;
    if json.is_empty() {
        json.push(b'[');
    }
    json.extend(b"]\n");
    json.shrink_to_fit();
    Ok(Bytes::from(json))
}
