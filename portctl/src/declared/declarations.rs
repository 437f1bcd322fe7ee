//! Everything that a project file declares.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use port_registry::{Checkout, Port, PortctlToml};

use super::compose_names::{self, ComposeVariables, OtherNames};
use super::computed::{self, ComputedVariable};
use super::document::Document;
use super::files::{self, DeclaredFile, FileContent};
use super::names::OwnedNames;
use super::services::{self, DeclaredService};
use crate::report::Report;

/// The keys of the file.
pub(super) const KEYS: [&str; 4] = ["app", "services", "env", "files"];

/// The declarations of a checkout, in the order of its project file.
#[derive(Debug)]
pub(crate) struct Declarations {
    pub(crate) path: PathBuf,
    pub(crate) services: Vec<DeclaredService>,
    /// The variables that are computed from ports.
    pub(crate) env: Vec<ComputedVariable>,
    /// The files that `portctl sync` keeps.
    pub(crate) files: Vec<DeclaredFile>,
}

impl Declarations {
    /// Reads the project file of a checkout. Returns `None` if it has none. `compose` reads the variables of its Compose
    /// files, which are rarely needed.
    ///
    /// # Errors
    ///
    /// Fails like [`Declarations::of`], and if the file cannot be read.
    pub(crate) fn read(
        checkout: &Checkout,
        compose: &dyn Fn() -> ComposeVariables,
    ) -> Result<Option<Declarations>, Report> {
        let file = checkout.project_file().map_err(|it| incorrect(&it))?;
        file.map(|it| Declarations::of(&it, compose)).transpose()
    }

    /// Reads the declarations of a project file.
    ///
    /// # Errors
    ///
    /// Reports the first mistake with its line. Nothing of a file with a mistake counts.
    pub(crate) fn of(
        file: &PortctlToml,
        compose: &dyn Fn() -> ComposeVariables,
    ) -> Result<Declarations, Report> {
        let table = file.parse().map_err(|it| incorrect(&it))?;
        let document = Document::new(file);
        document.check_keys(&document.entries(&table), &KEYS, "")?;
        // The library reads its value.
        file.app(&table).map_err(|it| incorrect(&it))?;
        let services = services::read(&document, &document.table(&table, "services")?)?;
        let mut names = OwnedNames::of_services(&document, &services)?;
        let env = document.table(&table, "env")?;
        names.add_computed(&document, &env)?;
        let env = computed::read(&document, "env", &env, &services)?;
        let files = document.table(&table, "files")?;
        let of_compose = LazyCell::new(|| {
            let others = OtherNames {
                declared: &services,
                computed: &env,
                allocated: BTreeSet::new(),
            };
            compose_names::of_services(&compose(), &others)
        });
        let is_known =
            |name: &str| names.contains(name) || of_compose.values().any(|it| it == name);
        let files = files::read(&document, &files, &services, &names, &is_known)?;
        Ok(Declarations {
            path: file.path().to_owned(),
            services,
            env,
            files,
        })
    }

    /// Returns the names of the services.
    pub(crate) fn names(&self) -> Vec<String> {
        self.services.iter().map(|it| it.name.clone()).collect()
    }

    /// Returns the service of this name, if it is declared.
    pub(crate) fn service(&self, name: &str) -> Option<&DeclaredService> {
        self.services.iter().find(|it| it.name == name.trim())
    }

    /// Returns the ports that the services prefer.
    pub(crate) fn preferred_ports(&self) -> Vec<Port> {
        self.services.iter().filter_map(|it| it.preferred).collect()
    }

    /// Returns true if a computed variable contains the app or the instance.
    pub(crate) fn needs_labels(&self) -> bool {
        let in_files = self.files.iter().flat_map(|it| match &it.content {
            FileContent::Computed(variables) => &variables[..],
            FileContent::All | FileContent::Names(_) => &[],
        });
        let mut all = self.env.iter().chain(in_files);
        all.any(|it| it.value.needs_labels())
    }

    /// Returns the folder of the file.
    pub(crate) fn root(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// Reports a file that cannot be read, or is no TOML.
fn incorrect(error: &std::io::Error) -> Report {
    Report::new(error.to_string()).hint("correct the file")
}
