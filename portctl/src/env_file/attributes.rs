//! Passing the owner, the mode, and the attributes of a file on to the draft that replaces it.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};

/// Gives the draft the owner, the mode, the access control list and the extended attributes of a file.
pub(super) fn keep(found: &File, draft: &File) -> io::Result<()> {
    keep_owner(found, draft)?;
    // Before the list, which decides on the group's part of the mode.
    draft.set_permissions(found.metadata()?.permissions())?;
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    extended::keep(found, draft)?;
    Ok(())
}

fn keep_owner(found: &File, draft: &File) -> io::Result<()> {
    let (found, new) = (found.metadata()?, draft.metadata()?);
    if (new.uid(), new.gid()) == (found.uid(), found.gid()) {
        return Ok(());
    }
    fchown(draft, Some(found.uid()), Some(found.gid())).map_err(|error| {
        let kind = error.kind();
        io::Error::new(kind, format!("cannot keep its owner or group: {error}"))
    })
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod extended {
    use std::ffi::{CStr, CString};
    use std::fs::File;
    use std::io;

    use rustix::buffer::spare_capacity;
    use rustix::fs::{
        XattrFlags, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query, fremovexattr,
        fsetxattr,
    };
    use rustix::io::Errno;

    /// The access control list, whose lack in a draft would show the file to others or lock them out.
    const LISTS: [&CStr; 2] = [c"system.posix_acl_access", c"system.nfs4_acl"];

    pub(super) fn keep(found: &File, draft: &File) -> io::Result<()> {
        let names = names(found)?;
        // A draft inherits a list from its folder.
        for inherited in LISTS
            .into_iter()
            .filter(|it| !names.iter().any(|name| **name == **it))
        {
            if value(draft, inherited)?.is_some() {
                fremovexattr(draft, inherited).map_err(|error| cannot_keep(inherited, error))?;
            }
        }
        for name in &names {
            keep_one(found, draft, name).or_else(|error| {
                // The system sets the others, such as the labels of SELinux, which not every user may.
                let is_needed = LISTS.contains(&name.as_c_str()) || is_of_user(name);
                if is_needed {
                    Err(cannot_keep(name, error))
                } else {
                    Ok(())
                }
            })?;
        }
        Ok(())
    }

    /// Returns true if programs of the user set the attribute.
    fn is_of_user(name: &CStr) -> bool {
        cfg!(target_vendor = "apple") || name.to_bytes().starts_with(b"user.")
    }

    fn keep_one(found: &File, draft: &File, name: &CStr) -> Result<(), Errno> {
        let Some(wanted) = value(found, name)? else {
            return Ok(());
        };
        if value(draft, name)?.as_ref() == Some(&wanted) {
            return Ok(());
        }
        fsetxattr(draft, name, &wanted, XattrFlags::empty())
    }

    /// The names of the attributes of a file. Returns none if the file system has no attributes.
    fn names(file: &File) -> io::Result<Vec<CString>> {
        let list = read_whole(
            || flistxattr_query(file),
            |list| flistxattr(file, spare_capacity(list)),
        );
        let list = match list {
            Err(Errno::NOTSUP | Errno::NOSYS) => Vec::new(),
            list => list?,
        };
        let names = list
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty());
        Ok(names.filter_map(|name| CString::new(name).ok()).collect())
    }

    /// The value of an attribute. Returns `None` if the file does not have it.
    fn value(file: &File, name: &CStr) -> Result<Option<Vec<u8>>, Errno> {
        let query = || fgetxattr_query(file, name);
        match read_whole(query, |value| fgetxattr(file, name, spare_capacity(value))) {
            Ok(value) => Ok(Some(value)),
            Err(Errno::NOTSUP | Errno::NOSYS) => Ok(None),
            Err(error) if error == NO_ATTRIBUTE => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[cfg(target_vendor = "apple")]
    const NO_ATTRIBUTE: Errno = Errno::NOATTR;
    #[cfg(not(target_vendor = "apple"))]
    const NO_ATTRIBUTE: Errno = Errno::NODATA;

    /// Reads data whose size is asked for first, and again if it has grown meanwhile.
    fn read_whole(
        size: impl Fn() -> Result<usize, Errno>,
        read: impl Fn(&mut Vec<u8>) -> Result<usize, Errno>,
    ) -> Result<Vec<u8>, Errno> {
        loop {
            let mut data = Vec::with_capacity(size()?);
            // Without space, the calls would only ask for the size.
            if data.capacity() == 0 {
                return Ok(data);
            }
            match read(&mut data) {
                Err(Errno::RANGE) => {}
                read => return read.map(|_| data),
            }
        }
    }

    fn cannot_keep(name: &CStr, error: Errno) -> io::Error {
        let name = name.to_string_lossy();
        let subject = match &*name {
            "system.posix_acl_access" | "system.nfs4_acl" => "access control list".to_owned(),
            name => format!("attribute {name}"),
        };
        let error = io::Error::from(error);
        io::Error::new(error.kind(), format!("cannot keep its {subject}: {error}"))
    }
}
