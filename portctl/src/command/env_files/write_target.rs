//! The file that `portctl env --write` writes.

use std::env;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use port_registry::{Checkout, Error, FileStatus};

use super::super::invocation::Invocation;
use crate::command_error::CommandError;
use crate::env_file::{FilePlace, PlaceError, ROOT_MARKERS};
use crate::output::wording;
use crate::report::Report;

/// The command lines that hints suggest.
pub(in crate::command) struct Suggestions<'a> {
    /// The command line as it was typed.
    pub(in crate::command) written: &'a Invocation,
    /// The command line without the file.
    pub(in crate::command) printed: &'a Invocation,
    pub(in crate::command) services: &'a [String],
}

/// A file in the checkout of the current folder.
pub(in crate::command) struct WriteTarget<'a> {
    /// The path as it was typed.
    pub(in crate::command) file: &'a Path,
    pub(in crate::command) place: FilePlace,
    checkout: Checkout,
}

impl WriteTarget<'_> {
    /// Finds a file. Fails if it is not in the checkout, or in another one inside of it.
    pub(in crate::command) fn find<'a>(
        file: &'a Path,
        suggestions: &Suggestions,
    ) -> Result<WriteTarget<'a>, CommandError> {
        let folder = current_folder()?;
        let checkout = Checkout::open(&folder)?;
        let (root, path) = (checkout.root(), folder.join(file));
        let found = match FilePlace::find(root, &path) {
            // A path such as `../shop/.env` may lead out and in again.
            Err(PlaceError::PathLeaves) => FilePlace::find(root, &real(&path)),
            found => found,
        };
        let place = found.map_err(|error| refusal(root, file, &path, error, suggestions))?;
        let nested = place.nearest_marked().and_then(checkout_root);
        if let Some(other) = nested.filter(|it| it != root) {
            return Err(in_nested(&place, file, &other, suggestions).into());
        }
        Ok(WriteTarget {
            file,
            place,
            checkout,
        })
    }

    /// The real path of the checkout.
    pub(in crate::command) fn root(&self) -> &Path {
        self.checkout.root()
    }

    /// Asks git about the file. Fails if git tracks it, or fails itself.
    pub(in crate::command) fn untracked_status(
        &self,
        suggestions: &Suggestions,
    ) -> Result<FileStatus, CommandError> {
        let (reason, advice) = match self.ask_git() {
            Ok(FileStatus::Tracked) => (
                "git tracks it, and the ports of one checkout would be committed for all"
                    .to_owned(),
                "name a file that git ignores, or repeat it with --tracked",
            ),
            Ok(status) => return Ok(status),
            Err(Error::Checkout { source, .. }) => (
                format!("git does not tell if it tracks it: {source}"),
                "if it does not, repeat it with --tracked",
            ),
            Err(error) => return Err(error.into()),
        };
        let file = self.file.display();
        let line = suggestions.written.with(suggestions.services);
        Err(
            Report::new(format!("{file} was not changed, because {reason}"))
                .hint(format!("{advice}: `{line} --tracked`"))
                .into(),
        )
    }

    /// Asks git about the file, which may be tracked. A git that fails says nothing about it.
    pub(in crate::command) fn status(&self) -> FileStatus {
        self.ask_git().unwrap_or(FileStatus::NoRepository)
    }

    fn ask_git(&self) -> Result<FileStatus, Error> {
        self.checkout.file_status(&self.place.path())
    }
}

fn current_folder() -> Result<PathBuf, CommandError> {
    env::current_dir().map_err(|error| {
        Report::new(format!("cannot find the current folder: {error}"))
            .hint("change to a folder that exists")
            .into()
    })
}

/// The root of the checkout that a folder is in. Returns `None` if the folder is in none.
fn checkout_root(folder: &Path) -> Option<PathBuf> {
    let checkout = Checkout::open(folder).ok()?;
    let root = checkout.root();
    let is_marked = ROOT_MARKERS.iter().any(|it| root.join(it).exists());
    is_marked.then(|| root.to_owned())
}

