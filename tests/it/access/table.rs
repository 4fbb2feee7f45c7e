//! The table as it stands in `table.txt`: one line for each operation, one column for each caller.

use std::fmt;
use std::fs;
use std::path::Path;

use super::callers::CALLERS;

/// In the place of a column each: everybody is answered the same.
const EVERYBODY: &str = "*";
/// How a cell tells a refusal: the status, its code, and the letter where that is not the usual one for the status.
const REFUSALS: [(u16, &str, &str); 13] = [
    (400, "invalid_field", ""),
    (401, "unauthenticated", ""),
    (401, "invalid_refresh_token", "F"),
    (401, "link_token", "L"),
    (401, "malformed", "M"),
    (401, "revoked", "R"),
    (403, "missing_scope", ""),
    (403, "role_context_forbidden", "C"),
    (403, "guests_not_allowed", "G"),
    (403, "not_organiser", "O"),
    (403, "removed_from_meeting", "P"),
    (404, "not_found", ""),
    (409, "unsupported_by_backend", ""),
];

/// What everybody is answered who asks for one operation.
pub struct Row {
    pub method: String,
    /// As the description has it, with names in braces.
    pub path: String,
    /// A status with what is in the answer, for each of [`CALLERS`]; see `table.txt`.
    pub cells: Vec<String>,
}

// === impl Row ===

impl Row {
    fn read(line: &str) -> Self {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next(), words.next());
        let mut cells: Vec<_> = words.collect();
        if let [everybody, cell] = &cells[..]
            && everybody == EVERYBODY
        {
            cells = vec![cell.clone(); CALLERS.len()];
        }
        assert_eq!(cells.len(), CALLERS.len(), "one for each caller: {line}");
        Self {
            method: method.expect("a line that is not empty has a word"),
            path: path.unwrap_or_else(|| panic!("no path: {line}")),
            cells,
        }
    }
}

/// The name of the operation.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The table, from top to bottom.
pub fn rows() -> Vec<Row> {
    lines().iter().skip(1).map(|line| Row::read(line)).collect()
}

/// The names of the columns.
pub fn heading() -> Vec<String> {
    let lines = lines();
    let first = lines.first().expect("the table has a heading");
    first.split_whitespace().skip(1).map(str::to_owned).collect()
}

/// A refusal as a cell tells it; in full where the table has no letter for it.
pub fn refusal(status: u16, code: &str) -> String {
    let known = REFUSALS.iter().find(|known| (known.0, known.1) == (status, code));
    match known {
        Some((_, _, letter)) => format!("{status}{letter}"),
        None => format!("{status}.{code}"),
    }
}

fn lines() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/access/table.txt");
    let text = fs::read_to_string(file).expect("the table is there");
    let lines = text.lines().map(str::trim);
    let told = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    told.map(str::to_owned).collect()
}
