//! Loopback ports for servers that go down and come back: each is given out once, and nobody else takes it meanwhile.
//!
//! The kernel gives the ports of one range to outgoing connections and to listeners without a wish of their own, so ours
//! lie outside of it. They come in blocks. A block belongs to the process that listens on its first port, so that
//! several runs of these tests can go on side by side.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Ports of a block, its first included.
const BLOCK: u16 = 256;
/// What lies below is for the daemons of the machine.
const LOWEST: u16 = 10_000;
/// The range of the kernel where it does not tell another (`ip_local_port_range` in ip(7)).
const USUAL_RANGE: (u16, u16) = (32_768, 60_999);

/// Ports that are ours until the process ends.
struct Block {
    _mark: TcpListener,
    rest: Range<u16>,
}

static BLOCKS: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// A loopback port that nobody uses, for one server of one test.
pub fn free_port() -> u16 {
    let mut blocks = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let port = blocks
            .last_mut()
            .and_then(|block| block.rest.find(|port| listen(*port).is_some()));
        match port {
            Some(port) => return port,
            None => blocks.push(Block::take()),
        }
    }
}

// === impl Block ===

impl Block {
    /// The first block that is nobody's, from a random place on.
    fn take() -> Self {
        let ports = outside(kernels_range().unwrap_or(USUAL_RANGE));
        let count = usize::from((ports.end - ports.start) / BLOCK);
        let start = RandomState::new().build_hasher().finish() as usize % count;
        let mut firsts = ports.step_by(usize::from(BLOCK)).take(count).cycle().skip(start);
        let take = |first: u16| {
            Some(Self {
                _mark: listen(first)?,
                rest: first + 1..first + BLOCK,
            })
        };
        let block = firsts.by_ref().take(count).find_map(take);
        block.unwrap_or_else(|| panic!("{count} blocks of ports, and all are taken"))
    }
}

fn listen(port: u16) -> Option<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
}

/// The larger part of what the kernel's range leaves; where it leaves nothing, as if it were the usual one.
fn outside((low, high): (u16, u16)) -> Range<u16> {
    let (below, above) = (LOWEST..low.max(LOWEST), high.max(LOWEST)..u16::MAX);
    let larger = if below.len() > above.len() { below } else { above };
    match larger.len() >= usize::from(BLOCK) {
        true => larger.start + 1..larger.end,
        false => outside(USUAL_RANGE),
    }
}

fn kernels_range() -> Option<(u16, u16)> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[test]
fn no_port_is_given_twice_or_in_the_kernels_range() {
    let given: Vec<u16> = (0..2 * BLOCK).map(|_| free_port()).collect();
    let mut distinct = given.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), given.len());
    for (range, expected) in [
        ((32_768, 60_999), 10_001..32_768),
        ((1_024, 30_000), 30_001..65_535),
        ((1_024, 65_535), 10_001..32_768),
    ] {
        assert_eq!(outside(range), expected);
    }
}
