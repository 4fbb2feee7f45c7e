//! What the room of a LiveKit meeting says, in English and in Persian; `src/pages/livekit` shows it.

use crate::config::daemon::Language;

/// The words of one language. Braces are filled in where the words are used: `{name}` by somebody, `{n}` by a number.
#[derive(Debug)]
pub(super) struct RoomWords {
    // Buttons say what they do.
    pub(super) controls: &'static str,
    pub(super) mute: &'static str,
    pub(super) unmute: &'static str,
    pub(super) stop_camera: &'static str,
    pub(super) start_camera: &'static str,
    pub(super) share_screen: &'static str,
    pub(super) stop_sharing: &'static str,
    pub(super) leave: &'static str,
    pub(super) turn_on_sound: &'static str,
    pub(super) close: &'static str,
    pub(super) mute_person: &'static str,
    pub(super) remove_person: &'static str,
    pub(super) really_remove: &'static str,
    pub(super) remove: &'static str,
    pub(super) keep: &'static str,

    // The room and the people in it.
    pub(super) people: &'static str,
    pub(super) one_person: &'static str,
    pub(super) many_people: &'static str,
    pub(super) alone: &'static str,
    pub(super) you: &'static str,
    pub(super) is_muted: &'static str,
    pub(super) screen_of: &'static str,
    pub(super) recorded: &'static str,
    pub(super) came: &'static str,
    pub(super) went: &'static str,

    // What goes wrong.
    pub(super) reconnecting: &'static str,
    pub(super) sound_is_off: &'static str,
    pub(super) listening: &'static str,
    pub(super) muted_by_host: &'static str,
    pub(super) not_done: &'static str,
    pub(super) microphone_denied: &'static str,
    pub(super) microphone_missing: &'static str,
    pub(super) microphone_busy: &'static str,
    pub(super) microphone_failed: &'static str,
    pub(super) camera_denied: &'static str,
    pub(super) camera_missing: &'static str,
    pub(super) camera_busy: &'static str,
    pub(super) camera_failed: &'static str,
    pub(super) screen_failed: &'static str,

    // How it ends, on the page.
    pub(super) ended: &'static str,
    pub(super) replaced: &'static str,
    pub(super) not_let_in: &'static str,
    pub(super) unsupported: &'static str,
    pub(super) needs_script: &'static str,
    pub(super) licences: &'static str,
}

const ENGLISH: RoomWords = RoomWords {
    controls: "Microphone, camera, screen",
    mute: "Mute",
    unmute: "Unmute",
    stop_camera: "Stop camera",
    start_camera: "Start camera",
    share_screen: "Share screen",
    stop_sharing: "Stop sharing",
    leave: "Leave",
    turn_on_sound: "Turn on sound",
    close: "Close",
    mute_person: "Mute {name}",
    remove_person: "Remove {name}",
    really_remove: "Remove {name} from the meeting? They cannot come back.",
    remove: "Remove",
    keep: "Cancel",

    people: "People in the room",
    one_person: "One person",
    many_people: "{n} people",
    alone: "Nobody else is here yet.",
    you: "You",
    is_muted: "muted",
    screen_of: "Screen of {name}",
    recorded: "Being recorded",
    came: "{name} has come in",
    went: "{name} has left",

    reconnecting: "The connection is lost. Connecting again…",
    sound_is_off: "Your browser holds the sound back.",
    listening: "In this meeting you can watch and listen, but not speak.",
    muted_by_host: "Somebody who runs this meeting has muted you.",
    not_done: "That did not work. Please try again.",
    microphone_denied: "The browser does not let this page use your microphone. Allow it beside the address, then press Unmute.",
    microphone_missing: "No microphone was found. Connect one, then press Unmute.",
    microphone_busy: "Your microphone is in use by another program. Close that, then press Unmute.",
    microphone_failed: "Your microphone could not be turned on.",
    camera_denied: "The browser does not let this page use your camera. Allow it beside the address, then press Start camera.",
    camera_missing: "No camera was found. Others can hear you without one.",
    camera_busy: "Your camera is in use by another program. Close that, then press Start camera.",
    camera_failed: "Your camera could not be turned on.",
    screen_failed: "Your screen could not be shared.",

    ended: "The meeting has ended.",
    replaced: "Somebody has joined under your name, in another window or on another device. You are no longer in the meeting \
               here.",
    not_let_in: "The meeting server did not let you in.",
    unsupported: "This browser cannot show the meeting. Please use a current one.",
    needs_script: "The room itself needs JavaScript.",
    licences: "Licences",
};

