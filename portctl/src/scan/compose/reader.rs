//! Reads the Compose files of a project, with those that they include and extend.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::file::ComposeFile;
use super::include::{Include, is_remote};
use super::scope::Scope;
use super::services::{MergedFiles, Part, Role, Source};
use crate::scan::env_variables::default_file;
use crate::scan::project::Project;
use crate::scan::project_file::ProjectFile;
use crate::scan::result::ScanResult;
use crate::scan::walk;
use crate::scan::yaml::YamlNode;

/// Limit for chains of `include` and of `extends`. Real chains are far shorter.
const MAX_DEPTH: usize = 32;

/// Limit for what `include` and `extends` add to a scan, in bytes. Files that include one another several times would
/// grow exponentially.
pub(super) const MAX_REFERENCED_BYTES: usize = 64 << 20;

/// Reads the files of one project.
pub(super) struct Reader<'a, 'p> {
    pub(super) project: &'a Project<'p>,
    pub(super) result: &'a mut ScanResult,
    /// Remainder of [`MAX_REFERENCED_BYTES`].
    pub(super) remaining: &'a mut usize,
    /// `None` for files that cannot be read.
    files: HashMap<PathBuf, Option<Rc<ComposeFile>>>,
    /// Paths of the files that are included, without `.` and `..`.
    pub(super) included: BTreeSet<PathBuf>,
    pub(super) merged: MergedFiles,
}

/// The files that led to the one that is read.
#[derive(Clone, Copy)]
struct Chain<'a> {
    path: &'a Path,
    before: Option<&'a Chain<'a>>,
    depth: usize,
}

impl Chain<'_> {
    fn contains(&self, path: &Path) -> bool {
        self.path == path || self.before.is_some_and(|it| it.contains(path))
    }
}

/// The `extends` of a service, not interpolated.
struct Extends {
    line: usize,
    file: Option<String>,
    service: String,
}

impl Extends {
    fn of(service: &YamlNode) -> Option<Extends> {
        let (line, extends) = service.get("extends")?;
        let value = |key: &str| extends.get(key).and_then(|(_, value)| value.text());
        Some(Extends {
            line,
            file: value("file").map(str::to_owned),
            service: extends.text().or_else(|| value("service"))?.to_owned(),
        })
    }
}

/// A service that `extends` is followed from.
struct Extending {
    source: usize,
    document: usize,
    service: usize,
    /// The folder that the `file` of its `extends` starts from.
    folder: PathBuf,
}

impl<'a, 'p> Reader<'a, 'p> {
    pub(super) fn new(
        project: &'a Project<'p>,
        result: &'a mut ScanResult,
        remaining: &'a mut usize,
    ) -> Reader<'a, 'p> {
        Reader {
            project,
            result,
            remaining,
            files: HashMap::new(),
            included: BTreeSet::new(),
            merged: MergedFiles::default(),
        }
    }

    /// Reads the files that make up a project, in order.
    pub(super) fn read_all(&mut self, files: &[ProjectFile], scope: &Rc<Scope>) {
        let Some(first) = files.first() else {
            return;
        };
        let path = walk::normalized(&first.path);
        let chain = Chain {
            path: &path,
            before: None,
            depth: 0,
        };
        self.merge(files, scope, chain);
    }

    fn merge(&mut self, files: &[ProjectFile], scope: &Rc<Scope>, chain: Chain) {
        for file in files {
            let Some(file) = self.file(file) else {
                continue;
            };
            let source = self.add_source(&file, scope, true);
            for (index, document) in file.documents.iter().enumerate() {
                for (service, (name, _, _)) in document.services().iter().enumerate() {
                    let extending = Extending {
                        source,
                        document: index,
                        service,
                        folder: scope.folder.clone(),
                    };
                    let parts = self.chain_of(extending);
                    self.merged.add(name, parts);
                }
                for include in Include::all_of(&document.root) {
                    self.include(&include, &file.file, scope, chain);
                }
            }
        }
    }

    fn add_source(&mut self, file: &Rc<ComposeFile>, scope: &Rc<Scope>, is_main: bool) -> usize {
        self.merged.sources.push(Source {
            file: Rc::clone(file),
            scope: Rc::clone(scope),
            is_main,
        });
        self.merged.sources.len() - 1
    }

