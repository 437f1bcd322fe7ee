//! Files that are rotated, and those that other programs change meanwhile.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{LogFile, MAX_BYTES, ROTATE_BYTES, old_of};

fn open(path: &Path) -> io::Result<LogFile> {
    LogFile::open(path, |_| Ok(()))
}

/// Opens a log in a temporary folder of its own.
fn new_log() -> (TempDir, PathBuf, LogFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("folder/x.log");
    let log = open(&path).unwrap();
    (folder, path, log)
}

/// Makes the log longer, as another program may.
fn set_length(path: &Path, length: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[test]
fn full_log_is_renamed_and_no_line_of_a_burst_is_lost() {
    let (_folder, path, mut log) = new_log();
    for round in 0..2 {
        let before = ROTATE_BYTES - 500;
        set_length(&path, before);
        let burst = (0..100).map(|number| format!("line {round}-{number}\n"));
        burst.clone().for_each(|line| log.write(&line));
        let old = fs::read(old_of(&path)).unwrap();
        let old = &old[usize::try_from(before).unwrap()..];
        let written = [old, &fs::read(&path).unwrap()].concat();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            burst.collect::<String>()
        );
        assert!(!old.is_empty() && length(&path) > 0);
    }
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
}

#[test]
fn log_that_another_program_renamed_or_removed_is_created_again() {
    let (_folder, path, mut log) = new_log();
    log.write("first\n");
    let moved = path.with_file_name("moved");
    fs::rename(&path, &moved).unwrap();
    log.write("second\n");
    assert_eq!(
        (text(&moved), text(&path)),
        ("first\n".into(), "second\n".into())
    );
    fs::remove_file(&path).unwrap();
    log.write("third\n");
    assert_eq!(text(&path), "third\n");
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    log.write("fourth\n");
    assert_eq!(text(&path), "fourth\n");
}

#[test]
fn log_that_cannot_be_renamed_is_written_on_and_emptied_at_twice_the_size() {
    let (_folder, path, mut log) = new_log();
    // Rename refuses to replace a folder with a file.
    fs::create_dir(old_of(&path)).unwrap();
    set_length(&path, ROTATE_BYTES);
    log.write("one\n");
    assert_eq!(length(&path), ROTATE_BYTES + 4);
    set_length(&path, MAX_BYTES);
    log.write("two\n");
    assert_eq!(text(&path), "two\n");
    fs::remove_dir(old_of(&path)).unwrap();
    set_length(&path, ROTATE_BYTES);
    log.write("three\n");
    assert_eq!(text(&path), "three\n");
    assert_eq!(length(&old_of(&path)), ROTATE_BYTES);
}

#[test]
fn log_whose_name_became_a_folder_is_written_on_and_the_folder_is_kept() {
    let (_folder, path, mut log) = new_log();
    let moved = path.with_file_name("moved");
    fs::rename(&path, &moved).unwrap();
    fs::create_dir(&path).unwrap();
    set_length(&moved, ROTATE_BYTES);
    log.write("one\n");
    assert!(fs::read(&moved).unwrap().ends_with(b"one\n"));
    assert!(fs::metadata(&path).unwrap().is_dir());
    fs::remove_dir(&path).unwrap();
    log.write("two\n");
    assert_eq!(text(&path), "two\n");
}

#[cfg(target_os = "linux")]
#[test]
fn lines_that_could_not_be_written_are_counted() {
    let (_folder, path, mut log) = new_log();
    // Stands for a file on a full disk.
    log.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    log.path = "/dev/full".into();
    log.write("one\n");
    log.write("two\n");
    log.path = path.clone();
    log.write("three\n");
    log.write("four\n");
    let missing = "\nlines missing here, which could not be written: 2\n";
    assert_eq!(text(&path), format!("{missing}three\nfour\n"));
}

#[cfg(unix)]
#[test]
fn only_one_daemon_writes_to_a_log() {
    let (_folder, path, mut first) = new_log();
    assert_eq!(open(&path).unwrap_err().kind(), ErrorKind::TimedOut);
    first.release();
    let second = open(&path).unwrap();
    // The next file of its name belongs to whoever creates it.
    fs::remove_file(&path).unwrap();
    let third = open(&path).unwrap();
    first.write("one\n");
    assert_eq!(length(&path), 0);
    drop((second, third));
    first.write("two\n");
    assert_eq!(text(&path), "two\n");
}

#[cfg(unix)]
#[test]
fn log_behind_a_link_is_rotated_where_it_is() {
    let (_folder, path, log) = new_log();
    drop(log);
    let link = path.with_file_name("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut log = open(&link).unwrap();
    set_length(&path, ROTATE_BYTES);
    log.write("one\n");
    assert_eq!(text(&link), "one\n");
    assert!(old_of(&path).is_file());
}
