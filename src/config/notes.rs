//! What one reading of the configuration has come across: faults, warnings, and the files it read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::fault::{Fault, Place};
use super::secret::Secret;

/// The notebook that is handed through one reading.
pub(super) struct Notes {
    dir: PathBuf,
    credentials: Option<PathBuf>,
    faults: RefCell<Vec<Fault>>,
    warnings: RefCell<Vec<String>>,
    files: RefCell<BTreeSet<PathBuf>>,
}

/// What is left of it in the end.
pub(super) struct Noted {
    pub faults: Vec<Fault>,
    pub warnings: Vec<String>,
    pub files: BTreeSet<PathBuf>,
}

/// One of the four files.
pub(super) enum Text {
    Read(String),
    Missing,
    /// The fault is noted.
    Unreadable,
}

/// Names that may be given only once.
#[derive(Default)]
pub(super) struct Once(RefCell<BTreeSet<String>>);

/// No secret is longer; a path to something endless must not fill the memory.
const SECRET_MAX_BYTES: u64 = 64 * 1024;

// === impl Notes ===

impl Notes {
    /// Relative paths begin at `dir`.
    pub fn new(dir: &Path, env: &Environment) -> Self {
        Self {
            dir: dir.to_owned(),
            credentials: env.credentials(),
            faults: RefCell::default(),
            warnings: RefCell::default(),
            files: RefCell::default(),
        }
    }

    pub fn add(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    pub fn extend(&self, faults: Vec<Fault>) {
        self.faults.borrow_mut().extend(faults);
    }

    pub fn fault(&self, place: &Place, key: impl Into<String>, message: impl Into<String>) {
        self.add(Fault::new(place.clone(), key, message));
    }

    pub fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// A path as written, from the configuration folder on.
    pub fn path(&self, written: &str) -> PathBuf {
        self.dir.join(written)
    }

    /// The text of one of the four files.
    pub fn read_file(&self, name: &'static str) -> Text {
        let path = self.dir.join(name);
        self.files.borrow_mut().insert(path.clone());
        match std::fs::read_to_string(&path) {
            Ok(text) => Text::Read(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Text::Missing,
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                self.fault(&Place::File(name), "", message);
                Text::Unreadable
            }
        }
    }

    /// The trimmed content of a secret's file, which is looked for in the configuration folder and then among
    /// systemd's credentials. The error says what is wrong with the file, never what is in it.
    pub fn read_secret(&self, written: &str) -> Result<Secret, String> {
        let path = self.secret_path(written);
        self.files.borrow_mut().insert(path.clone());
        let (text, mode) =
            read_bounded(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if mode & 0o004 != 0 {
            self.warn(format!(
                "{} can be read by every user of this machine",
                path.display()
            ));
        }
        match text.trim() {
            "" => Err(format!("{} is empty", path.display())),
            secret => Ok(Secret::new(secret)),
        }
    }

    fn secret_path(&self, written: &str) -> PathBuf {
        let path = self.dir.join(written);
        let credential = self.credentials.as_ref().map(|dir| dir.join(written));
        match credential {
            Some(credential) if !path.exists() && credential.exists() => {
                // Somebody may yet put a file where it is looked for first.
                self.files.borrow_mut().insert(path);
                credential
            }
            _ => path,
        }
    }

    pub fn finish(self) -> Noted {
        Noted {
            faults: self.faults.into_inner(),
            warnings: self.warnings.into_inner(),
            files: self.files.into_inner(),
        }
    }
}

fn read_bounded(path: &Path) -> io::Result<(String, u32)> {
    let file = std::fs::File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    let mut text = String::new();
    let length = file.take(SECRET_MAX_BYTES + 1).read_to_string(&mut text)?;
    match u64::try_from(length) {
        Ok(0..=SECRET_MAX_BYTES) => Ok((text, mode)),
        _ => Err(io::Error::other("it is longer than any secret")),
    }
}

// === impl Once ===

impl Once {
    /// The name itself, the first time.
    pub fn claim(&self, name: String) -> Result<String, String> {
        match self.0.borrow_mut().insert(name.clone()) {
            true => Ok(name),
            false => Err(format!("{name:?} is there twice")),
        }
    }

    /// For what must not be shown.
    pub fn claim_unnamed<T>(&self, id: String, value: T) -> Result<T, String> {
        self.claim(id).map(|_| value).map_err(|_| "is there twice".into())
    }
}
