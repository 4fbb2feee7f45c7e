//! The front door over real sockets: what slow, greedy, broken and many callers get.

mod answers;
mod door;
mod many;
mod ops;
mod slow;
mod stop;
