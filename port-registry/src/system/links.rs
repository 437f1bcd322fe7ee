//! Symbolic links in place of files that this user writes to.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::trust::is_trusted;
use super::user::ROOT;

/// Number of links after which a path is refused, as in the kernel.
const MAX_LINKS: usize = 40;

/// Returns the file that a path leads to, which need not exist. It is no link, unless another user replaces it at this
/// moment.
///
/// In a folder that all users can write to, such as `/tmp`, another user could otherwise have this user write to any file.
/// Some kernels refuse such links themselves (`fs.protected_symlinks`). Folders in the path may be links.
///
/// # Errors
///
/// Returns an error if the file is a link that belongs neither to this user, nor to root, nor to the owner of its folder,
/// and otherwise that of the operating system.
pub(crate) fn follow_trusted(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let link = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => found,
            // Opening the file reports the errors.
            _ => return Ok(path),
        };
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if !may_lead_away(&link, &fs::metadata(folder)?) {
            return Err(io::Error::other(format!(
                "{} is a symbolic link of another user, {}",
                path.display(),
                link.uid()
            )));
        }
        path = folder.join(fs::read_link(&path)?);
    }
    Err(io::Error::other("it is a symbolic link to itself"))
}

fn may_lead_away(link: &Metadata, folder: &Metadata) -> bool {
    link.uid() == ROOT || is_trusted(link, folder)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
    use std::path::Path;

    use super::follow_trusted;
    use crate::system::user::{ROOT, user};

    #[test]
    fn own_links_are_followed_to_a_file_that_need_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, second] = ["file", "link", "second"].map(|it| folder.path().join(it));
        assert_eq!(follow_trusted(&file).unwrap(), file);
        symlink("file", &link).unwrap();
        symlink(&link, &second).unwrap();
        assert_eq!(follow_trusted(&second).unwrap(), file);
        fs::write(&file, "").unwrap();
        assert_eq!(follow_trusted(&second).unwrap(), file);
        fs::remove_file(&file).unwrap();
        symlink(&second, &file).unwrap();
        follow_trusted(&file).unwrap_err();
        let bare = Path::new("no such file");
        assert_eq!(follow_trusted(bare).unwrap(), bare);
    }

    #[test]
    fn link_of_another_user_is_refused_unless_the_folder_is_theirs() {
        const OTHER: Option<u32> = Some(54321);
        // Only root can give files away.
        if user() != Some(ROOT) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
        let [file, link, own] = ["file", "link", "own"].map(|it| folder.path().join(it));
        symlink(&file, &link).unwrap();
        symlink(&link, &own).unwrap();
        lchown(&link, OTHER, OTHER).unwrap();
        for path in [&link, &own] {
            let refused = follow_trusted(path).unwrap_err().to_string();
            let expected = format!(
                "{} is a symbolic link of another user, 54321",
                link.display()
            );
            assert_eq!(refused, expected);
        }
        chown(folder.path(), OTHER, OTHER).unwrap();
        assert_eq!(follow_trusted(&link).unwrap(), file);
    }
}
