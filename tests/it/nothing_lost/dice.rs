//! Chance that can be repeated: the seed is printed, and `USHER_TEST_SEED` brings the same throws again.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A small generator (SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

// === impl Dice ===

impl Dice {
    /// Seeded from the environment, or anew.
    #[expect(clippy::print_stderr, reason = "who repeats a failure needs the seed")]
    pub fn from_environment() -> Self {
        let given = std::env::var_os("USHER_TEST_SEED").map(|seed| seed.to_string_lossy().parse());
        let seed = match given {
            Some(seed) => seed.expect("USHER_TEST_SEED is a number"),
            None => RandomState::new().build_hasher().finish(),
        };
        eprintln!("USHER_TEST_SEED={seed}");
        Self(seed)
    }

    /// Dice of somebody else's, so that the throws of one task do not depend on another's pace.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// From 0 to `sides` − 1.
    pub fn below(&mut self, sides: usize) -> usize {
        let sides = u64::try_from(sides).expect("usize has at most 64 bits here");
        usize::try_from(self.next() % sides).expect("it is below a usize")
    }

    pub fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
