//! Commands that start no server, or several, get their ports as variables alone.

use std::fs;

use super::outcome::Started;
use super::project::Project;

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn build_runs_as_typed_even_if_the_port_is_taken() {
    let project = Project::new("vite");
    let _occupant = project.occupy();
    for command in [&["vite", "build"][..], &["npm", "run", "build"]] {
        let mut started = Started::new(&project, &mut project.run(&[], command));
        assert!(started.end().success());
        let output = started.output();
        assert!(!output.contains("--port"), "{output}");
        fs::remove_dir_all(project.sandbox.work().join("dist")).unwrap();
    }
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn several_programs_at_once_get_no_flag() {
    let project = Project::new("vite");
    let print = r#"node -e "console.log(process.env.PORT, process.argv.length)""#;
    let command = ["concurrently", "--raw", print, "vite build"];
    let mut started = Started::new(&project, &mut project.run(&[], &command));
    assert!(started.end().success());
    let output = started.output();
    let line = format!("{} 1", project.port);
    assert!(output.lines().any(|it| it == line), "{output}");
}
