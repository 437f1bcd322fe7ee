//! The files that a `COMPOSE_FILE` names. portctl's own overrides do not count, because they are made anew.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use port_registry::{Checkout, RootKind};

use super::compose_folder::ComposeFolder;

/// The files of a `COMPOSE_FILE` that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedFiles {
    pub(crate) files: Vec<OsString>,
    /// There were overrides that portctl has made.
    pub(crate) has_left_out: bool,
    /// The other checkout that the override was made for.
    pub(crate) other_checkout: Option<PathBuf>,
}

/// Finds the files that count for a command in this folder.
///
/// Tools that add worktrees copy `.env`. So `COMPOSE_FILE` comes from another checkout if its override is that checkout's. Then the
/// files below that checkout are taken from this one. None counts if one of them does not exist here.
pub(crate) fn named_files(
    overrides: &ComposeFolder,
    folder: &Path,
    files: Vec<OsString>,
) -> NamedFiles {
    let (own, files): (Vec<OsString>, Vec<OsString>) = files
        .into_iter()
        .partition(|it| overrides.is_override(Path::new(it)));
    let named = NamedFiles {
        files,
        has_left_out: !own.is_empty(),
        other_checkout: None,
    };
    if own.is_empty() {
        return named;
    }
    let Some(checkout) = Checkout::open(folder).ok() else {
        return named;
    };
    let owners = own.iter().filter_map(|it| overrides.owner_of(it.as_ref()));
    let mut others: Vec<PathBuf> = owners.map(|it| it.checkout).collect();
    if checkout.root_kind() == RootKind::Plain || others.iter().any(|it| it == checkout.root()) {
        return named;
    }
    let known_other = others.first().cloned();
    if others.is_empty() {
        // The record may be gone with its checkout.
        others = checkout.other_worktrees();
    }
    // One may be in a folder of another.
    others.sort_by_key(|it| std::cmp::Reverse(it.as_os_str().len()));
    let mut other_checkout = known_other;
    let moved = named.files.iter().map(|file| {
        let Some((other, path)) = place(Path::new(file), &others, checkout.root()) else {
            return file.clone();
        };
        other_checkout.get_or_insert_with(|| other.to_owned());
        checkout.root().join(path).into_os_string()
    });
    let mut moved: Vec<OsString> = moved.collect();
    if moved != named.files && !moved.iter().all(|it| Path::new(it).exists()) {
        moved.clear();
    }
    NamedFiles {
        files: moved,
        other_checkout,
        ..named
    }
}

/// Finds the other checkout that a file is in, and its path there.
fn place<'a>(file: &Path, others: &'a [PathBuf], own: &Path) -> Option<(&'a Path, PathBuf)> {
    let paths = [Some(file.to_owned()), file.canonicalize().ok()];
    paths.into_iter().flatten().find_map(|file| {
        let mut others = others.iter();
        let other = others.find(|it| file.starts_with(it))?;
        // This checkout may be in a folder of the other.
        let is_own = own.starts_with(other) && file.starts_with(own);
        let path = file.strip_prefix(other).ok()?.to_owned();
        (!is_own).then_some((&**other, path))
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::named_files;
    use crate::compose::compose_folder::ComposeFolder;
    use crate::compose::record::Record;

    #[test]
    fn files_of_another_checkout_are_taken_from_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for file in [
            "main/.git/config",
            "main/compose.yaml",
            "main/only.yaml",
            "main/trees/cart/.git/config",
            "main/trees/cart/compose.yaml",
            "main/trees/cart/docker/dev.yaml",
            "main/docker/dev.yaml",
        ] {
            let file = top.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        fs::create_dir(top.join("plain")).unwrap();
        let overrides = ComposeFolder::at(top.join("home"));
        let [of_main, of_cart] = ["main", "main/trees/cart"].map(|root| {
            let mut record = Record::new(&top.join(root), &top.join(root));
            record.project = "shop".to_owned();
            overrides.save(&record).unwrap();
            overrides.write_override(&record, &[], "").unwrap()
        });
        let own = |path: &Path| path.strip_prefix(&top).unwrap().display().to_string();
        let (of_main, of_cart) = (own(&of_main), own(&of_cart));
        let (main, cart) = (Some("main"), Some("main/trees/cart"));
        for (folder, named, expected, other) in [
            (
                "main/trees/cart",
                format!("main/compose.yaml main/docker/dev.yaml {of_main}"),
                "main/trees/cart/compose.yaml main/trees/cart/docker/dev.yaml",
                main,
            ),
            (
                "main/trees/cart/docker",
                format!("main/only.yaml {of_main}"),
                "",
                main,
            ),
            (
                "main/trees/cart",
                format!("main/trees/cart/compose.yaml {of_main}"),
                "main/trees/cart/compose.yaml",
                main,
            ),
            (
                "main",
                format!("main/trees/cart/compose.yaml {of_cart}"),
                "main/compose.yaml",
                cart,
            ),
            (
                "main",
                format!("main/compose.yaml {of_main}"),
                "main/compose.yaml",
                None,
            ),
            // Only files that portctl has not made.
            (
                "main/trees/cart",
                "main/compose.yaml".to_owned(),
                "main/compose.yaml",
                None,
            ),
            (
                "plain",
                format!("main/compose.yaml {of_main}"),
                "main/compose.yaml",
                None,
            ),
        ] {
            let files = named.split(' ').map(|it| top.join(it).into_os_string());
            let found = named_files(&overrides, &top.join(folder), files.collect());
            let expected = expected.split(' ').filter(|it| !it.is_empty());
            let expected: Vec<OsString> = expected.map(|it| top.join(it).into()).collect();
            assert_eq!(found.files, expected, "{folder} {named}");
            let other: Option<PathBuf> = other.map(|it| top.join(it));
            assert_eq!(found.other_checkout, other, "{folder} {named}");
        }
    }
}
