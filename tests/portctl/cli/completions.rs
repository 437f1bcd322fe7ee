//! Completion scripts, run in their shells.

use test_support::{Ran, is_available};

use super::fixture::Portctl;

/// Returns the completions that a shell offers after `line`, which ends in a space or dashes. Returns
/// `None` if the shell is not installed.
fn completions_for(portctl: &Portctl, shell: &str, line: &str) -> Option<Vec<String>> {
    let script = portctl.sandbox.path().join(format!("completions.{shell}"));
    let printed = portctl.run(&["completions", shell]).stdout;
    std::fs::write(&script, printed).unwrap();
    let query = match shell {
        "bash" => {
            r#"source "$1"; COMP_WORDS=($2 ""); [[ $2 == *-- ]] && COMP_WORDS=($2)
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _portctl; printf '%s\n' "${COMPREPLY[@]}""#
        }
        // zsh completes only on a terminal, so this checks only that it can load the script.
        "zsh" => {
            r#"autoload -U compinit && compinit -u -D; source "$1" && whence -w _portctl_list"#
        }
        "fish" => r#"source $argv[1]; complete -C "$argv[2]" | string split -f1 \t"#,
        _ => unreachable!(),
    };
    let mut version = portctl.sandbox.command(shell);
    if !is_available(shell, version.arg("--version")) {
        return None;
    }
    let mut command = portctl.sandbox.command(shell);
    match shell {
        "bash" | "zsh" => command.args(["-c", query, shell]),
        _ => command.args(["-c", query]),
    };
    let ran = Ran::from(command.arg(&script).arg(line).output().unwrap());
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{shell}: {ran:?}");
    Some(ran.stdout.lines().map(str::to_owned).collect())
}

#[cfg(unix)]
#[test]
fn completion_scripts_work_in_their_shells() {
    let portctl = Portctl::new();
    for shell in ["bash", "fish"] {
        for (line, expected) in [
            ("portctl ", &["get", "allocate", "skill"][..]),
            ("portctl skill ", &["install", "uninstall"]),
            ("portctl list --", &["--all", "--app", "--json"]),
            ("portctl skill install --", &["--global", "--force"]),
        ] {
            let Some(offered) = completions_for(&portctl, shell, line) else {
                // Only bash has to be installed.
                assert_ne!(shell, "bash");
                continue;
            };
            for word in expected {
                assert!(
                    offered.iter().any(|it| it == word),
                    "{shell}: {line}: {offered:?}"
                );
            }
            // Flags of other commands are not offered.
            assert!(
                offered.iter().all(|it| it != "--adopt"),
                "{shell}: {line}: {offered:?}"
            );
        }
    }
    if let Some(loaded) = completions_for(&portctl, "zsh", "") {
        assert_eq!(loaded, ["_portctl_list: function"]);
    }
    let ran = portctl.run(&["completions", "powershell"]);
    assert!(
        ran.complained(2)
            .contains("the shells are bash, zsh and fish")
    );
    portctl.run(&["completions"]).complained(2);
}
