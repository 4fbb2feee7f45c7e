//! Request lines and headers that nobody should send.

use super::{Before, Wire, say, status};
use crate::api::{GENERATE, JWKS};
use crate::usher::{KEY, Setup, Usher};

fn get(target: &[u8]) -> Vec<u8> {
    [
        b"GET ",
        target,
        b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ]
    .concat()
}

#[tokio::test]
async fn crooked_paths_lead_nowhere() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let long = |length: usize| format!("/{}", "a".repeat(length));
    let cases: Vec<(&[u16], Vec<u8>)> = vec![
        (&[404], b"//api/jitsi/generate-token".to_vec()),
        (&[404], b"/api//jitsi/generate-token".to_vec()),
        (&[404], b"/api/jitsi/../jitsi/generate-token".to_vec()),
        (&[404], b"/api/jitsi/%2e%2e/jitsi/generate-token".to_vec()),
        (&[404], b"/%2e%2e/%2e%2e/etc/passwd".to_vec()),
        (&[404], b"/api/jitsi/generate-token%00".to_vec()),
        (&[404], b"/api/jitsi/generate-token%2f".to_vec()),
        (&[404], b"/api/jitsi%2fgenerate-token".to_vec()),
        (&[404], b"/asap/../../etc/passwd".to_vec()),
        (&[404], b"/asap/..%2f..%2fetc%2fpasswd".to_vec()),
        (&[404], b"/asap/%00.pem".to_vec()),
        (&[404], b"/asap/.pem".to_vec()),
        (&[404], b"/asap/%ff%fe.pem".to_vec()),
        (&[404], format!("/asap{}.pem", long(8000)).into_bytes()),
        (&[404], long(20_000).into_bytes()),
        (&[414, 431], long(200_000).into_bytes()),
        (&[400, 404], b"/\xff\xfe".to_vec()),
        (&[400, 404], "/اتاق".as_bytes().to_vec()),
        (&[404], b"http://evil.example.com/".to_vec()),
        (
            &[405],
            b"http://evil.example.com/api/jitsi/generate-token".to_vec(),
        ),
        (&[400, 404], b"file:///etc/passwd".to_vec()),
        (&[400, 404], b"*".to_vec()),
        (&[400, 404], b"example.com:443".to_vec()),
        (&[400], b"api/jitsi/generate-token".to_vec()),
        (&[400], b"".to_vec()),
        (&[400], b"/a b".to_vec()),
        (&[400], b"/a\x00b".to_vec()),
        (&[400], b"/a\x7fb".to_vec()),
        (&[404], b"/\\..\\..".to_vec()),
        (&[405], b"/api/jitsi/generate-token?a=%00&b=//".to_vec()),
        (&[405], b"/api/jitsi/generate-token#fragment".to_vec()),
    ];
    for (expected, target) in cases {
        let shown = String::from_utf8_lossy(&target[..target.len().min(60)]).into_owned();
        let answer = say(&usher, get(&target)).await;
        assert!(expected.contains(&status(&answer)), "{shown}: {answer}");
    }
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn crooked_headers_are_refused() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let ask =
        |lines: &str| format!("POST {GENERATE} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n");
    let key = format!("authorization: Bearer {KEY}\r\n");
    let cases: Vec<(&[u16], String)> = vec![
        (&[401], ask(&format!("{key}{key}"))),
        (
            &[401],
            ask(&format!("authorization: Bearer {}\r\n", "k".repeat(20_000))),
        ),
        (
            &[401],
            ask(&format!("authorization: Basic {}\r\n", "QUFB".repeat(5_000))),
        ),
        (&[400], ask("authorization: Bearer \u{1}\r\n")),
        (&[400], ask("x: a\u{0}b\r\n")),
        (&[400], ask("a b: c\r\n")),
        (&[400], ask(": c\r\n")),
        (&[400], ask("no colon\r\n")),
        (&[400], ask(" folded: yes\r\n")),
        (&[400], ask("content-length: 1\r\ncontent-length: 2\r\n")),
        (&[400], ask("content-length: -1\r\n")),
        (&[400], ask("content-length: 99999999999999999999999\r\n")),
        (&[400], ask("content-length: 0x10\r\n")),
        (&[400], ask("transfer-encoding: gzip\r\n")),
        (&[400], ask("transfer-encoding: chunked, identity\r\n")),
        (&[431], ask(&format!("x: {}\r\n", "y".repeat(200_000)))),
        (&[431], ask(&"x: y\r\n".repeat(200))),
        (
            &[400],
            ask(&format!("{key}transfer-encoding: chunked\r\n")) + "zz\r\n",
        ),
        (
            &[400],
            ask(&format!("{key}transfer-encoding: chunked\r\n")) + "ffffffffffffffffff\r\n",
        ),
    ];
    for (expected, bytes) in cases {
        let answer = say(&usher, &bytes).await;
        let shown: String = bytes.chars().skip(80).take(80).collect();
        assert!(expected.contains(&status(&answer)), "{shown:?}: {answer}");
    }
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn a_second_request_cannot_be_hidden_in_the_first() {
    let usher = Usher::start(Setup::default()).await;
    let hidden = format!("GET {JWKS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let head = format!("POST {GENERATE} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n");
    let lengths = format!(
        "content-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        hidden.len() + 5
    );
    let answer = say(&usher, format!("{head}{lengths}{hidden}")).await;
    let answers = answer.matches("HTTP/1.1 ").count();
    // Two readings of the length are possible; the connection must not go on after either (RFC 9112, section 6.1).
    assert!(status(&answer) == 400 && answers == 1, "{answer}");
}

#[tokio::test]
async fn other_protocols_and_versions() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let old = say(&usher, format!("GET {JWKS} HTTP/1.0\r\n\r\n")).await;
    assert!(
        old.starts_with("HTTP/1.0 200") && old.ends_with("{\"keys\":[]}"),
        "{old}"
    );
    let kept = format!("GET {JWKS} HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    let mut wire = Wire::to(&usher).await;
    for _ in 0..2 {
        wire.send(&kept).await;
        assert_eq!(status(&wire.read_until("{\"keys\":[]}").await), 200);
    }
    let foreign: [&[u8]; 6] = [
        b"GET /\r\n\r\n",
        b"GET / HTTP/3.0\r\n\r\n",
        b"GET / HTTP/1.1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x00\x00\x00\x00\r\n\r\n",
    ];
    for bytes in foreign {
        let answer = say(&usher, bytes).await;
        assert_eq!(status(&answer), 400, "{bytes:?}: {answer}");
    }
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn unknown_methods_are_refused() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    for method in [
        "BREW",
        "TRACE",
        "CONNECT",
        "PROPFIND",
        "get",
        "A",
        &"M".repeat(1000),
    ] {
        for path in ["/", GENERATE, JWKS] {
            let answer = say(
                &usher,
                format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            )
            .await;
            assert!(
                [400, 404, 405].contains(&status(&answer)),
                "{method} {path}: {answer}"
            );
        }
    }
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn requests_in_one_breath_are_answered_in_order() {
    let usher = Usher::start(Setup::default()).await;
    let body = "{\"roomName\":\"r\",\"userName\":\"u\"}";
    let post = |id: usize| {
        let head = format!(
            "POST {GENERATE} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nx-request-id: {id}\r\n"
        );
        format!("{head}content-length: {}\r\n\r\n{body}", body.len())
    };
    let last = format!("GET {JWKS} HTTP/1.1\r\nhost: x\r\nx-request-id: last\r\nconnection: close\r\n\r\n");
    let breath: String = (0..50).map(post).chain([last]).collect();
    let answers = say(&usher, breath).await;
    let ids: Vec<_> = answers
        .lines()
        .filter_map(|line| line.strip_prefix("x-request-id: "))
        .collect();
    let expected: Vec<_> = (0..50).map(|id| id.to_string()).chain(["last".into()]).collect();
    assert_eq!(ids, expected);
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 51);
}
