//! What holds for every page, whatever texts come from outside.

use super::*;

const HOSTILE: &str = "\"><script>alert('x')</script>&<b onclick=x>";
const LANGUAGES: [Language; 2] = [Language::En, Language::Fa];

fn frame(language: Language) -> Frame<'static> {
    Frame {
        language,
        base: "/usher",
    }
}

fn login(language: Language, text: &str) -> String {
    LoginPage {
        frame: frame(language),
        client: text,
        room: Some(text),
        action: text,
        csrf: text,
        username: text,
        problem: Some(LoginProblem::Wrong),
        passwords: true,
        provider: Some((text, text)),
        guest: Some(text),
    }
    .render()
}

const JOIN_STATES: [&str; 8] = [
    "too_early",
    "waiting",
    "denied",
    "removed",
    "ready",
    "over",
    "cancelled",
    "in_person",
];

/// Every page, with `text` wherever a text comes from outside.
fn pages(language: Language, text: &str) -> Vec<String> {
    let frame = frame(language);
    let app = SampleApp {
        frame,
        client: text,
        callback: text,
        domain: text,
    };
    let confirm = ConfirmLogoutPage {
        frame,
        action: text,
        csrf: text,
    };
    let error = ErrorPage {
        frame,
        sentence: text,
        code: text,
        request_id: text,
    };
    let open = OpenAppPage {
        frame,
        link: text,
        room: text,
    };
    let places = [
        JoinPlace::Jitsi { domain: text },
        JoinPlace::LiveKit { server: text },
    ];
    let of_state = |state| places.map(|place| join(language, text, state, place));
    let joins = JOIN_STATES.into_iter().flat_map(of_state);
    joins
        .chain([
            login(language, text),
            SignedOutPage { frame }.render(),
            confirm.render(),
            error.render(),
            open.render(),
            app.index(),
            app.callback(),
            app.room(),
        ])
        .collect()
}

fn join(language: Language, text: &str, state: &'static str, place: JoinPlace<'_>) -> String {
    let time = JoinTime {
        starts_at: text.into(),
        ends_at: text.into(),
        shown: text.into(),
        minutes: 30,
        opens_at: Some((text.into(), text.into())),
    };
    JoinPage {
        frame: frame(language),
        meeting: "0199",
        title: Some(text),
        you: text,
        people: vec![text.into()],
        others: 2,
        time: Some(time),
        zone: text,
        now: text.into(),
        audio: state == "ready",
        moderates: false,
        place,
        state,
        host_is_missing: true,
    }
    .render()
}

/// The tags of a page: what stands between `<` and `>`.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .filter_map(|rest| rest.split('>').next())
        .collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

#[test]
fn what_comes_from_outside_stays_text() {
    for page in LANGUAGES.iter().flat_map(|language| pages(*language, HOSTILE)) {
        assert!(!page.contains("<script>") && !page.contains("<b "), "{page}");
    }
}

#[test]
fn pages_say_their_language_and_direction() {
    let heads = [
        (Language::En, "<html lang=\"en\" dir=\"ltr\">"),
        (Language::Fa, "<html lang=\"fa\" dir=\"rtl\">"),
    ];
    for (language, head) in heads {
        for page in pages(language, "x") {
            assert!(
                page.starts_with("<!doctype html>") && page.contains(head),
                "{page}"
            );
            let title = page
                .split("<title>")
                .nth(1)
                .and_then(|rest| rest.split('<').next());
            assert!(title.is_some_and(|title| !title.trim().is_empty()), "{page}");
        }
    }
}

#[test]
fn nothing_inline_and_nothing_from_elsewhere() {
    for page in LANGUAGES.iter().flat_map(|language| pages(*language, "x")) {
        for tag in tags(&page) {
            assert!(!tag.starts_with("style") && !tag.contains(" style="), "{tag}");
            assert!(!tag.contains(" on"), "{tag}");
            assert!(!tag.starts_with("script") || tag.contains(" src="), "{tag}");
            let loaded = attribute(tag, "src").or_else(|| {
                let link = tag.starts_with("link ");
                link.then(|| attribute(tag, "href")).flatten()
            });
            assert!(loaded.is_none_or(|path| path.starts_with("/usher/")), "{tag}");
        }
    }
}

#[test]
fn every_field_has_a_label() {
    for page in LANGUAGES.iter().flat_map(|language| pages(*language, "x")) {
        let fields = tags(&page)
            .into_iter()
            .filter(|tag| tag.starts_with("input ") && attribute(tag, "type") != Some("hidden"));
        for field in fields {
            let id = attribute(field, "id").unwrap();
            assert!(page.contains(&format!("<label for=\"{id}\">")), "{field}");
            assert!(attribute(field, "autocomplete").is_some(), "{field}");
        }
    }
}

