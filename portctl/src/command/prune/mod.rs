//! `portctl prune`.

mod compose_projects;

use std::borrow::Cow;
use std::io;

use port_registry::{Allocation, AllocationId, Filter, PortUse};
use serde::Serialize;

use self::compose_projects::{ComposeNote, ComposeProjects};
use super::outcome::{CommandResult, Done};
use super::release::{describe, release_listed};
use crate::args::PruneArgs;
use crate::backend::{self, BackendError};
use crate::command_error::CommandError;
use crate::output::{self, Columns, visible, wording};
use crate::pruning::{Prunable, Survey};

pub(crate) fn run(args: &PruneArgs) -> CommandResult {
    if args.yes && args.dry_run {
        return Err(CommandError::usage(
            "--yes releases, and --dry-run only shows; leave one of the two out",
        ));
    }
    let backend = backend::open()?;
    let allocations = backend.list(&Filter::new())?;
    let mut survey = Survey::of(&allocations, |port| {
        let status = backend.check(port)?;
        Ok::<_, BackendError>(status.served().map(PortUse::to_string))
    })?;
    let compose = ComposeProjects::find(&allocations, &survey);
    if args.yes {
        // The survey takes time, and a checkout may have taken an allocation on meanwhile.
        let allocations = backend.list(&Filter::new())?;
        survey
            .prunable
            .retain(|it| allocations.contains(&it.allocation));
        let chosen: Vec<Allocation> = allocations_of(&survey.prunable);
        let released = release_listed(&*backend, &chosen)?;
        let is_released = |it: &Prunable| released.iter().any(|other| other.id == it.allocation.id);
        survey.prunable.retain(is_released);
        compose.forget()?;
    }
    Ok(Done::Printed(print(args, &survey, &compose)))
}

fn allocations_of(prunable: &[Prunable]) -> Vec<Allocation> {
    prunable.iter().map(|it| it.allocation.clone()).collect()
}

fn print(args: &PruneArgs, survey: &Survey, compose: &ComposeProjects) -> io::Result<()> {
    let Survey { prunable, .. } = survey;
    let kept = kept(survey);
    let of_compose = compose.notes();
    if args.json {
        output::print_json(prunable)?;
        kept.iter().try_for_each(output::remark_json)?;
        return of_compose.iter().try_for_each(output::remark_json);
    }
    if prunable.is_empty() {
        print_nothing(&kept, &of_compose)?;
    } else if args.yes {
        output::print(&describe("released", &allocations_of(prunable)))?;
    } else {
        output::print_rows(&COLUMNS, &prunable.iter().map(row).collect::<Vec<_>>())?;
        let object = if prunable.len() == 1 { "it" } else { "them" };
        output::note(&format!("`portctl prune --yes` releases {object}"))?;
    }
    let mut notes: Vec<&str> = of_compose.iter().map(|it| &*it.note).collect();
    if prunable.is_empty() && !args.yes && compose.is_forgettable() {
        notes.push("`portctl prune --yes` forgets the Compose projects of checkouts that are gone");
    }
    notes.extend(kept.iter().map(|it| &*it.note));
    let mut notes = notes.into_iter();
    notes.try_for_each(|note| output::note(&visible(note)))
}

fn print_nothing(kept: &[KeptNote], of_compose: &[ComposeNote]) -> io::Result<()> {
    match (kept, of_compose) {
        ([], []) => output::remark("nothing to prune: every recorded checkout exists"),
        (_, []) => output::remark("nothing to prune"),
        _ => output::remark("nothing to release"),
    }
}

/// Allocations that were kept, with the reason.
#[derive(Serialize)]
struct KeptNote {
    note: String,
    ids: Vec<AllocationId>,
}

fn kept(survey: &Survey) -> Vec<KeptNote> {
    let unreached = survey.unreached.iter().map(|it| KeptNote {
        note: format!("kept {it}; {}", it.advice()),
        ids: it.ids.clone(),
    });
    let in_use = survey.in_use.iter().map(|it| KeptNote {
        note: format!("kept {it}; {}", it.advice()),
        ids: vec![it.allocation.id],
    });
    let failures = survey.failures.iter().map(|it| KeptNote {
        note: format!("kept the allocations of deleted branches: {it}"),
        ids: Vec::new(),
    });
    unreached.chain(in_use).chain(failures).collect()
}

const COLUMNS: Columns = Columns {
    headings: &["ID", "SERVICE", "PORT", "REASON", "CHECKOUT"],
    names: &[1, 4],
    needed: 5,
};

fn row(prunable: &Prunable) -> Vec<Cow<'_, str>> {
    let Prunable { allocation, reason } = prunable;
    let key = allocation.key.to_string();
    vec![
        Cow::from(allocation.id.to_string()),
        Cow::from(visible(&key).into_owned()),
        Cow::from(allocation.port.to_string()),
        Cow::from(reason.to_string()),
        Cow::from(visible(wording::checkout(allocation)).into_owned()),
    ]
}
