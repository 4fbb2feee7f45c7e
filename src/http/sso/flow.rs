//! One way through sign-in: which program asks for it, and where it leads. It travels as the query of the pages on the way,
//! and is checked against the configuration each time it comes back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;
use utoipa::IntoParams;

use super::state::{self, Platform, State};
use crate::config::{Client, Config, own_pages};
use crate::domain::{ClientId, MeetingId, Next, RoomName};
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;

/// A program's wish that somebody signs in; all of it is as the program registered it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flow {
    pub(super) client: ClientId,
    pub(super) goal: Goal,
    /// Whoever is signed in already proves anew who they are (`prompt=login`), whichever way in they take.
    pub(super) anew: bool,
}

/// The query of the pages on the way; which parts are needed depends on where it is to lead.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "queries are read by the names of their parts; this describes them"
)]
pub(super) struct Way {
    /// The program that somebody signs in for.
    #[param(pattern = "^[a-z0-9_-]{1,64}$")]
    client_id: String,
    /// To the letter as the client registered it.
    redirect_uri: Option<String>,
    /// A path on the same site, such as `/team1`, which names the room of the token; anything else becomes `/`.
    next: Option<String>,
    /// `code`, where the program trades a code for tokens (RFC 6749 section 4.1).
    response_type: Option<String>,
    /// `S256` of the verifier (RFC 7636).
    code_challenge: Option<String>,
    /// `S256`.
    code_challenge_method: Option<String>,
    /// Handed back as it came. Jitsi's own names the room.
    state: Option<String>,
    /// Repeated in the ID token.
    nonce: Option<String>,
    /// `login` asks for a new sign-in, `none` for no page.
    prompt: Option<String>,
}

/// Where a sign-in leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Goal {
    /// Back to the program, with a token in the address.
    Callback {
        /// To the letter as registered.
        redirect_uri: String,
        next: Next,
    },
    /// Back to the program, with a code that it trades for a token (RFC 6749 section 4.1).
    Code(CodeGoal),
    /// Straight into the room, which jitsi-meet named.
    Room { state: State, text: String },
    /// The join page of a meeting, which is ours and needs no token.
    JoinPage(MeetingId),
}

/// What the program that is given a code has asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CodeGoal {
    /// To the letter as registered.
    pub(super) redirect_uri: String,
    /// `S256` of the verifier, base64url without padding: 43 characters (RFC 7636 section 4.2).
    pub(super) code_challenge: String,
    /// Handed back as it came.
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) room: Option<RoomName>,
}

/// Why a request is no way through sign-in.
#[derive(Debug)]
pub(super) enum FlowError {
    /// Whoever asks cannot be told at an address of theirs, since none can be trusted.
    Page(ApiError),
    /// Told to the program at its registered address (RFC 6749 section 4.1.2.1).
    Told(Url),
}

/// Folder of the join pages.
const JOIN_PAGES: &str = "/m/";
const LONGEST_NONCE: usize = 512;
/// What jitsi-meet puts a challenge in place of. Its phone apps, which have no verifier, leave it there (jitsi-meet
/// `react/features/authentication/functions.native.ts`).
const NO_CHALLENGE: &str = "{code_challenge}";
/// The value of `prompt` that asks for a new sign-in (OpenID Connect Core section 3.1.2.1).
const LOGIN: &str = "login";
/// What needs no encoding in a query: RFC 3986 section 3.4 leaves `/` as it is.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

// === impl Flow ===

impl Flow {
    /// Reads a request of a program, or what [`Flow::query`] made of one.
    pub(super) fn parse(pairs: &Pairs, config: &Config) -> Result<Self, FlowError> {
        let (id, client) = client(pairs, config)?;
        let goal = match (pairs.get("response_type"), pairs.get("redirect_uri")) {
            (None, None) if pairs.get("state").is_some() => room_goal(pairs)?,
            (None, None) if id == own_pages().0 => Goal::JoinPage(join_page(pairs)?),
            (None, _) => Goal::Callback {
                redirect_uri: redirect_uri(pairs, client)?.to_owned(),
                next: pairs.get("next").map(Next::parse).unwrap_or_default(),
            },
            (Some(_), _) if is_phone_app(pairs) => room_goal(pairs)?,
            (Some(kind), _) => Goal::Code(code_goal(pairs, redirect_uri(pairs, client)?, kind)?),
        };
        Ok(Self {
            client: id.clone(),
            goal,
            anew: pairs.get("prompt") == Some(LOGIN),
        })
    }

