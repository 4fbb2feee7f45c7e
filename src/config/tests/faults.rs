//! What is said about every kind of mistake, to the letter.

use super::{JITSI, printed_faults, usher_fault};

/// What stands before a good `[[jitsi]]`.
const DAEMON: &[(&str, &str)] = &[
    (
        "[meetings]\nadhoc_grace_sec = 5",
        "usher.toml:2:1: meetings.adhoc_grace_sec: unknown key; did you mean \"adhoc_grace_secs\"?",
    ),
    (
        "[metings]",
        "usher.toml:1:2: metings: unknown key; did you mean \"meetings\"?",
    ),
    (
        "[meetings]\nzebra = 5",
        "usher.toml:2:1: meetings.zebra: unknown key",
    ),
    (
        "[meetings]\nadhoc_grace_secs = \"5\"",
        "usher.toml:2:20: meetings.adhoc_grace_secs: must be a whole number from 1 to 86400",
    ),
    (
        "[meetings]\nkeep_days = 0",
        "usher.toml:2:13: meetings.keep_days: must be a whole number from 1 to 36500",
    ),
    (
        "[audit]\nkeep_days = 3651",
        "usher.toml:2:13: audit.keep_days: must be a whole number from 1 to 3650",
    ),
    (
        "[signin]\ntoken_minutes = 1441",
        "usher.toml:2:17: signin.token_minutes: must be a whole number from 1 to 1440",
    ),
    (
        "[meetings]\nenforce_end = 1",
        "usher.toml:2:15: meetings.enforce_end: must be true or false",
    ),
    (
        "[meetings]\nactivate_on = \"knock\"",
        "usher.toml:2:15: meetings.activate_on: unknown variant `knock`, expected `first_join` or `room_started`",
    ),
    (
        "[http]\nlisten = \"8787\"",
        "usher.toml:2:10: http.listen: must be an address and port like 127.0.0.1:8787",
    ),
    (
        "[http]\npublic_url = \"https://a.test/x?y=1\"",
        "usher.toml:2:14: http.public_url: must be a URL like https://meet.example.com/usher, without user, query \
             or fragment",
    ),
    (
        "[http]\ntrusted_proxies = [\"::1\", \"home\"]",
        "usher.toml:2:27: http.trusted_proxies.1: must be a network like 10.0.0.0/8 or an address",
    ),
    (
        "[http]\ntrusted_proxies = \"::1\"",
        "usher.toml:2:19: http.trusted_proxies: must be a list in [ ]",
    ),
    (
        "[ops]\nlisten = \"127.0.0.1:8787\"",
        "usher.toml:2:10: ops.listen: must not be the address of http.listen",
    ),
    (
        "[store]\nkind = \"jetstream\"",
        "usher.toml:2:8: store.kind: \"jetstream\" comes in a later version; use \"sled\"",
    ),
    (
        "[nats]\nduplicate_window_secs = 172800\nstream_max_age_days = 1",
        "usher.toml:2:25: nats.duplicate_window_secs: must not be longer than stream_max_age_days",
    ),
    (
        "[nats]\nurl = \"http://x\"",
        "usher.toml:2:7: nats.url: must be like nats://127.0.0.1:4222, or several with commas between",
    ),
    (
        "[nats]\nprefix = \"a.b\"",
        "usher.toml:2:10: nats.prefix: must be 1 to 64 letters, digits, - or _",
    ),
    (
        "[signin.oidc]\nissuer = \"http://id.test\"\nclient_id = \"u\"",
        "usher.toml:2:10: signin.oidc.issuer: must be a URL like https://id.example.com/realms/clinic; http only on loopback",
    ),
    (
        "[signin.oidc]\nissuer = \"https://id.test/?x=1\"\nclient_id = \"u\"",
        "usher.toml:2:10: signin.oidc.issuer: must be a URL like https://id.example.com/realms/clinic; http only on loopback",
    ),
    (
        "[signin.oidc]\nissuer = \"https://id.test\"",
        "usher.toml:1:1: signin.oidc.client_id: is missing",
    ),
    (
        "[signin.oidc]\nissuer = \"https://id.test\"\nclient_id = \"u\"\nscopes = [\"open id\"]",
        "usher.toml:4:11: signin.oidc.scopes.0: must be one word, such as profile",
    ),
    (
        "[signin.oidc]\nissuer = \"https://id.test\"\nclient_id = \"u\"\nclaims = { roles = \"a..b\" }",
        "usher.toml:4:20: signin.oidc.claims.roles: must be a claim like groups, or realm_access.roles for one within another",
    ),
    (
        "[signin.oidc]\nissuer = \"https://id.test\"\nclient_id = \"u\"\nclaims = { role = \"a\" }",
        "usher.toml:4:12: signin.oidc.claims.role: unknown key; did you mean \"roles\"?",
    ),
    ("http = 1", "usher.toml:1:8: http: must be a table"),
    ("[http", "usher.toml:1:6: unclosed table, expected `]`"),
];

