//! Servers that an interpreter runs from a file or a module.

use super::words::base_name;
use super::wrapper::skip_flags;

/// A program that an interpreter runs.
pub(super) struct Interpreted<'a> {
    pub(super) name: &'a str,
    pub(super) arguments_at: usize,
}

/// Returns the program that the interpreter at the start of the words runs.
pub(super) fn interpreted<'a>(words: &[&'a str]) -> Option<Interpreted<'a>> {
    let interpreter = base_name(words.first()?);
    if is_python(interpreter) {
        return python(words);
    }
    let (with_value, without_value): (&[&str], &[&str]) = match interpreter {
        "node" => (
            &["--env-file", "--import", "--require", "-r"],
            &[
                "--inspect",
                "--inspect-brk",
                "--no-warnings",
                "--preserve-symlinks",
            ],
        ),
        "php" => (&["-c", "-d"], &["-n"]),
        "ruby" => (&["-I", "-r"], &["-w"]),
        _ => return None,
    };
    let at = skip_flags(words, 1, with_value, without_value)?;
    let file = *words.get(at)?;
    let name = match interpreter {
        "node" => npm_program(file)?,
        _ => base_name(file),
    };
    let is_known = match interpreter {
        "php" => name == "artisan",
        "ruby" => matches!(name, "rails" | "puma" | "rackup"),
        _ => true,
    };
    is_known.then_some(Interpreted {
        name,
        arguments_at: at + 1,
    })
}

/// Accepts `python`, `python3`, `python3.12` and the launcher of Windows.
fn is_python(name: &str) -> bool {
    let is_version = |it: &str| it.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    name == "py" || name.strip_prefix("python").is_some_and(is_version)
}

fn python<'a>(words: &[&'a str]) -> Option<Interpreted<'a>> {
    let without_value = [
        "-B", "-E", "-I", "-O", "-OO", "-P", "-b", "-d", "-q", "-s", "-S", "-u", "-v",
    ];
    // `-m` ends the interpreter's own arguments, just like a file.
    let module = words
        .iter()
        .position(|word| *word == "-m")
        .unwrap_or(words.len());
    let at = skip_flags(&words[..module], 1, &["-W", "-X"], &without_value)?;
    if at == module {
        let name = *words.get(module + 1)?;
        return Some(Interpreted {
            name,
            arguments_at: module + 2,
        });
    }
    let name = base_name(words.get(at)?);
    (name == "manage.py").then_some(Interpreted {
        name,
        arguments_at: at + 1,
    })
}

/// Returns the name of the npm package whose file this is, as in `node_modules/vite/bin/vite.js`.
fn npm_program(file: &str) -> Option<&str> {
    let (_, inside) = file.rsplit_once("node_modules/")?;
    let name = base_name(inside);
    let name = [".js", ".mjs", ".cjs"]
        .iter()
        .find_map(|it| name.strip_suffix(it))
        .unwrap_or(name);
    Some(name)
}
