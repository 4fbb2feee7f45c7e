//! What the four files and the environment make, and what is said when they are wrong.

mod faults;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::daemon::{
    ActivateOn, Daemon, Http, Language, LiveKit, Meetings, Nats, Oidc, Ops, SignIn, Signing, Store, oidc,
};
use super::*;
use crate::domain::ClientId;
use crate::domain::access::{Party, Unbooked};

const JITSI: &str =
    "[[jitsi]]\ndomain = \"meet.test\"\napp_id = \"app\"\napp_secret = \"0123456789abcdef\"\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn env(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_pairs(pairs.iter().copied())
}

fn load_files(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Config, Faults> {
    load(folder(files).path(), &env(variables))
}

fn with_jitsi(more: &str) -> Config {
    load_files(&[("usher.toml", &format!("{more}\n{JITSI}"))], &[]).unwrap()
}

/// The printed faults of files that are all wrong.
fn printed_faults(files: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
    load_files(files, variables).unwrap_err().to_string()
}

fn usher_fault(text: &str) -> String {
    printed_faults(&[("usher.toml", &format!("{text}\n{JITSI}"))], &[])
}

#[test]
fn what_the_file_leaves_out_has_its_default() {
    let config = with_jitsi("");
    assert_eq!(config.daemon.http, Http::default());
    assert_eq!(config.daemon.ops, Ops::default());
    assert_eq!(config.daemon.store, Store::default());
    assert_eq!(config.daemon.meetings, Meetings::default());
    assert_eq!(config.daemon.signin, SignIn::default());
    assert_eq!(config.daemon.nats, None);
    assert_eq!(config.daemon.jitsi[0].name, "main");
    assert_eq!(config.daemon.jitsi[0].muc_domain, "conference.meet.test");
    assert!(config.clients.is_empty() && config.users.is_empty());
}

#[test]
fn variables_win_over_the_file() {
    let file =
        "[http]\nlisten = \"[::1]:1\"\n[nats]\nurl = \"nats://a\"\n[[jitsi]]\napp_secret_file = \"gone\"";
    let variables = [
        ("PORT", "9000"),
        ("NATS_URL", "nats://u:p@b:4222,nats://c:4222"),
        ("JITSI_DOMAIN", "Meet.Test"),
        ("JITSI_APP_ID", "app"),
        ("JITSI_SECRET", "the-older-name-of-it"),
        ("LIVEKIT_HOST", "wss://livekit.test/"),
        ("LIVEKIT_SERVER_API_KEY", "key"),
        ("LIVEKIT_SERVER_API_SECRET", "livekit-secret-of-it"),
        ("USHER__MEETINGS__ADHOC_GRACE_SECS", "5"),
        ("USHER__MEETINGS__ENFORCE_END", "true"),
        ("USHER__HTTP__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("USHER__JITSI__0__MUC_DOMAIN", "muc.meet.test"),
        ("USHER__STORE__PATH", ""),
    ];
    let daemon = load_files(&[("usher.toml", file)], &variables).unwrap().daemon;
    assert_eq!(daemon.http.listen.to_string(), "[::1]:9000");
    assert_eq!(daemon.http.trusted_proxies.len(), 2);
    assert_eq!(daemon.nats.unwrap().url, "nats://u:p@b:4222,nats://c:4222");
    assert_eq!(daemon.jitsi[0].domain, "meet.test");
    assert_eq!(daemon.jitsi[0].muc_domain, "muc.meet.test");
    assert_eq!(
        daemon.jitsi[0].signing,
        Signing::Shared(secret::Secret::new("the-older-name-of-it"))
    );
    assert_eq!(daemon.livekit[0].url, "wss://livekit.test");
    assert_eq!(daemon.livekit[0].keys[0].api_key, "key");
    assert_eq!(
        (daemon.meetings.adhoc_grace_secs, daemon.meetings.enforce_end),
        (5, true)
    );
    assert_eq!(daemon.store, Store::default(), "an empty variable is none");
}

#[test]
fn a_livekit_says_which_rooms_and_who_in_them_count() {
    let livekit = |more: &str| {
        let keys = "keys = [{ api_key = \"a\", api_secret = \"0123456789abcdef\" }]";
        let text = format!("[[livekit]]\nurl = \"https://l.test\"\n{keys}\n{more}");
        with_jitsi(&text).daemon.livekit.remove(0)
    };
    let room = |name: &str| crate::domain::RoomName::parse(name).unwrap();
    let fits =
        |livekit: &LiveKit, name: &str| livekit.rooms.iter().any(|pattern| pattern.matches(&room(name)));
    let default = livekit("");
    assert!(fits(&default, "any") && !default.callers_are_people);
    let set = livekit("rooms = [\"channel-*\", \"Ward ?\"]\ncallers_are_people = true");
    assert!(fits(&set, "channel-8") && fits(&set, "ward 1") && !fits(&set, "lounge"));
    assert!(set.callers_are_people);
    assert!(
        !fits(&livekit("rooms = []"), "any"),
        "none but those that are booked"
    );
}

#[test]
fn the_environment_alone_is_enough_when_it_names_a_jitsi() {
    let variables = [
        ("JITSI_DOMAIN", "a.test"),
        ("JITSI_APP_ID", "a"),
        ("JITSI_APP_SECRET", "0123456789abcdef"),
    ];
    assert_eq!(load_files(&[], &variables).unwrap().daemon.jitsi[0].app_id, "a");
    let printed = load(Path::new("/nowhere"), &env(&[])).unwrap_err().to_string();
    let expected = "usher.toml: /nowhere/usher.toml does not exist; write it, or set JITSI_DOMAIN, JITSI_APP_ID and \
                    JITSI_APP_SECRET";
    assert_eq!(printed, expected);
    let printed = printed_faults(&[], &variables[..2]);
    assert_eq!(
        printed,
        "JITSI_DOMAIN: jitsi.0.app_secret: is missing; give app_secret, app_secret_file or signing_keys"
    );
}

#[test]
fn secrets_come_from_files_beside_the_configuration_or_from_systemd() {
    let by_file = JITSI
        .replace("app_secret =", "app_secret_file =")
        .replace("0123456789abcdef", "jitsi.secret");
    let dir = folder(&[("usher.toml", &by_file)]);
    let credentials = folder(&[("jitsi.secret", "from-systemd-000\n")]);
    let credentials_env = env(&[("CREDENTIALS_DIRECTORY", credentials.path().to_str().unwrap())]);
    let secret = || match load(dir.path(), &credentials_env).unwrap().daemon.jitsi[0]
        .signing
        .clone()
    {
        Signing::Shared(secret) => secret.expose().to_owned(),
        Signing::Rsa(_) => panic!("not RSA"),
    };
    assert_eq!(secret(), "from-systemd-000");
    fs::write(dir.path().join("jitsi.secret"), " from-the-folder \n").unwrap();
    assert_eq!(secret(), "from-the-folder");

    fs::write(dir.path().join("jitsi.secret"), " \n").unwrap();
    let printed = load(dir.path(), &env(&[])).unwrap_err().to_string();
    assert!(
        printed.starts_with("usher.toml:4:19: jitsi.0.app_secret_file: /"),
        "{printed}"
    );
    assert!(printed.ends_with("/jitsi.secret is empty"), "{printed}");
    fs::remove_file(dir.path().join("jitsi.secret")).unwrap();
    let printed = load(dir.path(), &env(&[])).unwrap_err().to_string();
    assert!(
        printed.contains("cannot read ") && printed.contains("No such file"),
        "{printed}"
    );
}

#[test]
fn secrets_are_not_printed() {
    let text = format!("[nats]\nurl = \"nats://u:hunter2@a\"\ncredentials = \"hunter2\"\n{JITSI}");
    let dir = folder(&[("usher.toml", &text.replace("0123456789abcdef", "hunter2"))]);
    let source = Source::new(dir.path(), env(&[("JITSI_APP_SECRET", "hunter2")]));
    let reading = source.read();
    let warning = "JITSI_APP_SECRET: jitsi.0.app_secret: the secret is shorter than 16 bytes; 32 or more cannot be \
                   guessed";
    assert_eq!(reading.warnings, [warning]);
    let printed = format!(
        "{:?} {:?}",
        reading.result,
        env(&[("JITSI_APP_SECRET", "hunter2")])
    );
    assert!(
        printed.contains("JITSI_APP_SECRET") && !printed.contains("hunter2"),
        "{printed}"
    );
    let broken = usher_fault("[[jitsi]]\napp_secret = \"hunter2");
    assert!(
        broken.starts_with("usher.toml:2") && !broken.contains("hunter2"),
        "{broken}"
    );
}

#[test]
fn a_later_layer_can_complain_at_the_right_place() {
    let dir = folder(&[("usher.toml", JITSI)]);
    let check = |_: &Config| {
        vec![Complaint {
            key: "jitsi.0.app_secret".into(),
            message: "is not to our taste".into(),
        }]
    };
    let printed = load_checked(dir.path(), &env(&[]), check)
        .unwrap_err()
        .to_string();
    assert_eq!(
        printed,
        "usher.toml:4:14: jitsi.0.app_secret: is not to our taste"
    );
}

#[test]
fn clients_users_and_rooms_are_read_in_full() {
    let files = [
        ("usher.toml", JITSI),
        ("clients.toml", include_str!("../../config/clients.toml")),
        ("users.toml", include_str!("../../config/users.toml")),
        ("rooms.toml", include_str!("../../config/rooms.toml")),
    ];
    let config = load_files(&files, &[]).unwrap();
    let ataraxia = &config.clients[&ClientId::parse("ataraxia").unwrap()];
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"dev-key-ataraxia");
    assert_eq!(ataraxia.keys[0], hash.as_ref());
    assert_eq!(ataraxia.backend.as_deref(), Some("jitsi:main"));
    assert_eq!(ataraxia.language, Some(Language::En));
    assert_eq!(ataraxia.scopes[0], Scope::TokensIssue);
    let sara = &config.users["user@example.com"];
    assert_eq!((sara.name.as_str(), sara.active), ("Sara", true));
    let access = &config.rooms.access;
    assert_eq!(access.channels[&1_234_567].members, ["user@example.com"]);
    assert_eq!(config.rooms.role_contexts["doctor-hospital"].may_create.len(), 3);
    let rule = &access.rules[0];
    assert_eq!(rule.unbooked, Some(Unbooked::Allow));
    assert_eq!(rule.moderators, Some(vec![Party::Role("doctor".into())]));
    assert_eq!(rule.features, Some(BTreeMap::from([("recording".into(), true)])));
    assert_eq!((rule.max_people, rule.lobby), (Some(50), Some(false)));
}

#[test]
fn names_take_their_normal_form_once() {
    let clients = "[acme]\nrooms = [\"Café*\", \"?Team 1\"]\n[other]\nroom_prefix = \"Büro\"\norigins = [\"HTTPS://App.Test\"]";
    let config = load_files(&[("usher.toml", JITSI), ("clients.toml", clients)], &[]).unwrap();
    let client = |id| &config.clients[&ClientId::parse(id).unwrap()];
    let patterns = |id| {
        client(id)
            .rooms
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(patterns("acme"), ["caf%c3%a9*", "?team%201"]);
    assert_eq!(patterns("other"), ["b%c3%bcro-*"]);
    assert_eq!(client("other").origins, ["https://app.test"]);
    let daemon =
        with_jitsi("[http]\npublic_url = \"https://a.test/usher/\"\n[store]\npath = \"/data\"").daemon;
    assert_eq!(daemon.http.public_url, "https://a.test/usher");
    assert_eq!(daemon.store.path, PathBuf::from("/data"));
}

#[test]
fn the_samples_load_and_state_the_defaults() {
    let config = sample(PathBuf::from("/tmp/store"));
    assert_eq!(config.daemon.jitsi[0].app_id, "your-app-id");
    assert_eq!(config.daemon.store.path, Path::new("/tmp/store"));
    assert_eq!(config.daemon.nats, None);
    assert_states_defaults(
        &load(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config")),
            &env(&[]),
        )
        .unwrap()
        .daemon,
    );

    // And once more with every option that is commented out.
    let all = uncommented(include_str!("../../config/usher.toml"));
    let secrets = [
        "nats.creds",
        "2026-11.pem",
        "prosody.secret",
        "livekit.secret",
        "oidc.secret",
    ]
    .map(|name| (name, "0123456789abcdef"));
    let mut daemon = load_files(&[&[("usher.toml", all.as_str())], &secrets[..]].concat(), &[])
        .unwrap()
        .daemon;
    assert_states_oidc_defaults(&daemon.signin.oidc.take().unwrap());
    assert_states_defaults(&daemon);
    let nats = Nats {
        credentials: None,
        ..daemon.nats.unwrap()
    };
    assert_eq!(nats, Nats::default());
    assert_eq!(
        (daemon.jitsi[0].name.as_str(), daemon.livekit[0].name.as_str()),
        ("main", "main")
    );
    let livekit = daemon.livekit[0].clone();
    let defaults = LiveKit::new(livekit.name.clone(), livekit.url.clone(), livekit.keys.clone());
    assert_eq!(livekit, defaults);
    assert_eq!(
        daemon.jitsi[0].muc_domain,
        format!("conference.{}", daemon.jitsi[0].domain)
    );
}

fn assert_states_defaults(daemon: &Daemon) {
    assert_eq!(daemon.http, Http::default());
    assert_eq!(daemon.ops, Ops::default());
    assert_eq!(daemon.store, Store::default());
    assert_eq!(daemon.meetings, Meetings::default());
    assert_eq!(daemon.meetings.activate_on, ActivateOn::FirstJoin);
    assert_eq!(daemon.signin, SignIn::default());
}

fn assert_states_oidc_defaults(sample: &Oidc) {
    let least = "[signin.oidc]\nissuer = \"https://id.example.com/realms/clinic\"\nclient_id = \"usher\"";
    let defaults = with_jitsi(least).daemon.signin.oidc.unwrap();
    assert_eq!(defaults.claims, oidc::Claims::default());
    assert_eq!((&defaults.client_secret, &defaults.roles), (&None, &None));
    let stated = Oidc {
        client_secret: None,
        roles: None,
        ..sample.clone()
    };
    assert_eq!(stated, defaults);
    assert!(sample.client_secret.is_some());
    let roles = BTreeMap::from([("clinicians".to_owned(), "doctor".to_owned())]);
    assert_eq!(sample.roles, Some(roles));
}

#[test]
fn a_provider_can_be_on_this_machine_and_its_claims_within_others() {
    let text = "[signin.oidc]\nissuer = \"http://127.0.0.1:8080/\"\nclient_id = \"u\"\n\
                claims = { roles = \"realm_access.roles\", organisations = \"org\" }\nroles = {}";
    let oidc = with_jitsi(text).daemon.signin.oidc.unwrap();
    assert_eq!(
        (oidc.issuer.as_str(), oidc.name.as_str()),
        ("http://127.0.0.1:8080/", "127.0.0.1"),
        "the slash belongs to the issuer"
    );
    assert_eq!(oidc.claims.roles, "realm_access.roles");
    assert_eq!(oidc.claims.organisations.as_deref(), Some("org"));
    assert_eq!(
        oidc.roles,
        Some(BTreeMap::new()),
        "an empty table: nobody has a role"
    );
}

/// The sample with the options in comments switched on; signing keys take the place of the shared secret.
fn uncommented(sample: &str) -> String {
    let option = |line: &&str| {
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let switch = |line| str::strip_prefix(line, "# ").filter(option).unwrap_or(line);
    let lines = sample
        .lines()
        .map(switch)
        .filter(|line| !line.starts_with("app_secret"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_needs_a_restart_is_kept_and_named() {
    let running = with_jitsi("[nats]\nurl = \"nats://a\"");
    let mut new = with_jitsi("[http]\nlisten = \"127.0.0.1:1\"\n[meetings]\nkeep_days = 7");
    assert_eq!(new.keep_until_restart(&running), ["http.listen", "nats"]);
    assert_eq!(
        new.daemon.http, running.daemon.http,
        "the default of public_url follows the address in use"
    );
    assert_eq!(new.daemon.nats, running.daemon.nats);
    assert_eq!(new.daemon.meetings.keep_days, 7);
    assert!(new.keep_until_restart(&running).is_empty());
}

proptest! {
    #[test]
    fn no_variable_is_too_strange(name in "USHER__[A-Z0-9_]{0,30}", value in "\\PC{0,20}") {
        if let Err(faults) = load_files(&[("usher.toml", JITSI)], &[(&name, &value)]) {
            prop_assert!(faults.iter().count() > 0);
        }
    }

    #[test]
    fn no_value_is_too_strange(key in "[a-z_]{1,10}", value in "[\\[\\]{}\"=a-z0-9.,\n-]{0,30}") {
        for file in ["usher.toml", "clients.toml", "users.toml", "rooms.toml"] {
            if let Err(faults) = load_files(&[(file, &format!("{key} = {value}"))], &[]) {
                prop_assert!(faults.iter().count() > 0);
            }
        }
    }
}

#[test]
fn the_password_of_a_room_is_in_place_or_in_a_file_and_never_printed() {
    let rooms = |lines: &str| format!("[[rules]]\nrooms = \"*\"\n{lines}\n");
    let load = |lines: &str| {
        let rooms = rooms(lines);
        let files = [
            ("usher.toml", JITSI),
            ("rooms.toml", rooms.as_str()),
            ("door", " open sesame \n"),
        ];
        load_files(&files, &[])
    };
    for lines in ["password = \"open sesame\"", "password_file = \"door\""] {
        let config = load(lines).unwrap();
        let password = config.rooms.access.rules[0].password.as_ref().unwrap();
        assert_eq!(password.expose(), "open sesame", "{lines}");
        assert!(!format!("{config:?}").contains("sesame"));
    }
    for (lines, fault) in [
        (
            "password = \"open\\nsesame\"",
            "rules.0.password: must have 1 to 128 characters, and no control characters",
        ),
        ("password_file = \"gone\"", "rules.0.password_file: cannot read"),
        (
            "password = \"sesame\"\npassword_file = \"door\"",
            "only one of password and password_file may be given",
        ),
    ] {
        let printed = load(lines).unwrap_err().to_string();
        assert!(
            printed.contains(fault) && !printed.contains("sesame"),
            "{printed}"
        );
    }
}
