//! Completion scripts, in their shells.

use test_support::{Ran, is_available};

use super::fixture::Portctl;

/// What a shell offers behind a command line that ends in a space or in dashes, by the script for it.
/// `None` where there is no such shell.
fn offered(portctl: &Portctl, shell: &str, line: &str) -> Option<Vec<String>> {
    let script = portctl.sandbox.path().join(format!("completions.{shell}"));
    let printed = portctl.run(&["completions", shell]).stdout;
    std::fs::write(&script, printed).unwrap();
    let ask = match shell {
        "bash" => {
            r#"source "$1"; COMP_WORDS=($2 ""); [[ $2 == *-- ]] && COMP_WORDS=($2)
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _portctl; printf '%s\n' "${COMPREPLY[@]}""#
        }
        // Its completions come from a terminal only; that it can be read is what is seen here.
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
        "bash" | "zsh" => command.args(["-c", ask, shell]),
        _ => command.args(["-c", ask]),
    };
    let ran = Ran::from(command.arg(&script).arg(line).output().unwrap());
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{shell}: {ran:?}");
    Some(ran.stdout.lines().map(str::to_owned).collect())
}

#[cfg(unix)]
#[test]
fn completions_are_understood_by_their_shells() {
    let portctl = Portctl::new();
    for shell in ["bash", "fish"] {
        for (line, expected) in [
            ("portctl ", &["get", "allocate", "skill"][..]),
            ("portctl skill ", &["install", "uninstall"]),
            ("portctl list --", &["--all", "--app", "--json"]),
            ("portctl skill install --", &["--global", "--force"]),
        ] {
            let Some(offered) = offered(&portctl, shell, line) else {
                // It need not be installed; bash has to be.
                assert_ne!(shell, "bash");
                continue;
            };
            for word in expected {
                assert!(
                    offered.iter().any(|it| it == word),
                    "{shell}: {line}: {offered:?}"
                );
            }
            // Nothing of other commands.
            assert!(
                offered.iter().all(|it| it != "--adopt"),
                "{shell}: {line}: {offered:?}"
            );
        }
    }
    if let Some(read) = offered(&portctl, "zsh", "") {
        assert_eq!(read, ["_portctl_list: function"]);
    }
    let ran = portctl.run(&["completions", "powershell"]);
    assert!(
        ran.complained(2)
            .contains("the shells are bash, zsh and fish")
    );
    portctl.run(&["completions"]).complained(2);
}
