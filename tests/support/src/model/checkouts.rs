//! Finding the service of a checkout among all allocations.

use std::collections::BTreeMap;

use port_registry::ServiceKey;

use super::{Record, Want};

/// The app and the instance of each checkout with a name.
pub(super) type Names = BTreeMap<String, (String, String)>;

/// The place of a service.
pub(super) enum Place {
    Held(Record),
    /// Held, but by no checkout, or by one that is gone.
    PassesOn(Record),
    Missing(ServiceKey),
    /// Held by another checkout.
    Foreign(Record),
}

/// Everything that decides the place of a service.
pub(super) struct Search<'a> {
    pub(super) want: &'a Want,
    /// The checkout of the request.
    pub(super) dir: &'a str,
    /// All allocations, in order of their ids.
    pub(super) records: Vec<&'a Record>,
    pub(super) names: &'a Names,
    pub(super) has_dir: Box<dyn Fn(&str) -> bool + 'a>,
    /// Tests if an allocation has the instance of the request with the mark of its own checkout.
    pub(super) has_mark: Box<dyn Fn(&Record) -> bool + 'a>,
}

impl Search<'_> {
    /// Finds the service whatever its labels are.
    pub(super) fn find(&self) -> Place {
        let own = || self.own();
        let is_named = |it: &&&Record| self.names.get(self.dir) == Some(&labels(&it.key));
        let usual = || own().find(|it| is_named(&it)).or_else(|| own().next());
        if let Some(held) = self
            .current()
            .or_else(|| self.on_branch().next())
            .or_else(usual)
        {
            return Place::Held(held.clone());
        }
        if let Some(unowned) = self.by_key(&self.want.key).filter(|it| it.dir.is_none()) {
            return Place::PassesOn(unowned.clone());
        }
        match self.names.get(self.dir) {
            Some((app, instance)) => {
                let service = self.want.key.service();
                self.place(ServiceKey::new(app, instance, service).unwrap())
            }
            None => match self.moved() {
                Some(moved) => Place::PassesOn(moved.clone()),
                None => self.place(self.want.key.clone()),
            },
        }
    }

    /// Returns the service of a checkout that is gone and had the same labels with its mark.
    fn moved(&self) -> Option<&Record> {
        let wanted = &self.want.key;
        let mut records = self.records.iter().copied();
        let found = records.find(|it| {
            it.label_origin.is_detected()
                && (it.key.app(), it.key.service()) == (wanted.app(), wanted.service())
                && it.dir.is_some()
                && (self.has_mark)(it)
                && it.dir.as_deref() != Some(self.dir)
                && !self.is_foreign(it)
        });
        found.filter(|_| self.is_name_of_other(wanted))
    }

    /// Finds the service on the current branch alone.
    pub(super) fn find_literally(&self) -> Place {
        match self.current() {
            Some(held) => Place::Held(held.clone()),
            None => self.place(self.want.key.clone()),
        }
    }

    /// Returns the allocations of the service whose labels this checkout detected.
    fn own(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().copied().filter(|it| {
            it.dir.as_deref() == Some(self.dir)
                && it.key.service() == self.want.key.service()
                && it.label_origin.is_detected()
        })
    }

    /// Returns the one with the labels of the request.
    fn current(&self) -> Option<&Record> {
        self.on_branch()
            .find(|it| it.key.app() == self.want.key.app())
    }

    /// Returns those with the instance of the request, marked or not.
    fn on_branch(&self) -> impl Iterator<Item = &Record> {
        let wanted = self.want.key.instance();
        let marked = self.want.marked_instance.as_deref();
        self.own().filter(move |it| {
            let instance = it.key.instance();
            instance == wanted || Some(instance) == marked
        })
    }

    /// Places the service at a key, or at the labels of the request with the marked instance.
    fn place(&self, key: ServiceKey) -> Place {
        let marked =
            self.want.marked_instance.as_deref().map(|instance| {
                ServiceKey::new(self.want.key.app(), instance, key.service()).unwrap()
            });
        let mut keys = vec![key];
        if let Some(marked) = marked {
            if self.is_name_of_other(&keys[0]) {
                keys.clear();
            }
            keys.push(marked);
        }
        let mut foreign = None;
        for key in keys {
            match self.by_key(&key) {
                None => return Place::Missing(key),
                Some(holder) if self.is_foreign(holder) => foreign = Some(holder),
                Some(holder) => return Place::PassesOn(holder.clone()),
            }
        }
        Place::Foreign(foreign.unwrap().clone())
    }

    fn is_name_of_other(&self, key: &ServiceKey) -> bool {
        let wanted = labels(key);
        self.names.get(self.dir) != Some(&wanted)
            && self.records.iter().any(|it| {
                let name = it.dir.as_ref().and_then(|dir| self.names.get(dir));
                labels(&it.key) == wanted && name == Some(&wanted) && self.is_foreign(it)
            })
    }

    fn is_foreign(&self, holder: &Record) -> bool {
        holder
            .dir
            .as_deref()
            .is_some_and(|dir| dir != self.dir && (self.has_dir)(dir))
    }

    fn by_key(&self, key: &ServiceKey) -> Option<&Record> {
        self.records.iter().copied().find(|it| it.key == *key)
    }
}

pub(super) fn labels(key: &ServiceKey) -> (String, String) {
    (key.app().to_owned(), key.instance().to_owned())
}
