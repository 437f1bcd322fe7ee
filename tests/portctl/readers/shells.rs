//! The format for shells, as they evaluate it.

use super::fixture::WrittenCheckout;
use super::reader::environment;
use crate::PORTCTL;
use test_support::is_available;

const TEXTS: [&str; 8] = [
    "it's \"x\" $HOME `ls` $(ls)",
    "\\ \\\\ \\' \\n",
    " # a ",
    "",
    "-n #",
    "~ * ! & ; | <",
    "jürgen",
    "http://localhost:3000/?a=b",
];

#[test]
fn shells_evaluate_texts_to_what_was_meant() {
    let checkout = WrittenCheckout::new();
    checkout.declare("web = {}", &TEXTS);
    let web = checkout.run(&["get", "web"]).printed().to_owned();
    let printed = format!("{PORTCTL} env --format shell");
    for (shell, script) in [
        ("sh", format!("eval \"$({printed})\"; env -0")),
        ("bash", format!("eval \"$({printed})\"; env -0")),
        ("zsh", format!("eval \"$({printed})\"; env -0")),
        ("fish", format!("{printed} | source; env -0")),
    ] {
        if !is_available(shell, checkout.sandbox.command(shell).args(["-c", "true"])) {
            continue;
        }
        let mut command = checkout.command(shell);
        let read = environment(command.args(["-c", &script]));
        assert_eq!(read["WEB_PORT"], web, "{shell}");
        for (index, text) in TEXTS.iter().enumerate() {
            assert_eq!(read[&format!("TEXT_{index}")], *text, "{shell}");
        }
        let mut names = vec!["WEB_PORT".to_owned()];
        names.extend((0..TEXTS.len()).map(|it| format!("TEXT_{it}")));
        assert_eq!(read["PORT_REGISTRY_VARS"], names.join(" "), "{shell}");
    }
}
