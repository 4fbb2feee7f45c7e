//! Reads and checks `usher.toml`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use chrono::DateTime;
use ipnet::IpNet;

use super::{
    ApiKey, Audit, Control, Daemon, Http, Jitsi, LiveKit, Meetings, Nats, Ops, SignIn, Signing, SigningKey,
    Store, StoreKind, oidc,
};
use crate::config::document::Node;
use crate::config::kind;
use crate::config::notes::Once;
use crate::config::secret::Secret;
use crate::config::section::Section;

/// A shorter secret can be guessed; RFC 7518, section 3.2 asks for 32 bytes with HS256.
const WEAK_SECRET_BYTES: usize = 16;

pub(in crate::config) fn read(file: &Section) -> Daemon {
    let http = file.table("http", read_http);
    let ops = file.table("ops", |ops| read_ops(ops, http.listen));
    Daemon {
        http,
        ops,
        store: file.table("store", read_store),
        nats: file.has("nats").then(|| file.table("nats", read_nats)),
        jitsi: read_all_jitsi(file),
        livekit: read_all_livekit(file),
        meetings: file.table("meetings", read_meetings),
        signin: file.table("signin", read_signin),
        audit: file.table("audit", read_audit),
    }
}

/// Every meeting server as clients name it: `kind:name`.
pub(in crate::config) fn servers(daemon: &Daemon) -> BTreeSet<String> {
    let jitsi = daemon.jitsi.iter().map(|server| format!("jitsi:{}", server.name));
    let livekit = daemon
        .livekit
        .iter()
        .map(|server| format!("livekit:{}", server.name));
    jitsi.chain(livekit).collect()
}

fn read_http(http: &Section) -> Http {
    let default = Http::default();
    let listen = http.or("listen", default.listen, address);
    Http {
        listen,
        public_url: http.or("public_url", Http::default_public_url(listen), kind::http_url),
        trusted_proxies: http
            .list("trusted_proxies", network)
            .unwrap_or(default.trusted_proxies),
        default_language: http.or("default_language", default.default_language, kind::one_of),
    }
}

fn read_ops(ops: &Section, public: SocketAddr) -> Ops {
    let listen = ops.or("listen", Ops::default().listen, address);
    if listen == public && listen.port() != 0 {
        ops.fault("listen", "must not be the address of http.listen");
    }
    Ops { listen }
}

fn read_store(store: &Section) -> Store {
    let default = Store::default();
    let kind = store.or("kind", default.kind, kind::one_of);
    if kind == StoreKind::Jetstream {
        store.fault("kind", "\"jetstream\" comes in a later version; use \"sled\"");
    }
    let path = store.optional("path", kind::text);
    Store {
        kind,
        path: path.map_or(default.path, |path| store.resolve(&path)),
    }
}

fn read_nats(nats: &Section) -> Nats {
    let default = Nats::default();
    let read = Nats {
        url: nats.or("url", default.url, kind::nats_url),
        credentials: nats.secret("credentials", "credentials_file"),
        prefix: nats.or("prefix", default.prefix, kind::name),
        stream_max_age_days: nats.or(
            "stream_max_age_days",
            default.stream_max_age_days,
            kind::whole(1..=3650),
        ),
        duplicate_window_secs: nats.or(
            "duplicate_window_secs",
            default.duplicate_window_secs,
            kind::whole(1..=3650 * 86_400),
        ),
    };
    if read.duplicate_window_secs > u64::from(read.stream_max_age_days) * 86_400 {
        nats.fault(
            "duplicate_window_secs",
            "must not be longer than stream_max_age_days",
        );
    }
    read
}

fn read_all_jitsi(file: &Section) -> Vec<Jitsi> {
    let names = Once::default();
    let kids = Once::default();
    let servers = file.tables("jitsi", |server| read_jitsi(server, &names, &kids));
    if !file.has("jitsi") {
        file.fault("jitsi", "at least one [[jitsi]] is needed");
    }
    servers
}

fn read_jitsi(server: &Section, names: &Once, kids: &Once) -> Option<Jitsi> {
    let domain = server.required("domain", kind::host).unwrap_or_default();
    let signing = read_signing(server, kids);
    let control = read_control(server, signing.as_ref());
    Some(Jitsi {
        name: read_name(server, names),
        app_id: server.required("app_id", kind::text).unwrap_or_default(),
        muc_domain: server.or("muc_domain", format!("conference.{domain}"), kind::host),
        prosody_secret: not_weak(
            server,
            "prosody_secret",
            server.secret("prosody_secret", "prosody_secret_file"),
        ),
        prosody_http: server.optional("prosody_http", kind::http_url),
        control,
        domain,
        // Last, so that the faults of all the others are noted without it.
        signing: signing?,
    })
}

/// How rooms are acted on, which takes more settings.
fn read_control(server: &Section, signing: Option<&Signing>) -> Control {
    let control = server.or("control", Control::default(), kind::one_of);
    let has_secret = server.has("prosody_secret") || server.has("prosody_secret_file");
    match control {
        Control::Jitsi if matches!(signing, Some(Signing::Shared(_))) => server.fault(
            "control",
            "\"jitsi\" needs signing_keys: Jitsi's modules take no token that app_secret signed; use \"usher\"",
        ),
        Control::Usher if server.has("prosody_http") && !has_secret => server.warn(
            "prosody_http",
            "without prosody_secret usher cannot act on rooms",
        ),
        Control::Jitsi | Control::Usher => {}
    }
    control
}

/// The name of a server, `main` when there is none.
fn read_name(server: &Section, names: &Once) -> String {
    let name = server.optional("name", |node| names.claim(kind::name(node)?));
    if !server.has("name") && names.claim("main".to_owned()).is_err() {
        server.fault("name", "is needed, since another server is called \"main\"");
    }
    name.unwrap_or_else(|| "main".to_owned())
}

