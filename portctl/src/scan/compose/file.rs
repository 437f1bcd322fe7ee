//! A Compose file as it is written.

use std::collections::HashMap;

use crate::scan::project_file::ProjectFile;
use crate::scan::yaml::{self, YamlError, YamlNode};

#[derive(Debug)]
pub(super) struct ComposeFile {
    pub(super) file: ProjectFile,
    pub(super) documents: Vec<Document>,
    /// Measure of the work that reading the file is, in bytes.
    pub(super) cost: usize,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: YamlNode,
    /// Indexes of the services, by name.
    indexes: HashMap<String, usize>,
}

impl ComposeFile {
    pub(super) fn parse(file: ProjectFile, text: &str) -> Result<ComposeFile, YamlError> {
        /// Even an empty file costs as much as this many bytes, and a service that an alias repeats as much as these.
        const MIN_COST: usize = 4 << 10;
        const SERVICE_COST: usize = 64;
        let documents = yaml::parse(text)?.into_iter().map(Document::of);
        let documents: Vec<Document> = documents.collect();
        let services: usize = documents.iter().map(|it| it.services().len()).sum();
        Ok(ComposeFile {
            file,
            documents,
            cost: text.len().max(services * SERVICE_COST).max(MIN_COST),
        })
    }
}

impl Document {
    fn of(root: YamlNode) -> Document {
        let mut document = Document {
            root,
            indexes: HashMap::new(),
        };
        let names = document.services().iter().map(|(name, _, _)| name.clone());
        document.indexes = names
            .enumerate()
            .map(|(index, name)| (name, index))
            .collect();
        document
    }

    /// The services with their names and the lines of these.
    pub(super) fn services(&self) -> &[(String, usize, YamlNode)] {
        let services = self.root.get("services");
        services.map_or(&[], |(_, services)| services.entries())
    }

    pub(super) fn service(&self, name: &str) -> Option<usize> {
        self.indexes.get(name).copied()
    }
}
