//! `https://meet.test`: a stand-in for Jitsi's web client, and usher under `/usher/`, behind nginx.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use crate::api::client;
use crate::nginx::{self, Nginx};
use crate::ports::free_port;
use crate::usher::{CLIENTS, Setup, USERS, Usher};

/// One site of its own for each test.
pub struct Site {
    /// Where nginx listens with TLS.
    pub address: SocketAddr,
    pub usher: Usher,
    _nginx: Nginx,
}

const SCOPES: &str = "scopes = [\"tokens:issue\", \"meetings:read\", \"meetings:write\"]";

const PROGRAMS: &str = r#"
[jitsi_meet]
name = "Sample pages"
redirect_uris = ["https://meet.test/usher/client_apps/jitsi_meet/callback.html"]
origins = ["https://meet.test"]
rooms = ["*"]

[meet-web]
name = "Jitsi Meet"
redirect_uris = ["https://meet.test/static/sso.html", "https://meet.test/static/logout.html"]
origins = ["https://meet.test"]
rooms = ["*"]
"#;

/// The key of the client `visit`, in whose rooms each person is let in.
pub const VISIT_KEY: &str = "visit-key";

/// The key of the client `call`, whose meetings are on LiveKit.
pub const CALL_KEY: &str = "call-key";

/// Has the password of the sample.
const PATIENT: &str = r#"
["patient@example.com"]
id = "u-patient"
name = "Ann Bell"
password = "$argon2id$v=19$m=19456,t=2,p=1$SlLp7cYoe0zoUOJeJ4FGrw$zksFXKtcQyQ1Z+HZr28WNepnpDxT/ZjXscvtNS2xBKc"
"#;

const RULES: &str = r#"
[[rules]]
rooms = "team*"
moderators = ["role:doctor"]

[[rules]]
rooms = "open-*"
guests = true

[[rules]]
rooms = "visit-*"
lobby = true
"#;

// === impl Site ===

impl Site {
    pub async fn open() -> Self {
        Self::with("").await
    }

    /// One that has meetings on a LiveKit server too, which that section of `usher.toml` names `main`.
    pub async fn with(livekit: &str) -> Self {
        let programs = [
            client("visit", VISIT_KEY, SCOPES),
            match livekit {
                "" => String::new(),
                _ => client("call", CALL_KEY, &format!("{SCOPES}\nbackend = \"livekit:main\"")),
            },
        ];
        let setup = Setup {
            http: "public_url = \"https://meet.test/usher\"".into(),
            clients: format!("{CLIENTS}{PROGRAMS}{}", programs.concat()),
            users: format!("{USERS}{PATIENT}"),
            rooms: RULES.into(),
            ..Setup::default()
        };
        let usher = Usher::start(setup.sections(livekit)).await;
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, usher.port()));
        let server = server(folder.path(), address, behind);
        Self {
            address,
            usher,
            _nginx: Nginx::start(folder, &server),
        }
    }
}

/// Every address that is not a file is a room, as with Jitsi.
fn server(folder: &Path, address: SocketAddr, usher: SocketAddr) -> String {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/jitsi");
    let snippet = nginx::snippet(folder, usher);
    format!(
        "listen {address} ssl;
        server_name meet.test;
        ssl_certificate {here}/certificate.pem;
        ssl_certificate_key {here}/key.pem;
        access_log off;
        root {files};
        types {{ text/html html; text/javascript js; }}
        location / {{ try_files $uri /room.html; }}
        {snippet}",
        here = folder.display(),
        files = files.display(),
    )
}

/// A certificate that the browser is told to take.
fn certify(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=meet.test"])
        .args(["-addext", "subjectAltName=DNS:meet.test"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .output()
        .expect("openssl is missing; tests/run --tools installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
