//! What usher makes of a LiveKit that goes away, dies, repeats itself and loses half of what it has to tell: in the end
//! the stream has one story of each meeting, with the figures of what really happened.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};

mod away;
mod clocks;
mod crash;
mod lives;
mod lost;
mod people;
mod real;
mod rooms;
pub mod stage;
mod wire;

/// Each takes a minute or more, and nearly all of it is waiting: so they go side by side, and each to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_webhooks_do_not_tell_is_found_out() {
    let scenarios = [
        tried("away for 10 seconds", away::for_10_seconds()),
        tried("away for 20 seconds", away::for_20_seconds()),
        tried("away for 40 seconds", away::for_40_seconds()),
        tried("a lost leave", lost::a_leave()),
        tried("a lost leave and a lost end", lost::a_leave_and_the_end()),
        tried("a lost beginning", lost::the_beginning()),
        tried("a clock a minute ahead", clocks::a_minute_ahead()),
        tried("a restart under one sid", lives::a_restart_under_one_sid()),
        tried(
            "a restart that usher did not see",
            lives::a_restart_that_usher_did_not_see(),
        ),
        tried("a ghost", lives::a_ghost()),
        tried("a ghost that is deleted", lives::a_ghost_that_is_deleted()),
        tried("an unreachable server", lives::an_unreachable_server()),
        tried("a crash of a real server", real::a_crash()),
    ];
    let failed: Vec<_> = join_all(scenarios).await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// The name of a scenario that fails; what it says stands in the output.
fn tried(
    name: &'static str,
    scenario: impl Future<Output = ()> + 'static,
) -> LocalBoxFuture<'static, Option<&'static str>> {
    let outcome = AssertUnwindSafe(scenario).catch_unwind();
    outcome
        .map(move |outcome| outcome.is_err().then_some(name))
        .boxed_local()
}
