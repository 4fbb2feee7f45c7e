//! `usher token`: makes a token on the command line.

use std::io::Write;
use std::process::ExitCode;

use chrono::TimeDelta;

use super::{CliError, ConfigArg, Outcome, keyring, load, now, random};
use crate::domain::{RoomName, Timestamp, UserId};
use crate::tokens::{Email, Grant, Issued, JitsiTokens, Person, PlainText, token_id};

pub(super) const EXAMPLES: &str = "\
Examples:
  usher token --room team1 --name 'Dr. Sara' --moderator --link
  usher token --room team1 --name Ann | usher explain - --room team1";

#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The room that the token opens, as people write it.
    #[arg(long, value_parser = RoomName::parse)]
    room: RoomName,
    /// How others in the room see the holder.
    #[arg(long, value_parser = PlainText::parse)]
    name: PlainText,
    /// Let the holder own the room.
    #[arg(long)]
    moderator: bool,
    /// Everybody in the room can read it.
    #[arg(long, value_parser = Email::parse)]
    email: Option<Email>,
    /// Who the holder is for recordings, statistics and events.
    #[arg(long, value_name = "ID", value_parser = UserId::parse)]
    user_id: Option<UserId>,
    /// Stands in recordings and dial-outs.
    #[arg(long, value_parser = PlainText::parse)]
    group: Option<PlainText>,
    /// How long it opens the room, in seconds; at most 30 days.
    #[arg(long, value_name = "SECONDS", default_value_t = 7200, value_parser = clap::value_parser!(u32).range(1..=2_592_000))]
    expires_in: u32,
    /// Name of the `[[jitsi]]` section; the first one without it.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Print the link into the room instead of the token alone.
    #[arg(long)]
    link: bool,
}

pub(super) fn run(args: &TokenArgs, out: &mut impl Write) -> Outcome {
    let keys = keyring(&load(&args.config.dir)?)?;
    let server = keys.server(args.server.as_deref()).ok_or_else(|| {
        CliError::Usage(format!(
            "no [[jitsi]] is named {:?}",
            args.server.as_deref().unwrap_or_default()
        ))
    })?;
    let issued = issue(args, server, now())?;
    let text = if args.link {
        server.join_url_with(&args.room, &issued.token)
    } else {
        issued.token
    };
    writeln!(out, "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn issue(args: &TokenArgs, server: &JitsiTokens, now: Timestamp) -> Result<Issued, CliError> {
    let grant = Grant {
        room: args.room.clone(),
        user: Person {
            id: args.user_id.clone(),
            name: args.name.clone(),
            email: args.email.clone(),
            avatar: None,
        },
        moderator: args.moderator,
        group: args.group.clone(),
        features: None,
        lobby_bypass: false,
        session: None,
        expires_at: now + TimeDelta::seconds(args.expires_in.into()),
    };
    let issued = server.issue(&grant, now, token_id(now, random()?));
    issued.map_err(|fault| CliError::Failed(fault.to_string()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::tokens::samples::{NOW, at, shared_tokens};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: TokenArgs,
    }

    #[test]
    fn a_token_holds_what_the_arguments_say() {
        let words = "usher --room Café --name Ann --moderator --user-id u1 --expires-in 60 --group g";
        let args = Command::try_parse_from(words.split(' '))
            .unwrap_or_else(|fault| panic!("{fault}"))
            .args;
        let server = shared_tokens();
        let issued = issue(&args, &server, at(NOW)).unwrap();
        let verified = server.verify(&issued.token, Some(&args.room), at(NOW)).unwrap();
        assert_eq!(
            (verified.room.as_deref(), verified.moderator),
            (Some("caf%c3%a9"), true)
        );
        assert_eq!(
            (verified.user.id.as_deref(), verified.group.as_deref()),
            (Some("u1"), Some("g"))
        );
        assert_eq!(verified.expires_at, at(NOW + 60));
    }
}
