//! Opening URLs in the browser.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::environment::{self, BROWSER_VARIABLE};
use crate::path::is_program;
use crate::report::Report;

/// The time in which a program that opens URLs reports its failure. Some of them run as long as the browser does.
const LAUNCH_LIMIT: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Stands for the URL in the variable.
const URL_MARK: &str = "%s";

/// Opens a URL by the first program that works: of those that the environment names, or else of those that the system has.
/// The program outlives portctl.
pub(crate) fn open(url: &str) -> Result<(), Report> {
    match environment::browsers() {
        Some(list) => open_by_first(&list, url),
        None => open_by_system(url),
    }
}

fn open_by_system(url: &str) -> Result<(), Report> {
    open::that_detached_with_timeout(url, LAUNCH_LIMIT).map_err(|_| {
        let commands = open::commands(url);
        let mut programs = commands.iter().map(Command::get_program);
        match programs.find(|it| is_program(it)) {
            Some(program) => Report::new(format!(
                "{} cannot open {url}",
                Path::new(program).display()
            ))
            .hint(format!(
                "open {url} by hand, or name a browser in {BROWSER_VARIABLE}"
            )),
            None => Report::new("this system has no program that opens URLs").hint(format!(
                "open {url} by hand; on Linux, the package xdg-utils has the program"
            )),
        }
    })
}

fn open_by_first(list: &str, url: &str) -> Result<(), Report> {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let mut problem = format!("{BROWSER_VARIABLE} names no program");
    for line in list.split(separator) {
        let words = command_line(line, url);
        let Some((program, arguments)) = words.split_first() else {
            continue;
        };
        let mut command = Command::new(program);
        let reason = match launch(command.args(arguments)) {
            Ok(None) => return Ok(()),
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        problem = format!("{program}, which {BROWSER_VARIABLE} names, cannot open {url}: {reason}");
    }
    let hint = format!("open {url} by hand, or correct {BROWSER_VARIABLE}");
    Err(Report::new(problem).hint(hint))
}

/// Splits a command line as a shell does, and puts the URL in its place, or else behind.
fn command_line(line: &str, url: &str) -> Vec<String> {
    let words = shlex::split(line).unwrap_or_else(|| vec![line.to_owned()]);
    let has_mark = words.iter().any(|it| it.contains(URL_MARK));
    let behind = (!has_mark && !words.is_empty()).then(|| url.to_owned());
    let words = words.into_iter().map(|it| it.replace(URL_MARK, url));
    words.chain(behind).collect()
}

/// Runs a program. Returns `None` if it still runs after the time limit.
fn launch(command: &mut Command) -> io::Result<Option<ExitStatus>> {
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // A key that interrupts the next program on this terminal must not end the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command.spawn()?;
    let end = Instant::now() + LAUNCH_LIMIT;
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= end {
            return Ok(status);
        }
        thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::command_line;

    #[test]
    fn url_takes_the_place_of_its_mark_or_follows() {
        for (line, expected) in [
            ("firefox", &["firefox", "URL"][..]),
            ("firefox --new-tab %s", &["firefox", "--new-tab", "URL"]),
            (
                "'my browser' --app=%s -x",
                &["my browser", "--app=URL", "-x"],
            ),
            ("", &[]),
            (" ", &[]),
            ("it's", &["it's", "URL"]),
        ] {
            assert_eq!(command_line(line, "URL"), expected, "{line:?}");
        }
    }
}