    /// Reads a file, or notes that it cannot be read.
    fn file(&mut self, file: &ProjectFile) -> Option<Rc<ComposeFile>> {
        let path = walk::normalized(&file.path);
        if let Some(known) = self.files.get(&path) {
            return known.clone();
        }
        let text = self.result.read(file);
        let parsed = text.and_then(|text| match ComposeFile::parse(file.clone(), &text) {
            Ok(parsed) => Some(Rc::new(parsed)),
            Err(error) => {
                let note = format!("cannot be read as YAML: {error}");
                self.result.note(file, None, note);
                None
            }
        });
        self.files.insert(path, parsed.clone());
        parsed
    }

    /// Takes the work for a file out of the limit. Returns false if there is not enough left.
    fn pays(&mut self, file: &ComposeFile) -> bool {
        let remaining = self.remaining.checked_sub(file.cost);
        *self.remaining = remaining.unwrap_or(0);
        remaining.is_some()
    }

    /// Merges an included project.
    fn include(&mut self, include: &Include, by: &ProjectFile, scope: &Rc<Scope>, chain: Chain) {
        let mut files = Vec::new();
        for written in &include.paths {
            match self.referenced(written, &scope.folder, scope) {
                Ok(file) => files.push(file),
                Err(reason) => {
                    let note = format!("include: {written} {reason}");
                    self.result.note(by, Some(include.line), note);
                    return;
                }
            }
        }
        let Some(main) = files.first() else {
            return;
        };
        let path = walk::normalized(&main.path);
        let problem = if chain.contains(&path) {
            Some("leads back to this file, which Compose refuses")
        } else if chain.depth == MAX_DEPTH || !self.pays_all(&files) {
            Some("is not followed, because too many files are included")
        } else {
            None
        };
        if let Some(problem) = problem {
            let note = format!("include: {} {problem}", include.paths[0]);
            self.result.note(by, Some(include.line), note);
            return;
        }
        let included = files.iter().map(|file| walk::normalized(&file.path));
        self.included.extend(included);
        let scope = Rc::new(self.included_scope(include, main, by, scope));
        // The included project is merged on its own before it is added.
        let sources = std::mem::take(&mut self.merged.sources);
        let outer = std::mem::take(&mut self.merged);
        self.merged.sources = sources;
        let chain = Chain {
            path: &path,
            before: Some(&chain),
            depth: chain.depth + 1,
        };
        self.merge(&files, &scope, chain);
        let inner = std::mem::replace(&mut self.merged, outer);
        self.merged.sources = inner.sources;
        for service in inner.services {
            let name = service.name.clone();
            if !self.merged.import(service) {
                let note = format!(
                    "include: {} has another service {name}, which Compose refuses",
                    include.paths[0]
                );
                self.result.note(by, Some(include.line), note);
            }
        }
    }

    fn pays_all(&mut self, files: &[ProjectFile]) -> bool {
        files.iter().all(|file| match self.file(file) {
            Some(file) => self.pays(&file),
            None => true,
        })
    }

