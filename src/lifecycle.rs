//! How the daemon lives and ends: named tasks, signals, a stop in two steps with a deadline, and what systemd is told.
//!
//! The *soft* token says: take nothing new, finish, flush. The *hard* token says: now. A task that ends before the soft
//! token, by returning or by a panic, takes the process down with it, since a daemon that has lost a part of itself only
//! looks alive.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// The only place that spawns tasks which outlive a request.
#[derive(Debug)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: JoinSet<()>,
    names: HashMap<Id, &'static str>,
    signals: Signals,
    reload_sender: mpsc::Sender<Reload>,
    reload_requests: Option<mpsc::Receiver<Reload>>,
}

/// A request to read the configuration again; systemd regards the reload as running until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it tells systemd that the reload is over"]
pub struct Reload(());

#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Stop(&'static str),
    Reload,
}

/// Why the daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Asked,
    TaskDied,
}

/// How long tasks have between the hard token and being aborted. They need milliseconds, but for the events of the last
/// requests, which may still go out; and a machine may be busy.
const LAST_WORDS: Duration = Duration::from_secs(3);

// === impl Lifecycle ===

impl Lifecycle {
    /// How long a stop may take where nothing else is said.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

    /// Takes over the signals of the process, so none is missed while the rest is being built.
    ///
    /// Must be called within a runtime; fails when the signal handlers cannot be installed.
    pub fn new() -> io::Result<Self> {
        // One waiting reload is enough: it reads whatever the files say by then.
        let (reload_sender, reload_requests) = mpsc::channel(1);
        Ok(Self {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            tasks: JoinSet::new(),
            names: HashMap::new(),
            signals: Signals::new()?,
            reload_sender,
            reload_requests: Some(reload_requests),
        })
    }

    /// Cancelled when the daemon should take nothing new, finish what it has, and end. Whoever cancels it asks for that.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when whatever has not ended must end at once.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// The requests to reload (SIGHUP); there is one receiver, later calls return `None`.
    pub fn reloads(&mut self) -> Option<mpsc::Receiver<Reload>> {
        self.reload_requests.take()
    }

    /// Runs a part of the daemon. The task is expected to live until the soft token is cancelled and then to end by itself.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.names.insert(id, name);
    }

    /// Reports readiness, then waits for the end: a signal, the soft token, or the death of a task.
    ///
    /// After that the tasks have until `deadline` (or a second signal) to finish. The exit code is 0 when the daemon was
    /// asked to stop and no task had to be torn down.
    pub async fn run_until_stopped(mut self, deadline: Duration) -> ExitCode {
        notify(&[NotifyState::Ready]);
        let cause = self.watch().await;
        notify(&[NotifyState::Stopping]);
        tracing::info!(deadline_secs = deadline.as_secs_f64(), "stopping");
        self.soft.cancel();
        let clean = self.finish(deadline).await;
        match (cause, clean) {
            (Cause::Asked, true) => {
                tracing::info!("stopped");
                ExitCode::SUCCESS
            }
            _ => ExitCode::FAILURE,
        }
    }

    async fn watch(&mut self) -> Cause {
        let mut watchdog = watchdog_ticks();
        let soft = self.soft.clone();
        loop {
            tokio::select! {
                biased;
                () = soft.cancelled() => return Cause::Asked,
                wish = self.signals.next() => match wish {
                    Wish::Stop(signal) => {
                        tracing::info!(signal, "asked to stop by {signal}");
                        return Cause::Asked;
                    }
                    Wish::Reload => self.request_reload(),
                },
                Some(ended) = self.tasks.join_next_with_id() => {
                    self.report_death(ended);
                    return Cause::TaskDied;
                }
                () = tick(&mut watchdog) => notify(&[NotifyState::Watchdog]),
            }
        }
    }

    /// Waits for all tasks; false when one panicked or had to be aborted.
    async fn finish(&mut self, deadline: Duration) -> bool {
        let deadline = Instant::now() + deadline;
        let mut clean = true;
        let mut watchdog = watchdog_ticks();
        while !self.tasks.is_empty() {
            tokio::select! {
                biased;
                ended = timeout_at(deadline, self.tasks.join_next_with_id()) => match ended {
                    Ok(Some(ended)) => clean &= self.forget(ended),
                    Ok(None) => break,
                    Err(_) => return clean & self.tear_down("the deadline has passed").await,
                },
                wish = self.signals.next() => if let Wish::Stop(signal) = wish {
                    tracing::info!(signal, "asked again to stop by {signal}");
                    return clean & self.tear_down("asked again").await;
                },
                () = tick(&mut watchdog) => notify(&[NotifyState::Watchdog]),
            }
        }
        clean
    }

    /// The hard step; false when a task ignored even that.
    async fn tear_down(&mut self, why: &'static str) -> bool {
        let waiting: Vec<_> = self.names.values().collect();
        tracing::warn!(tasks = ?waiting, why, "not all tasks have finished, stopping at once");
        self.hard.cancel();
        let mut clean = true;
        let ended = timeout(LAST_WORDS, async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                clean &= forget(&mut self.names, ended);
            }
        })
        .await;
        if ended.is_err() {
            let ignored: Vec<_> = self.names.values().collect();
            tracing::error!(tasks = ?ignored, "tasks did not stop and were aborted");
            self.tasks.shutdown().await;
        }
        clean && ended.is_ok()
    }

    fn request_reload(&self) {
        match self.reload_sender.try_reserve() {
            Ok(permit) => permit.send(Reload::begin()),
            // One is waiting already (it reads the newest files) or nobody reloads: both are answered at once.
            Err(_) => drop(Reload::begin()),
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) -> bool {
        forget(&mut self.names, ended)
    }

    fn report_death(&mut self, ended: Result<(Id, ()), JoinError>) {
        match ended {
            Ok((id, ())) => {
                let task = self.names.remove(&id).unwrap_or_default();
                tracing::error!(task, "task {task} ended although nothing asked it to");
            }
            Err(error) => {
                forget(&mut self.names, Err(error));
            }
        }
    }
}

