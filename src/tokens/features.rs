//! `context.features`: what a token allows its holder, absent or complete.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

pub use crate::domain::access::FEATURES as KNOWN;

/// A decision on every known feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features([bool; KNOWN.len()]);

/// A feature that Jitsi does not know; most likely misspelt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown feature {name:?}{}", suggestion(.nearest))]
pub struct UnknownFeature {
    pub name: String,
    pub nearest: Option<&'static str>,
}

// === impl Features ===

impl Features {
    /// Allows what `wanted` says; what it does not name is forbidden.
    pub fn complete<'a>(wanted: impl IntoIterator<Item = (&'a str, bool)>) -> Result<Self, UnknownFeature> {
        let mut allowed = [false; KNOWN.len()];
        for (name, allow) in wanted {
            let at = KNOWN
                .binary_search(&name)
                .map_err(|_| UnknownFeature::new(name))?;
            allowed[at] = allow;
        }
        Ok(Self(allowed))
    }
}

impl TryFrom<&BTreeMap<String, bool>> for Features {
    type Error = UnknownFeature;

    fn try_from(wanted: &BTreeMap<String, bool>) -> Result<Self, UnknownFeature> {
        Self::complete(wanted.iter().map(|(name, allow)| (name.as_str(), *allow)))
    }
}

impl Serialize for Features {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(KNOWN.iter().zip(self.0))
    }
}

// === impl UnknownFeature ===

impl UnknownFeature {
    fn new(name: &str) -> Self {
        let short: String = name.chars().take(64).collect();
        Self {
            nearest: nearest(&short),
            name: short,
        }
    }
}

/// The known feature that a misspelt one most likely means.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let likeness = |known: &&str| strsim::jaro_winkler(known, name);
    KNOWN
        .into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|known| likeness(known) > 0.85)
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |known| format!("; did you mean {known:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_complete_once_there_are_any() {
        let features = Features::complete([("recording", true)]).unwrap();
        let written = serde_json::to_value(features).unwrap();
        assert_eq!(written.as_object().map(|all| all.len()), Some(KNOWN.len()));
        assert_eq!(written["recording"], true);
        assert_eq!(written["livestreaming"], false);
    }

    #[test]
    fn an_unknown_feature_is_named_with_its_likely_meaning() {
        let refused = Features::complete([("recordings", true)]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            r#"unknown feature "recordings"; did you mean "recording"?"#
        );
        assert_eq!(Features::complete([("zzz", true)]).unwrap_err().nearest, None);
    }
}
