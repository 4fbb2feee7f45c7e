//! Tables for spreadsheets (RFC 4180), which take nothing that people wrote for a formula.

use http::HeaderMap;
use http::header::ACCEPT;

use crate::domain::ClientId;
use crate::http::answer::Answer;
use crate::http::error::ApiError;
use crate::http::query::{Parts, field};

/// In which form records are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Csv {
        /// For a person's spreadsheet, which takes text for UTF-8 only where it begins with a mark.
        marked: bool,
    },
}

/// A table in the making.
pub(super) struct Sheet(csv::Writer<Vec<u8>>);

const CSV: &str = "text/csv";
const JSON: &str = "application/json";
/// What spreadsheets begin a formula with, the wide forms among them (OWASP, CSV injection).
const BEGINS_FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
const BYTE_ORDER_MARK: &str = "\u{feff}";

// === impl Form ===

impl Form {
    /// `?format=csv` is an address that people open; programs say `Accept: text/csv` (RFC 9110 section 12.5.1).
    pub(super) fn wanted(headers: &HeaderMap, query: &Parts<'_>) -> Result<Self, ApiError> {
        let named = field("format", query.one("format")?, |word| match word {
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv { marked: true }),
            _ => Err("must be json or csv".to_owned()),
        });
        Ok(named?.unwrap_or_else(|| Self::accepted(headers)))
    }

    fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get_all(ACCEPT).iter();
        let accept: Vec<_> = accept.filter_map(|value| value.to_str().ok()).collect();
        let weight = |kind| {
            let ranges = accept.iter().flat_map(|value| value.split(','));
            ranges.filter_map(|range| weight(range, kind)).fold(0.0, f32::max)
        };
        if weight(CSV) > weight(JSON) {
            Self::Csv { marked: false }
        } else {
            Self::Json
        }
    }
}

/// How much a range of `Accept` wants this kind, where it names it.
fn weight(range: &str, kind: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    parts.next().filter(|name| name.eq_ignore_ascii_case(kind))?;
    let quality = parts.find_map(|part| part.strip_prefix("q="));
    quality.map_or(Some(1.0), |quality| quality.parse().ok())
}

// === impl Sheet ===

impl Sheet {
    pub(super) fn new(columns: &[&str]) -> Self {
        let mut sheet = Self(csv::Writer::from_writer(Vec::new()));
        sheet.write(columns.iter());
        sheet
    }

    /// Another row; of what people wrote nothing is a formula.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell<'_>; N]) {
        self.write(cells.map(Cell::text).iter());
    }

    fn write<T: AsRef<[u8]>>(&mut self, cells: impl Iterator<Item = T>) {
        self.0
            .write_record(cells)
            .expect("writing to memory, rows of one length");
    }

    /// The table as a file of that name.
    pub(super) fn answer(self, file: &str, marked: bool, client: Option<ClientId>) -> Answer {
        let table = self.0.into_inner().expect("writing to memory");
        let mark = if marked { BYTE_ORDER_MARK } else { "" };
        Answer::csv([mark.as_bytes(), &table].concat(), file, client)
    }
}

/// What stands in a cell.
pub(super) enum Cell<'a> {
    /// What somebody may have chosen.
    Text(&'a str),
    /// What usher made: a number, a date, a word of its own.
    Own(String),
}

// === impl Cell ===

impl Cell<'_> {
    /// An apostrophe before it makes a text of what would be a formula.
    fn text(self) -> String {
        match self {
            Self::Own(text) => text,
            Self::Text(text) if text.trim_start().starts_with(BEGINS_FORMULA) => format!("'{text}"),
            Self::Text(text) => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn form(accept: &'static str, query: &str) -> Result<Form, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        Form::wanted(&headers, &Parts::parse(query))
    }

    #[test]
    fn the_query_says_which_form_or_the_header_does() {
        let (marked, plain) = (Form::Csv { marked: true }, Form::Csv { marked: false });
        let cases = [
            ("", "", Form::Json),
            ("*/*", "", Form::Json),
            ("text/csv", "", plain),
            ("text/html, TEXT/CSV;q=0.5, */*;q=0.1", "", plain),
            ("text/csv;q=0.4, application/json", "", Form::Json),
            ("text/csv, application/json;q=0.9", "", plain),
            ("text/csv;q=0", "", Form::Json),
            ("text/csv;q=much", "", Form::Json),
            ("application/json", "format=csv", marked),
            ("text/csv", "format=json", Form::Json),
        ];
        for (accept, query, expected) in cases {
            assert_eq!(form(accept, query).unwrap(), expected, "{accept} {query}");
        }
        assert_eq!(form("", "format=xls").unwrap_err().field(), Some("format"));
    }

    fn table(cells: [&str; 2]) -> String {
        let mut sheet = Sheet::new(&["a", "b"]);
        sheet.row(cells.map(Cell::Text));
        String::from_utf8(sheet.0.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn nothing_that_people_wrote_is_a_formula() {
        let cases = [
            ("=1+1", "'=1+1"),
            (
                "=HYPERLINK(\"http://x\",\"a\")",
                "\"'=HYPERLINK(\"\"http://x\"\",\"\"a\"\")\"",
            ),
            (" @SUM(A1)", "' @SUM(A1)"),
            ("＝1", "'＝1"),
            ("-2", "'-2"),
            ("Ann \"the\" Doe, MD", "\"Ann \"\"the\"\" Doe, MD\""),
            ("دکتر سارا", "دکتر سارا"),
            ("a=b", "a=b"),
        ];
        for (text, expected) in cases {
            assert_eq!(table([text, "x"]), format!("a,b\n{expected},x\n"));
        }
    }

    proptest! {
        #[test]
        fn every_table_reads_back(one in any::<String>(), two in "[=+@\",;\n\r\t -]{0,9}") {
            let table = table([&one, &two]);
            let mut reader = csv::Reader::from_reader(table.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            for (cell, text) in row.iter().zip([&one, &two]) {
                prop_assert!(cell == text || cell.strip_prefix('\'') == Some(text));
                prop_assert!(!cell.trim_start().starts_with(BEGINS_FORMULA));
            }
        }
    }
}