const PERSIAN: RoomWords = RoomWords {
    controls: "میکروفون، دوربین، صفحه‌نمایش",
    mute: "قطع صدا",
    unmute: "وصل صدا",
    stop_camera: "قطع تصویر",
    start_camera: "وصل تصویر",
    share_screen: "اشتراک صفحه",
    stop_sharing: "پایان اشتراک",
    leave: "خروج",
    turn_on_sound: "پخش صدا",
    close: "بستن",
    mute_person: "قطع صدای {name}",
    remove_person: "بیرون کردن {name}",
    really_remove: "{name} از جلسه بیرون برود؟ دیگر نمی‌تواند برگردد.",
    remove: "بیرون کردن",
    keep: "انصراف",

    people: "افراد حاضر در اتاق",
    one_person: "یک نفر",
    many_people: "{n} نفر",
    alone: "هنوز کس دیگری این‌جا نیست.",
    you: "شما",
    is_muted: "بی‌صدا",
    screen_of: "صفحهٔ {name}",
    recorded: "در حال ضبط",
    came: "{name} وارد شد",
    went: "{name} خارج شد",

    reconnecting: "ارتباط قطع شده است. در حال اتصال دوباره…",
    sound_is_off: "مرورگر صدا را نگه داشته است.",
    listening: "در این جلسه می‌توانید ببینید و بشنوید، اما نمی‌توانید صحبت کنید.",
    muted_by_host: "یکی از گردانندگان جلسه صدای شما را قطع کرد.",
    not_done: "انجام نشد. لطفاً دوباره تلاش کنید.",
    microphone_denied: "مرورگر اجازهٔ استفاده از میکروفون را نمی‌دهد. در کنار نشانی صفحه اجازه دهید و سپس «وصل صدا» را بزنید.",
    microphone_missing: "میکروفونی پیدا نشد. یکی وصل کنید و سپس «وصل صدا» را بزنید.",
    microphone_busy: "برنامهٔ دیگری از میکروفون استفاده می‌کند. آن را ببندید و سپس «وصل صدا» را بزنید.",
    microphone_failed: "میکروفون روشن نشد.",
    camera_denied: "مرورگر اجازهٔ استفاده از دوربین را نمی‌دهد. در کنار نشانی صفحه اجازه دهید و سپس «وصل تصویر» را بزنید.",
    camera_missing: "دوربینی پیدا نشد. دیگران بدون آن هم صدای شما را می‌شنوند.",
    camera_busy: "برنامهٔ دیگری از دوربین استفاده می‌کند. آن را ببندید و سپس «وصل تصویر» را بزنید.",
    camera_failed: "دوربین روشن نشد.",
    screen_failed: "اشتراک صفحه ممکن نشد.",

    ended: "جلسه به پایان رسید.",
    replaced: "با نام شما از پنجره یا دستگاه دیگری وارد این جلسه شده‌اند. شما دیگر از این‌جا در جلسه نیستید.",
    not_let_in: "سرور جلسه شما را راه نداد.",
    unsupported: "این مرورگر نمی‌تواند جلسه را نشان دهد. لطفاً از مرورگر به‌روزی استفاده کنید.",
    needs_script: "خود اتاق به جاوااسکریپت نیاز دارد.",
    licences: "مجوزها",
};

// === impl RoomWords ===

impl RoomWords {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Fa => &PERSIAN,
        }
    }

    /// What scripts say by itself, under the names that they use.
    pub(super) fn spoken(&self) -> [(&'static str, &'static str); 22] {
        [
            ("people_one", self.one_person),
            ("people_many", self.many_people),
            ("you", self.you),
            ("screen_of", self.screen_of),
            ("came", self.came),
            ("went", self.went),
            ("mute", self.mute_person),
            ("remove", self.remove_person),
            ("really_remove", self.really_remove),
            ("reconnecting", self.reconnecting),
            ("listening", self.listening),
            ("muted_by_host", self.muted_by_host),
            ("not_done", self.not_done),
            ("microphone_denied", self.microphone_denied),
            ("microphone_missing", self.microphone_missing),
            ("microphone_busy", self.microphone_busy),
            ("microphone_failed", self.microphone_failed),
            ("camera_denied", self.camera_denied),
            ("camera_missing", self.camera_missing),
            ("camera_busy", self.camera_busy),
            ("camera_failed", self.camera_failed),
            ("screen_failed", self.screen_failed),
        ]
    }
}
