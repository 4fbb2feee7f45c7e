//! Cursors: how far somebody has heard, in the words of one start of the daemon.

use std::fmt;

use crate::domain::hex;

/// One start of the daemon.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Process([u8; 4]);

// === impl Process ===

impl Process {
    pub fn new(random: [u8; 4]) -> Self {
        Self(random)
    }

    /// `{process}-{number}`: everything up to that number has been heard.
    pub fn cursor(self, number: u64) -> String {
        format!("{self:?}-{number}")
    }

    /// The number of a cursor of this start.
    pub fn number(self, cursor: &str) -> Option<u64> {
        let (process, number) = cursor.split_once('-')?;
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_plain)?;
        (process == hex(&self.0)).then_some(number)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_of_another_start_or_none_at_all_has_no_number() {
        let process = Process::new([0xfe, 0xed, 0, 1]);
        assert_eq!(process.cursor(7), "feed0001-7");
        for text in [
            "feed0002-7",
            "feed0001-",
            "feed0001-+7",
            "feed0001",
            "-7",
            "",
            "feed0001-99999999999999999999",
        ] {
            assert_eq!(process.number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_its_number(random: [u8; 4], number: u64) {
            let process = Process::new(random);
            prop_assert_eq!(process.number(&process.cursor(number)), Some(number));
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = Process::new([1; 4]).number(&text);
        }
    }
}
