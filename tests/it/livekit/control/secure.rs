//! A LiveKit behind TLS, with a certificate of an authority that only this deployment knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::stage::{Stage, setup};
use crate::livekit::fake::LiveKit;
use crate::nginx::Nginx;
use crate::ports::free_port;
use crate::usher::{Setup, Usher};

const KEY_OF_CURVE: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
];

#[tokio::test]
async fn a_server_behind_tls_is_spoken_to_where_its_authority_is_known() {
    let livekit = LiveKit::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    certify(folder.path());
    let authority = folder.path().join("authority.pem").display().to_string();
    let port = free_port();
    let server = format!(
        "listen 127.0.0.1:{port} ssl; access_log off;
        ssl_certificate {here}/certificate.pem; ssl_certificate_key {here}/key.pem;
        location / {{ proxy_pass {}; }}",
        livekit.url(),
        here = folder.path().display(),
    );
    let _nginx = Nginx::start(folder, &server);
    let section = livekit
        .section("")
        .replace(&livekit.url(), &format!("https://127.0.0.1:{port}"));
    let setup = setup(&section);
    let stranger = Usher::start(setup.clone()).await;
    let stage = Stage {
        livekit,
        usher: stranger,
    };
    stage.book(60, 30).await;
    stage.until_failed("open").await;
    assert!(
        stage.livekit.calls().is_empty(),
        "not without a certificate that is good"
    );
    let variables = vec![("SSL_CERT_FILE".to_owned(), authority)];
    let stage = Stage {
        usher: Usher::start(Setup { variables, ..setup }).await,
        ..stage
    };
    let meeting = stage.book(60, 30).await;
    stage.until_orders("open", "done", 1).await;
    assert!(stage.livekit.sid(&meeting.room).is_some());
}

/// An authority, and a certificate of it for this machine.
fn certify(folder: &Path) {
    let authority = ["req", "-x509", "-days", "2", "-subj", "/CN=authority"];
    let request = ["req", "-subj", "/CN=127.0.0.1"];
    let of = |name| ["-keyout", name, "-out"];
    let sign = [
        "x509",
        "-req",
        "-in",
        "request.pem",
        "-CA",
        "authority.pem",
        "-CAkey",
        "authority.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "extensions",
        "-out",
        "certificate.pem",
    ];
    let extensions = "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n";
    fs::write(folder.join("extensions"), extensions).expect("the folder is ours");
    openssl(
        folder,
        &[
            &authority[..],
            &KEY_OF_CURVE,
            &of("authority.key"),
            &["authority.pem"],
        ],
    );
    openssl(
        folder,
        &[&request[..], &KEY_OF_CURVE, &of("key.pem"), &["request.pem"]],
    );
    openssl(folder, &[&sign[..]]);
}

fn openssl(folder: &Path, arguments: &[&[&str]]) {
    let made = Command::new("openssl")
        .args(arguments.concat())
        .current_dir(folder)
        .output()
        .expect("openssl is missing; tests/run --tools installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
