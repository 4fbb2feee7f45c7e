//! Hearing what one test logs while others run beside it.

use std::io;
use std::sync::LazyLock;

use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Dispatch, Level, Subscriber};

/// While a single dispatcher is there, whoever first comes to a line of the log decides for all threads whether anybody
/// wants to hear it (tracing-core 0.1.36, `has_just_one` in `src/callsite.rs`): a test that does not listen would make
/// another deaf. With a second one they are all asked.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| {
    let deaf = tracing_subscriber::fmt().with_max_level(Level::ERROR);
    deaf.with_writer(io::sink).finish().into()
});

/// `subscriber` hears this thread until the guard is dropped.
pub fn listen(subscriber: impl Subscriber + Send + Sync + 'static) -> DefaultGuard {
    LazyLock::force(&ANOTHER);
    set_default(subscriber)
}
