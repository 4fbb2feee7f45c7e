//! `usher explain`: prints what a server will make of a token.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{CliError, DEFAULT_CONFIG, Outcome, load, now};
use crate::config::Config;
use crate::domain::RoomName;
use crate::tokens::explain::{Explanation, Finding, Line, Pasted, Question, Step, explain};

pub(super) const EXAMPLES: &str = "\
TOKEN may also be a whole link into a room, or an Authorization header. Without a readable \
configuration the key, the issuer and the domain are not compared, all else is. Ends with 1 where \
the token would be refused.

Examples:
  usher explain eyJ0eXAi… --room team1
  usher explain 'https://meet.example.com/team1?jwt=eyJ0eXAi…'
  usher token --room team1 --name Ann | usher explain -";

#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// The token, or - to read it from standard input.
    token: String,
    /// The room that somebody wants to enter: team1, tenant/team1 or `[tenant]team1`.
    #[arg(long, value_name = "R", value_parser = room)]
    room: Option<RoomName>,
    /// Folder with the configuration [default: /etc/usher, if it can be read]
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
}

/// How a finding is marked: word and colour (ECMA-48).
struct Mark(&'static str, &'static str);

pub(super) fn run(args: &ExplainArgs, out: &mut impl Write) -> Outcome {
    let pasted = Pasted::parse(&text(&args.token)?);
    let config = config(args.config.as_deref())?;
    let explanation = explain(&Question {
        token: &pasted.token,
        room: args.room.as_ref().or(pasted.room.as_ref()),
        jitsi: config.as_ref().map_or(&[], |config| &config.daemon.jitsi),
        livekit: config.as_ref().map_or(&[], |config| &config.daemon.livekit),
        now: now(),
    });
    print(&explanation, io::stdout().is_terminal(), out)?;
    Ok(if explanation.is_accepted() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// More than this is no token; the rest of the input is not read.
const MAX_INPUT: u64 = 64 * 1024;

fn text(argument: &str) -> Result<String, CliError> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_INPUT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A folder that was named must be readable; the default one may be missing.
fn config(named: Option<&Path>) -> Result<Option<Config>, CliError> {
    match (named, load(named.unwrap_or(Path::new(DEFAULT_CONFIG)))) {
        (_, Ok(config)) => Ok(Some(config)),
        (None, Err(fault)) => {
            if Path::new(DEFAULT_CONFIG).exists() {
                writeln!(io::stderr(), "usher: {DEFAULT_CONFIG} is not used: {fault}")?;
            }
            Ok(None)
        }
        (Some(_), Err(fault)) => Err(fault),
    }
}

fn room(text: &str) -> Result<RoomName, String> {
    let parsed = match text.split_once('/') {
        _ if text.starts_with('[') => RoomName::from_node(text),
        Some((tenant, room)) => {
            RoomName::parse(room).and_then(|room| RoomName::from_node(&format!("[{tenant}]{room}")))
        }
        None => RoomName::parse(text),
    };
    parsed.map_err(|fault| fault.to_string())
}

fn print(explanation: &Explanation, colours: bool, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Judged as {}.\n", explanation.judged_as)?;
    for line in &explanation.lines {
        print_line(line, colours, out)?;
    }
    writeln!(out, "\n{}", verdict(explanation))
}

fn print_line(line: &Line, colours: bool, out: &mut impl Write) -> io::Result<()> {
    let Mark(word, colour) = mark(&line.finding);
    let (begin, end) = if colours { (colour, "\x1b[0m") } else { ("", "") };
    let equals = if line.value.is_empty() { "" } else { " = " };
    let (head, advice) = texts(&line.finding);
    writeln!(out, "{begin}{word:<8}{end} {}{equals}{}", line.claim, line.value)?;
    for text in head.as_deref().into_iter().chain(advice) {
        writeln!(out, "         {text}")?;
    }
    Ok(())
}

fn mark(finding: &Finding) -> Mark {
    match finding {
        Finding::Ok(_) => Mark("ok", "\x1b[32m"),
        Finding::Note(_) => Mark("note", "\x1b[33m"),
        Finding::Refused { .. } => Mark("REFUSED", "\x1b[1;31m"),
        Finding::Hangs { .. } => Mark("HANGS", "\x1b[1;31m"),
    }
}

/// What the person sees, and what to do about it.
fn texts(finding: &Finding) -> (Option<String>, Option<&str>) {
    match finding {
        Finding::Ok(text) | Finding::Note(text) => (None, Some(text)),
        Finding::Refused {
            at,
            says: Some(says),
            advice,
        } => (
            Some(format!("{} the person is told: {says}", place(*at))),
            Some(advice),
        ),
        Finding::Refused {
            says: None, advice, ..
        } => (None, Some(advice)),
        Finding::Hangs { at, advice } => (
            Some(format!(
                "{} the server fails inside, and no answer comes.",
                place(*at)
            )),
            Some(advice),
        ),
    }
}

fn place(step: Step) -> &'static str {
    match step {
        Step::SignIn => "At sign-in",
        Step::Door => "At the door of the room",
    }
}

fn verdict(explanation: &Explanation) -> String {
    match explanation.problem() {
        None if !explanation.compared => format!(
            "NOTHING SPEAKS AGAINST IT, but the signature was not checked. If it is good: {}",
            explanation.outcome
        ),
        None => format!("ACCEPTED. {}", explanation.outcome),
        Some(Line {
            claim,
            finding: Finding::Hangs { .. },
            ..
        }) => {
            format!("NO ANSWER, because of {claim}: the person waits until the client gives up.")
        }
        Some(Line {
            claim,
            finding: Finding::Refused { says: Some(says), .. },
            ..
        }) => {
            format!("REFUSED, because of {claim}: {says}")
        }
        Some(Line { claim, .. }) => format!("REFUSED, because of {claim}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::samples::{NOW, SECRET, at, shared, with_claims};

    fn printed(token: &str) -> String {
        let jitsi = [shared()];
        let question = Question {
            token,
            room: None,
            jitsi: &jitsi,
            livekit: &[],
            now: at(NOW),
        };
        let mut out = Vec::new();
        print(&explain(&question), false, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_good_token_reads_like_this() {
        assert_eq!(
            printed(&with_claims(|_| ())),
            "\
Judged as a Jitsi token for \"main\" (meet.example.com).

ok       header.kid
         not needed with a shared secret
ok       header.typ = \"JWT\"
         as it must be
ok       header.alg = \"HS256\"
         what this deployment uses
ok       signature
         made with the secret of this deployment
ok       exp = 1795222278
         2026-11-21 00:51:18 UTC, in 60 s; looked at when somebody signs in only
ok       nbf = 1795222208
         2026-11-21 00:50:08 UTC, 10 s ago
ok       iss = \"your-app-id\"
         the application id (with asap_accepted_issuers set, it must be listed there)
ok       aud = \"your-app-id\"
         the application id
ok       room = \"alpha\"
         this room only; upper and lower case alike
ok       sub = \"meet.example.com\"
         the XMPP domain
ok       context.user.name = \"Ann\"
         shown to everybody in the room
ok       iat = 1795222218
         2026-11-21 00:50:18 UTC, lives 60 s; not checked

ACCEPTED. Participant; but jicofo makes the first one in a room its owner, whatever the token says, unless its \
enable-auto-owner is false (Docker: ENABLE_AUTO_OWNER=0).
"
        );
    }

    #[test]
    fn refusals_and_silence_say_where_and_what_to_do() {
        let text = printed(&with_claims(|claims| claims["iss"] = "x\u{1b}[2J".into()));
        assert!(text.contains(
            "REFUSED  iss = \"x\\u001b[2J\"\n         At sign-in the person is told: invalid 'iss' claim\n"
        ));
        assert!(text.ends_with("\nREFUSED, because of iss: invalid 'iss' claim\n"));
        let text = printed(&with_claims(|claims| claims["context"] = serde_json::Value::Null));
        assert!(text.contains("HANGS    context = null\n         At sign-in the server fails inside"));
        assert!(!text.contains(SECRET));
    }

    #[test]
    fn a_signature_that_was_not_checked_is_not_called_good() {
        let token = with_claims(|_| ());
        let question = Question {
            token: &token,
            room: None,
            jitsi: &[],
            livekit: &[],
            now: at(NOW),
        };
        let text = verdict(&explain(&question));
        assert!(
            text.starts_with("NOTHING SPEAKS AGAINST IT, but the signature was not checked."),
            "{text}"
        );
    }

    #[test]
    fn rooms_are_named_in_three_ways() {
        let node = |text| room(text).map(String::from);
        assert_eq!(node("Team1"), Ok("team1".to_owned()));
        assert_eq!(node("Acme/Café"), Ok("[acme]caf%c3%a9".to_owned()));
        assert_eq!(node("[acme]alpha"), Ok("[acme]alpha".to_owned()));
        assert!(node("").is_err());
    }
}
