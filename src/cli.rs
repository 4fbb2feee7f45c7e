//! The command line: what can be asked for, how the answer is printed, and the exit code.
//!
//! Exit codes: 0 done, 1 failed while running, 64 bad configuration or arguments.

mod check;
mod completions;
pub mod events;
mod explain;
mod key;
mod password;
mod serve;
mod token;

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app;
use crate::config::{Config, Environment};
use crate::domain::Timestamp;
use crate::tokens::Keyring;

/// usher issues tokens for Jitsi and LiveKit rooms, signs people in, follows every meeting, and publishes what happens on NATS.
#[derive(Debug, Parser)]
#[command(name = "usher", version, arg_required_else_help = true, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed while running, 64 bad configuration or arguments.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon.
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::ServeArgs),
    /// Check the configuration, and with --online the servers that it names.
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArgs),
    /// Say claim by claim what Jitsi's Prosody or LiveKit will make of a token.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArgs),
    /// Make a token for a room.
    #[command(after_help = token::EXAMPLES)]
    Token(token::TokenArgs),
    /// Make a key: an API key for a program, or an RSA key that signs tokens.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Hash a password for users.toml.
    #[command(after_help = password::EXAMPLES)]
    Password,
    /// Follow the events on NATS, one readable line each.
    Events(events::EventsArgs),
    /// Print the completions for a shell.
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
    /// Write the manual pages into a folder.
    #[command(hide = true)]
    Man(completions::ManArgs),
}

/// Where the configuration is.
#[derive(Debug, Args)]
struct ConfigArg {
    /// Folder with usher.toml, clients.toml, users.toml and rooms.toml.
    #[arg(long = "config", value_name = "DIR", default_value = DEFAULT_CONFIG)]
    dir: PathBuf,
}

const DEFAULT_CONFIG: &str = "/etc/usher";

/// Why a command ended early; printed once, by [`run`].
#[derive(Debug, thiserror::Error)]
enum CliError {
    /// One line per fault.
    #[error("{0}")]
    Config(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What a command comes to when nothing stopped it.
type Outcome = Result<ExitCode, CliError>;

/// Runs one command to its end.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(message) => return usage(&message),
    };
    match dispatch(cli.command, &mut io::stdout()) {
        Ok(code) => code,
        Err(CliError::Io(fault)) if fault.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(fault) => {
            let _ = writeln!(io::stderr(), "usher: {fault}");
            fault.code()
        }
    }
}

fn dispatch(command: Command, out: &mut impl Write) -> Outcome {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => check::run(&args, out),
        Command::Explain(args) => explain::run(&args, out),
        Command::Token(args) => token::run(&args, out),
        Command::Key(command) => key::run(&command, out),
        Command::Password => password::run(out),
        Command::Events(args) => follow(args),
        Command::Completions(args) => completions::run(&args, out),
        Command::Man(args) => completions::man(&args),
    }
}

fn follow(args: events::EventsArgs) -> Outcome {
    let config = load(args.config.as_deref().unwrap_or(Path::new(DEFAULT_CONFIG)))?;
    let nats = config.daemon.nats.as_ref();
    block_on(events::run(args, nats, now()))?.map_err(|fault| match fault {
        events::EventsError::NotConfigured => CliError::Config(fault.to_string()),
        _ => CliError::Failed(fault.to_string()),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Help and version are answers, everything else is a wrong argument.
fn usage(message: &clap::Error) -> ExitCode {
    let _ = message.print();
    if message.use_stderr() {
        ExitCode::from(EXIT_CONFIG)
    } else {
        ExitCode::SUCCESS
    }
}

const EXIT_CONFIG: u8 = 64;

// === impl CliError ===

impl CliError {
    fn code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Usage(_) => ExitCode::from(EXIT_CONFIG),
            Self::Failed(_) | Self::Io(_) => ExitCode::FAILURE,
        }
    }
}

// === what several commands need ===

/// Loads and checks the configuration like the daemon does; what should not stay so goes to standard error.
fn load(dir: &Path) -> Result<Config, CliError> {
    let reading = app::source(dir, Environment::from_process()).read();
    for warning in &reading.warnings {
        let _ = writeln!(io::stderr(), "usher: {warning}");
    }
    reading
        .result
        .map_err(|faults| CliError::Config(faults.to_string()))
}

/// The keys of a configuration; every key that cannot be used is a fault of its own.
fn keyring(config: &Config) -> Result<Keyring, CliError> {
    Keyring::new(config).map_err(|faults| {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        CliError::Config(lines.join("\n"))
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of the commands that run outside the daemon"
)]
fn now() -> Timestamp {
    chrono::Utc::now()
}

/// Fresh random bytes.
fn random<const N: usize>() -> Result<[u8; N], CliError> {
    let mut bytes = [0; N];
    let failed = |_| CliError::Failed("the machine gives no random numbers".to_owned());
    aws_lc_rs::rand::fill(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Runs a command that waits for other machines.
fn block_on<F: Future>(work: F) -> io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_visible_command_has_examples() {
        for command in Cli::command()
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let mut leaves: Vec<_> = command.get_subcommands().collect();
            if leaves.is_empty() {
                leaves.push(command);
            }
            for leaf in leaves {
                let help = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("  usher "), "{} has no example", leaf.get_name());
            }
        }
    }

    #[test]
    fn wrong_arguments_are_64_and_help_is_0() {
        let code = |line: &str| format!("{:?}", run(words(line)));
        assert_eq!(code("usher token --room"), format!("{:?}", ExitCode::from(64)));
        assert_eq!(code("usher nonsense"), format!("{:?}", ExitCode::from(64)));
        assert_eq!(code("usher --version"), format!("{:?}", ExitCode::SUCCESS));
    }
}
