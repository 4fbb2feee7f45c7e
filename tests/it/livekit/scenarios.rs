//! What usher makes of a LiveKit that goes away, dies, repeats itself and loses half of what it has to tell: in the end
//! the stream has one story of each meeting, with the figures of what really happened.

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

/// Each takes a minute or more, and nearly all of it is waiting: so they go side by side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_webhooks_do_not_tell_is_found_out() {
    tokio::join!(
        away::for_10_seconds(),
        away::for_20_seconds(),
        away::for_40_seconds(),
        lost::a_leave(),
        lost::a_leave_and_the_end(),
        lost::the_beginning(),
        clocks::a_minute_ahead(),
        lives::a_restart_under_one_sid(),
        lives::a_ghost(),
        lives::an_unreachable_server(),
        real::a_crash(),
    );
}
