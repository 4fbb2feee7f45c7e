//! The floor for RS256: how many signatures a second all cores make together when they do nothing else.
//!
//! `raw_signing KEY_DER SECONDS` takes a PKCS#8 key in DER and prints one number.

use std::error::Error;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

/// About as long as a Jitsi token's header and payload.
const MESSAGE: [u8; 512] = [b'x'; 512];

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> Result<(), Box<dyn Error>> {
    let [key_file, seconds] = arguments()?;
    let key = RsaKeyPair::from_pkcs8(&std::fs::read(key_file)?)?;
    let span = Duration::from_secs(seconds.parse()?);
    let cores = thread::available_parallelism()?.get();

    let started = Instant::now();
    let signed: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(|| sign_for(&key, span))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .sum()
    });
    println!("{:.1}", signed as f64 / started.elapsed().as_secs_f64());
    Ok(())
}

/// How many signatures one thread made in `span`.
fn sign_for(key: &RsaKeyPair, span: Duration) -> u64 {
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public_modulus_len()];
    let started = Instant::now();
    let mut signed = 0;
    while started.elapsed() < span
        && key
            .sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature)
            .is_ok()
    {
        signed += 1;
    }
    signed
}

/// Key file and seconds, in that order.
fn arguments() -> Result<[String; 2], &'static str> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given.try_into().map_err(|_| "usage: raw_signing KEY_DER SECONDS")
}