    /// Finds a file that another one refers to. Returns the reason if that is not possible.
    fn referenced(
        &self,
        written: &str,
        folder: &Path,
        scope: &Scope,
    ) -> Result<ProjectFile, String> {
        let path = scope.interpolated(written);
        if is_remote(&path) {
            return Err("is not followed, because it is not on this machine".to_owned());
        }
        let path = folder.join(path);
        match std::fs::metadata(&path) {
            Ok(_) => Ok(self.project.file_at(path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err("does not exist".to_owned())
            }
            Err(error) => Err(format!("cannot be read: {error}")),
        }
    }

    /// Makes the scope of an included project. Its env files are those of the entry, or else the `.env` of its folder;
    /// the variables of the including project take precedence.
    fn included_scope(
        &mut self,
        include: &Include,
        main: &ProjectFile,
        by: &ProjectFile,
        scope: &Rc<Scope>,
    ) -> Scope {
        let folder = match &include.project_directory {
            Some(folder) => scope.folder.join(scope.interpolated(folder)),
            None => main.folder().to_owned(),
        };
        let named = include.env_files.iter();
        let named = named.map(|file| scope.folder.join(scope.interpolated(file)));
        let named: Vec<PathBuf> = named.collect();
        let env_files = if named.is_empty() {
            default_file(&folder).into_iter().collect()
        } else {
            named.clone()
        };
        let mut variables = scope.variables.clone();
        let mut unread = variables.add_files(&env_files);
        if !named.is_empty() {
            for file in unread.drain(..) {
                let shown = walk::shown(&walk::normalized(&file.path), &self.project.root);
                let note = format!("include: {shown} {}", file.problem());
                self.result.note(by, Some(include.line), note);
            }
        }
        let is_uncertain = |text: &String| scope.is_uncertain(text);
        Scope {
            is_guess: scope.is_guess
                || include.paths.iter().any(is_uncertain)
                || include.project_directory.iter().any(is_uncertain),
            folder,
            variables,
            env_files: [&scope.env_files[..], &env_files].concat(),
            unread: [
                scope.unread.clone(),
                unread.into_iter().map(Rc::new).collect(),
            ]
            .concat(),
        }
    }

    /// Returns a service behind those that it extends.
    fn chain_of(&mut self, own: Extending) -> Vec<Part> {
        let mut chain = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = Some(own);
        while let Some(extending) = next.take() {
            let part = Part {
                source: extending.source,
                document: extending.document,
                service: extending.service,
                role: Role::Extended,
            };
            let file = Rc::clone(&self.merged.sources[part.source].file);
            chain.push(part);
            if let Some(extends) = Extends::of(self.merged.node(part))
                && chain.len() < MAX_DEPTH
            {
                next = self.extended(&extends, &extending);
            }
            seen.insert((Rc::as_ptr(&file), part.document, part.service));
            if let Some(it) = &next {
                let extended = &self.merged.sources[it.source].file;
                if seen.contains(&(Rc::as_ptr(extended), it.document, it.service)) {
                    self.note_circle(&chain);
                    break;
                }
            }
        }
        chain.reverse();
        let is_alone = chain.len() == 1;
        if let Some(first) = chain.first_mut() {
            first.role = Role::First;
        }
        if let Some(own) = chain.last_mut() {
            own.role = Role::Own { is_first: is_alone };
        }
        chain
    }

    /// Notes that a service extends itself by way of others. The chain begins with it.
    fn note_circle(&mut self, chain: &[Part]) {
        let Some(part) = chain.first() else {
            return;
        };
        if let Some((line, _)) = self.merged.node(*part).get("extends") {
            let file = &self.merged.sources[part.source].file.file;
            let note = "extends leads to a circle, which Compose refuses";
            self.result.note(file, Some(line), note);
        }
    }

    /// Finds the service that another one extends, or notes why that is not possible.
    fn extended(&mut self, extends: &Extends, by: &Extending) -> Option<Extending> {
        let source = &self.merged.sources[by.source];
        let scope = Rc::clone(&source.scope);
        let by_file = Rc::clone(&source.file);
        let name = scope.interpolated(&extends.service);
        let Some(written) = &extends.file else {
            return Some(Extending {
                service: by_file.documents[by.document].service(&name)?,
                folder: by.folder.clone(),
                ..*by
            });
        };
        let note = |reader: &mut Self, problem: &str| {
            let note = format!("extends: {written} {problem}");
            reader.result.note(&by_file.file, Some(extends.line), note);
        };
        let file = match self.referenced(written, &by.folder, &scope) {
            Ok(file) => file,
            Err(reason) => {
                note(self, &reason);
                return None;
            }
        };
        let is_new = !self.files.contains_key(&walk::normalized(&file.path));
        let parsed = self.file(&file)?;
        if is_new && !self.pays(&parsed) {
            note(self, "is not followed, because too many files are extended");
            return None;
        }
        let mut documents = parsed.documents.iter().enumerate();
        let found = documents.find_map(|(index, it)| Some((index, it.service(&name)?)));
        let Some((document, service)) = found else {
            note(self, &format!("has no service {name}"));
            return None;
        };
        Some(Extending {
            source: self.add_source(&parsed, &scope, false),
            document,
            service,
            folder: file.folder().to_owned(),
        })
    }
}
