//! Containers that a project has under the name that Compose itself gives it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::output::wording;

/// The time that the engine has to answer. The note is not worth a longer wait.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The most bytes of the answer that are read.
const MAX_ANSWER: u64 = 1 << 16;

/// The most containers that the note names.
const MAX_NAMED: usize = 5;

/// Notes the containers that a project folder has under this project name, which is not used any more. Returns `None` if
/// there are none, or if the engine does not tell.
pub(crate) fn note(old_name: &str, project_folder: &Path) -> Option<String> {
    let mut words = vec!["ps".to_owned(), "--all".to_owned()];
    for (label, value) in [
        ("project", old_name),
        ("project.working_dir", project_folder.to_str()?),
    ] {
        words.push("--filter".to_owned());
        words.push(format!("label=com.docker.compose.{label}={value}"));
    }
    words.extend(["--format", "{{.Names}}"].map(str::to_owned));
    let child = Command::new("docker")
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    note_of(old_name, &answer_of(child.ok()?)?)
}

/// Waits for the output of a successful process, and ends one that takes too long.
fn answer_of(mut child: Child) -> Option<String> {
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut answer = Vec::new();
        let read = output.take(MAX_ANSWER).read_to_end(&mut answer);
        // The receiver may have given up.
        let _ = sender.send(read.map(|_| answer));
    });
    let answer = receiver.recv_timeout(ANSWER_TIMEOUT);
    if answer.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    let answer = answer.ok()?.ok().filter(|_| status.success())?;
    String::from_utf8(answer).ok()
}

fn note_of(old_name: &str, answer: &str) -> Option<String> {
    let names: Vec<&str> = answer.lines().filter(|it| !it.is_empty()).collect();
    if names.is_empty() {
        return None;
    }
    let words = names.iter().map(|it| wording::quoted(it));
    let words: Vec<_> = words.take(MAX_NAMED).collect();
    let more = match names.len() - words.len() {
        0 => String::new(),
        more => format!(", and there are {more} more"),
    };
    Some(format!(
        "containers of this folder are left under the project name {old_name}: `docker rm --force {}` removes them{more}",
        words.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::note_of;

    #[test]
    fn old_containers_are_named_with_the_command_that_removes_them() {
        assert_eq!(note_of("shop", "\n"), None);
        let note = note_of("shop", "shop-web-1\nshop-db-1\n").unwrap();
        assert!(note.contains("shop: `docker rm --force shop-web-1 shop-db-1` removes them"));
        let many = "c0\nc1\nc2\nc3\nc4\nc5\nc6\nc7\nc8\n";
        assert!(
            note_of("shop", many)
                .unwrap()
                .ends_with("c4` removes them, and there are 4 more")
        );
    }
}
