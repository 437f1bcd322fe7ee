//! The project file, `portctl.toml`, at the root of a checkout. The library reads its `app`, and portctl the rest.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::root::PROJECT_FILE;
use crate::types::service_key::ServiceKey;

/// The maximum size of a project file in bytes, because the whole file is read into memory.
const MAX_SIZE: u64 = 1 << 20;

/// The text of a project file.
#[derive(Debug)]
pub struct PortctlToml {
    path: PathBuf,
    text: String,
}

impl PortctlToml {
    /// Makes a project file of a text. `path` is for errors.
    pub fn new(path: PathBuf, text: String) -> PortctlToml {
        PortctlToml { path, text }
    }

    /// Reads the project file at a root. Returns `None` if there is none.
    ///
    /// A symbolic link is followed wherever it leads, because an untracked file may be shared by links.
    ///
    /// # Errors
    ///
    /// Returns an error that names the file if it cannot be read, is too large, or is no text.
    pub(super) fn read(root: &Path) -> io::Result<Option<PortctlToml>> {
        let path = root.join(PROJECT_FILE);
        // A folder of that name is none, and reading from a pipe could take forever.
        if !path.is_file() {
            return Ok(None);
        }
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|it| it.take(MAX_SIZE + 1).read_to_end(&mut text));
        let error = match read {
            Err(error) => Some(error.to_string()),
            Ok(_) if text.len() as u64 > MAX_SIZE => Some("it has more than 1 MiB".to_owned()),
            Ok(_) => None,
        };
        if let Some(error) = error {
            return Err(invalid(format!("{}: {error}", path.display())));
        }
        match String::from_utf8(text) {
            Ok(text) => Ok(Some(PortctlToml { path, text })),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let line = line_of(error.as_bytes(), valid);
                let path = path.display();
                Err(invalid(format!("{path}:{line}: it is not UTF-8")))
            }
        }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Parses the file.
    ///
    /// # Errors
    ///
    /// Returns an error that names the file and the line.
    pub fn parse(&self) -> io::Result<DeTable<'_>> {
        match DeTable::parse(&self.text) {
            Ok(table) => Ok(table.into_inner()),
            Err(error) => {
                let at = error.span().map_or(0, |it| it.start);
                Err(self.error_at(at, error.message()))
            }
        }
    }

    /// Returns the app that the file names. Returns `None` if it names none.
    ///
    /// # Errors
    ///
    /// Returns an error that names the file and the line if the app is no valid name.
    pub fn app(&self, table: &DeTable) -> io::Result<Option<String>> {
        let Some(app) = table.get("app") else {
            return Ok(None);
        };
        let at = app.span().start;
        let Some(app) = app.get_ref().as_str() else {
            return Err(self.error_at(at, "`app` must be a text"));
        };
        match ServiceKey::new(app, "any", "any") {
            Ok(key) => Ok(Some(key.app().to_owned())),
            Err(error) => Err(self.error_at(at, &format!("`app`: {error}"))),
        }
    }

    /// Returns the number of the line at this offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        line_of(self.text.as_bytes(), offset)
    }

    fn error_at(&self, offset: usize, problem: &str) -> io::Error {
        let line = self.line(offset);
        invalid(format!("{}:{line}: {problem}", self.path.display()))
    }
}

fn line_of(text: &[u8], offset: usize) -> usize {
    // An error at the end of the file is one of its last line.
    let end = offset.min(text.len().saturating_sub(1));
    let before = text.get(..end).unwrap_or_default();
    before.split(|&it| it == b'\n').count()
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::path::Path;

    use super::PortctlToml;

    fn app(root: &Path) -> io::Result<Option<String>> {
        match PortctlToml::read(root)? {
            Some(file) => file.app(&file.parse()?),
            None => Ok(None),
        }
    }

    #[test]
    fn the_project_file_names_the_app() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| {
            fs::write(folder.path().join("portctl.toml"), text).unwrap();
            app(folder.path()).map_err(|error| error.to_string())
        };
        assert_eq!(app(folder.path()).unwrap(), None);
        assert_eq!(of("app = \" shop \""), Ok(Some("shop".to_owned())));
        assert_eq!(
            of("\u{feff}app = \"shop\"\r\n"),
            Ok(Some("shop".to_owned()))
        );
        assert_eq!(of("[services]\nweb = 5173\n"), Ok(None));
        for (text, problem) in [
            ("app = 1", ":1: `app` must be a text"),
            ("app = ' '", ":1: `app`: the app name must not be empty"),
            ("\n\napp = x\n", ":3: "),
            ("app = 'a'\napp = 'b'", ":2: "),
            ("\n[services\n", ":2: "),
        ] {
            let error = of(text).unwrap_err();
            let expected = format!("portctl.toml{problem}");
            assert!(error.contains(&expected), "{text:?}: {error}");
        }
        let large = format!("app = 'a'\n#{}", "a".repeat(1 << 20));
        let error = of(&large).unwrap_err();
        assert!(
            error.ends_with("portctl.toml: it has more than 1 MiB"),
            "{error}"
        );
        fs::write(folder.path().join("portctl.toml"), b"\napp = '\xff'").unwrap();
        let error = app(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("portctl.toml:2: it is not UTF-8"),
            "{error}"
        );
        fs::remove_file(folder.path().join("portctl.toml")).unwrap();
        fs::create_dir(folder.path().join("portctl.toml")).unwrap();
        assert_eq!(app(folder.path()).unwrap(), None);
    }
}
