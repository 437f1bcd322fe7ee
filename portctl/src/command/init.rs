//! `portctl init`.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use port_registry::{Checkout, FileStatus};

use super::outcome::{CommandResult, Done};
use super::scan::print_notes;
use super::services::claiming;
use crate::args::InitArgs;
use crate::checkout::{compose_variables, current_folder};
use crate::declared::PROJECT_FILE;
use crate::environment;
use crate::init::{EnvFile, Findings, Rendered, env_lines, render};
use crate::output::{self, visible};
use crate::report::Report;
use crate::scan::{self, FileKind, FixedPort};

/// The file that many programs read.
const DOT_ENV: &str = ".env";

/// The files that show the lines of `.env`. Examples come first, because they are committed.
const ENV_FILES: [&str; 4] = [".env.example", ".env.sample", ".env.template", DOT_ENV];

pub(crate) fn run(args: &InitArgs) -> CommandResult {
    let folder = current_folder()?;
    let checkout = Checkout::open(&folder)?;
    let root = checkout.root();
    let path = root.join(PROJECT_FILE);
    if !args.print && path.symlink_metadata().is_ok() {
        return Err(exists(&path).into());
    }
    // Paths in the file are relative to it. Only the choice of files may come from the environment, and no port.
    let is_here = folder.canonicalize().is_ok_and(|it| it == root);
    let scanned = if is_here { Path::new(".") } else { root };
    let mut variables = environment::all();
    variables.retain(|name, _| name.starts_with("COMPOSE_"));
    let scan = scan::scan(scanned, &variables)
        .map_err(|error| Report::new(format!("cannot scan {}: {error}", root.display())))?;
    let ports: Vec<FixedPort> = scan.ports.into_iter().map(|it| below(root, it)).collect();
    let labels = checkout.labels().ok();
    let app = labels.and_then(|it| it.app.as_deref());
    let Rendered { text, notes } = render(&Findings {
        ports: &ports,
        compose: &compose_variables(root),
        env_lines: &env_lines(root, &ENV_FILES),
        env_file: env_file(&checkout, &ports),
        app,
    });
    if !args.print {
        create(&path, &text).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists(&path),
            _ => Report::new(format!("cannot write {}: {error}", path.display()))
                .hint("`portctl init --print` only prints the file"),
        })?;
    }
    let printed = print_notes(&scan.notes, false).and_then(|()| output::print_lines(&text));
    let told = printed.and_then(|()| {
        claiming::print_notes(&notes);
        if args.print {
            return Ok(());
        }
        output::remark(&visible(&format!(
            "wrote {}; correct it where needed, and commit it. `portctl sync` gives the services their ports",
            path.display()
        )))
    });
    Ok(Done::Printed(told))
}

fn exists(path: &Path) -> Report {
    Report::new(format!(
        "{} exists already, so it was not changed",
        path.display()
    ))
    .hint(
        "edit it, and let `portctl sync` allocate what it declares; \
         `portctl init --print` prints what would be written without it",
    )
}

/// Creates a file that does not exist. Of two processes that do so, one fails.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // An incomplete file would make the next try fail.
        let _ = fs::remove_file(path);
    }
    written
}

/// Makes the path of a port's file relative to the root.
fn below(root: &Path, fixed: FixedPort) -> FixedPort {
    let relative = Path::new(&fixed.file).strip_prefix(root);
    let file = relative.map(|it| it.display().to_string());
    FixedPort {
        file: file.unwrap_or_else(|_| fixed.file.clone()),
        ..fixed
    }
}

/// Finds out if the project reads `.env`, and if git records it. A git that fails counts as one that may record it.
fn env_file(checkout: &Checkout, ports: &[FixedPort]) -> EnvFile {
    let root = checkout.root();
    let is_at_root = |it: &FixedPort| !it.file.contains('/') && it.kind == FileKind::Compose;
    let is_read =
        ENV_FILES.iter().any(|it| root.join(it).is_file()) || ports.iter().any(is_at_root);
    if !is_read {
        return EnvFile::Unused;
    }
    match checkout.file_status(&root.join(DOT_ENV)) {
        Ok(FileStatus::Ignored | FileStatus::NoRepository) => EnvFile::Ignored,
        Ok(FileStatus::Tracked) => EnvFile::Tracked,
        _ => EnvFile::Untracked,
    }
}
