//! Ports in build scripts.
//!
//! A number that is compiled into a program is only as new as its last build. After `portctl release`, or in a program
//! that was built in another checkout, it is wrong, and nothing says so. So **read the port when the program starts**,
//! where that is possible. Under `portctl run web -- cargo run` it is in the environment:
//!
//! ```
//! let port = std::env::var("WEB_PORT");
//! ```
//!
//! Without portctl, the program asks for it itself:
//!
//! ```no_run
//! use port_registry::{Checkout, Registry};
//!
//! let web = Checkout::open(".")?.get_or_allocate(&Registry::open()?, "web")?;
//! println!("listening on 127.0.0.1:{}", web.port);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A build script is for what must know the port at compile time, such as a `const`, an embedded page or a generated
//! client. [`reserve`] prints everything that cargo has to know:
//!
//! ```no_run
//! // In build.rs:
//! port_registry::build::reserve("web");
//! ```
//!
//! The package then has the port in `env!("WEB_PORT")`. It is the port that `portctl get web` prints in the same
//! checkout: all packages of a workspace share it, and each worktree and clone has its own. Outside of git, the folder of
//! the workspace counts. `PORT_REGISTRY_APP` and `PORT_REGISTRY_INSTANCE` name another service, as they do for `portctl`.
//! The registry is used in process, also if `PORT_REGISTRY_ADDR` names a daemon.
//!
//! # The default port
//!
//! The package gets the default port, 8080 or that of [`reserve_or`], and nothing is reserved:
//!
//! - without a warning, if it is not built in a checkout: on docs.rs (`DOCS_RS`), as a dependency from a registry or from
//!   git, vendored, or unpacked by `cargo package` or `cargo install`
//! - with a warning, if the registry or the checkout cannot be used: a home that is read-only, a sandbox, another
//!   process that keeps the registry locked for more than 5 seconds, a git that fails
//!
//! The build never fails because of the registry.
//!
//! # Rebuilds
//!
//! The script runs again if it is changed, if one of the environment variables that it reads is set to another value,
//! and after a build of another checkout in the same target folder. After a warning, it runs again when the registry
//! changes. It does not run again when other services are allocated. It does not run again when its own service is
//! released, either: touch `build.rs` then.
//!
//! Cargo takes the packages of two worktrees for the same if they share a target folder (`CARGO_TARGET_DIR`). It would
//! not run the script in the second worktree, because no file is newer. So if the target folder is outside of the
//! checkout, `reserve` leaves a file in the package, in `target/port-registry`, a folder that git ignores. It removes
//! the file of the checkout that was built before. The worktrees then replace each other's builds. A target folder for
//! each, or a `build.build-dir` with `{workspace-path-hash}`, is faster. If the package's folder is read-only, only
//! newer files make the script run. A copy of a checkout together with its target folder counts as built: run `cargo
//! clean` there.
//!
//! By printing `cargo::rerun-if-` lines, `reserve` turns off cargo's default, which is to run the script after every change
//! of the package. Print `cargo::rerun-if-changed` for other files that the script reads.

mod cargo;
mod freshness;
mod reservation;
mod source;

use std::io::{self, Write};

use crate::types::allocation::Allocation;
use crate::types::port::Port;
use crate::variable_name::variable_name;

use self::cargo::Instructions;
use self::source::Source;

/// The port that [`reserve`] uses where nothing can be reserved.
pub const DEFAULT_PORT: Port = match Port::new(8080) {
    Ok(port) => port,
    Err(_) => Port::MAX,
};

/// The port of a service at build time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reserved {
    /// The port.
    pub port: Port,
    /// The environment variable that has it while the package is compiled.
    pub variable: String,
    /// The allocation of the service. `None` if the port is the default.
    pub allocation: Option<Allocation>,
}

/// Reserves a port for a service of the checkout that is built, and tells cargo to set its variable: `WEB_PORT` for
/// `web`.
///
/// It is the port of `portctl get`. Where nothing can be reserved, it is [`DEFAULT_PORT`], 8080. See the [module's
/// documentation](self).
///
/// ```no_run
/// // In build.rs:
/// let web = port_registry::build::reserve("web");
/// println!("cargo::rustc-env=WEB_URL=http://localhost:{}", web.port);
/// ```
// The result is for scripts that need more than the variable.
#[expect(
    clippy::must_use_candidate,
    reason = "printing to cargo is the purpose"
)]
pub fn reserve(service: &str) -> Reserved {
    reserve_or(service, DEFAULT_PORT)
}

/// Reserves a port like [`reserve`], with another default.
///
/// ```no_run
/// // In build.rs:
/// use port_registry::{Port, build};
///
/// build::reserve_or("postgres", Port::new(5432)?);
/// # Ok::<(), port_registry::PortError>(())
/// ```
#[expect(
    clippy::must_use_candidate,
    reason = "printing to cargo is the purpose"
)]
pub fn reserve_or(service: &str, default: Port) -> Reserved {
    let mut instructions = Instructions::default();
    instructions.rerun_if_env_changes(&source::VARIABLES);
    instructions.rerun_if_env_changes(&reservation::VARIABLES);
    let allocation = match Source::of_package() {
        Source::Copy => None,
        Source::Folder(package) => {
            reservation::reserve(&package, service, default, &mut instructions)
        }
    };
    let reserved = Reserved {
        port: allocation.as_ref().map_or(default, |it| it.port),
        variable: variable_name(service),
        allocation,
    };
    instructions.set_env(&reserved.variable, reserved.port);
    // Cargo reads them to the end. A build must not fail because of them.
    io::stdout().write_all(instructions.as_bytes()).ok();
    reserved
}
