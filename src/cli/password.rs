//! `usher password`: hashes a password for `users.toml`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::{CliError, Outcome};

pub(super) const EXAMPLES: &str = "\
The password is asked for twice on a terminal, without being shown; otherwise it is the first line \
of standard input.

Examples:
  usher password
  usher password < secret.txt";

/// Longest password that is hashed, in bytes.
const MAX_BYTES: usize = 1024;

pub(super) fn run(out: &mut impl Write) -> Outcome {
    let stdin = io::stdin();
    let password = if stdin.is_terminal() {
        ask()?
    } else {
        line(&mut stdin.lock())?
    };
    writeln!(out, "{}", hash(&password)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Argon2id with the parameters that OWASP names first for it: 19 MiB, two passes, one lane.
fn hash(password: &str) -> Result<String, CliError> {
    if password.is_empty() || password.len() > MAX_BYTES {
        return Err(CliError::Usage(format!("a password has 1 to {MAX_BYTES} bytes")));
    }
    let failed = |_| CliError::Failed("the password could not be hashed".to_owned());
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|fault| CliError::Failed(fault.to_string()))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(argon2
        .hash_password(password.as_bytes())
        .map_err(failed)?
        .to_string())
}

fn ask() -> Result<String, CliError> {
    let first = prompt("Password: ")?;
    if prompt("Again: ")? != first {
        return Err(CliError::Usage("the two passwords differ".to_owned()));
    }
    Ok(first)
}

fn prompt(text: &str) -> Result<String, CliError> {
    let mut terminal = io::stderr();
    write!(terminal, "{text}")?;
    terminal.flush()?;
    let answer = {
        let _silence = Silence::begin()?;
        line(&mut io::stdin().lock())
    };
    writeln!(terminal)?;
    answer
}

fn line(input: &mut impl BufRead) -> Result<String, CliError> {
    let mut text = String::new();
    input.read_line(&mut text)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// While it lives, the terminal does not show what is typed.
struct Silence {
    before: rustix::termios::Termios,
}

// === impl Silence ===

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordVerifier, phc::PasswordHash};

    use super::*;

    #[test]
    fn a_hash_says_its_parameters_and_fits_its_password_only() {
        let text = hash("گذرواژه").unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let parsed = PasswordHash::new(&text).unwrap();
        assert!(
            Argon2::default()
                .verify_password("گذرواژه".as_bytes(), &parsed)
                .is_ok()
        );
        assert!(Argon2::default().verify_password(b"other", &parsed).is_err());
    }

    #[test]
    fn a_line_ends_at_its_end_only() {
        assert_eq!(line(&mut &b" with spaces \r\nmore"[..]).unwrap(), " with spaces ");
        assert!(hash("").is_err());
    }
}
