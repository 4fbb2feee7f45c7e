//! The beat of the load: how many requests were tried and how many acknowledged, and waiting for more of them.

use tokio::sync::watch;

use super::dice::Dice;
use crate::patience::soon;

/// Shared by those who make requests and those who wait for a moment to strike; cheap to clone.
#[derive(Debug, Clone)]
pub struct Pulse {
    tried: watch::Sender<usize>,
    acknowledged: watch::Sender<usize>,
    over: watch::Sender<bool>,
}

// === impl Pulse ===

impl Pulse {
    pub fn new() -> Self {
        Self {
            tried: watch::Sender::new(0),
            acknowledged: watch::Sender::new(0),
            over: watch::Sender::new(false),
        }
    }

    /// A request goes out now.
    pub fn tried(&self) {
        self.tried.send_modify(|count| *count += 1);
    }

    /// usher has promised something.
    pub fn acknowledged(&self) {
        self.acknowledged.send_modify(|count| *count += 1);
    }

    pub fn acknowledgements(&self) -> usize {
        *self.acknowledged.borrow()
    }

    /// No more strikes will come.
    pub fn end(&self) {
        self.over.send_replace(true);
    }

    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// A random moment: some beats from now, and then somewhere within the work on a request.
    pub async fn random_moment(&self, dice: &mut Dice) {
        if dice.one_in(2) {
            after(&self.tried, 1 + dice.below(20)).await;
        } else {
            after(&self.acknowledged, 1 + dice.below(12)).await;
        }
        self.moments(dice.below(400)).await;
    }

    /// The same while usher may not answer at all: only attempts beat then.
    pub async fn random_moment_of_starting(&self, dice: &mut Dice) {
        after(&self.tried, 1 + dice.below(60)).await;
    }

    /// Returns after so many acknowledgements, or when the strikes are over.
    pub async fn next(&self, beats: usize) {
        let mut over = self.over.subscribe();
        tokio::select! {
            () = after(&self.acknowledged, beats) => {}
            _ = over.wait_for(|over| *over) => {}
        }
    }

    /// Lets the other tasks run for a while too short to name.
    async fn moments(&self, count: usize) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
    }
}

async fn after(count: &watch::Sender<usize>, beats: usize) {
    let goal = *count.borrow() + beats;
    let mut beat = count.subscribe();
    let reached = soon("the next beat of the load", beat.wait_for(|count| *count >= goal)).await;
    reached.expect("the sender is alive");
}
