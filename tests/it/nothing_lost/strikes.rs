//! Kills usher at random moments, and NATS now and then.

use super::dice::Dice;
use super::pulse::Pulse;
use crate::nats::NatsServer;
use crate::usher::Usher;

/// How often usher is killed.
pub const KILLS: usize = 60;
/// NATS is killed, or started again, at every so many kills.
const NATS_TURN: usize = 5;

/// Strikes until it has struck often enough; leaves both running. The number of times that NATS was killed.
pub async fn strike(usher: &mut Usher, nats: &mut NatsServer, pulse: &Pulse, mut dice: Dice) -> usize {
    let mut nats_kills = 0;
    for kill in 1..=KILLS {
        pulse.random_moment(&mut dice).await;
        usher.kill9();
        usher.start_again();
        if dice.one_in(5) {
            // It dies again before, or just after, it has read its store.
            pulse.random_moment_of_starting(&mut dice).await;
        } else {
            usher.wait_until_ready().await;
        }
        if kill % NATS_TURN == 0 {
            pulse.random_moment_of_starting(&mut dice).await;
            nats_kills += turn(nats, kill / NATS_TURN);
        }
    }
    tokio::task::block_in_place(|| nats.restart());
    usher.wait_until_ready().await;
    nats_kills
}

/// Down at the odd turns, up at the even ones.
fn turn(nats: &mut NatsServer, number: usize) -> usize {
    if number % 2 == 1 {
        nats.kill9();
        return 1;
    }
    tokio::task::block_in_place(|| nats.restart());
    0
}
