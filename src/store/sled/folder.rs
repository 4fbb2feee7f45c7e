//! The folder that sled lives in: made, claimed for one process, tidied, and safe on the disk before the first answer.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::OpenError;

/// Our own file beside sled's.
const MARK: &str = "revision";
/// How the name of a file ends that is still being written, sled's and ours.
const UNFINISHED: &str = ".generating";

/// A folder that this process alone uses, for as long as the value lives.
pub struct Folder {
    path: PathBuf,
    /// Holds the lock, and reaches the folder's entries on the disk.
    handle: File,
}

// === impl Folder ===

impl Folder {
    /// Claims the folder for this process, making it (and those above it) for its own user only if it is missing.
    pub fn claim(path: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Folder {
            path: path.to_owned(),
            source,
        };
        make(path).map_err(unusable)?;
        let handle = File::open(path).map_err(unusable)?;
        match handle.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                handle,
            }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what an interrupted opening leaves behind and the next one would take for the real thing.
    ///
    /// A `snap.….generating` is a snapshot still being written, yet sled 0.34.7 prefers it to the finished one
    /// (`get_snapshot_files` in `src/config.rs` skips another ending) and refuses to start if it is torn. A `conf` without
    /// a data file was never written to the end.
    pub fn tidy(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
        }
        let (conf, data) = (self.path.join("conf"), self.data_path());
        if conf.try_exists()? && !data.try_exists()? {
            fs::remove_file(conf)?;
        }
        Ok(())
    }

    /// Brings everything that sled needs to start onto the disk: its files, and the folder's entries for them.
    ///
    /// sled never syncs `conf` nor any folder. What a process wrote before it was killed is read by the next one, so it
    /// must be durable before it is shown.
    pub fn sync(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                File::open(entry.path())?.sync_all()?;
            }
        }
        self.handle.sync_all()
    }

    /// The revision that the database must have reached, if it was ever in use.
    ///
    /// sled takes a data file that it cannot read for an empty one, and stops without a word at the first damage it meets
    /// in the log; only somebody who knows what was there can tell.
    pub fn mark(&self) -> io::Result<Option<u64>> {
        match fs::read_to_string(self.path.join(MARK)) {
            Ok(text) => match text.trim_end().parse() {
                Ok(revision) => Ok(Some(revision)),
                Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Notes that the database has reached a revision, which must be durable by now.
    pub fn set_mark(&self, revision: u64) -> io::Result<()> {
        let new = self.path.join(format!("{MARK}{UNFINISHED}"));
        let mut file = File::create(&new)?;
        writeln!(file, "{revision}")?;
        file.sync_all()?;
        fs::rename(new, self.path.join(MARK))?;
        self.handle.sync_all()
    }

    /// A descriptor of our own on sled's data file, to call fdatasync on.
    pub fn data(&self) -> io::Result<File> {
        File::options().write(true).open(self.data_path())
    }

    /// Waits until sled's threads have let go of the data file, for a second at most; they need microseconds. Then the
    /// folder is anybody's.
    ///
    /// Otherwise the next opener in this process could meet sled's own lock. And closing alone gives up no lock while a
    /// child that was just forked still has a copy of the descriptor, before its exec (flock(2)).
    pub fn release(self, data: &File) {
        let start = Instant::now();
        while data.try_lock().is_err() && start.elapsed() < Duration::from_secs(1) {
            std::thread::yield_now();
        }
        // What fails here is made up for by closing.
        let _ = data.unlock();
        let _ = self.handle.unlock();
    }

    fn data_path(&self) -> PathBuf {
        self.path.join("db")
    }
}

/// Makes what is missing of a path, durably.
fn make(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for folder in missing {
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_released_is_free_whoever_has_a_copy_of_its_descriptors() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::claim(dir.path()).unwrap();
        fs::write(folder.data_path(), "").unwrap();
        let data = folder.data().unwrap();
        // A child that was just forked has such copies.
        let _copies = (folder.handle.try_clone().unwrap(), data.try_clone().unwrap());
        assert!(matches!(Folder::claim(dir.path()), Err(OpenError::InUse { .. })));
        folder.release(&data);
        let next = Folder::claim(dir.path()).unwrap();
        next.data().unwrap().try_lock().unwrap();
    }
}
