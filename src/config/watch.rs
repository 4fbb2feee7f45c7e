//! Follows the files and publishes a new [`Config`] whenever they say something else and nothing is wrong with it.
//!
//! It watches folders, not files: a file that is replaced by rename, or behind a link that is swapped (Kubernetes), is
//! another file, and the event names neither. What changed is decided by comparing values, not by what the event says.

mod folders;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Config;
use super::fault::Faults;
use super::source::{Reading, Source};

/// Reads again when something changed, or when asked.
pub struct Watcher {
    source: Source,
    notify: RecommendedWatcher,
    changes: mpsc::Receiver<()>,
    watched: BTreeSet<PathBuf>,
    /// What the files said last, which differs from what is published while a restart is needed.
    read: Arc<Config>,
    published: watch::Sender<Arc<Config>>,
}

/// What came of reading again.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Unchanged,
    /// Published, except for the sections and keys that need a restart.
    Applied {
        needs_restart: Vec<&'static str>,
    },
    /// The last good configuration stays.
    Rejected(Faults),
}

/// An editor and a copying program make several changes for one save.
const SETTLE: Duration = Duration::from_millis(250);

/// Reading may name new folders, and reading again others; links that change all the while must not hold us.
const ROUNDS: usize = 4;

// === impl Watcher ===

impl Watcher {
    /// Watches from here on. `first` is what was read before; [`Watcher::run`] begins by reading again, so that no
    /// change in between is missed.
    ///
    /// # Errors
    ///
    /// When the operating system gives no watch, for instance because of its limit (inotify(7)).
    pub fn start(source: Source, first: Arc<Config>) -> io::Result<(Self, watch::Receiver<Arc<Config>>)> {
        let (changed, changes) = mpsc::channel(1);
        let notify = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading is an event too. An error may mean that events were lost, so it is a reason to look.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                // A full channel already holds the news.
                let _ = changed.try_send(());
            }
        });
        let (published, receiver) = watch::channel(first.clone());
        let mut watcher = Self {
            source,
            notify: notify.map_err(io::Error::other)?,
            changes,
            watched: BTreeSet::new(),
            read: first,
            published,
        };
        let files = BTreeSet::from([watcher.source.usher_file()]);
        watcher.follow(folders::of(&files)).map_err(io::Error::other)?;
        Ok((watcher, receiver))
    }

    /// Runs until `stop`. Every item of `reload_requests` (SIGHUP) makes it read at once and is dropped when that is
    /// done; `observe` hears what came of each reading, after it was published.
    pub async fn run<R: Send>(
        mut self,
        stop: CancellationToken,
        mut reload_requests: mpsc::Receiver<R>,
        observe: impl Fn(&Outcome) + Send,
    ) {
        let mut request = None;
        loop {
            let Some(outcome) = self.reload().await else {
                return;
            };
            outcome.log();
            observe(&outcome);
            drop(request.take());
            tokio::select! {
                () = stop.cancelled() => return,
                Some(asked) = reload_requests.recv() => request = Some(asked),
                Some(()) = self.changes.recv() => {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(SETTLE) => {}
                    }
                }
            }
            // What changes from here on is news again.
            let _ = self.changes.try_recv();
        }
    }

    /// `None` when the runtime is going down.
    async fn reload(&mut self) -> Option<Outcome> {
        let reading = self.read_watched().await?;
        Some(match reading.result {
            Err(faults) => Outcome::Rejected(faults),
            Ok(config) if config == *self.read => Outcome::Unchanged,
            Ok(config) => {
                for warning in &reading.warnings {
                    tracing::warn!("configuration: {warning}");
                }
                self.publish(config)
            }
        })
    }

    /// Watches first, then reads; again while that names other folders. `None` when the runtime is going down.
    async fn read_watched(&mut self) -> Option<Reading> {
        let mut folders = self.watched.clone();
        let mut rounds = 0;
        loop {
            if let Err(error) = self.follow(folders) {
                tracing::warn!("cannot watch the configuration, send SIGHUP after changing it: {error}");
            }
            let reading = self.read_once().await?;
            folders = folders::of(&reading.files);
            rounds += 1;
            if folders == self.watched || rounds == ROUNDS {
                return Some(reading);
            }
        }
    }

    async fn read_once(&self) -> Option<Reading> {
        let source = self.source.clone();
        match tokio::task::spawn_blocking(move || source.read()).await {
            Ok(reading) => Some(reading),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_cancelled) => None,
            },
        }
    }

    fn publish(&mut self, mut config: Config) -> Outcome {
        self.read = Arc::new(config.clone());
        let needs_restart = config.keep_until_restart(&self.published.borrow());
        self.published.send_if_modified(|published| {
            let differs = **published != config;
            if differs {
                *published = Arc::new(config);
            }
            differs
        });
        Outcome::Applied { needs_restart }
    }

    /// Watches these folders and no others. Those that were watched are watched anew: a folder that was removed and
    /// made again, or moved and replaced, has lost its watch.
    fn follow(&mut self, folders: BTreeSet<PathBuf>) -> notify::Result<()> {
        for old in &self.watched {
            // It may be gone, and its watch with it.
            let _ = self.notify.unwatch(old);
        }
        self.watched = folders;
        let mut told = Ok(());
        for folder in &self.watched {
            // Every one is tried, then the first failure told.
            told = told.and(self.notify.watch(folder, RecursiveMode::NonRecursive));
        }
        told
    }
}

// === impl Outcome ===

impl Outcome {
    fn log(&self) {
        match self {
            Self::Unchanged => tracing::debug!("configuration read again, nothing changed"),
            Self::Applied { needs_restart } => {
                tracing::info!("configuration applied");
                for key in needs_restart {
                    tracing::warn!(key, "{key} changed, which needs restart; the rest is applied");
                }
            }
            Self::Rejected(faults) => {
                for fault in faults {
                    tracing::error!("configuration not applied: {fault}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
