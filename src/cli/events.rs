//! `usher events`: follows the life of meetings on NATS, one line per event.

mod line;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::bus::nats::{Delivered, FollowError, Follower, Start};
use crate::config::daemon::Nats;
use crate::domain::{ClientId, MeetingId, Timestamp};

/// Follow events on NATS, one readable line each
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = "\
Examples:
  usher events                                   everything from now on
  usher events --type completed --since 1d       meetings that ended since yesterday, then those to come
  usher events --client ataraxia --json | jq .   what one program's meetings do, for another program
  usher events --audit --since 1h                who signed in, and who was refused
  usher events --from-start --count 1            the oldest event that NATS still has

Press Ctrl-C to stop.")]
pub struct EventsArgs {
    /// Folder with the configuration
    #[arg(long, value_name = "DIR")]
    pub config: Option<PathBuf>,
    /// Only this meeting
    #[arg(long, value_name = "ID")]
    pub meeting: Option<MeetingId>,
    /// Only meetings that this client booked; "adhoc" for rooms that nobody booked
    #[arg(long, value_name = "CLIENT", value_parser = client)]
    pub client: Option<ClientId>,
    /// Only this kind, such as completed or participant.joined
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub kind: Option<String>,
    /// Only audit records; --type is then the action, such as login
    #[arg(long, conflicts_with = "meeting")]
    pub audit: bool,
    /// Print each event as it is, one JSON object per line
    #[arg(long)]
    pub json: bool,
    /// Begin with the oldest event that NATS still has
    #[arg(long, conflicts_with = "since")]
    pub from_start: bool,
    /// Begin so long ago, such as 90s, 15m, 2h or 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub since: Option<Duration>,
    /// Stop after so many events
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
}

/// Why following ended early.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error(
        "NATS is not configured: usher.toml has no [nats] section, so events go to the event log file only"
    )]
    NotConfigured,
    #[error(transparent)]
    Follow(#[from] FollowError),
    #[error("cannot print")]
    Print(#[from] io::Error),
}

/// Prints events until `--count` is reached, the reader of our output goes away, or Ctrl-C; all three are a good end.
pub async fn run(args: EventsArgs, nats: Option<&Nats>, now: Timestamp) -> Result<(), EventsError> {
    let nats = nats.ok_or(EventsError::NotConfigured)?;
    let mut out = io::stdout();
    tokio::select! {
        ended = follow(&args, nats, now, &mut out) => match ended {
            Err(EventsError::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            ended => ended,
        },
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}

/// Prints events into `out`, each as soon as it is there, until `--count` is reached.
pub async fn follow(
    args: &EventsArgs,
    nats: &Nats,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<(), EventsError> {
    let mut events = Follower::open(nats, &filter(args), start(args, now)).await?;
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        let event = events.next().await;
        print(&event, args.json, &nats.prefix, out)?;
        left -= 1;
    }
    Ok(())
}

fn print(event: &Delivered, json: bool, prefix: &str, out: &mut impl Write) -> io::Result<()> {
    if json {
        out.write_all(&event.payload)?;
    } else {
        let tail = event.subject.strip_prefix(prefix).unwrap_or(&event.subject);
        out.write_all(line::readable(tail.trim_start_matches('.'), &event.payload).as_bytes())?;
    }
    out.write_all(b"\n")?;
    out.flush()
}

/// The subject that matches what was asked for, without the prefix.
fn filter(args: &EventsArgs) -> String {
    let client = args.client.as_ref().map_or("*", ClientId::as_str);
    if args.audit {
        return format!("audit.{client}.{}", args.kind.as_deref().unwrap_or("*"));
    }
    match (&args.meeting, &args.kind) {
        (None, None) if args.client.is_none() => ">".to_owned(),
        (None, None) => format!("*.{client}.>"),
        (meeting, kind) => {
            let meeting = meeting.map_or("*".to_owned(), |id| id.to_string());
            format!("meetings.{client}.{meeting}.{}", kind.as_deref().unwrap_or(">"))
        }
    }
}

fn start(args: &EventsArgs, now: Timestamp) -> Start {
    match args.since {
        Some(ago) => Start::At(now - ago),
        None if args.from_start => Start::Oldest,
        None => Start::Now,
    }
}

fn client(text: &str) -> Result<ClientId, String> {
    ClientId::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// Takes the end of a subject, or the `type` of the event that goes with it.
fn kind(text: &str) -> Result<String, String> {
    let bare = text
        .strip_prefix("usher.meeting.")
        .or_else(|| text.strip_prefix("usher.audit."));
    let text = bare.unwrap_or(text);
    let text = text.strip_suffix(".v1").unwrap_or(text);
    let well_formed =
        |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_lowercase() || b == b'*');
    match text.split('.').all(well_formed) {
        true => Ok(text.to_owned()),
        false => Err("a type looks like completed or participant.joined".to_owned()),
    }
}

/// A number and one of s, m, h, d; at most a hundred years, so that it can be subtracted from any time of ours.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number and its unit: 90s, 15m, 2h or 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds_per_unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let seconds = u64::from(number) * seconds_per_unit;
    match seconds <= 36_525 * 86_400 {
        true => Ok(Duration::from_secs(seconds)),
        false => Err("at most 36525d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        events: EventsArgs,
    }

    fn filter_of(line: &str) -> String {
        let words = std::iter::once("events").chain(line.split_whitespace());
        filter(&Cli::try_parse_from(words).unwrap().events)
    }

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn filters_name_what_was_asked_for() {
        let id = "0199c0de-0000-7000-8000-000000000001";
        assert_eq!(filter_of(""), ">");
        assert_eq!(filter_of("--client acme"), "*.acme.>");
        assert_eq!(filter_of("--type completed"), "meetings.*.*.completed");
        assert_eq!(
            filter_of("--type usher.meeting.participant.joined.v1"),
            "meetings.*.*.participant.joined"
        );
        assert_eq!(filter_of("--audit"), "audit.*.*");
        assert_eq!(
            filter_of("--audit --client acme --type usher.audit.login.v1"),
            "audit.acme.login"
        );
        assert_eq!(
            filter_of(&format!("--meeting {id}")),
            format!("meetings.*.{id}.>")
        );
        assert_eq!(
            filter_of(&format!("--meeting {id} --client adhoc --type left")),
            format!("meetings.adhoc.{id}.left")
        );
    }

    #[test]
    fn nothing_else_gets_into_a_subject() {
        for line in [
            "--type a.>",
            "--type Completed",
            "--type ..",
            "--client a.b",
            "--client *",
            "--meeting x",
        ] {
            let words = std::iter::once("events").chain(line.split_whitespace());
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        for text in ["", "5", "m", "-1h", "1.5h", "1é", "99999999999s", "40000d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_start_is_now_unless_something_else_is_asked_for() {
        let now = Timestamp::from_timestamp(1_795_222_218, 0).unwrap();
        let mut args = EventsArgs::default();
        assert_eq!(start(&args, now), Start::Now);
        args.from_start = true;
        assert_eq!(start(&args, now), Start::Oldest);
        args.since = Some(Duration::from_secs(18));
        assert_eq!(
            start(&args, now).clone(),
            Start::At(Timestamp::from_timestamp(1_795_222_200, 0).unwrap())
        );
    }
}
