//! A thread that writes log lines, so that nobody else waits for standard output.
//!
//! Lines gather in one buffer that the thread takes whole, with a short pause between two takes: under load a line costs
//! its caller a lock and a copy, and the system one write for many lines. When the reader stalls, the buffer fills up,
//! further lines are dropped, and their number is logged once there is room again.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where lines are put; clones share the thread.
#[derive(Debug, Clone)]
pub(super) struct LineWriter {
    shared: Arc<Shared>,
}

/// Ends the thread when dropped, after everything that waits has been written.
#[derive(Debug)]
#[must_use = "without the guard nothing is written"]
pub struct WriterGuard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    dropped: u64,
    closed: bool,
}

/// About ten thousand lines: seconds of a busy daemon.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// How long lines gather after a write; also the most that is lost to a `kill -9`.
const GATHER: Duration = Duration::from_millis(10);

// === impl LineWriter ===

impl LineWriter {
    /// Fails when the thread cannot be started.
    pub fn start(sink: impl Write + Send + 'static) -> io::Result<(Self, WriterGuard)> {
        let shared = Arc::new(Shared::default());
        let writer = shared.clone();
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writer.write_all(sink))?;
        Ok((
            Self {
                shared: shared.clone(),
            },
            WriterGuard {
                shared,
                thread: Some(thread),
            },
        ))
    }

    /// Hands over whole lines, each with its line end.
    pub fn push(&self, line: &[u8]) {
        let mut queue = self.shared.lock();
        if queue.bytes.len() + line.len() > MAX_WAITING_BYTES {
            queue.dropped += 1;
            return;
        }
        let was_empty = queue.bytes.is_empty();
        queue.bytes.extend_from_slice(line);
        drop(queue);
        if was_empty {
            self.shared.arrived.notify_one();
        }
    }
}

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// === impl WriterGuard ===

impl Drop for WriterGuard {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take() {
            // It ends by itself; a panic in it has nobody left to be told to.
            let _ = thread.join();
        }
    }
}

// === impl Shared ===

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        loop {
            let (dropped, closed) = self.take(&mut batch);
            // A log that cannot be written has no place to complain; the daemon's work is worth more than its log.
            let _ = sink.write_all(&batch).and_then(|()| sink.flush());
            if dropped > 0 {
                tracing::warn!(
                    dropped,
                    "{dropped} log lines were dropped because nobody read them"
                );
            }
            if closed {
                return;
            }
            batch.clear();
            thread::sleep(GATHER);
        }
    }

    /// Waits for lines and swaps them with the empty `batch`; says how many were dropped and whether these are the last.
    fn take(&self, batch: &mut Vec<u8>) -> (u64, bool) {
        let nothing_to_do = |queue: &mut Queue| queue.bytes.is_empty() && !queue.closed;
        let waiting = self.arrived.wait_while(self.lock(), nothing_to_do);
        let mut queue = waiting.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut queue.bytes, batch);
        (std::mem::take(&mut queue.dropped), queue.closed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Blocks until it is allowed to write, and tells what it wrote.
    struct Stalling {
        allowed: mpsc::Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Stalling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // A closed channel means that nothing stalls any more.
            let _ = self.allowed.recv();
            self.written.send(bytes.to_vec()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stalling() -> (LineWriter, WriterGuard, mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>) {
        let (allow, allowed) = mpsc::channel();
        let (written, receiver) = mpsc::channel();
        let (lines, guard) = LineWriter::start(Stalling { allowed, written }).unwrap();
        (lines, guard, allow, receiver)
    }

    #[test]
    fn what_waits_is_written_before_the_guard_is_gone() {
        let (lines, guard, allow, written) = stalling();
        drop(allow);
        for number in 0..1000 {
            lines.push(format!("{number}\n").as_bytes());
        }
        drop(guard);
        let text: Vec<u8> = written.try_iter().flatten().collect();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 1000);
        assert!(text.ends_with(b"999\n"));
    }

    #[test]
    fn a_stalled_reader_costs_lines_and_not_time_or_memory() {
        let (lines, guard, allow, _written) = stalling();
        let line = [b'x'; 1024];
        lines.push(&line);
        // Once the writer has taken the first line it hangs at it.
        while !lines.shared.lock().bytes.is_empty() {
            thread::yield_now();
        }
        for _ in 0..3 * MAX_WAITING_BYTES / line.len() {
            lines.push(&line);
        }
        let queue = lines.shared.lock();
        assert!(queue.bytes.len() <= MAX_WAITING_BYTES);
        assert!(queue.dropped >= (MAX_WAITING_BYTES / line.len()) as u64);
        drop((queue, allow, guard));
    }
}
