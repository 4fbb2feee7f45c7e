//! A real nginx, killed on drop.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// A running nginx and the folder with all of its files.
pub struct Nginx {
    process: Child,
    folder: TempDir,
}

// === impl Nginx ===

impl Nginx {
    /// Starts it and returns once it listens. `server` is the inside of its server block; paths in it begin at `folder`,
    /// where `log` is for logs.
    pub fn start(folder: TempDir, server: &str) -> Self {
        fs::create_dir(folder.path().join("log")).unwrap();
        fs::write(
            folder.path().join("nginx.conf"),
            configuration(folder.path(), server),
        )
        .unwrap();
        let mut process = Command::new("/usr/sbin/nginx")
            .arg("-p")
            .arg(folder.path())
            .args(["-e", "stderr", "-c", "nginx.conf"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("nginx is missing; tests/run --tools installs it");
        let mut lines = BufReader::new(process.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let heard: Vec<String> = lines
            .by_ref()
            .take_while(|line| !line.contains("event method"))
            .collect();
        assert!(
            process.try_wait().unwrap().is_none(),
            "nginx did not start: {heard:?}"
        );
        thread::spawn(move || lines.for_each(drop));
        Self { process, folder }
    }

    /// Everything that it wrote into its log folder.
    pub fn logs(&self) -> String {
        let files = fs::read_dir(self.folder.path().join("log")).unwrap();
        files
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What an administrator pastes into the server block of Jitsi, for this usher.
pub fn snippet(folder: &Path, usher: SocketAddr) -> String {
    let logs = folder.join("log").display().to_string();
    text_of("deploy/nginx.conf")
        .replace("127.0.0.1:8787", &usher.to_string())
        .replace("/var/log/nginx", &logs)
}

fn configuration(folder: &Path, server: &str) -> String {
    let log_format = text_of("deploy/nginx-log-format.conf");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
        .concat();
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr notice;
        events {{}}
        http {{
            {temporary}
            {log_format}
            server {{ {server} }}
        }}"
    )
}

fn text_of(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(path).unwrap()
}
