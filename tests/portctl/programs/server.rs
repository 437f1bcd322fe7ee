//! A server, and the checks of its ports.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::outcome::Started;
use super::project::Project;
use test_support::Ran;

/// A server with a project in tests/programs/projects.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) project: &'static str,
    /// Command lines that start it.
    pub(super) commands: &'static [&'static [&'static str]],
    pub(super) others: Others,
    pub(super) when_taken: WhenTaken,
}

/// Ports that a server may listen on beside its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Others {
    None,
    /// A port for the browser's connection that updates modules. If it is taken, servers take one of the next.
    Updates(u16),
    /// Between its own processes and for a debugger, on ports that the system or the server chooses.
    Internal,
}

/// A server's behaviour if its port is taken.
#[derive(Debug, Clone, Copy)]
pub(super) enum WhenTaken {
    /// `run` does not start it. With `--force`, it fails.
    Fails,
    /// It fails, but `run` does not know it as a server, and starts it with a note.
    FailsAfterNote,
    /// `run` does not start it. With `--force`, it takes another port, because it has no way to fail. A note says so.
    Moves,
}

impl Server {
    pub(super) fn check(&self) {
        for command in self.commands {
            listens_on_its_port_alone(self, command);
        }
        let project = Project::new(self.project);
        let _occupant = project.occupy();
        if !matches!(self.when_taken, WhenTaken::FailsAfterNote) {
            self.is_not_started_beside_another(&project);
        }
        self.behaves_if_its_port_is_taken(&project);
    }

    /// The occupant's checkout is unknown.
    fn is_not_started_beside_another(&self, project: &Project) {
        let mut started = Started::new(project, &mut project.run(&[], self.commands[0]));
        assert_eq!(started.end().code(), Some(1));
        let error = "error: ";
        let output = started.output();
        assert!(output.starts_with(error), "{output}");
        assert!(output.contains(&project.port.to_string()), "{output}");
    }

    fn behaves_if_its_port_is_taken(&self, project: &Project) {
        let command = self.commands[self.commands.len() - 1];
        let mut started = Started::new(project, &mut project.run(&["--force"], command));
        match self.when_taken {
            // Some of them listen on other ports for a moment, to find one that is free.
            WhenTaken::Fails | WhenTaken::FailsAfterNote => {
                let (_, status) = started.wait_for(|_| false);
                let has_failed = status.is_some_and(|it| !it.success());
                assert!(has_failed, "{command:?}: {status:?}");
            }
            WhenTaken::Moves => {
                let (_, status) =
                    started.wait_for(|ports| !self.unexpected(ports, None).is_empty());
                assert_eq!(status, None, "{command:?} has ended");
                let output = started.output();
                assert!(output.contains("note: "), "{output}");
            }
        }
    }

    /// Returns the ports that are neither the server's own nor among its others.
    fn unexpected(&self, ports: &BTreeSet<u16>, own: Option<u16>) -> BTreeSet<u16> {
        let is_other = |port: u16| match self.others {
            Others::None => false,
            Others::Updates(first) => (first..first + 20).contains(&port),
            // 9229 is Node's debugger, which moves to the next port if it is taken.
            Others::Internal => (9229..9329).contains(&port) || port >= 32768,
        };
        let mut found = ports.clone();
        found.retain(|&port| Some(port) != own && !is_other(port));
        found
    }
}

/// Starts a server by this command, and checks its ports once it has answered a request.
pub(super) fn listens_on_its_port_alone(server: &Server, command: &[&str]) {
    let project = Project::new(server.project);
    let port = project.port;
    let mut started = Started::new(&project, &mut project.run(&[], command));
    let (_, status) = started.wait_for(|ports| ports.contains(&port));
    assert_eq!(status, None, "{command:?} has ended");
    // Its listener is known to be this checkout's.
    let waited = Ran::of(&mut project.portctl(&["wait", "web", "--strict"]));
    assert_eq!(waited.code, Some(0), "{waited:?}");
    answers(port, command[0]);
    let unexpected = server.unexpected(&started.ports(), Some(port));
    assert_eq!(unexpected, BTreeSet::new(), "{command:?}");
}

/// Waits for an answer to a request. Servers have opened all their ports by then.
#[track_caller]
fn answers(port: u16, program: &str) {
    let mut stream = TcpStream::connect(("localhost", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let http = format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    let (request, answer) = match program {
        "redis-server" => ("PING\r\n", b"+PONG"),
        _ => (&*http, b"HTTP/"),
    };
    stream.write_all(request.as_bytes()).unwrap();
    let mut start = [0; 5];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, answer);
}
