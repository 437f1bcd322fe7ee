//! `portctl wait`.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::servers::awaited::{Answering, Awaited};
use super::services::claiming::{Got, print_notes};
use super::services::named;
use super::services::selected;
use crate::args::WaitArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::daemon::Target;
use crate::output::{self, Stream, visible, wording};
use crate::report::Report;
use crate::server::{HttpPath, SharedLimit};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// The shortest time that a hint suggests.
const LONGER_TIMEOUT: Duration = Duration::from_secs(300);
/// The pause after the first look. Each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Time limit for a connection, shared by the addresses of localhost. A server whose queue is full does not answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// Time limit for a response, shared by the addresses of a server. The first one may have to be compiled, but others must
/// not wait forever meanwhile.
const RESPONSE_LIMIT: Duration = Duration::from_secs(20);
/// Time for a look at all services that begins at the deadline.
const LAST_LOOK: Duration = Duration::from_millis(500);
/// Stands for a time limit that is too long to be one.
const FAR_AWAY: Duration = Duration::from_secs(3600);

pub(crate) fn run(args: WaitArgs) -> CommandResult {
    let timeout = args.timeout.map_or(DEFAULT_TIMEOUT, |it| it.0);
    let invocation = Invocation::new("wait", args.app.as_deref(), args.instance.as_deref())
        .with_option("--http", args.http.as_ref().map(HttpPath::as_str))
        .with_switch("--strict", args.strict)
        .with_switch("--json", args.json);
    let services = named::services(&invocation, args.words, args.service)?;
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let got = selected::allocations(&*backend, &here, &invocation, &services)?;
    let Got { allocations, notes } = got;
    if !args.json {
        print_notes(&notes);
    }
    let allocations = allocations.into_iter();
    let mut waiting = Waiting {
        backend: &*backend,
        invocation: &invocation,
        path: args.http.as_ref(),
        end: Instant::now().checked_add(timeout),
        services: allocations.map(Awaited::new).collect(),
    };
    if !waiting.run()? {
        return Err(waiting.timed_out(timeout).into());
    }
    Ok(Done::Printed(if args.json {
        let answering = waiting.services.iter().map(Awaited::answering);
        output::print_json(&answering.collect::<Vec<Answering>>())
    } else {
        Ok(())
    }))
}

/// The services that are waited for.
struct Waiting<'a> {
    backend: &'a dyn Backend,
    invocation: &'a Invocation,
    path: Option<&'a HttpPath>,
    /// `None` if it is too far away to be a time.
    end: Option<Instant>,
    services: Vec<Awaited>,
}

impl Waiting<'_> {
    /// Waits until all services are ready. Returns false if the time is over before.
    fn run(&mut self) -> Result<bool, CommandError> {
        let mut pause = FIRST_PAUSE;
        let mut is_told = false;
        loop {
            let left = self.left();
            self.look(left)?;
            if self.services.iter().all(|it| it.is_ready) {
                return Ok(true);
            }
            // A look that began before the end may not have seen a server that began to listen then.
            if left.is_zero() {
                return Ok(false);
            }
            if !is_told {
                is_told = true;
                self.tell_pending();
            }
            thread::sleep(pause.min(self.left()));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn left(&self) -> Duration {
        let left = self
            .end
            .map(|it| it.saturating_duration_since(Instant::now()));
        left.map_or(FAR_AWAY, |left| left.min(FAR_AWAY))
    }

    /// Looks once at each service that is not ready yet. The owners come first, so that a foreign one is told before any
    /// request is sent.
    fn look(&mut self, left: Duration) -> Result<(), CommandError> {
        let mut pending: Vec<&mut Awaited> =
            self.services.iter_mut().filter(|it| !it.is_ready).collect();
        let mut limits = SharedLimit::new(left.max(LAST_LOOK), 2 * pending.len());
        for service in &mut pending {
            let limit = limits.next().min(CONNECT_LIMIT);
            service.look(self.backend, self.invocation, limit)?;
        }
        for service in pending {
            service.ask(self.path, limits.next().min(RESPONSE_LIMIT));
            if service.is_ready && !self.invocation.has_switch("--json") {
                print_notes(service.note().as_slice());
                tell(&format!(
                    "{} answers on {}",
                    service.allocation.key.service(),
                    service.url()
                ))
                .ok();
            }
        }
        Ok(())
    }

    /// Tells people which services are waited for.
    fn tell_pending(&self) {
        let pending = self.services.iter().filter(|it| !it.is_ready);
        let pending = pending.map(|it| format!("{} on {}", it.allocation.key.service(), it.url()));
        let pending: Vec<String> = pending.collect();
        if !self.invocation.has_switch("--json") {
            print_notes(note_of_network().as_slice());
            tell(&format!("waiting for {}", pending.join(", "))).ok();
        }
    }

    /// Reports the services that are not ready.
    fn timed_out(&self, timeout: Duration) -> Report {
        let pending: Vec<&Awaited> = self.services.iter().filter(|it| !it.is_ready).collect();
        let problems = pending.iter().map(|it| it.problem(self.backend, self.path));
        let mut problems: Vec<Report> = problems.collect();
        let mut step = String::new();
        let report = match problems.len() {
            1 => {
                let only = problems.remove(0);
                if let Some(first) = &only.hint {
                    step = format!("{first}, or ");
                }
                only
            }
            several => {
                let count = wording::count(several, "service");
                Report::new(format!("{count} do not answer")).conflicts(problems)
            }
        };
        let report = match timeout {
            Duration::ZERO => report,
            timeout => report.prefixed(&format!("gave up after {} s", timeout.as_secs_f64())),
        };
        let services = pending.iter().map(|it| it.allocation.key.service());
        let longer = timeout.saturating_mul(2).max(LONGER_TIMEOUT).as_secs();
        let invocation = self.invocation.of("wait").like(self.invocation);
        let line = invocation
            .with_option("--timeout", Some(longer))
            .with(&services.collect::<Vec<_>>());
        report.hint(format!("{step}wait longer: `{line}`"))
    }
}

/// Describes the network of the daemon, if it is another one, whose servers this process cannot reach.
fn note_of_network() -> Option<String> {
    let listener = Target::of_environment().ok()?.listener_in_other_network()?;
    Some(format!(
        "the daemon listens at {listener} in another network; `portctl wait` connects from its own, so it does not see the \
         servers there"
    ))
}

/// Tells people about the progress. Scripts get only the exit code.
fn tell(text: &str) -> io::Result<()> {
    if output::width(Stream::Stderr).is_some() {
        output::remark(&visible(text))?;
    }
    Ok(())
}
