//! Operations of the registry.

use std::fmt::{self, Display};

use port_registry::{
    AllocationId, Claim, Filter, LabelOrigin, ListenerPolicy, Move, Port, Request, ServiceKey,
};

/// An operation of the registry.
#[derive(Clone, Debug)]
pub enum Operation {
    Allocate(Want),
    GetOrAllocate(Want),
    Move(WantedMove),
    Release(u64),
    ReleaseMatching(Filter),
    Find(u64),
    List(Filter),
}

/// A request of a service for a port.
#[derive(Clone, Debug)]
pub struct Want {
    pub key: ServiceKey,
    /// The requested port, or `None` for the best free one.
    pub port: Option<u16>,
    /// The port to take if it is available.
    pub prefer: Option<u16>,
    /// The ports to leave to others.
    pub avoid: Vec<u16>,
    pub dir: Option<String>,
    /// The source of the key's app and instance.
    pub label_origin: LabelOrigin,
    /// The instance to use if another checkout has the detected one.
    pub marked_instance: Option<String>,
    /// Take the port even if something listens on it.
    pub adopt: bool,
}

/// A move of the service with an allocation to another port.
#[derive(Clone, Debug)]
pub struct WantedMove {
    pub id: u64,
    /// The requested port, or `None` for the best free one.
    pub port: Option<u16>,
    /// The port to take if it is available. Otherwise the service keeps its own.
    pub prefer: Option<u16>,
    /// Take the port even if something listens on it.
    pub adopt: bool,
}

impl Operation {
    pub fn is_write(&self) -> bool {
        self.request().is_some()
    }

    /// Returns the library's request, or `None` for an operation that only reads.
    pub fn request(&self) -> Option<Request> {
        Some(match self {
            Operation::Allocate(want) => Request::Allocate(want.claim()),
            Operation::GetOrAllocate(want) => Request::GetOrAllocate(want.claim()),
            Operation::Move(wanted) => Request::Move(wanted.request()),
            Operation::Release(id) => Request::Release(AllocationId::new(*id).unwrap()),
            Operation::ReleaseMatching(filter) => Request::ReleaseMatching(filter.clone()),
            Operation::Find(_) | Operation::List(_) => return None,
        })
    }
}

impl Want {
    /// Requests the best free port.
    pub fn any_port(key: ServiceKey) -> Want {
        Want {
            key,
            port: None,
            prefer: None,
            avoid: Vec::new(),
            dir: None,
            label_origin: LabelOrigin::Api,
            marked_instance: None,
            adopt: false,
        }
    }

    fn claim(&self) -> Claim {
        let mut claim = Claim::new(self.key.clone()).with_label_origin(self.label_origin);
        if let Some(port) = self.port {
            claim = claim.with_port(Port::new(port).unwrap());
        }
        if let Some(port) = self.prefer {
            claim = claim.with_prefer(Port::new(port).unwrap());
        }
        let avoided = self.avoid.iter().map(|port| Port::new(*port).unwrap());
        claim = claim.with_avoided_ports(avoided);
        if let Some(dir) = &self.dir {
            claim = claim.with_dir(dir).unwrap();
        }
        if let Some(marked) = &self.marked_instance {
            claim = claim.with_marked_instance(marked).unwrap();
        }
        if self.adopt {
            claim.with_listener_policy(ListenerPolicy::Adopt)
        } else {
            claim
        }
    }
}

impl WantedMove {
    fn request(&self) -> Move {
        let mut request = Move::new(AllocationId::new(self.id).unwrap());
        if let Some(port) = self.port {
            request = request.with_port(Port::new(port).unwrap());
        }
        if let Some(port) = self.prefer {
            request = request.with_prefer(Port::new(port).unwrap());
        }
        if self.adopt {
            request.with_listener_policy(ListenerPolicy::Adopt)
        } else {
            request
        }
    }
}

impl Display for WantedMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.id)?;
        if let Some(port) = self.port {
            write!(f, " to {port}")?;
        }
        if let Some(port) = self.prefer {
            write!(f, " preferably to {port}")?;
        }
        if self.adopt {
            f.write_str(" adopted")
        } else {
            Ok(())
        }
    }
}

impl Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        if let Some(port) = self.port {
            write!(f, " {port}")?;
        }
        if let Some(port) = self.prefer {
            write!(f, " preferably {port}")?;
        }
        if !self.avoid.is_empty() {
            write!(f, " but none of {:?}", self.avoid)?;
        }
        if let Some(dir) = &self.dir {
            write!(f, " of {dir}")?;
        }
        write!(f, " by {}", self.label_origin)?;
        if let Some(marked) = &self.marked_instance {
            write!(f, " or {marked}")?;
        }
        if self.adopt {
            f.write_str(" adopted")
        } else {
            Ok(())
        }
    }
}

impl Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Allocate(want) => write!(f, "allocate {want}"),
            Operation::GetOrAllocate(want) => write!(f, "get or allocate {want}"),
            Operation::Move(wanted) => write!(f, "move {wanted}"),
            Operation::Release(id) => write!(f, "release #{id}"),
            Operation::ReleaseMatching(filter) => write!(f, "release {}", Parts(filter)),
            Operation::Find(id) => write!(f, "find #{id}"),
            Operation::List(filter) => write!(f, "list {}", Parts(filter)),
        }
    }
}

/// The parts of a filter that are set.
struct Parts<'a>(&'a Filter);

impl Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [self.0.app(), self.0.instance(), self.0.service()];
        let names = names.map(|name| name.unwrap_or("*"));
        write!(f, "{}", names.join("/"))?;
        if let Some(port) = self.0.port() {
            write!(f, " {port}")?;
        }
        self.0.dir().map_or(Ok(()), |dir| write!(f, " of {dir}"))
    }
}
