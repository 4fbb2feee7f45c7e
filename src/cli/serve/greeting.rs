//! What `usher serve --dev` shows a newcomer: addresses, a request to copy, and a link that opens a room.

use std::io::{self, Write};
use std::path::Path;

use chrono::Duration;

use super::DEV_PROSODY_SECRET;
use crate::app::{self, App};
use crate::domain::RoomName;
use crate::tokens::{Grant, Person, PlainText, token_id};

const ROOM: &str = "ataraxia-welcome";
/// A user of the sample `users.toml`, whose password is said beside it.
const USER: &str = "user@example.com";
const PASSWORD: &str = "dev-password";

/// Prints it once, before the log begins.
pub(super) fn print(app: &App, folder: &Path, out: &mut impl Write) -> io::Result<()> {
    let public = format!("http://{}", app.public_addr());
    let room = link(app).unwrap_or_else(|| "(no token could be signed)".to_owned());
    writeln!(
        out,
        "
usher is running with sample settings; nothing of it is kept.
Callers on this machine need no credential: they act as the sample client \"ataraxia\".

  API          {public}
  Metrics      http://{ops}/metrics
  Event log    {log}

Ask for a token, as a program would:

  curl -s {public}/api/jitsi/generate-token -H 'Content-Type: application/json' \\
    -d '{{\"roomName\":\"{ROOM}\",\"userName\":\"Dr. Sarah Johnson\",\"isModerator\":true}}'

Report that somebody came in, as Prosody would, and look at the event log:

  curl -s {public}/events/occupant/joined -H 'Authorization: Bearer {DEV_PROSODY_SECRET}' \\
    -d '{{\"room_name\":\"{ROOM}\",\"room_jid\":\"{ROOM}@conference.meet.example.com\",\"occupant\":{{
         \"occupant_jid\":\"ann@meet.example.com/1\",\"joined_at\":'$(date +%s)',\"name\":\"Ann\"}}}}'

A link that opens this room on the sample domain, good for two hours (see what is in it: usher explain TOKEN):

  {room}

Sign in as a person does, on the sample pages of an application:

  {public}/client_apps/jitsi_meet/     {USER}, password {PASSWORD}
",
        ops = app.ops_addr(),
        log = folder.join("events.jsonl").display(),
    )
}

fn link(app: &App) -> Option<String> {
    let ambient = app::ambient();
    let (keyring, now) = (app.keyring(), ambient.now());
    let tokens = keyring.default()?;
    let grant = Grant {
        room: RoomName::parse(ROOM).ok()?,
        user: Person::named(PlainText::parse("Dr. Sarah Johnson").ok()?),
        moderator: true,
        group: None,
        features: None,
        lobby_bypass: false,
        session: None,
        expires_at: now + Duration::hours(2),
    };
    let issued = tokens.issue(&grant, now, token_id(now, ambient.random())).ok()?;
    Some(tokens.join_url_with(&grant.room, &issued.token))
}
