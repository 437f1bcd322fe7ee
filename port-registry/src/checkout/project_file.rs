//! The project file, `portctl.toml`, at the root of a checkout.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use toml::Table;

use super::root::PROJECT_FILE;
use crate::types::service_key::ServiceKey;

/// Returns the app that the project file at a root names. Returns `None` if there is no file, or if it names none.
///
/// # Errors
///
/// Returns an error that names the file and the line if the file cannot be read or parsed, or if the app is no valid name.
pub(super) fn app(root: &Path) -> io::Result<Option<String>> {
    let path = root.join(PROJECT_FILE);
    let problem = |problem: String| {
        io::Error::new(
            ErrorKind::InvalidData,
            format!("{}: {problem}", path.display()),
        )
    };
    // A folder of that name is none, and reading from a pipe could take forever.
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|error| problem(error.to_string()))?;
    let table: Table = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        problem(format!("line {line}: {}", error.message()))
    })?;
    let Some(app) = table.get("app") else {
        return Ok(None);
    };
    let app = app.as_str();
    let app = app.ok_or_else(|| problem("`app` must be a text".to_owned()))?;
    match ServiceKey::new(app, "any", "any") {
        Ok(key) => Ok(Some(key.app().to_owned())),
        Err(error) => Err(problem(format!("`app`: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::app;

    #[test]
    fn the_project_file_names_the_app() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| {
            fs::write(folder.path().join("portctl.toml"), text).unwrap();
            app(folder.path()).map_err(|error| error.to_string())
        };
        assert_eq!(app(folder.path()).unwrap(), None);
        assert_eq!(of("app = \" shop \""), Ok(Some("shop".to_owned())));
        assert_eq!(of("[services]\nweb = 5173\n"), Ok(None));
        for (text, problem) in [
            ("app = 1", "`app` must be a text"),
            ("app = ' '", "`app`: the app name must not be empty"),
            ("\n\napp = x\n", "line 3: "),
            ("app = 'a'\napp = 'b'", "line 2: "),
        ] {
            let error = of(text).unwrap_err();
            let expected = format!("portctl.toml: {problem}");
            assert!(error.contains(&expected), "{text:?}: {error}");
        }
        fs::write(folder.path().join("portctl.toml"), b"app = '\xff'").unwrap();
        assert!(app(folder.path()).is_err());
        fs::remove_file(folder.path().join("portctl.toml")).unwrap();
        fs::create_dir(folder.path().join("portctl.toml")).unwrap();
        assert_eq!(app(folder.path()).unwrap(), None);
    }
}