fn refusal(
    root: &Path,
    file: &Path,
    path: &Path,
    error: PlaceError,
    suggestions: &Suggestions,
) -> Report {
    let shown = file.display();
    let this = root.display();
    let target = real(path);
    let other = target.parent().and_then(checkout_root);
    let other = other.filter(|it| it != root);
    match error {
        PlaceError::Unreachable(error) => {
            let hint = suggestions.reachable(&error);
            Report::new(format!("{shown}: {error}")).hint(hint)
        }
        PlaceError::InsideGit => {
            Report::new(format!("{shown} is in a folder of git's own")).hint(suggestions.print())
        }
        PlaceError::PathLeaves => {
            let Some(other) = other else {
                return Report::new(format!("{shown} is not in this checkout ({this})"))
                    .hint(suggestions.print_into(file));
            };
            let problem = format!(
                "{shown} is not in this checkout ({this}), but in another one ({})",
                other.display()
            );
            let hint = suggestions.write_in(&other, &target);
            Report::new(problem).hint(hint)
        }
        PlaceError::FileLeaves => {
            let of = match other {
                Some(other) => format!("which is in another checkout ({})", other.display()),
                None => format!("which is not in this checkout ({this})"),
            };
            let problem = format!("{shown} is a symbolic link to {}, {of}", target.display());
            Report::new(problem).hint(suggestions.separate(file))
        }
        PlaceError::FolderLeaves(link) => {
            let to = match other {
                Some(other) => format!("to another checkout ({})", other.display()),
                None => format!("out of this checkout ({this})"),
            };
            let link = link.strip_prefix(root).unwrap_or(&link).display();
            let problem = format!("the symbolic link {link} in the path of {shown} leads {to}");
            Report::new(problem).hint(suggestions.print_into(file))
        }
        PlaceError::SharedLink(link) => {
            let link = link.strip_prefix(root).unwrap_or(&link).display();
            Report::new(format!(
                "{shown} was not written: other users can replace the symbolic link {link}, because they can write to its folder"
            ))
            .hint(suggestions.print())
        }
    }
}

/// The real path of a file that need not exist, or of the file that a broken link leads to.
fn real(path: &Path) -> PathBuf {
    let real = path.canonicalize().ok();
    let in_folder = || {
        let folder = path.parent()?.canonicalize().ok()?;
        let link = path.read_link().ok();
        Some(folder.join(link.as_deref().or(path.file_name().map(Path::new))?))
    };
    real.or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

fn in_nested(place: &FilePlace, file: &Path, other: &Path, suggestions: &Suggestions) -> Report {
    let problem = format!(
        "{} is in another checkout ({})",
        file.display(),
        other.display()
    );
    Report::new(problem).hint(suggestions.write_in(other, &place.path()))
}

impl Suggestions<'_> {
    fn reachable(&self, error: &io::Error) -> &'static str {
        match (self.written.command, error.kind()) {
            ("sync", ErrorKind::NotFound) => "make its folder, or correct [files] in portctl.toml",
            ("sync", _) => "correct [files] in portctl.toml, or make it a file that you can write",
            _ => "name a file in a folder that exists and that you can write to",
        }
    }

    fn print(&self) -> String {
        format!(
            "`{}` prints the variables",
            self.printed.with(self.services)
        )
    }

    /// Suggests to write a file of another checkout there.
    fn write_in(&self, other: &Path, file: &Path) -> String {
        let inner = file.strip_prefix(other).unwrap_or(file);
        format!(
            "`(cd{} && {}{})` writes that checkout's ports",
            wording::positional(&other.display().to_string()),
            self.printed.with(self.services),
            wording::flag("--write", &inner.display().to_string())
        )
    }

    /// Suggests to let the shell write the file, if that loses nothing.
    fn print_into(&self, file: &Path) -> String {
        if file.symlink_metadata().is_ok() {
            return self.print();
        }
        let line = self.printed.with(self.services);
        let file = file.display().to_string();
        format!(
            "`{line} > {}` lets the shell write them there",
            wording::quoted(&file)
        )
    }

    /// Suggests to replace a symbolic link by a file of this checkout, with the content that it had.
    fn separate(&self, file: &Path) -> String {
        let own = file.display().to_string();
        let line = self.written.with(self.services);
        if !file.is_file() {
            let own = wording::positional(&own);
            return format!("`rm{own} && {line}` replaces the link by a file of this checkout");
        }
        let copy = format!("{own}.own");
        format!(
            "`cp{} {} && mv{} {} && {line}` replaces the link by a copy of this checkout's own",
            wording::positional(&own),
            wording::quoted(&copy),
            wording::positional(&copy),
            wording::quoted(&own)
        )
    }
}
