//! Many processes that allocate at once, compared with one after the other.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::report::{BenchResult, median, print_line};
use crate::running::{IdleDaemon, portctl_get};

/// Another user of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beside {
    Nothing,
    /// An idle daemon, which has the store open.
    Daemon,
}

/// Measures a crowd of processes, and prints the ratio to the time in sequence.
pub(crate) fn compare_processes(
    home: &Path,
    crowd: usize,
    rounds: usize,
    beside: Beside,
) -> BenchResult<()> {
    let (mut at_once, mut in_sequence, mut failed) = (Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        let (seconds, failures) =
            run_at_once(&home.join(format!("crowded-{round}")), crowd, beside)?;
        at_once.push(seconds);
        failed += failures;
        let seconds = run_in_sequence(&home.join(format!("orderly-{round}")), crowd, beside)?;
        in_sequence.push(seconds);
    }
    let (at_once, in_sequence) = (median(at_once), median(in_sequence));
    let beside = match beside {
        Beside::Nothing => "",
        Beside::Daemon => " beside a daemon",
    };
    print_line(&format!(
        "{crowd} processes{beside}: at once {at_once:.2} s, in sequence {in_sequence:.2} s ({:.2}), failed {failed} of {}",
        at_once / in_sequence,
        crowd * rounds,
    ))?;
    Ok(())
}

/// Returns the seconds that the processes take, and how many of them fail.
fn run_at_once(home: &Path, crowd: usize, beside: Beside) -> BenchResult<(f64, usize)> {
    fs::create_dir(home)?;
    let _daemon = beside.start(home)?;
    let start = Instant::now();
    let children: Vec<_> = (0..crowd)
        .map(|number| portctl_get(home, number).spawn())
        .collect::<std::io::Result<_>>()?;
    let mut failed = 0;
    for mut child in children {
        failed += usize::from(!child.wait()?.success());
    }
    Ok((start.elapsed().as_secs_f64(), failed))
}

/// Returns the seconds that the processes take.
fn run_in_sequence(home: &Path, crowd: usize, beside: Beside) -> BenchResult<f64> {
    fs::create_dir(home)?;
    let _daemon = beside.start(home)?;
    let start = Instant::now();
    for number in 0..crowd {
        if !portctl_get(home, number).status()?.success() {
            return Err("one process alone failed".into());
        }
    }
    Ok(start.elapsed().as_secs_f64())
}

impl Beside {
    fn start(self, home: &Path) -> BenchResult<Option<IdleDaemon>> {
        match self {
            Beside::Nothing => Ok(None),
            Beside::Daemon => IdleDaemon::start(home).map(Some),
        }
    }
}
