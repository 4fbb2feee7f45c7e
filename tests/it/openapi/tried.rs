//! Every operation is tried by schemathesis: its examples, the bounds of its schemas, what breaks them, and chance.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::usher::{KEY, PASSWORD, PROSODY_SECRET, Setup, USERS, Usher, answered};

/// May do everything, and as often as it likes; the address is the one in the examples of the document.
const CLIENTS: &str = r#"
[ataraxia]
keys = ["sha256:80449c4d66daecc493b87ffe7426fa042c75e7c26507084c0c3ff2a91ba8c8bc"]
scopes = ["tokens:issue", "tokens:validate", "meetings:read", "meetings:write", "events:read", "audit:read", "admin"]
rooms = ["*"]
requests_per_second = 100000
max_token_secs = 31536000
redirect_uris = ["https://app.example.com/callback", "https://usher.test/client_apps/jitsi_meet/callback.html"]
"#;
const LIVEKIT: &str = r#"
[[livekit]]
name = "main"
url = "wss://livekit.test"
keys = [{ api_key = "devkey", api_secret = "a LiveKit secret for tests only 0123456789" }]
"#;
const CHANNELS: &str = "[channels.1234567]\nname = \"Town hall\"\nmembers = [\"user@example.com\"]\n";
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/openapi/schemathesis.toml");

fn tool() -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.tools/schemathesis/bin/schemathesis");
    assert!(
        tool.exists(),
        "{} is missing; tests/run --tools fetches it",
        tool.display()
    );
    tool
}

/// Somebody who has signed in.
async fn token(usher: &Usher) -> String {
    let wanted = json!({
        "username": "user@example.com",
        "password": PASSWORD,
        "client_id": "ataraxia",
        "redirect_uri": "https://app.example.com/callback",
    });
    let given = answered(usher.post("/sso/api/login/", &wanted)).await;
    given["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn nothing_comes_out_that_is_not_described() {
    let usher = Usher::start(
        Setup {
            http: "public_url = \"https://usher.test\"".into(),
            clients: CLIENTS.into(),
            users: USERS.into(),
            rooms: CHANNELS.into(),
            ..Setup::default()
        }
        .sections(LIVEKIT),
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let out = fs::File::create(&said).unwrap();
    let status = Command::new(tool())
        .current_dir(folder.path())
        .args([
            "--config-file",
            CONFIG,
            "run",
            &format!("{}/openapi.json", usher.url()),
        ])
        .env("USHER_KEY", KEY)
        .env("USHER_TOKEN", token(&usher).await)
        .env("USHER_LEAVING_TOKEN", token(&usher).await)
        .env("USHER_PROSODY_SECRET", PROSODY_SECRET)
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .status()
        .expect("schemathesis can be started");
    let said = fs::read_to_string(said).unwrap();
    assert!(status.success(), "{said}");
}