    /// The query that leads back here.
    pub(super) fn query(&self) -> String {
        let mut pairs = vec![("client_id", self.client.as_str())];
        match &self.goal {
            Goal::Callback { redirect_uri, next } => {
                pairs.extend([("redirect_uri", redirect_uri.as_str()), ("next", next.as_str())]);
            }
            Goal::Code(goal) => pairs.extend(goal.pairs()),
            Goal::Room { text, .. } => pairs.push(("state", text)),
            Goal::JoinPage(_) => {}
        }
        let next = self.join_page();
        pairs.extend(next.as_deref().map(|next| ("next", next)));
        if self.anew {
            pairs.push(("prompt", LOGIN));
        }
        query(&pairs)
    }

    /// The room that the person wants to enter, where there is one.
    pub(super) fn room(&self) -> Option<RoomName> {
        match &self.goal {
            Goal::Callback { next, .. } => next.room(),
            Goal::Code(goal) => goal.room.clone(),
            Goal::Room { state, .. } => Some(state.room.clone()),
            Goal::JoinPage(_) => None,
        }
    }

    /// The path of the join page that it leads to, below the public address.
    fn join_page(&self) -> Option<String> {
        match self.goal {
            Goal::JoinPage(meeting) => Some(format!("{JOIN_PAGES}{meeting}")),
            _ => None,
        }
    }
}

// === impl CodeGoal ===

impl CodeGoal {
    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fixed = [
            ("response_type", "code"),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_challenge", self.code_challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let state = self.state.as_deref().map(|state| ("state", state));
        let nonce = self.nonce.as_deref().map(|nonce| ("nonce", nonce));
        fixed.into_iter().chain(state).chain(nonce)
    }
}

// === impl FlowError ===

impl<E: Into<ApiError>> From<E> for FlowError {
    fn from(error: E) -> Self {
        Self::Page(error.into())
    }
}

/// Tells a program at its address that nothing came of it.
pub(super) fn told(redirect_uri: &str, error: &str, description: &str, state: Option<&str>) -> FlowError {
    let mut pairs = vec![("error", error), ("error_description", description)];
    pairs.extend(state.map(|state| ("state", state)));
    match address(redirect_uri) {
        Ok(url) => FlowError::Told(with_query(url, &pairs)),
        Err(refusal) => refusal.into(),
    }
}

/// The address with further parameters behind those that it has.
pub(super) fn with_query(mut address: Url, pairs: &[(&str, &str)]) -> Url {
    let added = query(pairs);
    let all = match address.query() {
        Some(own) if !own.is_empty() => format!("{own}&{added}"),
        _ => added,
    };
    address.set_query(Some(&all));
    address
}

/// The client that a request names. Its id is no secret, so this says nothing about who calls.
pub(super) fn client<'a>(pairs: &Pairs, config: &'a Config) -> Result<(&'a ClientId, &'a Client), ApiError> {
    Ok(client_of(pairs.required("client_id")?, config)?)
}

pub(super) fn client_of<'a>(
    id: &str,
    config: &'a Config,
) -> Result<(&'a ClientId, &'a Client), SignInRefusal> {
    let id = ClientId::parse(id).map_err(|_| SignInRefusal::UnknownClient)?;
    let configured = config.clients.get_key_value(&id);
    let own = own_pages();
    let found = configured.or_else(|| (id == *own.0).then_some(own));
    found.ok_or(SignInRefusal::UnknownClient)
}

/// The address that a request names, if the client registered it to the letter.
pub(super) fn registered<'a>(redirect_uri: &str, client: &'a Client) -> Result<&'a str, SignInRefusal> {
    let known = client.redirect_uris.iter().find(|known| *known == redirect_uri);
    known.map(String::as_str).ok_or(SignInRefusal::UnknownRedirect)
}

pub(super) fn address(redirect_uri: &str) -> Result<Url, SignInRefusal> {
    Url::parse(redirect_uri).map_err(|_| SignInRefusal::UnknownRedirect)
}

fn query(pairs: &[(&str, &str)]) -> String {
    let encode = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY));
    pairs.iter().map(encode).collect::<Vec<_>>().join("&")
}

fn redirect_uri<'a>(pairs: &Pairs, client: &'a Client) -> Result<&'a str, ApiError> {
    Ok(registered(pairs.required("redirect_uri")?, client)?)
}