// === impl Reload ===

impl Reload {
    fn begin() -> Self {
        // systemd wants both in one message: Type=notify-reload in systemd.service(5).
        match NotifyState::monotonic_usec_now() {
            Ok(now) => notify(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "cannot tell systemd that a reload begins"),
        }
        Self(())
    }
}

impl Drop for Reload {
    fn drop(&mut self) {
        notify(&[NotifyState::Ready]);
    }
}

// === impl Signals ===

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Wish::Stop("SIGINT"),
            _ = self.hangup.recv() => Wish::Reload,
        }
    }
}

/// Takes an ended task off the list; false when it panicked, which is logged.
fn forget(names: &mut HashMap<Id, &'static str>, ended: Result<(Id, ()), JoinError>) -> bool {
    match ended {
        Ok((id, ())) => {
            names.remove(&id);
            true
        }
        Err(error) => {
            let task = names.remove(&error.id()).unwrap_or_default();
            tracing::error!(task, "task {task} panicked");
            false
        }
    }
}

/// Ticks at half the interval that systemd asks for (`WatchdogSec=`), if it does.
fn watchdog_ticks() -> Option<Interval> {
    let limit = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero())?;
    let mut ticks = interval(limit / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(ticks)
}

async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Without systemd this does nothing.
fn notify(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot notify systemd");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_success(code: ExitCode) -> bool {
        format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
    }

    #[tokio::test]
    async fn a_soft_stop_lets_tasks_finish() {
        let mut lifecycle = Lifecycle::new().unwrap();
        let (soft, (finished, mut done)) = (lifecycle.soft(), mpsc::channel(1));
        let stop = soft.clone();
        lifecycle.spawn("worker", async move {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            finished.send(()).await.unwrap();
        });
        soft.cancel();
        assert!(is_success(
            lifecycle.run_until_stopped(Lifecycle::DEFAULT_DEADLINE).await
        ));
        assert_eq!(done.try_recv(), Ok(()));
    }

    #[tokio::test]
    async fn a_panic_stops_everything_with_a_failure() {
        let mut lifecycle = Lifecycle::new().unwrap();
        let soft = lifecycle.soft();
        let observed = soft.clone();
        lifecycle.spawn("survivor", async move { soft.cancelled().await });
        lifecycle.spawn("victim", async { panic!("on purpose") });
        assert!(!is_success(
            lifecycle.run_until_stopped(Lifecycle::DEFAULT_DEADLINE).await
        ));
        assert!(observed.is_cancelled());
    }

    #[tokio::test]
    async fn an_early_return_is_a_failure() {
        let mut lifecycle = Lifecycle::new().unwrap();
        lifecycle.spawn("quitter", async {});
        assert!(!is_success(
            lifecycle.run_until_stopped(Lifecycle::DEFAULT_DEADLINE).await
        ));
    }

    #[tokio::test]
    async fn the_deadline_turns_into_the_hard_token() {
        let mut lifecycle = Lifecycle::new().unwrap();
        let hard = lifecycle.hard();
        lifecycle.soft().cancel();
        lifecycle.spawn("stubborn", async move { hard.cancelled().await });
        assert!(is_success(
            lifecycle.run_until_stopped(Duration::from_millis(20)).await
        ));
    }

    #[tokio::test]
    async fn a_task_deaf_to_both_tokens_is_aborted() {
        let mut lifecycle = Lifecycle::new().unwrap();
        lifecycle.soft().cancel();
        lifecycle.spawn("deaf", std::future::pending());
        assert!(!is_success(
            lifecycle.run_until_stopped(Duration::from_millis(20)).await
        ));
    }

    #[tokio::test]
    async fn only_one_reload_waits() {
        let mut lifecycle = Lifecycle::new().unwrap();
        let mut reloads = lifecycle.reloads().unwrap();
        assert!(lifecycle.reloads().is_none());
        lifecycle.request_reload();
        lifecycle.request_reload();
        assert!(reloads.try_recv().is_ok());
        assert!(reloads.try_recv().is_err());
    }
}
