//! `usher key`: API keys for programs, and RSA keys that sign tokens.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use clap::Subcommand;
use serde_json::json;

use super::{CliError, Outcome, now, random};
use crate::tokens::{pem, sha256_hex};

const CLIENT_EXAMPLES: &str = "\
The key is shown once; clients.toml keeps only its SHA-256. A client may have two keys at once, so \
that one can be changed without a gap.

Examples:
  usher key client";

const RSA_EXAMPLES: &str = "\
A new key needs a new kid: Prosody never forgets a key that it has fetched. Keep the old one in \
signing_keys until its last token has ended.

Examples:
  usher key rsa --out /etc/usher/2026-11.pem --kid 2026-11
  usher key rsa > signing.pem";

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make an API key for a program: the key, and the line for clients.toml.
    #[command(after_help = CLIENT_EXAMPLES)]
    Client,
    /// Make an RSA key that signs tokens (RS256), and the line for usher.toml.
    #[command(after_help = RSA_EXAMPLES)]
    Rsa(RsaArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct RsaArgs {
    /// Size of the key: 2048, 3072 or 4096.
    #[arg(long, default_value = "2048", value_parser = key_size)]
    bits: KeySize,
    /// Name of the key; by default the date and four random digits.
    #[arg(long, value_parser = kid)]
    kid: Option<String>,
    /// File for the key, made with mode 0600 and never overwritten; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(command: &KeyCommand, out: &mut impl Write) -> Outcome {
    match command {
        KeyCommand::Client => client(random()?, out)?,
        KeyCommand::Rsa(args) => rsa(args, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn client(random: [u8; 32], out: &mut impl Write) -> io::Result<()> {
    let key = format!("usher_{}", base62(random));
    writeln!(out, "{key}")?;
    writeln!(out, "keys = [\"sha256:{}\"]", sha256_hex(&key))
}

fn rsa(args: &RsaArgs, out: &mut impl Write) -> Result<(), CliError> {
    let failed = |_| CliError::Failed("the key could not be made".to_owned());
    let pair = KeyPair::generate(args.bits).map_err(failed)?;
    let der = AsDer::<Pkcs8V1Der>::as_der(&pair).map_err(failed)?;
    let text = pem("PRIVATE KEY", der.as_ref());
    let kid = args.kid.clone().map_or_else(fresh_kid, Ok)?;
    match &args.out {
        Some(file) => {
            write_secret(file, &text)?;
            writeln!(out, "{}", config_line(&kid, &file.display().to_string()))?;
        }
        None => {
            out.write_all(text.as_bytes())?;
            writeln!(io::stderr(), "{}", config_line(&kid, &format!("{kid}.pem")))?;
        }
    }
    Ok(())
}

/// JSON and TOML write a text in the same way.
fn config_line(kid: &str, file: &str) -> String {
    let from = now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    format!(
        "signing_keys = [{{ kid = {}, file = {}, from = {} }}]",
        json!(kid),
        json!(file),
        json!(from)
    )
}

fn write_secret(file: &Path, text: &str) -> Result<(), CliError> {
    let failed = |fault: io::Error| CliError::Failed(format!("{}: {fault}", file.display()));
    let mut handle = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(failed)?;
    handle
        .write_all(text.as_bytes())
        .and_then(|()| handle.sync_all())
        .map_err(failed)
}

fn fresh_kid() -> Result<String, CliError> {
    let [a, b] = random()?;
    Ok(format!("{}-{a:02x}{b:02x}", now().format("%Y-%m-%d")))
}

fn key_size(text: &str) -> Result<KeySize, &'static str> {
    match text {
        "2048" => Ok(KeySize::Rsa2048),
        "3072" => Ok(KeySize::Rsa3072),
        "4096" => Ok(KeySize::Rsa4096),
        _ => Err("must be 2048, 3072 or 4096"),
    }
}

fn kid(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match text.len() {
        1..=128 if text.chars().all(allowed) => Ok(text.to_owned()),
        _ => Err("must be 1 to 128 of A-Z a-z 0-9 - _ ."),
    }
}

/// A number of 256 bits with the digits `0-9 A-Z a-z`: 43 of them hold it.
fn base62(mut number: [u8; 32]) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digits: Vec<_> = (0..43)
        .map(|_| char::from(DIGITS[divide_by_62(&mut number)]))
        .collect();
    digits.iter().rev().collect()
}

/// Divides a big-endian number in place; answers the remainder.
fn divide_by_62(number: &mut [u8; 32]) -> usize {
    number.iter_mut().fold(0, |rest, byte| {
        let value = rest * 256 + usize::from(*byte);
        *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
        value % 62
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_api_key_is_shown_with_its_hash() {
        let mut out = Vec::new();
        client([255; 32], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (key, line) = text.trim_end().split_once('\n').unwrap();
        assert_eq!(key.len(), "usher_".len() + 43);
        assert_eq!(line, format!("keys = [\"sha256:{}\"]", sha256_hex(key)));
    }

    #[test]
    fn digits_hold_the_whole_number() {
        let mut one = [0; 32];
        one[31] = 63;
        assert_eq!(base62(one), format!("{}11", "0".repeat(41)));
        let mut all = [255; 32];
        let digits: Vec<_> = (0..43).map(|_| divide_by_62(&mut all)).collect();
        assert_eq!(
            (all, digits.len()),
            ([0; 32], 43),
            "nothing is left after 43 digits"
        );
    }

    #[test]
    fn a_signing_key_is_for_its_owner_only_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key.pem");
        let args = RsaArgs {
            bits: KeySize::Rsa2048,
            kid: Some("k".to_owned()),
            out: Some(file.clone()),
        };
        let mut out = Vec::new();
        rsa(&args, &mut out).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(
            String::from_utf8(out)
                .unwrap()
                .starts_with("signing_keys = [{ kid = \"k\", file = ")
        );
        let before = std::fs::read(&file).unwrap();
        assert!(rsa(&args, &mut Vec::new()).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
}
