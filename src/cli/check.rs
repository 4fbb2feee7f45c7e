//! `usher check`: the configuration as the daemon would read it, and the servers that it names.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{ConfigArg, Outcome, block_on, keyring, load, now, random};
use crate::app;
use crate::backend::{BackendError, Backends};
use crate::config::Config;
use crate::config::daemon::{Control, Jitsi, LiveKit, Nats, Oidc};
use crate::domain::observation::BackendId;
use crate::domain::{RoomName, Timestamp};
use crate::signin::oidc::probe;
use crate::tokens::{Grant, JitsiTokens, Keyring, Person, PlainText, token_id};

pub(super) const EXAMPLES: &str = "\
Every fault is printed with its file, line and column. Ends with 64 where there is one, and with 1 \
where a server that was tried with --online does not answer within 5 seconds.

Examples:
  usher check
  usher check --config ./config --online";

#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Also try NATS, LiveKit, Prosody and the OpenID Connect provider, and sign and check a token with every key set.
    #[arg(long)]
    online: bool,
}

const PATIENCE: Duration = Duration::from_secs(5);

/// One thing that was tried.
struct Trial {
    what: String,
    /// What was found, or why not.
    result: Result<String, String>,
}

pub(super) fn run(args: &CheckArgs, out: &mut impl Write) -> Outcome {
    let config = load(&args.config.dir)?;
    let keys = keyring(&config)?;
    writeln!(out, "{}", summary(args, &config))?;
    if !args.online {
        return Ok(ExitCode::SUCCESS);
    }
    let seed = random()?;
    let mut trials: Vec<_> = config
        .daemon
        .jitsi
        .iter()
        .filter_map(|section| signs(&keys, &section.name, now(), seed))
        .collect();
    trials.extend(block_on(reach(&config, Arc::new(keys)))?);
    print(&trials, out)?;
    Ok(if trials.iter().all(|trial| trial.result.is_ok()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn summary(args: &CheckArgs, config: &Config) -> String {
    format!(
        "{}: no fault; {} Jitsi, {} LiveKit, {} clients, {} users, {} channels, {} rules",
        args.config.dir.display(),
        config.daemon.jitsi.len(),
        config.daemon.livekit.len(),
        config.clients.len(),
        config.users.len(),
        config.rooms.access.channels.len(),
        config.rooms.access.rules.len()
    )
}

fn print(trials: &[Trial], out: &mut impl Write) -> io::Result<()> {
    for Trial { what, result } in trials {
        match result {
            Ok(found) => writeln!(out, "ok      {what}: {found}")?,
            Err(why) => writeln!(out, "FAILED  {what}: {why}")?,
        }
    }
    Ok(())
}

/// Signs a token and checks it.
fn signs(keys: &Keyring, name: &str, now: Timestamp, seed: [u8; 10]) -> Option<Trial> {
    let server = keys.server(Some(name))?;
    let found = round_trip(server, now, seed).map(|()| format!("signs and checks {}", server.algorithm()));
    Some(Trial {
        what: format!("keys of jitsi {name:?}"),
        result: found,
    })
}

fn round_trip(server: &JitsiTokens, now: Timestamp, seed: [u8; 10]) -> Result<(), String> {
    let text = |fault: &dyn Display| fault.to_string();
    let grant = Grant {
        room: RoomName::parse("usher-check").map_err(|fault| text(&fault))?,
        user: Person::named(PlainText::parse("usher").map_err(|fault| text(&fault))?),
        moderator: false,
        group: None,
        features: None,
        lobby_bypass: false,
        session: None,
        expires_at: now + TimeDelta::seconds(60),
    };
    let issued = server
        .issue(&grant, now, token_id(now, seed))
        .map_err(|fault| text(&fault))?;
    server
        .verify(&issued.token, Some(&grant.room), now)
        .map(drop)
        .map_err(|fault| text(&fault))
}

/// Tries every server that the configuration names, one after the other.
async fn reach(config: &Config, keys: Arc<Keyring>) -> Vec<Trial> {
    let (config_now, keys_now) = (watch::channel(Arc::new(config.clone())).1, watch::channel(keys).1);
    let backends = Backends::new(config_now, keys_now, app::ambient());
    let daemon = &config.daemon;
    let mut trials = Vec::new();
    if let Some(settings) = &daemon.nats {
        trials.push(Trial {
            what: format!("nats {}", without_password(&settings.url)),
            result: nats(settings).await,
        });
    }
    for section in &daemon.jitsi {
        if let Some(url) = &section.prosody_http {
            trials.push(Trial {
                what: format!("prosody {}", without_password(url)),
                result: prosody(&backends, section, url).await,
            });
        }
    }
    for section in &daemon.livekit {
        trials.push(Trial {
            what: format!("livekit {}", without_password(&section.url)),
            result: livekit(&backends, section).await,
        });
    }
    if let Some(settings) = &daemon.signin.oidc {
        trials.push(Trial {
            what: format!("provider {}", settings.issuer),
            result: provider(settings).await,
        });
    }
    trials
}

/// Whether usher can act on the rooms of a Prosody: it asks which are open, in the way in which it would close one.
async fn prosody(backends: &Backends, section: &Jitsi, url: &str) -> Result<String, String> {
    let backend = BackendId::jitsi(&section.name);
    match (backends.rooms(&backend).await, section.control) {
        (Ok(rooms), Control::Usher) => Ok(format!("usher can act on rooms; {} open", rooms.len())),
        // The list of rooms asks for no token, so it proves nothing about those.
        (Ok(rooms), Control::Jitsi) => Ok(format!(
            "lists {} rooms; whether it takes usher's tokens shows when one is closed",
            rooms.len()
        )),
        (Err(BackendError::NotConfigured), _) => {
            let answer = web(url).await?;
            Ok(format!(
                "{answer}; without prosody_secret usher cannot act on rooms"
            ))
        }
        (Err(error), _) => Err(explained(&error)),
    }
}

/// Whether a LiveKit takes the key that signs: it is asked which rooms it has.
async fn livekit(backends: &Backends, section: &LiveKit) -> Result<String, String> {
    web(&section.url).await?;
    let backend = BackendId::livekit(&section.name);
    let service = backends
        .livekit(&backend)
        .await
        .map_err(|error| explained(&error))?;
    let rooms = timeout(PATIENCE, service.rooms()).await.map_err(|_| late())?;
    match rooms {
        Ok(rooms) => Ok(format!("takes the first key; {} rooms open", rooms.len())),
        Err(BackendError::Refused { status }) => Err(format!("refuses the first key (status {status})")),
        Err(error) => Err(explained(&error)),
    }
}

fn explained(error: &BackendError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Whether the provider describes itself as usher needs it.
async fn provider(settings: &Oidc) -> Result<String, String> {
    let found = timeout(PATIENCE, probe(settings)).await.map_err(|_| late())??;
    let keys = if found.keys == 1 {
        "1 key"
    } else {
        &format!("{} keys", found.keys)
    };
    Ok(match found.logs_out {
        true => format!("signs with {keys}"),
        false => format!("signs with {keys}; people stay signed in there when they sign out here"),
    })
}

async fn nats(settings: &Nats) -> Result<String, String> {
    let options = async_nats::ConnectOptions::new().name("usher check");
    let options = match &settings.credentials {
        Some(credentials) => options
            .credentials(credentials.expose())
            .map_err(|_| "the credentials file cannot be read as NATS credentials".to_owned())?,
        None => options,
    };
    match timeout(PATIENCE, options.connect(&settings.url)).await {
        Err(_) => Err(late()),
        Ok(Err(fault)) => Err(fault.to_string()),
        Ok(Ok(client)) => {
            let info = client.server_info();
            let jetstream = if info.jetstream {
                "with JetStream"
            } else {
                "WITHOUT JetStream, which usher needs"
            };
            Ok(format!("version {} {jetstream}", info.version))
        }
    }
}

/// Whether a web server answers; whatever it says will do. With TLS, whether somebody listens.
async fn web(url: &str) -> Result<String, String> {
    let uri: Uri = url.parse().map_err(|_| "not an address".to_owned())?;
    let host = uri.host().ok_or_else(|| "not an address".to_owned())?;
    let secure = matches!(uri.scheme_str(), Some("https" | "wss"));
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let talk = async {
        let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        if secure {
            Ok("listens".to_owned())
        } else {
            get(&mut stream, host, uri.path()).await
        }
    };
    match timeout(PATIENCE, talk).await {
        Err(_) => Err(late()),
        Ok(answer) => answer.map_err(|fault: io::Error| fault.to_string()),
    }
}

async fn get(stream: &mut TcpStream, host: &str, path: &str) -> io::Result<String> {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: usher\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(12).read_to_end(&mut answer).await?;
    match answer.strip_prefix(b"HTTP/1.") {
        Some(rest) => Ok(format!(
            "answers with {}",
            String::from_utf8_lossy(rest.get(2..).unwrap_or_default())
        )),
        None => Err(io::Error::other("does not speak HTTP")),
    }
}

fn late() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

/// An address that can be printed.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::tokens::samples::{NOW, at, shared_tokens};

    async fn server_that_says(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        tokio::task::spawn_local(serve);
        url
    }

    #[test]
    fn a_server_that_answers_is_told_from_one_that_does_not() {
        let found = block_on(tokio::task::LocalSet::new().run_until(async {
            let good = server_that_says("HTTP/1.1 404 Not Found\r\n\r\n").await;
            let bad = server_that_says("SSH-2.0-OpenSSH\r\n").await;
            (
                web(&good).await,
                web(&bad).await,
                web("http://127.0.0.1:1/").await.is_err(),
                web("//").await,
            )
        }));
        let expected = (
            Ok("answers with 404".to_owned()),
            Err("does not speak HTTP".to_owned()),
            true,
            Err("not an address".to_owned()),
        );
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn passwords_in_addresses_are_not_printed() {
        assert_eq!(
            without_password("nats://user:pa@ss@host:4222"),
            "nats://host:4222"
        );
        assert_eq!(without_password("nats://host:4222"), "nats://host:4222");
    }

    #[test]
    fn keys_are_tried() {
        assert_eq!(round_trip(&shared_tokens(), at(NOW), [0; 10]), Ok(()));
    }

    #[test]
    fn one_line_is_printed_for_each_trial() {
        let trial = |result| Trial {
            what: "x".to_owned(),
            result,
        };
        let mut out = Vec::new();
        print(
            &[trial(Ok("fine".to_owned())), trial(Err("away".to_owned()))],
            &mut out,
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "ok      x: fine\nFAILED  x: away\n"
        );
    }
}
