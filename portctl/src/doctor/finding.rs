//! What a check finds, and how it is told.

use serde::{Serialize, Serializer};

use crate::failure::Report;
use crate::terminal::{self, Stream, Style};
use crate::visible::visible;

/// How bad it is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    /// It may be as it is meant to be.
    Warning,
    /// Something does not work, or is not safe.
    Problem,
}

/// What a check finds.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    check: &'static str,
    pub(crate) status: Status,
    #[serde(serialize_with = "in_one")]
    detail: Vec<String>,
    #[serde(rename = "hint")]
    #[serde(serialize_with = "in_one", skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
}

/// One thing that is not as it should be.
#[derive(Debug)]
pub(super) struct Issue {
    status: Status,
    line: String,
    hint: Option<String>,
}

impl Issue {
    pub(super) fn warning(line: impl Into<String>) -> Issue {
        Issue {
            status: Status::Warning,
            line: line.into(),
            hint: None,
        }
    }

    pub(super) fn problem(line: impl Into<String>) -> Issue {
        Issue {
            status: Status::Problem,
            ..Issue::warning(line)
        }
    }

    /// The way out.
    pub(super) fn hint(self, hint: impl Into<String>) -> Issue {
        Issue {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The same as a finding of its own.
    pub(super) fn of(self, check: &'static str) -> Finding {
        Finding {
            check,
            status: Status::Ok,
            detail: Vec::new(),
            hints: Vec::new(),
        }
        .but(self)
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
    /// What is as it should be.
    pub(super) fn ok(check: &'static str, line: impl Into<String>) -> Finding {
        Finding {
            check,
            status: Status::Ok,
            detail: vec![line.into()],
            hints: Vec::new(),
        }
    }

    /// The same, with something that is not.
    pub(super) fn but(mut self, issue: impl Into<Issue>) -> Finding {
        let issue = issue.into();
        self.status = self.status.max(issue.status);
        self.detail.push(issue.line);
        self.hints.extend(issue.hint);
        self
    }

    /// The same, with all that is not.
    pub(super) fn but_all(self, issues: impl IntoIterator<Item = Issue>) -> Finding {
        issues.into_iter().fold(self, Finding::but)
    }

    /// The same, with more to tell.
    pub(super) fn and(mut self, line: impl Into<String>) -> Finding {
        self.detail.push(line.into());
        self
    }

    /// The same, with the first of some lines, and how many more there are.
    pub(super) fn and_first(mut self, most: usize, lines: &[String]) -> Finding {
        self.detail.extend(lines.iter().take(most).cloned());
        match lines.len().saturating_sub(most) {
            0 => self,
            more => self.and(format!("and {more} more")),
        }
    }

    /// A line that begins with the status and the check, and further ones under it.
    pub(crate) fn text(&self) -> String {
        let (status, style) = match self.status {
            Status::Ok => ("ok", None),
            Status::Warning => ("warning", Some(Style::Warning)),
            Status::Problem => ("problem", Some(Style::Error)),
        };
        let padding = " ".repeat(STATUS_WIDTH - status.len());
        let styled = |style, text| terminal::styled(Stream::Stdout, style, text);
        let status = style.map_or(status.into(), |style| styled(style, status));
        let hint = styled(Style::Hint, "hint:");
        let detail = self.detail.iter().map(|line| visible(line).into_owned());
        let hints = self
            .hints
            .iter()
            .map(|it| format!("{hint} {}", visible(it)));
        let lines: Vec<String> = detail.chain(hints).collect();
        let check = self.check;
        let indent = format!("\n{}", " ".repeat(STATUS_WIDTH + CHECK_WIDTH));
        format!(
            "{status}{padding}{check:<CHECK_WIDTH$}{}",
            lines.join(&indent)
        )
    }
}

/// That of the longest word for a status, and two spaces.
const STATUS_WIDTH: usize = "problem".len() + 2;
/// That of the longest name of a check, and two spaces.
const CHECK_WIDTH: usize = "listeners".len() + 2;

/// Lines as one text.
fn in_one<S: Serializer>(lines: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{Finding, Issue, Status};

    #[test]
    fn a_finding_is_as_bad_as_the_worst_that_is_in_it() {
        let finding = Finding::ok("home", "it is there").but_all([
            Issue::problem("it is open\u{202e}").hint("close it"),
            Issue::warning("it is another's"),
        ]);
        assert_eq!(finding.status, Status::Problem);
        assert_eq!(
            finding.text(),
            "problem  home       it is there\n                    it is open\\u{202e}\n                    \
             it is another's\n                    hint: close it"
        );
        let json = serde_json::to_value(&finding).unwrap();
        let expected = serde_json::json!({
            "check": "home",
            "status": "problem",
            "detail": "it is there\nit is open\u{202e}\nit is another's",
            "hint": "close it",
        });
        assert_eq!(json, expected);
        let well = serde_json::to_value(Finding::ok("git", "found")).unwrap();
        assert!(well.get("hint").is_none(), "{well}");
    }
}
