//! What this process may use of the machine.

use std::fs;
use std::process::Command;

/// Lets this process open as many files as it may; returns how many.
pub fn open_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("Linux has this limit");
    let hard = line.split_whitespace().nth(4).expect("soft and hard").to_owned();
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit")
        .args(["--pid", &own, &format!("--nofile={hard}:{hard}")])
        .status();
    assert!(raised.expect("prlimit is part of every Linux").success());
    hard.parse().unwrap_or(usize::MAX)
}
