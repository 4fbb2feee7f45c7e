//! `deploy/livekit`: what an administrator gives LiveKit fits what usher is given, and the programs take it.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{run, said, text_of};
use crate::patience::look_for;
use crate::ports::free_port;
use crate::usher::{Setup, Usher};
use crate::web;

const SECRET: &str = "a LiveKit secret for tests only 0123456789";
const PLACEHOLDER: &str = "replace-me-with-the-output-of-openssl-rand-hex-32";

/// A LiveKit server that runs with the file, killed on drop.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn yaml() -> String {
    text_of("deploy/livekit/livekit.yaml")
}

/// The lines of LiveKit's file that count, without what surrounds them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What stands behind a key that occurs once.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let found: Vec<_> = lines(text)
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        .collect();
    assert_eq!(found.len(), 1, "{key}: {found:?}");
    found[0]
}

/// The first block of that kind in the paper.
fn block(kind: &str) -> String {
    let paper = text_of("deploy/livekit/README.md");
    let (_, rest) = paper.split_once(&format!("```{kind}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// The section that the paper says to put into `usher.toml`.
fn section() -> String {
    block("toml")
}

/// The address to which LiveKit reports.
fn webhook(text: &str) -> &str {
    lines(text).find_map(|line| line.strip_prefix("- ")).unwrap()
}

#[test]
fn both_have_the_same_key() {
    let yaml = yaml();
    let (key, _) = lines(&yaml)
        .find_map(|line| line.split_once(&format!(": {PLACEHOLDER}")))
        .unwrap();
    assert_eq!(value(&yaml, "api_key"), key);
    assert!(
        section().contains(&format!("api_key = \"{key}\"")),
        "{}",
        section()
    );
    assert!(text_of("deploy/livekit/README.md").contains(PLACEHOLDER));
}

#[tokio::test]
async fn reports_go_to_where_usher_takes_them() {
    let yaml = yaml();
    let path = webhook(&yaml).strip_prefix("http://127.0.0.1:8787").unwrap();
    assert!(text_of("config/usher.toml").contains("listen = \"127.0.0.1:8787\""));
    let section = section().replace(
        "api_secret_file = \"livekit.secret\"",
        &format!("api_secret = \"{SECRET}\""),
    );
    let usher = Usher::start(Setup::default().sections(&section)).await;
    let report = usher.http.post(format!("{}{path}", usher.url())).body("{}");
    let answer = report.send().await.unwrap();
    assert_eq!(answer.status(), 401, "usher knows the path, and asks who reports");
}

#[test]
fn the_unit_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("livekit.service");
    let unit = text_of("deploy/livekit/livekit.service");
    std::fs::write(&path, unit.replace("/usr/local/bin/livekit-server", "/bin/true")).unwrap();
    let output = run("systemd-analyze", &["verify", path.to_str().unwrap()]);
    let said = said(&output);
    assert!(
        output.status.success() && !said.contains("livekit.service"),
        "{said}"
    );
}

#[test]
fn nginx_takes_the_sites() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    certify(here);
    let moved = |text: String| {
        let text = ["livekit", "meet"].iter().fold(text, |text, name| {
            let letsencrypt = format!("/etc/letsencrypt/live/{name}.example.com");
            text.replace(&letsencrypt, here.to_str().unwrap())
        });
        text.replace("/var/log/nginx", here.to_str().unwrap())
    };
    let sites = moved(text_of("deploy/livekit/nginx.conf") + &block("nginx"));
    let configuration = format!("pid nginx.pid; events {{}} http {{ {sites} }}");
    std::fs::write(here.join("nginx.conf"), configuration).unwrap();
    std::fs::create_dir(here.join("snippets")).unwrap();
    let snippet = moved(text_of("deploy/nginx.conf"));
    std::fs::write(here.join("snippets/usher.conf"), snippet).unwrap();
    let arguments = [
        "-t",
        "-e",
        "stderr",
        "-p",
        here.to_str().unwrap(),
        "-c",
        "nginx.conf",
    ];
    let output = run("nginx", &arguments);
    assert!(output.status.success(), "{}", said(&output));
}

fn certify(here: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-subj", "/CN=example.com"])
        .args(["-keyout", "privkey.pem", "-out", "fullchain.pem"])
        .current_dir(here)
        .output()
        .expect("openssl is missing; tests/run --tools installs it");
    assert!(made.status.success(), "{}", said(&made));
}

/// Where `livekit-server` is on the `PATH`; elsewhere a line says that this was not tried, past the capturing of output.
#[tokio::test]
async fn livekit_starts_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (port, path) = (free_port(), folder.path().join("livekit.yaml"));
    let mut text = yaml().replace(PLACEHOLDER, SECRET);
    for (key, port) in [
        ("7880", port),
        ("7881", free_port()),
        ("7882", free_port()),
        ("6789", free_port()),
    ] {
        text = text.replace(key, &port.to_string());
    }
    // Asking the internet for one's own address takes long where there is none.
    std::fs::write(
        &path,
        text.replace("use_external_ip: true", "use_external_ip: false"),
    )
    .unwrap();
    let Some(_server) = start(&path) else { return };
    let http = web::client().build().unwrap();
    let address = format!("http://127.0.0.1:{port}/");
    let answer = look_for(async || http.get(&address).send().await.ok()).await;
    assert_eq!(
        answer.expect("LiveKit does not answer").text().await.unwrap(),
        "OK"
    );
}

fn start(configuration: &Path) -> Option<Server> {
    let started = Command::new("livekit-server")
        .arg("--config")
        .arg(configuration)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(child) => Some(Server(child)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let line = b"not tried: deploy/livekit with a real LiveKit; livekit-server is not on the PATH\n";
            std::io::stderr().write_all(line).expect("stderr can be written");
            None
        }
        Err(error) => panic!("livekit-server cannot be started: {error}"),
    }
}