/// What stands after a good `[[jitsi]]` of four lines.
const SERVERS: &[(&str, &str)] = &[
    (
        "prosody_http = \"ftp://x\"",
        "usher.toml:5:16: jitsi.0.prosody_http: must be a URL like https://meet.example.com/usher, without user, query or fragment",
    ),
    (
        "muc_domain = \"https://x\"",
        "usher.toml:5:14: jitsi.0.muc_domain: must be a host like meet.example.com, without scheme, port or path",
    ),
    (
        "control = \"jitsi\"",
        "usher.toml:5:11: jitsi.0.control: \"jitsi\" needs signing_keys: Jitsi's modules take no token that app_secret signed; use \"usher\"",
    ),
    (
        "app_secret_file = \"x\"",
        "usher.toml:5:19: jitsi.0.app_secret_file: only one of app_secret and app_secret_file may be given",
    ),
    (
        "signing_keys = []",
        "usher.toml:5:16: jitsi.0.signing_keys: only one of app_secret and signing_keys may be given",
    ),
    (
        "[[jitsi]]\napp_secret = \"0123456789abcdef\"\napp_id = \"a\"\ndomian = \"b.test\"\nname = \"b\"",
        "usher.toml:8:1: jitsi.1.domian: unknown key; did you mean \"domain\"?",
    ),
    (
        "[[jitsi]]\ndomain = \"b.test\"\nname = \"b\"",
        "usher.toml:5:1: jitsi.1.app_secret: is missing; give app_secret, app_secret_file or signing_keys\nusher.toml:5:1: jitsi.1.app_id: is missing",
    ),
    (
        "[[jitsi]]\ndomain = \"b.test\"\napp_id = \"b\"\napp_secret = \"0123456789abcdef\"",
        "usher.toml:5:1: jitsi.1.name: is needed, since another server is called \"main\"",
    ),
    (
        "[[jitsi]]\nname = \"main\"\ndomain = \"b.test\"\napp_id = \"b\"\napp_secret = \"0123456789abcdef\"",
        "usher.toml:6:8: jitsi.1.name: \"main\" is there twice",
    ),
    (
        "[[jitsi]]\nname = \"b\"\ndomain = \"b.test\"\napp_id = \"b\"\nsigning_keys = [{ kid = \"k\", pem = \"p\" }, { kid = \"k\", pem = \"p\" }]",
        "usher.toml:9:51: jitsi.1.signing_keys.1.kid: \"k\" is there twice",
    ),
    (
        "[[jitsi]]\nname = \"b\"\ndomain = \"b.test\"\napp_id = \"b\"\nsigning_keys = [{ kid = \"k\", pem = \"p\", from = \"soon\" }]",
        "usher.toml:9:48: jitsi.1.signing_keys.0.from: must be a moment like 2026-11-01T00:00:00Z",
    ),
    (
        "[[livekit]]\nurl = \"https://l.test\"",
        "usher.toml:5:1: livekit.0.keys: is missing; give at least one API key",
    ),
    (
        "[[livekit]]\nurl = \"https://l.test\"\nkeys = [{ api_key = \"a\" }]",
        "usher.toml:7:9: livekit.0.keys.0.api_secret: is missing",
    ),
    (
        "[[livekit]]\nurl = \"https://l.test\"\nkeys = [{ api_key = \"a\", api_secret = \"0123456789abcdef\" }]\nrooms = [\"a:b\"]",
        "usher.toml:8:10: livekit.0.rooms.0: must not contain ':'",
    ),
    (
        "[[livekit]]\nurl = \"https://l.test\"\nkeys = [{ api_key = \"a\", api_secret = \"0123456789abcdef\" }]\ncallers_are_people = 1",
        "usher.toml:8:22: livekit.0.callers_are_people: must be true or false",
    ),
    (
        "[livekit]\nurl = \"https://l.test\"",
        "usher.toml:5:1: livekit: must be a list of tables, each under [[livekit]]",
    ),
];

