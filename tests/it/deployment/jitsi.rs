//! `deploy/jitsi-meet-config.js`: each of the two ways, with the client that it asks for, leads to usher's pages.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::text_of;
use crate::api::Said;
use crate::usher::{CLIENTS, Setup, Usher};
use crate::web;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// One way: the client in it, and the addresses that Jitsi is given.
struct Way {
    client: String,
    sign_in: String,
    sign_out: String,
}

// === impl Way ===

impl Way {
    fn read(text: &str) -> Self {
        let lines = text.lines().skip_while(|line| !line.starts_with("//   ["));
        let client: Vec<&str> = lines.map_while(|line| line.strip_prefix("//   ")).collect();
        Self {
            client: client.join("\n"),
            sign_in: assigned(text, "config.tokenAuthUrl"),
            sign_out: assigned(text, "config.tokenLogoutUrl"),
        }
    }
}

/// The two of the file, in its order.
fn ways() -> [Way; 2] {
    let text = text_of("deploy/jitsi-meet-config.js");
    let (plain, inline) = text.split_once("// --- The inline way").unwrap();
    [plain, inline].map(Way::read)
}

/// The text that a setting is given: its quoted pieces, one after the other.
fn assigned(text: &str, setting: &str) -> String {
    let (_, rest) = text.split_once(&format!("{setting} =")).unwrap();
    let (statement, _) = rest.split_once(';').unwrap();
    statement.split('\'').skip(1).step_by(2).collect()
}

fn filled_in(address: &str, state: &str, challenge: &str) -> String {
    let state = utf8_percent_encode(state, NON_ALPHANUMERIC).to_string();
    address
        .replace("{state}", &state)
        .replace("{code_challenge}", challenge)
}

/// What usher says to a browser at an address of the file; nginx would have taken `/usher` away.
async fn visit(usher: &Usher, address: &str) -> Said {
    let path = address.strip_prefix("https://meet.example.com/usher").unwrap();
    let stays = web::client().redirect(reqwest::redirect::Policy::none());
    let browser = stays.build().unwrap();
    Said::to(browser.get(format!("{}{path}", usher.url()))).await
}

async fn usher_with(client: &str) -> Usher {
    let setup = Setup {
        clients: format!("{CLIENTS}\n{client}"),
        ..Setup::default()
    };
    Usher::start(setup).await
}

#[tokio::test]
async fn the_addresses_to_paste_lead_to_the_login_page_and_out() {
    for way in ways() {
        let usher = usher_with(&way.client).await;
        for state in [r#"{"room":"Team1"}"#, r#"{"room":"Team1","electron":true}"#] {
            let page = visit(&usher, &filled_in(&way.sign_in, state, CHALLENGE)).await;
            assert_eq!(page.status, 200, "{}: {page:?}", way.sign_in);
        }
        // Phones leave what they do not know.
        let phone = filled_in(
            &way.sign_in,
            r#"{"room":"Team1","ios":true}"#,
            "%7Bcode_challenge%7D",
        );
        assert_eq!(visit(&usher, &phone).await.status, 200);
        let left = visit(&usher, &way.sign_out).await;
        assert_eq!(left.status, 303, "{left:?}");
        assert!(
            way.sign_out
                .ends_with(&format!("redirect_uri={}", left.header("location")))
        );
    }
}
