//! `usher serve`: runs the daemon; with `--dev` it needs nothing and shows a newcomer what to try.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{CliError, Outcome};
use crate::app::{self, App, Plan, StartError};
use crate::config::daemon::{ApiKey, LiveKit};
use crate::config::secret::Secret;
use crate::config::{self, Config, Environment};
use crate::domain::ClientId;
use crate::telemetry::log::{self, Format};

mod greeting;

pub(super) const EXAMPLES: &str = "\
Stops on SIGTERM and reads the configuration again on SIGHUP. The variable USHER_LOG sets the level of the log, such as
debug, or usher=debug,info.

Examples:
  usher serve --dev                     try it: nothing to configure, loopback only
  usher serve                           with the configuration in /etc/usher
  usher serve --config ./config";

#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Folder with usher.toml, clients.toml, users.toml and rooms.toml.
    #[arg(long, value_name = "DIR", default_value = super::DEFAULT_CONFIG)]
    pub config: PathBuf,
    /// Needs nothing at all: sample configuration, a temporary store, loopback only, readable log.
    #[arg(long, conflicts_with = "config")]
    pub dev: bool,
}

/// The client that loopback callers act as in a `--dev` daemon.
const STAND_IN: &str = "ataraxia";
/// What Prosody presents to a `--dev` daemon.
const DEV_PROSODY_SECRET: &str = "dev-prosody-secret";
const DEFAULT_LEVELS: &str = "info,async_nats=off,sled=warn";

pub(super) fn run(args: ServeArgs) -> Outcome {
    let environment = Environment::from_process();
    let levels = environment.get("USHER_LOG").unwrap_or(DEFAULT_LEVELS).to_owned();
    let format = if args.dev { Format::Readable } else { Format::Auto };
    if args.dev {
        let folder = tempfile::Builder::new().prefix("usher-dev-").tempdir()?;
        let plan = dev_plan(folder.path(), &environment)?;
        return start(plan, (format, &levels), |app| {
            greeting::print(app, folder.path(), &mut io::stdout())
        });
    }
    let (plan, warnings) = plan(&args.config, environment)?;
    start(plan, (format, &levels), |_| {
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        Ok(())
    })
}

fn plan(dir: &Path, environment: Environment) -> Result<(Plan, Vec<String>), CliError> {
    let source = app::source(dir, environment);
    let reading = source.read();
    let config = reading
        .result
        .map_err(|faults| CliError::Config(faults.to_string()))?;
    let plan = Plan {
        config,
        source: Some(source),
        stand_in: None,
        ambient: app::ambient(),
    };
    Ok((plan, reading.warnings))
}

/// What `livekit-server --dev` listens on, and the one key that it knows (livekit `cmd/server/main.go`).
fn dev_livekit() -> LiveKit {
    let key = ApiKey {
        api_key: "devkey".to_owned(),
        api_secret: Secret::new("secret"),
    };
    LiveKit::new("main".to_owned(), "ws://127.0.0.1:7880".to_owned(), vec![key])
}

/// The samples, on loopback, with a store that is gone afterwards.
fn dev_plan(folder: &Path, environment: &Environment) -> Result<Plan, CliError> {
    let mut config = config::sample(folder.to_owned());
    if let Some(port) = environment.get("PORT") {
        let port = port
            .parse()
            .map_err(|_| CliError::Config(format!("PORT: {port:?} is not a port")))?;
        move_to(&mut config, port);
    }
    for server in &mut config.daemon.jitsi {
        server.prosody_secret = Some(Secret::new(DEV_PROSODY_SECRET));
    }
    config.daemon.livekit.push(dev_livekit());
    only_on_loopback(&config)?;
    let stand_in = ClientId::parse(STAND_IN).ok();
    Ok(Plan {
        config,
        source: None,
        stand_in,
        ambient: app::ambient(),
    })
}

/// Another port than that of the samples; what they say of their own address follows.
fn move_to(config: &mut Config, port: u16) {
    let http = &mut config.daemon.http;
    http.listen.set_port(port);
    let new = format!("http://{}", http.listen);
    let old = std::mem::replace(&mut http.public_url, new.clone());
    let addresses = config
        .clients
        .values_mut()
        .flat_map(|client| client.redirect_uris.iter_mut().chain(&mut client.origins));
    for address in addresses {
        if let Some(path) = address.strip_prefix(&old) {
            *address = format!("{new}{path}");
        }
    }
}

/// Whoever reaches a `--dev` daemon may do everything, so nobody else's machine may.
fn only_on_loopback(config: &Config) -> Result<(), CliError> {
    let daemon = &config.daemon;
    match [daemon.http.listen, daemon.ops.listen]
        .iter()
        .find(|address| !address.ip().is_loopback())
    {
        Some(address) => Err(CliError::Config(format!(
            "--dev lets everybody in, so it does not listen on {address}"
        ))),
        None => Ok(()),
    }
}

fn start(
    plan: Plan,
    (format, levels): (Format, &str),
    greet: impl FnOnce(&App) -> io::Result<()>,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        let _log = log::start(format, levels).map_err(|fault| CliError::Config(with_causes(&fault)))?;
        let app = App::bind(plan).await.map_err(|fault| failed(&fault))?;
        greet(&app)?;
        tracing::info!(public = %app.public_addr(), ops = %app.ops_addr(), "listening on {}", app.public_addr());
        Ok::<_, CliError>(app.run().await)
    })?;
    io::stdout().flush()?;
    Ok(code)
}

fn failed(fault: &StartError) -> CliError {
    CliError::Failed(with_causes(fault))
}

/// `what: because: because`
fn with_causes(fault: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(fault.source(), |cause| cause.source());
    causes.fold(fault.to_string(), |text, cause| format!("{text}: {cause}"))
}
