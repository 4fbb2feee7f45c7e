//! The description of the API as a page to read: every route with its callers, parameters, bodies, examples and errors.

use askama::Template;

use super::{Asset, Frame, rendered};

/// The page; in English alone, like the document that it shows.
#[derive(Debug, Template)]
#[template(path = "reference.html")]
pub struct ReferencePage<'a> {
    pub frame: Frame<'a>,
    pub reference: &'a Reference,
}

/// What the page shows, in the order in which it shows it.
#[derive(Debug, Default)]
pub struct Reference {
    pub title: String,
    pub version: String,
    pub about: Vec<Prose>,
    pub callers: Vec<(String, Prose)>,
    pub groups: Vec<Group>,
    pub forms: Vec<Form>,
}

/// Routes that belong together.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub about: Prose,
    pub operations: Vec<Operation>,
}

/// A method of a route.
#[derive(Debug)]
pub struct Operation {
    pub anchor: String,
    pub method: String,
    pub path: String,
    pub summary: Prose,
    pub about: Vec<Prose>,
    /// Who may call, one after the other with "or" between.
    pub callers: Vec<String>,
    pub parameters: Vec<Field>,
    pub body: Option<Content>,
    pub answers: Vec<Reply>,
    pub errors: Vec<Refusal>,
}

/// A parameter, or a field of a body.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    /// Where it stands, for parameters: `query`, `path`, `header`.
    pub place: String,
    pub kind: Vec<Piece>,
    pub is_required: bool,
    pub about: Prose,
}

/// A part of what a value is: words, or the name of a form, which links to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Words(String),
    Form(String),
}

/// A body.
#[derive(Debug)]
pub struct Content {
    pub types: String,
    pub kind: Vec<Piece>,
    pub about: Prose,
    pub examples: Vec<String>,
}

/// An answer that is no error.
#[derive(Debug)]
pub struct Reply {
    pub status: String,
    pub content: Content,
    pub headers: Vec<(String, Prose)>,
}

/// An error.
#[derive(Debug)]
pub struct Refusal {
    pub status: String,
    pub code: String,
    pub sentence: String,
}

/// A form of bodies that has a name.
#[derive(Debug)]
pub struct Form {
    pub name: String,
    pub about: Prose,
    pub kind: Vec<Piece>,
    pub fields: Vec<Field>,
}

/// A text in which what stands between backticks is code.
#[derive(Debug, Default, Clone)]
pub struct Prose(Vec<(bool, String)>);

// === impl ReferencePage ===

impl ReferencePage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }
}

// === impl Prose ===

impl Prose {
    pub fn new(text: &str) -> Self {
        let parts = text.split('`').enumerate();
        let parts = parts.map(|(at, part)| (at % 2 == 1, part.to_owned()));
        Self(parts.filter(|(_, part)| !part.is_empty()).collect())
    }

    /// One for each paragraph.
    pub fn paragraphs(text: &str) -> Vec<Self> {
        let paragraphs = text.split("\n\n").map(str::trim);
        paragraphs
            .filter(|text| !text.is_empty())
            .map(Self::new)
            .collect()
    }

    fn parts(&self) -> &[(bool, String)] {
        &self.0
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
