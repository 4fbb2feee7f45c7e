//! The file behind the event log: append and reach the disk, repair, put aside, delete.
//!
//! It needs no clock: the time of the last event in a file is when the file was modified.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::LogLimits;
use super::ids::RecentIds;
use crate::bus::Message;
use crate::domain::Timestamp;

/// The log as it stands on the disk.
#[derive(Debug)]
pub(super) struct LogFile {
    folder: PathBuf,
    limits: LogLimits,
    file: File,
    /// How much of the file has reached the disk.
    length: u64,
    /// Whether there may be something behind `length` that was not acknowledged.
    dirty: bool,
    recent: RecentIds,
}

/// The file that is written to.
pub(super) const NAME: &str = "events.jsonl";
const ASIDE_PREFIX: &str = "events-";
const ASIDE_SUFFIX: &str = ".jsonl";

/// How much of the end is looked at when the log is opened.
pub(super) const TAIL_BYTES: u64 = 1024 * 1024;

// === impl LogFile ===

impl LogFile {
    pub fn open(folder: &Path, limits: LogLimits) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut file = open_log(folder)?;
        let length = repair(&mut file)?;
        let mut recent = RecentIds::default();
        if let Some((newest, _)) = put_aside(folder)?.pop() {
            recent.learn(&tail(&mut File::open(newest)?, TAIL_BYTES)?);
        }
        recent.learn(&tail(&mut file, TAIL_BYTES)?);
        Ok(Self {
            folder: folder.to_owned(),
            limits,
            file,
            length,
            dirty: false,
            recent,
        })
    }

    /// Writes those that are not there yet, as one piece, and returns when they have reached the disk.
    ///
    /// On an error none of them counts as written, and the file is as it was, now or before the next write.
    pub fn append<'a>(&mut self, messages: impl Iterator<Item = &'a Message>) -> io::Result<()> {
        self.clean()?;
        self.rotate_if_large();
        let mut lines = Vec::new();
        let mut ids: Vec<&str> = Vec::new();
        for message in messages {
            if !self.recent.contains(&message.id) && !ids.contains(&message.id.as_str()) {
                ids.push(&message.id);
                push_line(&mut lines, &message.payload);
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        self.dirty = true;
        let stored = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        if let Err(error) = stored {
            // A failure here is met again, and reported, by the next write.
            let _ = self.clean();
            return Err(error);
        }
        self.dirty = false;
        self.length += lines.len() as u64;
        ids.iter().for_each(|id| self.recent.insert(id));
        Ok(())
    }

    /// Cuts off what was not acknowledged.
    fn clean(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.set_len(self.length)?;
            self.dirty = false;
        }
        Ok(())
    }

    /// A file that cannot be put aside goes on growing: events matter more than its size.
    fn rotate_if_large(&mut self) {
        if self.length < self.limits.rotate_bytes {
            return;
        }
        match self.rotate() {
            Ok(()) => self.delete_old(),
            Err(error) => {
                tracing::warn!(%error, folder = %self.folder.display(), "the event log cannot be put aside")
            }
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        let current = self.folder.join(NAME);
        let aside = self.free_name(self.file.metadata()?.modified()?);
        fs::rename(&current, &aside)?;
        match open_log(&self.folder) {
            Ok(file) => self.file = file,
            Err(error) => {
                fs::rename(&aside, &current)?;
                return Err(error);
            }
        }
        self.length = 0;
        Ok(())
    }

    fn free_name(&self, last_event: SystemTime) -> PathBuf {
        let stamp = Timestamp::from(last_event)
            .format("%Y%m%dT%H%M%S%.6fZ")
            .to_string();
        let named = |text: &str| self.folder.join(format!("{ASIDE_PREFIX}{text}{ASIDE_SUFFIX}"));
        let mut path = named(&stamp);
        let mut n = 0;
        while path.exists() {
            n += 1;
            path = named(&format!("{stamp}.{n:03}"));
        }
        path
    }

    /// The file that was put aside last stands for now: its last event has just been written.
    fn delete_old(&self) {
        if self.limits.keep.is_zero() {
            return;
        }
        let deleted = put_aside(&self.folder).and_then(|files| {
            let Some(oldest_kept) = files
                .last()
                .and_then(|(_, last)| last.checked_sub(self.limits.keep))
            else {
                return Ok(());
            };
            let old = files.iter().filter(|(_, last_event)| *last_event < oldest_kept);
            old.map(|(path, _)| path).try_for_each(fs::remove_file)
        });
        if let Err(error) = deleted {
            tracing::warn!(%error, folder = %self.folder.display(), "old event logs cannot be deleted");
        }
    }
}

/// A line break in JSON can only stand between tokens, where a blank means the same.
fn push_line(lines: &mut Vec<u8>, payload: &[u8]) {
    lines.extend(
        payload
            .iter()
            .map(|byte| if *byte == b'\n' { b' ' } else { *byte }),
    );
    lines.push(b'\n');
}

/// Opens or makes the file, and makes sure that its name survives a power cut too.
fn open_log(folder: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let file = options.open(folder.join(NAME))?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// Cuts the file back to its last whole line and returns its length.
///
/// Zero bytes are blocks that a power cut kept from being written; no JSON line has any, so what begins there was never
/// acknowledged.
fn repair(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = tail(file, TAIL_BYTES)?;
    if !end.contains(&b'\n') {
        end = tail(file, length)?;
    }
    let written = end.iter().position(|byte| *byte == 0).unwrap_or(end.len());
    let whole = end[..written]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let good = length - (end.len() - whole) as u64;
    if good < length {
        tracing::warn!(bytes = length - good, "cut an unfinished line off the event log");
        file.set_len(good)?;
        file.sync_data()?;
    }
    Ok(good)
}

fn tail(file: &mut File, bytes: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut end = Vec::new();
    file.take(bytes).read_to_end(&mut end)?;
    Ok(end)
}

/// The files that were put aside, with the time of their last event, the oldest first.
fn put_aside(folder: &Path) -> io::Result<Vec<(PathBuf, SystemTime)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_aside(&entry.file_name()) {
            files.push((entry.path(), entry.metadata()?.modified()?));
        }
    }
    files.sort_by(|(a, a_time), (b, b_time)| a_time.cmp(b_time).then_with(|| a.cmp(b)));
    Ok(files)
}

fn is_aside(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with(ASIDE_PREFIX) && name.ends_with(ASIDE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use tempfile::TempDir;

    use super::*;

    fn message(id: &str) -> Message {
        Message {
            id: id.to_owned(),
            subject_tail: String::new(),
            payload: Bytes::from(format!(r#"{{"id":"{id}"}}"#)),
        }
    }

    /// `/dev/full` refuses every write as a full disk does, and cannot be cut short either.
    #[test]
    fn a_full_disk_is_an_error_and_loses_nothing() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(NAME);
        let limits = LogLimits {
            rotate_bytes: u64::MAX,
            keep: Duration::ZERO,
        };
        let mut log = LogFile::open(folder.path(), limits).unwrap();
        log.append([&message("a")].into_iter()).unwrap();
        log.file = File::options().append(true).open("/dev/full").unwrap();
        let refused = log.append([&message("b")].into_iter()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        log.file = File::options().append(true).open(&path).unwrap();
        log.file.write_all(b"{\"id\":\"b").unwrap();
        log.append([&message("a"), &message("b")].into_iter()).unwrap();
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            "{\"id\":\"a\"}\n{\"id\":\"b\"}\n"
        );
    }
}
