//! A Prosody of Debian's package as a child process: temporary folder, free loopback port, killed on drop.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::patience::look_for;
use crate::ports::free_port;

pub const DOMAIN: &str = "meet.test";
pub const ACCOUNTS: &str = "auth.meet.test";
pub const RECORDERS: &str = "recorder.meet.test";
pub const MUC: &str = "conference.meet.test";
pub const BREAKOUT: &str = "breakout.meet.test";
pub const PASSWORD: &str = "only for tests";

const PORT_TAKEN: &str = "Failed to open server port";

/// What a test adds to the configuration that all have in common.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    global: String,
    host: String,
    muc: String,
    end: String,
    plugin_paths: Vec<PathBuf>,
    port: Option<u16>,
}

/// A running (or killed) Prosody.
#[derive(Debug)]
pub struct Prosody {
    folder: TempDir,
    setup: Setup,
    port: u16,
    child: Child,
}

// === impl Setup ===

impl Setup {
    /// Usher's module on the conference component and on the breakout component.
    pub fn with_usher(usher_url: &str, secret: &str) -> Self {
        let lines = format!("usher_url = \"{usher_url}\"\nusher_secret = \"{secret}\"\n");
        Self::default()
            .global(&lines)
            .muc("modules_enabled = { \"usher_events\" }\n")
            .end(&format!(
                "Component \"{BREAKOUT}\" \"muc\"\nmuc_room_locking = false\nmodules_enabled = {{ \"usher_events\" }}\n"
            ))
    }

    /// Lines at the top of the configuration, for all hosts.
    pub fn global(mut self, lines: &str) -> Self {
        let _ = writeln!(self.global, "{lines}");
        self
    }

    /// Lines of the virtual host that people sign in to. Without any, it is anonymous.
    pub fn host(mut self, lines: &str) -> Self {
        let _ = writeln!(self.host, "{lines}");
        self
    }

    /// Lines of the conference component.
    pub fn muc(mut self, lines: &str) -> Self {
        let _ = writeln!(self.muc, "{lines}");
        self
    }

    /// Lines at the end: further hosts and components.
    pub fn end(mut self, lines: &str) -> Self {
        let _ = writeln!(self.end, "{lines}");
        self
    }

    /// The port of its web server, for a usher that has to know it beforehand; else any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// A further folder of modules, searched before usher's own.
    pub fn plugins(mut self, folder: impl Into<PathBuf>) -> Self {
        self.plugin_paths.push(folder.into());
        self
    }

    fn render(&self, folder: &Path, port: u16) -> String {
        let server = self.render_server(folder, port);
        let Self {
            global,
            host,
            muc,
            end,
            ..
        } = self;
        let host = if host.is_empty() {
            "authentication = \"anonymous\"\n"
        } else {
            host
        };
        format!(
            r#"{server}
{global}
VirtualHost "{ACCOUNTS}"
authentication = "internal_plain"
VirtualHost "{RECORDERS}"
authentication = "internal_plain"
VirtualHost "{DOMAIN}"
{host}
Component "{MUC}" "muc"
muc_room_locking = false
{muc}
{end}
"#
        )
    }

    /// What is the same in all tests: one loopback port, and everything else in the test's own folder.
    fn render_server(&self, folder: &Path, port: u16) -> String {
        let mut plugin_paths = String::new();
        let own = [snippets_folder(), repository().join("tests/it/prosody/plugins")];
        for path in self.plugin_paths.iter().chain(&own) {
            let _ = write!(plugin_paths, "\"{}\", ", path.display());
        }
        let folder = folder.display();
        format!(
            r#"
run_as_root = true
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}/certs"
admin_socket = "{folder}/prosody.sock"
log = {{ {{ levels = {{ min = "debug" }}, to = "file", filename = "{folder}/prosody.log" }} }}
plugin_paths = {{ {plugin_paths} }}
modules_enabled = {{ "admin_shell", "bosh", "disco", "presence", "saslauth", "websocket" }}
modules_disabled = {{ "s2s", "tls" }}
c2s_ports = {{}}
c2s_direct_tls_ports = {{}}
s2s_ports = {{}}
https_ports = {{}}
http_ports = {{ {port} }}
http_interfaces = {{ "127.0.0.1" }}
http_default_host = "{DOMAIN}"
consider_websocket_secure = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
storage = {{ accounts = "internal" }}
default_storage = "memory"
admins = {{ "focus@{ACCOUNTS}" }}
"#
        )
    }
}

// === impl Prosody ===

impl Prosody {
    /// Starts a Prosody and waits until it answers.
    pub async fn start(setup: Setup) -> Self {
        let mut prosody = Self::launch(setup);
        prosody.wait_until_ready().await;
        prosody
    }

