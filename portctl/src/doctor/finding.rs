//! Findings of checks, as text and as JSON.

use std::iter;

use serde::{Serialize, Serializer};

use crate::output::{Stream, Style, indentation, labelled, styled, visible};
use crate::report::Report;

/// Status of a check, in ascending order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckStatus {
    Ok,
    /// Possibly intended.
    Warning,
    /// Something does not work or is not safe.
    Problem,
}

/// The result of one check: details, and hints for everything that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    check: &'static str,
    pub(crate) status: CheckStatus,
    #[serde(serialize_with = "joined")]
    detail: Vec<String>,
    #[serde(rename = "hint")]
    #[serde(serialize_with = "joined", skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Issue {
    status: CheckStatus,
    line: String,
    hint: Option<String>,
}

impl Issue {
    pub(super) fn warning(line: impl Into<String>) -> Issue {
        Issue {
            status: CheckStatus::Warning,
            line: line.into(),
            hint: None,
        }
    }

    /// Converts a report to a warning.
    pub(super) fn warning_of(report: Report) -> Issue {
        Issue {
            status: CheckStatus::Warning,
            ..Issue::from(report)
        }
    }

    pub(super) fn problem(line: impl Into<String>) -> Issue {
        Issue {
            status: CheckStatus::Problem,
            ..Issue::warning(line)
        }
    }

    /// Adds the fix.
    pub(super) fn hint(self, hint: impl Into<String>) -> Issue {
        Issue {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Converts the issue to a finding of its own.
    pub(super) fn of(self, check: &'static str) -> Finding {
        Finding {
            check,
            status: CheckStatus::Ok,
            detail: Vec::new(),
            hints: Vec::new(),
        }
        .with(self)
    }
}

impl From<Report> for Issue {
    fn from(report: Report) -> Issue {
        Issue {
            hint: report.hint,
            ..Issue::problem(report.error)
        }
    }
}

impl Finding {
    /// Creates a finding without issues.
    pub(super) fn ok(check: &'static str, line: impl Into<String>) -> Finding {
        Finding {
            check,
            status: CheckStatus::Ok,
            detail: vec![line.into()],
            hints: Vec::new(),
        }
    }

    /// Adds an issue. The finding has the status of its worst issue.
    pub(super) fn with(mut self, issue: impl Into<Issue>) -> Finding {
        let issue = issue.into();
        self.status = self.status.max(issue.status);
        self.detail.push(issue.line);
        self.hints.extend(issue.hint);
        self
    }

    /// Adds all issues.
    pub(super) fn with_all(self, issues: impl IntoIterator<Item = Issue>) -> Finding {
        issues.into_iter().fold(self, Finding::with)
    }

    /// Adds a line of detail.
    pub(super) fn detail(mut self, line: impl Into<String>) -> Finding {
        self.detail.push(line.into());
        self
    }

    /// Adds the first `max` of these lines, and the number of the others.
    pub(super) fn first_details(mut self, max: usize, lines: &[String]) -> Finding {
        self.detail.extend(lines.iter().take(max).cloned());
        match lines.len().saturating_sub(max) {
            0 => self,
            more => self.detail(format!("and {more} more")),
        }
    }

    /// Formats the finding, to at most `width` columns: the first line starts with status and check, further lines are
    /// indented.
    pub(crate) fn text(&self, width: Option<usize>) -> String {
        let (status, style) = match self.status {
            CheckStatus::Ok => ("ok", None),
            CheckStatus::Warning => ("warning", Some(Style::Warning)),
            CheckStatus::Problem => ("problem", Some(Style::Error)),
        };
        let padding = " ".repeat(STATUS_WIDTH - status.len());
        let styled = |style, text| styled(Stream::Stdout, style, text);
        let status = style.map_or(status.into(), |style| styled(style, status));
        let columns = STATUS_WIDTH + CHECK_WIDTH;
        let indent = " ".repeat(indentation(columns, width));
        let hint = format!("{indent}{} ", styled(Style::Hint, "hint:"));
        let head = format!("{status}{padding}{:<CHECK_WIDTH$}", self.check);
        // On a narrow terminal, the details begin below.
        let (above, first) = if indent.len() < columns {
            (Some(head.trim_end().to_owned()), &indent)
        } else {
            (None, &head)
        };
        let labels = iter::once(first).chain(iter::repeat(&indent));
        let details = labels.zip(&self.detail);
        let hints = self.hints.iter().map(|text| (&hint, text));
        let lines = details.chain(hints);
        let lines = lines.map(|(label, text)| labelled(label, &visible(text), width));
        let lines: Vec<String> = above.into_iter().chain(lines).collect();
        lines.join("\n")
    }
}

/// Width of the longest status and two spaces.
const STATUS_WIDTH: usize = "problem".len() + 2;
/// Width of the longest check and two spaces.
const CHECK_WIDTH: usize = "listeners".len() + 2;

/// Serializes lines as one string.
fn joined<S: Serializer>(lines: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{CheckStatus, Finding, Issue};

    #[test]
    fn finding_has_the_status_of_its_worst_issue() {
        let finding = Finding::ok("home", "it exists").with_all([
            Issue::problem("it is open\u{202e}").hint("close it"),
            Issue::warning("it is another's"),
        ]);
        assert_eq!(finding.status, CheckStatus::Problem);
        assert_eq!(
            finding.text(None),
            "problem  home       it exists\n                    it is open\\u{202e}\n                    \
             it is another's\n                    hint: close it"
        );
        let json = serde_json::to_value(&finding).unwrap();
        let expected = serde_json::json!({
            "check": "home",
            "status": "problem",
            "detail": "it exists\nit is open\u{202e}\nit is another's",
            "hint": "close it",
        });
        assert_eq!(json, expected);
        let well = serde_json::to_value(Finding::ok("git", "found")).unwrap();
        assert!(well.get("hint").is_none(), "{well}");
    }
}