/// Where somebody signs in who wants to see the join page of a meeting.
pub(in crate::http) fn to_sign_in(config: &Config, meeting: MeetingId) -> Result<Url, ApiError> {
    let flow = Flow {
        client: own_pages().0.clone(),
        goal: Goal::JoinPage(meeting),
        anew: false,
    };
    ours(config, &format!("/sso/login/?{}", flow.query()))
}

/// The address of a join page.
pub(super) fn join_page_url(config: &Config, meeting: MeetingId) -> Result<Url, ApiError> {
    ours(config, &format!("{JOIN_PAGES}{meeting}"))
}

fn ours(config: &Config, path: &str) -> Result<Url, ApiError> {
    let address = format!("{}{path}", config.daemon.http.public_url);
    Url::parse(&address).map_err(|_| ApiError::Internal)
}

/// Only the page of a meeting is one of ours to come back to.
fn join_page(pairs: &Pairs) -> Result<MeetingId, ApiError> {
    let id = pairs.required("next")?.strip_prefix(JOIN_PAGES);
    let meeting = id.and_then(|id| id.parse().ok());
    meeting.ok_or_else(|| ApiError::Invalid {
        field: "next",
        why: "must be the page of a meeting".into(),
    })
}

fn room_goal(pairs: &Pairs) -> Result<Goal, ApiError> {
    let text = state::without_refresh_token(pairs.required("state")?);
    let state = State::parse(&text).ok_or_else(|| ApiError::Invalid {
        field: "state",
        why: "names no room".into(),
    })?;
    Ok(Goal::Room { state, text })
}

fn code_goal(pairs: &Pairs, redirect_uri: &str, kind: &str) -> Result<CodeGoal, FlowError> {
    let state = pairs.get("state").filter(|state| state.len() <= state::LONGEST);
    let refuse = |error, description| Err(told(redirect_uri, error, description, state));
    if kind != "code" {
        return refuse("unsupported_response_type", "response_type must be code");
    }
    if state != pairs.get("state") {
        return refuse("invalid_request", "state is too long");
    }
    let challenge = pairs.get("code_challenge").filter(|text| is_challenge(text));
    let (Some("S256"), Some(challenge)) = (pairs.get("code_challenge_method"), challenge) else {
        return refuse("invalid_request", "code_challenge with the method S256 is needed");
    };
    let nonce = pairs.get("nonce");
    if nonce.is_some_and(|nonce| nonce.len() > LONGEST_NONCE) {
        return refuse("invalid_request", "nonce is too long");
    }
    Ok(CodeGoal {
        redirect_uri: redirect_uri.to_owned(),
        code_challenge: challenge.to_owned(),
        state: state.map(str::to_owned),
        nonce: nonce.map(str::to_owned),
        room: state.and_then(State::parse).map(|state| state.room),
    })
}

/// Whether one of Jitsi's phone apps asks with the address of the code flow: it waits for its room all the same.
fn is_phone_app(pairs: &Pairs) -> bool {
    let state = pairs.get("state").and_then(State::parse);
    let is_phone = state.is_some_and(|state| matches!(state.platform, Platform::Ios | Platform::Android));
    is_phone && pairs.get("code_challenge") == Some(NO_CHALLENGE)
}