/// The other files beside a good `usher.toml`.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "clients.toml",
        "[\"a.b\"]",
        "clients.toml:1:2: \"a.b\": must not contain '.'",
    ),
    (
        "clients.toml",
        "[adhoc]",
        "clients.toml:1:2: adhoc: \"adhoc\" stands for rooms that nobody booked",
    ),
    (
        "clients.toml",
        "[a]\nkeys = [\"dev-key\"]",
        "clients.toml:2:9: a.keys.0: must be \"sha256:\" and 64 hexadecimal digits, as `usher key client` prints it",
    ),
    (
        "clients.toml",
        "[a]\nkeys = [\"sha256:abababababababababababababababababababababababababababababababab\"]\n[b]\nkeys = [\"sha256:abababababababababababababababababababababababababababababababab\"]",
        "clients.toml:4:9: b.keys.0: is there twice",
    ),
    (
        "clients.toml",
        "[a]\nbackend = \"jitsi:other\"",
        "clients.toml:2:11: a.backend: must name a meeting server of usher.toml, such as \"jitsi:main\"",
    ),
    (
        "clients.toml",
        "[a]\norigins = [\"https://a.test/\"]",
        "clients.toml:2:12: a.origins.0: must be scheme://host[:port] without a path, like https://app.example.com",
    ),
    (
        "clients.toml",
        "[a]\nredirect_uris = [\"/callback\"]",
        "clients.toml:2:18: a.redirect_uris.0: must be a URL like https://app.example.com/callback, without fragment",
    ),
    (
        "clients.toml",
        "[a]\nrooms = [\"a/b\"]",
        "clients.toml:2:10: a.rooms.0: must not contain '/'",
    ),
    (
        "clients.toml",
        "[a]\nmax_token_secs = -1",
        "clients.toml:2:18: a.max_token_secs: must be a whole number from 1 to 31536000",
    ),
    (
        "users.toml",
        "[sara]\nid = \"1\"",
        "users.toml:1:2: sara: must be an e-mail address",
    ),
    (
        "users.toml",
        "[\"a@b.c\"]\nid = \"1\"\n[\"A@b.c\"]\nid = \"2\"",
        "users.toml:1:2: \"a@b.c\": is there twice",
    ),
    (
        "users.toml",
        "[\"a@b.c\"]\nid = \"1\"\n[\"b@b.c\"]\nid = \"1\"",
        "users.toml:4:6: \"b@b.c\".id: \"1\" is there twice",
    ),
    (
        "users.toml",
        "[\"a@b.c\"]\nid = \"1\"\npassword = \"hunter2\"",
        "users.toml:3:12: \"a@b.c\".password: must be an Argon2id hash, as `usher password` prints it",
    ),
    (
        "rooms.toml",
        "[channels.one]\nname = \"x\"",
        "rooms.toml:1:11: channels.one: must be the number of a channel",
    ),
    (
        "rooms.toml",
        "[role_contexts.a]",
        "rooms.toml:1:1: role_contexts.a.may_create: must name at least one role",
    ),
    (
        "rooms.toml",
        "[[rules]]\nunbooked = \"allow\"",
        "rooms.toml:1:1: rules.0.rooms: is missing",
    ),
    (
        "rooms.toml",
        "[[rules]]\nrooms = \"*\"\nmoderators = [\"doctor\"]",
        "rooms.toml:3:15: rules.0.moderators.0: must be \"role:\" and a role, or \"user:\" and an e-mail address",
    ),
    (
        "rooms.toml",
        "[[rules]]\nrooms = \"*\"\nfeatures = { recording = \"yes\" }",
        "rooms.toml:3:26: rules.0.features.recording: must be true or false",
    ),
    (
        "rooms.toml",
        "[[rules]]\nrooms = \"*\"\nfeatures = { recording = true, livestreeming = true }",
        "rooms.toml:3:32: rules.0.features.livestreeming: unknown key; did you mean \"livestreaming\"?",
    ),
    (
        "rooms.toml",
        "[[rules]]\nrooms = \"*\"\nfeatures = [\"recording\"]",
        "rooms.toml:3:12: rules.0.features: must be a table",
    ),
    (
        "rooms.toml",
        "[[rules]]\nrooms = \"*\"\nlobby_bypas = [\"role:doctor\"]\nmembers = [\"user:me\"]\nguests = 1",
        "rooms.toml:3:1: rules.0.lobby_bypas: unknown key; did you mean \"lobby_bypass\"?\n\
         rooms.toml:4:12: rules.0.members.0: must be an e-mail address\n\
         rooms.toml:5:10: rules.0.guests: must be true or false",
    ),
];