    fn launch(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("certs")).expect("an empty folder of certificates");
        write_account(folder.path(), "auth%2emeet%2etest", "focus");
        write_account(folder.path(), "recorder%2emeet%2etest", "recorder");
        let port = setup.port.unwrap_or_else(free_port);
        let child = spawn(folder.path(), &setup, port);
        Self {
            folder,
            setup,
            port,
            child,
        }
    }

    /// Where browsers connect: `ws://127.0.0.1:PORT/xmpp-websocket`.
    pub fn websocket(&self) -> String {
        format!("ws://127.0.0.1:{}/xmpp-websocket", self.port)
    }

    /// The base of Prosody's own HTTP interfaces.
    pub fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("prosody.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How often a text stands in the log.
    pub fn logged(&self, text: &str) -> usize {
        self.log().matches(text).count()
    }

    /// Waits until a text stands in the log.
    pub async fn wait_for_log(&self, text: &str) {
        let found = look_for(async || (self.logged(text) > 0).then_some(())).await;
        assert!(found.is_some(), "{text:?} is not in the log:\n{}", self.log());
    }

    /// Runs a command of Prosody's shell, such as `module:reload("usher_events", "conference.meet.test")`.
    pub fn shell(&self, command: &str) -> String {
        let output = Command::new("prosodyctl")
            .arg("--config")
            .arg(self.folder.path().join("prosody.cfg.lua"))
            .args(["--root", "shell", command])
            .stdin(Stdio::null())
            .output()
            .expect("prosodyctl runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Ends the process without a chance to say anything.
    pub fn kill9(&mut self) {
        self.child.kill().expect("the process is ours to kill");
        self.child.wait().expect("a killed process can be waited for");
    }

    /// Asks the process to end, and waits for it.
    pub fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs");
        assert!(sent.success(), "prosody was not running");
        self.child.wait().expect("a stopped process can be waited for");
    }

    /// Starts it again, on the same port and with the same configuration, after `stop` or `kill9`.
    pub async fn restart(&mut self) {
        self.child = spawn(self.folder.path(), &self.setup, self.port);
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&mut self) {
        let page = format!("{}/xmpp-websocket", self.http());
        let child = &mut self.child;
        let outcome = look_for(async || match reqwest::get(&page).await {
            Ok(_) => Some(None),
            Err(_) => child.try_wait().expect("the process is ours").map(Some),
        });
        match outcome.await {
            Some(None) if self.logged(PORT_TAKEN) == 0 => {}
            ended => panic!("prosody does not start ({ended:?}):\n{}", self.log()),
        }
    }
}

impl Drop for Prosody {
    #[expect(clippy::print_stderr, reason = "a failed test shows the log of its server")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.char_indices().rev().nth(8000).map_or(0, |(at, _)| at);
            eprintln!("=== the end of Prosody's log ===\n{}", &log[from..]);
        }
    }
}

/// The folder of this repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with what administrators paste, and with usher's module.
pub fn snippets_folder() -> PathBuf {
    repository().join("prosody-snippets")
}

/// The folders with Jitsi's own modules, when `JITSI_PROSODY_PLUGINS` names them with `:` in between; else a line, past
/// the capturing of output, that `what` was not tried.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of usher")]
pub fn jitsi_plugins(what: &str) -> Option<Vec<PathBuf>> {
    let Ok(folders) = std::env::var("JITSI_PROSODY_PLUGINS") else {
        let line = format!("not tried: {what}; JITSI_PROSODY_PLUGINS names no folder with Jitsi's modules\n");
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr can be written");
        return None;
    };
    Some(std::env::split_paths(&folders).collect())
}

fn spawn(folder: &Path, setup: &Setup, port: u16) -> Child {
    let config = folder.join("prosody.cfg.lua");
    fs::write(&config, setup.render(folder, port)).expect("the configuration can be written");
    let output = File::create(folder.join("output")).expect("a file for the output");
    Command::new("prosody")
        // Jitsi's modules need lua-basexx and lua-inspect, plain Lua that Debian 12 has for Lua 5.2 only.
        .env("LUA_PATH", ";;/usr/share/lua/5.2/?.lua")
        .args(["-F", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(output.try_clone().expect("a second handle"))
        .stdout(output)
        .spawn()
        .expect("Debian's package prosody is installed")
}

fn write_account(folder: &Path, host: &str, name: &str) {
    let accounts = folder.join("data").join(host).join("accounts");
    fs::create_dir_all(&accounts).expect("a folder of accounts");
    let account = format!("return {{ [\"password\"] = \"{PASSWORD}\" }};\n");
    fs::write(accounts.join(format!("{name}.dat")), account).expect("an account can be written");
}
