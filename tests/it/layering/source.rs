//! Reads a Rust source just far enough to say what it names. Comments, text and test code are left out.
//!
//! Inline modules are taken for part of their file, so `super` inside one is read one level too high; usher's
//! modules have files of their own.

/// A source that has been read.
pub struct Source {
    tokens: Vec<Token>,
}

/// A path as written, with groups spelled out: `use a::{b, c::D}` gives `a::b` and `a::c::D`.
#[derive(Debug, PartialEq)]
pub struct Path {
    pub line: usize,
    pub segments: Vec<String>,
}

#[derive(Clone)]
struct Token {
    line: usize,
    /// A word, `::`, or one other character.
    text: String,
}

/// Walks over the characters of a source.
struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

// === impl Source ===

impl Source {
    pub fn read(text: &str) -> Self {
        let lexer = Lexer {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
        };
        Self {
            tokens: without_tests(&lexer.tokens()),
        }
    }

    /// Where a word stands outside comments, text and tests.
    pub fn lines_with(&self, word: &str) -> Vec<usize> {
        self.tokens
            .iter()
            .filter(|token| token.text == word)
            .map(|token| token.line)
            .collect()
    }

    /// Every path of two segments or more, and what stands alone behind `use`.
    pub fn paths(&self) -> Vec<Path> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.starts_path(at) {
                at = self.tree(at, &[], &mut found);
            } else {
                at += 1;
            }
        }
        found
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn starts_path(&self, at: usize) -> bool {
        let before = |count: usize| if at < count { "" } else { self.text(at - count) };
        let limits_visibility = before(1) == "in" && before(2) == "(";
        is_word(self.text(at)) && !limits_visibility && (self.text(at + 1) == "::" || before(1) == "use")
    }

    /// Reads one branch of a path from `at`, adds its leaves to `found`, and returns where it ends.
    fn tree(&self, mut at: usize, prefix: &[String], found: &mut Vec<Path>) -> usize {
        let line = self.tokens[at].line;
        let mut segments = prefix.to_vec();
        loop {
            match self.text(at) {
                "{" => return self.group(at + 1, &segments, found),
                leaf if is_word(leaf) || leaf == "*" => segments.push(leaf.to_owned()),
                _ => break,
            }
            at += 1;
            if self.text(at) != "::" {
                break;
            }
            at += 1;
        }
        found.push(Path { line, segments });
        at
    }

    fn group(&self, mut at: usize, prefix: &[String], found: &mut Vec<Path>) -> usize {
        while at < self.tokens.len() && self.text(at) != "}" {
            let end = self.tree(at, prefix, found);
            at = (end..self.tokens.len())
                .find(|&i| matches!(self.text(i), "," | "}"))
                .unwrap_or(end);
            if self.text(at) == "," {
                at += 1;
            }
        }
        at + 1
    }
}

// === impl Lexer ===

impl Lexer {
    fn tokens(mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(first) = self.peek(0) {
            let line = self.line;
            if let Some(text) = self.next_token(first) {
                tokens.push(Token { line, text });
            }
        }
        tokens
    }

    fn next_token(&mut self, first: char) -> Option<String> {
        match (first, self.peek(1)) {
            ('/', Some('/')) => self.skip_while(|c| c != '\n'),
            ('/', Some('*')) => self.skip_block_comment(),
            ('"', _) => self.skip_text(),
            ('\'', _) => self.skip_quote(),
            (':', Some(':')) => {
                self.skip(2);
                return Some("::".to_owned());
            }
            _ if first.is_alphanumeric() || first == '_' => return self.word(),
            _ => {
                self.skip(1);
                return (!first.is_whitespace()).then(|| first.to_string());
            }
        }
        None
    }

    /// A word, unless it is the prefix of a text (`r#"…"#`, `b"…"`).
    fn word(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_while(|c| c.is_alphanumeric() || c == '_');
        let word: String = self.chars[start..self.at].iter().collect();
        if matches!(word.as_str(), "r" | "br" | "cr") {
            let hashes = self.chars[self.at..].iter().take_while(|&&c| c == '#').count();
            if self.peek(hashes) == Some('"') {
                self.skip_raw_text(hashes);
                return None;
            }
        }
        Some(word)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn skip(&mut self, count: usize) {
        let end = (self.at + count).min(self.chars.len());
        self.line += self.chars[self.at..end].iter().filter(|&&c| c == '\n').count();
        self.at = end;
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.skip(1);
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0;
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => {
                    self.skip(1);
                    continue;
                }
            }
            self.skip(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_text(&mut self) {
        self.skip(1);
        while let Some(c) = self.peek(0) {
            self.skip(if c == '\\' { 2 } else { 1 });
            if c == '"' {
                return;
            }
        }
    }

    fn skip_raw_text(&mut self, hashes: usize) {
        self.skip(hashes + 1);
        while let Some(c) = self.peek(0) {
            self.skip(1);
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                return self.skip(hashes);
            }
        }
    }

    /// A character (`'x'`, `'\n'`) or the tick of a lifetime.
    fn skip_quote(&mut self) {
        if self.peek(1) == Some('\\') {
            self.skip(3);
            self.skip_while(|c| c != '\'');
            self.skip(1);
        } else {
            self.skip(if self.peek(2) == Some('\'') { 3 } else { 1 });
        }
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Drops each item behind `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let marked = |at: usize| {
        tokens[at..]
            .iter()
            .map(|token| token.text.as_str())
            .take(7)
            .eq(MARK)
    };
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if marked(at) {
            at = end_of_item(tokens, at + MARK.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// An item ends with its first outermost `;` or `}`.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(token.text.as_str(), ";" | "}") {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        Source::read(text)
            .paths()
            .iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn groups_are_spelled_out() {
        let text = "use crate::{a, b::{self, C as D, e::*}, f::G};";
        assert_eq!(
            paths(text),
            [
                "crate::a",
                "crate::b::self",
                "crate::b::C",
                "crate::b::e::*",
                "crate::f::G"
            ]
        );
    }

    #[test]
    fn paths_in_code_count() {
        assert_eq!(
            paths("fn f(x: &'a warp::Y) { ::sled::open::<u8>(x) }"),
            ["warp::Y", "sled::open"]
        );
    }

    #[test]
    fn how_far_an_item_is_seen_names_nobody() {
        assert_eq!(
            paths("pub(in crate::http) fn f() { for x in crate::a::B {} }"),
            ["crate::a::B"]
        );
    }

    #[test]
    fn comments_text_and_characters_do_not() {
        let text = r###"
            // warp::a
            /* warp::b /* warp::c */ warp::d */
            let _ = ("warp::e \" warp::f", r#"warp::"g" "#, b"warp::h", '"', '\'', '\u{1F}');
            sled::real()
        "###;
        assert_eq!(paths(text), ["sled::real"]);
    }

    #[test]
    fn test_code_does_not() {
        let text =
            "#[cfg(test)] use warp::a; b::c(); #[cfg(test)] #[x(1)] mod t { fn f() { warp::d() } } e::f();";
        assert_eq!(paths(text), ["b::c", "e::f"]);
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let source = Source::read("/*\n\n*/ \"\n\" // x\nuse a::b;\nasync");
        assert_eq!(source.paths()[0].line, 5);
        assert_eq!(source.lines_with("async"), [6]);
    }
}
