//! How long the tests wait: until what they wait for has happened. Only a failure comes to the end of it.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// What any one step may take, however busy the machine and however slow its disk.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Between two looks at what tells nobody of its changes, such as a metric or a file. Looking without a pause would take
/// the processor away from those that are waited for.
const GLANCE: Duration = Duration::from_millis(10);

/// Waits for what must come, or says what did not.
pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, event).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {DEADLINE:?}"),
    }
}

/// Looks again and again until `look` finds something; nothing when the deadline has passed.
pub async fn look_for<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + DEADLINE;
    let mut glances = interval(GLANCE);
    glances.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        glances.tick().await;
        let found = look().await;
        if found.is_some() || Instant::now() >= until {
            return found;
        }
    }
}
