//! Who is let in: tokens asked for and checked, people who sign in, and the trail of both.

use prometheus::{Error, IntGauge, Registry};

use super::gauge;
use super::set::{CounterPairs, CounterSet};
use crate::telemetry::label::{
    AuditAction, AuditOutcome, SignInMethod, SignInResult, TokenCheck, TokenKind, TokenResult,
};

#[derive(Debug)]
pub(super) struct Admission {
    pub(super) tokens: CounterPairs<TokenKind, TokenResult>,
    pub(super) token_checks: CounterSet<TokenCheck>,
    pub(super) signins: CounterPairs<SignInMethod, SignInResult>,
    pub(super) audit_records: CounterPairs<AuditAction, AuditOutcome>,
    pub(super) audit_waiting: IntGauge,
}

// === impl Admission ===

impl Admission {
    pub(super) fn new(r: &Registry) -> Result<Self, Error> {
        Ok(Self {
            tokens: CounterPairs::new(
                r,
                ["usher_tokens_total", "Requests for a token."],
                ["kind", "result"],
            )?,
            token_checks: CounterSet::new(
                r,
                [
                    "usher_token_checks_total",
                    "Checks of a token by what they found.",
                ],
                "result",
            )?,
            signins: CounterPairs::new(
                r,
                ["usher_signins_total", "Attempts of people to sign in."],
                ["method", "result"],
            )?,
            audit_records: CounterPairs::new(
                r,
                [
                    "usher_audit_records_total",
                    "Audit records by what was done and how it ended.",
                ],
                ["action", "outcome"],
            )?,
            audit_waiting: gauge(
                r,
                "usher_audit_waiting",
                "Audit records stored and not yet acknowledged by the bus.",
            )?,
        })
    }
}