/// Variables over a good `usher.toml`.
const VARIABLES: &[(&str, &str, &str)] = &[
    (
        "PORT",
        "http",
        "PORT: http.listen: must be an address and port like 127.0.0.1:8787",
    ),
    (
        "USHER__MEETINGS__ADHOC_GRACE_SECS",
        "soon",
        "USHER__MEETINGS__ADHOC_GRACE_SECS: meetings.adhoc_grace_secs: must be a whole number from 1 to 86400",
    ),
    (
        "USHER__MEETINGS__KEEP_DAY",
        "1",
        "USHER__MEETINGS__KEEP_DAY: meetings.keep_day: unknown key; did you mean \"keep_days\"?",
    ),
    (
        "USHER__JITSI__2__DOMAIN",
        "x.test",
        "USHER__JITSI__2__DOMAIN: jitsi.2.domain: must not skip an element of the list",
    ),
    ("USHER__HTTP", "x", "USHER__HTTP: http: must be a table"),
    (
        "NATS_URL",
        "http://u:hunter2@x",
        "NATS_URL: nats.url: must be like nats://127.0.0.1:4222, or several with commas between",
    ),
];

fn jitsi_fault(text: &str) -> String {
    printed_faults(&[("usher.toml", &format!("{JITSI}{text}"))], &[])
}

fn file_fault(name: &str, text: &str) -> String {
    printed_faults(&[("usher.toml", JITSI), (name, text)], &[])
}

#[test]
fn every_fault_says_where_what_and_how_to_mend_it() {
    for (text, expected) in DAEMON {
        assert_eq!(usher_fault(text), *expected, "{text}");
    }
}

#[test]
fn faults_of_meeting_servers() {
    for (text, expected) in SERVERS {
        assert_eq!(jitsi_fault(text), *expected, "{text}");
    }
    assert_eq!(
        printed_faults(&[("usher.toml", "")], &[]),
        "usher.toml:1:1: jitsi: at least one [[jitsi]] is needed"
    );
}

#[test]
fn faults_of_clients_users_and_rooms() {
    for (name, text, expected) in OTHERS {
        assert_eq!(file_fault(name, text), *expected, "{text}");
    }
}

#[test]
fn one_run_reports_the_faults_of_all_files() {
    let files = [
        ("usher.toml", "[http]\nport = 1\nlisten = 2\n"),
        ("clients.toml", "[a]\nscope = []\nrooms = 1"),
        ("users.toml", "["),
        ("rooms.toml", "rule = 1"),
    ];
    let printed = printed_faults(&files, &[("USHER__OPS__PORT", "1")]);
    let places: Vec<_> = printed
        .lines()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "clients.toml:2:1 a.scope",
        "clients.toml:3:9 a.rooms",
        "rooms.toml:1:1 rule",
        "users.toml:1:2 unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
        "usher.toml:1:1 jitsi",
        "usher.toml:2:1 http.port",
        "usher.toml:3:10 http.listen",
        "USHER__OPS__PORT ops.port",
    ];
    assert_eq!(places, expected, "{printed}");
}

#[test]
fn faults_of_variables_name_the_variable() {
    for (name, value, expected) in VARIABLES {
        assert_eq!(
            printed_faults(&[("usher.toml", JITSI)], &[(name, value)]),
            *expected
        );
    }
}