fn read_signing(server: &Section, kids: &Once) -> Option<Signing> {
    let shared = not_weak(
        server,
        "app_secret",
        server.secret("app_secret", "app_secret_file"),
    );
    let mut keys = server.tables("signing_keys", |key| read_signing_key(key, kids));
    keys.sort_by_key(|key| key.from);
    let has_shared = server.has("app_secret") || server.has("app_secret_file");
    match (has_shared, server.has("signing_keys")) {
        (true, true) => server.fault(
            "signing_keys",
            "only one of app_secret and signing_keys may be given",
        ),
        (false, false) => server.fault(
            "app_secret",
            "is missing; give app_secret, app_secret_file or signing_keys",
        ),
        (true, false) => return shared.map(Signing::Shared),
        (false, true) if keys.is_empty() => server.fault("signing_keys", "must hold at least one good key"),
        (false, true) => return Some(Signing::Rsa(keys)),
    }
    None
}

fn read_signing_key(key: &Section, kids: &Once) -> Option<SigningKey> {
    let pem = key.required_secret("pem", "file");
    Some(SigningKey {
        kid: key
            .required("kid", |node| kids.claim(kind::text(node)?))
            .unwrap_or_default(),
        from: key.or("from", DateTime::UNIX_EPOCH, kind::moment),
        pem: pem?,
    })
}

fn read_all_livekit(file: &Section) -> Vec<LiveKit> {
    let names = Once::default();
    let api_keys = Once::default();
    file.tables("livekit", |server| {
        let keys = server.tables("keys", |key| read_api_key(key, &api_keys));
        if !server.has("keys") {
            server.fault("keys", "is missing; give at least one API key");
        }
        let url = server.required("url", kind::livekit_url).unwrap_or_default();
        let default = LiveKit::new(read_name(server, &names), url, keys);
        Some(LiveKit {
            rooms: server.list("rooms", kind::room_pattern).unwrap_or(default.rooms),
            callers_are_people: server.or("callers_are_people", default.callers_are_people, kind::boolean),
            token_minutes: server.or("token_minutes", default.token_minutes, kind::whole(2..=1440)),
            create_rooms: server.or("create_rooms", default.create_rooms, kind::boolean),
            delete_ghosts: server.or("delete_ghosts", default.delete_ghosts, kind::boolean),
            ..default
        })
    })
}

fn read_api_key(key: &Section, api_keys: &Once) -> Option<ApiKey> {
    let secret = not_weak(
        key,
        "api_secret",
        key.required_secret("api_secret", "api_secret_file"),
    );
    let api_key = key.required("api_key", |node| api_keys.claim(kind::text(node)?));
    Some(ApiKey {
        api_key: api_key?,
        api_secret: secret?,
    })
}

fn read_meetings(meetings: &Section) -> Meetings {
    let default = Meetings::default();
    Meetings {
        adhoc_grace_secs: meetings.or(
            "adhoc_grace_secs",
            default.adhoc_grace_secs,
            kind::whole(1..=86_400),
        ),
        booked_grace_secs: meetings.or(
            "booked_grace_secs",
            default.booked_grace_secs,
            kind::whole(1..=86_400),
        ),
        default_minutes: meetings.or(
            "default_minutes",
            default.default_minutes,
            kind::whole(1..=10_080),
        ),
        early_join_minutes: meetings.or(
            "early_join_minutes",
            default.early_join_minutes,
            kind::whole(0..=1440),
        ),
        warn_before_end_minutes: meetings.or(
            "warn_before_end_minutes",
            default.warn_before_end_minutes,
            kind::whole(0..=1440),
        ),
        enforce_end: meetings.or("enforce_end", default.enforce_end, kind::boolean),
        keep_days: meetings.or("keep_days", default.keep_days, kind::whole(1..=36_500)),
        activate_on: meetings.or("activate_on", default.activate_on, kind::one_of),
        timezone: meetings.or(
            "timezone",
            default.timezone,
            kind::parsed("an IANA time zone like Europe/Berlin"),
        ),
    }
}

fn read_signin(signin: &Section) -> SignIn {
    let default = SignIn::default();
    SignIn {
        session_hours: signin.or("session_hours", default.session_hours, kind::whole(1..=8760)),
        refresh_days: signin.or("refresh_days", default.refresh_days, kind::whole(1..=3650)),
        token_minutes: signin.or("token_minutes", default.token_minutes, kind::whole(1..=1440)),
        oidc: signin.has("oidc").then(|| signin.table("oidc", oidc::read)),
    }
}

fn read_audit(audit: &Section) -> Audit {
    let default = Audit::default();
    Audit {
        keep_days: audit.or("keep_days", default.keep_days, kind::whole(1..=3650)),
    }
}

fn address(node: &Node) -> Result<SocketAddr, String> {
    kind::parsed("an address and port like 127.0.0.1:8787")(node)
}

/// A network, or one address.
fn network(node: &Node) -> Result<IpNet, String> {
    match kind::text(node)?.parse::<IpAddr>() {
        Ok(address) => Ok(address.into()),
        Err(_) => kind::parsed("a network like 10.0.0.0/8 or an address")(node),
    }
}

/// Warns of a secret that is too short; it is used all the same, since the other side has it too.
fn not_weak(section: &Section, key: &'static str, secret: Option<Secret>) -> Option<Secret> {
    if secret
        .as_ref()
        .is_some_and(|secret| secret.expose().len() < WEAK_SECRET_BYTES)
    {
        section.warn(
            key,
            "the secret is shorter than 16 bytes; 32 or more cannot be guessed",
        );
    }
    secret
}