#[test]
fn a_wrong_password_keeps_the_name_and_says_so() {
    let page = login(Language::En, "ann@example.com");
    assert!(page.contains("value=\"ann@example.com\""), "{page}");
    assert!(
        page.contains("role=\"alert\">The name or the password is wrong."),
        "{page}"
    );
    assert_eq!(page.matches("aria-describedby=\"problem\"").count(), 2, "{page}");
    assert_eq!(page.matches(" autofocus").count(), 1, "{page}");
}

#[test]
fn the_other_language_leads_back_here() {
    let page = login(Language::En, "/usher/sso/login/?client_id=a&next=/b");
    let link = "/usher/language/fa?back=%2Fusher%2Fsso%2Flogin%2F%3Fclient%5Fid%3Da%26next%3D%2Fb";
    assert!(page.contains(&format!("href=\"{link}\"")), "{page}");
}

#[test]
fn one_state_is_shown_and_those_who_wait_without_scripts_look_again() {
    let domain = "meet.test";
    for (state, looks_again) in [
        ("too_early", true),
        ("waiting", true),
        ("denied", true),
        ("removed", true),
        ("ready", false),
        ("over", false),
        ("cancelled", false),
        ("in_person", false),
    ] {
        let page = join(Language::En, "x", state, JoinPlace::Jitsi { domain });
        let shown: Vec<_> = tags(&page)
            .into_iter()
            .filter(|tag| tag.starts_with("section ") && !tag.ends_with(" hidden"))
            .filter_map(|tag| attribute(tag, "data-state"))
            .collect();
        assert_eq!(shown, [state]);
        assert_eq!(page.contains("http-equiv=\"refresh\""), looks_again, "{state}");
        let form = tags(&page).into_iter().find(|tag| tag.starts_with("form "));
        assert_eq!(
            form.is_some_and(|form| form.ends_with(" hidden")),
            state != "ready"
        );
    }
}

#[test]
fn a_page_of_livekit_brings_the_room_with_it_and_that_of_jitsi_does_not() {
    for language in LANGUAGES {
        let server = "wss://live.test";
        let page = join(language, "x", "ready", JoinPlace::LiveKit { server });
        let script = format!("data-client=\"/usher/assets/{}\"", Asset::ROOM.file());
        assert!(
            page.contains(&script) && page.contains(&Asset::ROOM_STYLE.file()),
            "{page}"
        );
        assert!(
            page.contains("<template id=\"room\">") && page.contains(server),
            "{page}"
        );
        let form = tags(&page).into_iter().find(|tag| tag.starts_with("form "));
        assert!(
            form.is_some_and(|form| form.ends_with(" hidden")),
            "a script shows it"
        );
        let domain = "meet.test";
        let page = join(language, "x", "ready", JoinPlace::Jitsi { domain });
        assert!(
            !page.contains("/assets/room") && !page.contains("id=\"room"),
            "{page}"
        );
    }
}

/// What the room is made of; `assets/room.js` is these and LiveKit's client.
const ROOM: [&str; 7] = [
    include_str!("livekit/room.js"),
    include_str!("livekit/controls.js"),
    include_str!("livekit/hosting.js"),
    include_str!("livekit/notices.js"),
    include_str!("livekit/sounds.js"),
    include_str!("livekit/tiles.js"),
    include_str!("livekit/words.js"),
];

/// What stands in quotes after `call`, wherever that occurs in the scripts of the room.
fn quoted(call: &'static str) -> impl Iterator<Item = &'static str> {
    let rest = ROOM.iter().flat_map(move |script| script.split(call).skip(1));
    rest.filter_map(|rest| rest.split('"').next())
}

/// Scripts fail late and far away where a word or a part is missing.
#[test]
fn the_room_has_every_word_and_part_that_its_scripts_look_for() {
    let server = "wss://live.test";
    let page = join(Language::En, "x", "ready", JoinPlace::LiveKit { server });
    let parts: Vec<_> = quoted("querySelector(\"[").collect();
    assert!(parts.len() > 20, "{parts:?}");
    for part in parts {
        let name = part.trim_end_matches(']');
        assert!(page.contains(&format!(" {name}")), "{part}");
    }
    let devices = ["microphone", "camera"];
    let faults = ["denied", "missing", "busy", "failed"];
    let faults = devices
        .iter()
        .flat_map(|device| faults.map(|fault| format!("{device}_{fault}")));
    let words: Vec<String> = ["say(\"", "tell(\"", "banner(\""]
        .into_iter()
        .flat_map(quoted)
        .map(str::to_owned)
        .chain(faults)
        .chain(["people_one", "people_many", "mute", "remove", "screen_failed"].map(str::to_owned))
        .collect();
    assert!(words.len() > 20, "{words:?}");
    for word in words {
        assert!(page.contains(&format!(" data-word=\"{word}\"")), "{word}");
    }
}
