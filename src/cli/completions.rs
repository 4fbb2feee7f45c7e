//! `usher completions` and `usher man`: what shells and manuals are made from.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Outcome};

pub(super) const EXAMPLES: &str = "\
Examples:
  usher completions bash > /usr/share/bash-completion/completions/usher
  usher completions fish > ~/.config/fish/completions/usher.fish";

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Made if it is not there.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn run(args: &CompletionsArgs, out: &mut impl Write) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "usher", &mut script);
    out.write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man(args: &ManArgs) -> Outcome {
    std::fs::create_dir_all(&args.dir)?;
    clap_mangen::generate_to(Cli::command(), &args.dir)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_know_the_commands() {
        let mut script = Vec::new();
        run(&CompletionsArgs { shell: Shell::Bash }, &mut script).unwrap();
        assert!(String::from_utf8(script).unwrap().contains("explain"));
    }

    #[test]
    fn there_is_a_page_for_each_command() {
        let dir = tempfile::tempdir().unwrap();
        man(&ManArgs {
            dir: dir.path().join("man"),
        })
        .unwrap();
        for page in ["usher.1", "usher-explain.1", "usher-key-rsa.1"] {
            assert!(dir.path().join("man").join(page).is_file(), "{page}");
        }
    }
}