/// SHA-256 in base64url: 43 characters.
fn is_challenge(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == 43 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::config::sample;

    const CALLBACK: &str = "https://app.example.com/callback";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str) -> Result<Flow, FlowError> {
        let pairs = Pairs::parse(query.as_bytes()).expect("a query");
        Flow::parse(&pairs, &sample(PathBuf::new()))
    }

    fn code(state: &str) -> String {
        query(&[
            ("client_id", "ataraxia"),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", state),
        ])
    }

    #[test]
    fn a_flow_comes_back_as_it_went() {
        let callback = query(&[
            ("client_id", "ataraxia"),
            ("redirect_uri", CALLBACK),
            ("next", "/اتاق 1?a=b&c#d"),
        ]);
        let room = query(&[
            ("client_id", "ataraxia"),
            ("state", r#"{"room":"Team 1","config.x":"a&b"}"#),
        ]);
        for asked in [
            format!("{callback}&prompt=login"),
            callback,
            room,
            code("opaque & strange=%"),
            code(r#"{"room":"team1"}"#),
        ] {
            let flow = read(&asked).unwrap();
            assert_eq!(read(&flow.query()).unwrap(), flow, "{asked}");
        }
    }

    #[test]
    fn the_page_of_a_meeting_is_the_only_page_of_ours_to_come_back_to() {
        let page = "client_id=usher&next=/m/0199c2a8-7c1e-7f00-8000-000000000001";
        let flow = read(page).unwrap();
        assert!(matches!(flow.goal, Goal::JoinPage(_)) && flow.room().is_none());
        assert_eq!(read(&flow.query()).unwrap(), flow);
        for astray in [
            "client_id=usher",
            "client_id=usher&next=/team1",
            "client_id=usher&next=//evil.test/m/0199c2a8-7c1e-7f00-8000-000000000001",
            "client_id=usher&next=/m/0199c2a8-7c1e-7f00-8000-000000000001/../x",
            "client_id=usher&redirect_uri=https://evil.test/&next=/m/0199c2a8-7c1e-7f00-8000-000000000001",
            "client_id=ataraxia&next=/m/0199c2a8-7c1e-7f00-8000-000000000001",
        ] {
            assert!(matches!(read(astray), Err(FlowError::Page(_))), "{astray}");
        }
    }

    #[test]
    fn an_address_travels_to_the_letter_and_not_as_browsers_write_it() {
        for registered in ["https://app.example.com", "https://APP.example.com:443/a/../b"] {
            let mut config = sample(PathBuf::new());
            let client = ClientId::parse("ataraxia").unwrap();
            let client = config.clients.get_mut(&client).expect("a sample client");
            client.redirect_uris = vec![registered.to_owned()];
            let asked = query(&[("client_id", "ataraxia"), ("redirect_uri", registered)]);
            let read = |text: &str| Flow::parse(&Pairs::parse(text.as_bytes()).unwrap(), &config);
            let flow = read(&asked).unwrap();
            assert_eq!(read(&flow.query()).unwrap(), flow);
        }
    }

    #[test]
    fn a_refresh_token_does_not_travel_in_the_pages_of_a_plain_visit() {
        let state = r#"{"room":"team1","refreshToken":"secret"}"#;
        let flow = read(&query(&[("client_id", "ataraxia"), ("state", state)])).unwrap();
        assert!(!flow.query().contains("secret"));
    }

    #[test]
    fn nobody_is_told_anything_at_an_address_that_is_not_registered() {
        for asked in [
            "client_id=nobody&redirect_uri=https://app.example.com/callback".to_owned(),
            "client_id=ataraxia&redirect_uri=https://evil.test/".to_owned(),
            "client_id=ataraxia".to_owned(),
            code("x")
                .replace("callback", "callback2")
                .replace("S256", "plain"),
        ] {
            assert!(matches!(read(&asked), Err(FlowError::Page(_))), "{asked}");
        }
        let told = read(&code("a b").replace("S256", "plain")).unwrap_err();
        let FlowError::Told(url) = told else {
            panic!("{told:?}")
        };
        assert!(
            url.as_str()
                .starts_with("https://app.example.com/callback?error=invalid_request")
        );
        assert!(url.as_str().ends_with("&state=a%20b"));
    }

    #[test]
    fn phone_apps_are_led_straight_into_the_room() {
        let goal = |state: &str| {
            let asked = code(state).replace(CHALLENGE, "%7Bcode_challenge%7D");
            read(&asked).map(|flow| (matches!(flow.goal, Goal::Room { .. }), flow.query()))
        };
        for phone in ["ios", "android"] {
            let (is_room, query) = goal(&format!(r#"{{"room":"team1","{phone}":true}}"#)).unwrap();
            assert!(is_room && matches!(read(&query).unwrap().goal, Goal::Room { .. }));
        }
        for other in [r#"{"room":"team1"}"#, r#"{"room":"team1","electron":true}"#, "x"] {
            assert!(matches!(goal(other), Err(FlowError::Told(_))), "{other}");
        }
    }

    #[test]
    fn what_an_address_has_stays_in_front() {
        let with = |text| with_query(Url::parse(text).unwrap(), &[("a", "b/c&d")]).to_string();
        assert_eq!(with("https://x.test/p?q=1"), "https://x.test/p?q=1&a=b/c%26d");
        assert_eq!(with("https://x.test/p"), "https://x.test/p?a=b/c%26d");
    }

    proptest! {
        #[test]
        fn a_state_is_handed_back_to_the_letter(state in "\\PC{1,60}") {
            let flow = read(&code(&state)).unwrap();
            let Goal::Code(goal) = read(&flow.query()).unwrap().goal else { panic!() };
            prop_assert_eq!(goal.state, Some(state));
        }
    }
}
