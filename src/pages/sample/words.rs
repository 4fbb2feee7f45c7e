//! What the sample pages say, in English and in Persian.

use crate::config::daemon::Language;

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) enter_a_room: &'static str,
    pub(super) what_this_is: &'static str,
    pub(super) room: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) needs_script: &'static str,

    pub(super) one_moment: &'static str,
    pub(super) signed_in: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) roles: &'static str,
    pub(super) valid_until: &'static str,
    pub(super) enter: &'static str,
    pub(super) check: &'static str,
    pub(super) is_valid: &'static str,
    pub(super) sign_out: &'static str,

    pub(super) not_signed_in: &'static str,
    /// Stands before the code of the refusal.
    pub(super) is_refused: &'static str,
    pub(super) begin: &'static str,
    pub(super) usher_is_away: &'static str,

    pub(super) meeting: &'static str,
    /// Stands before the name of the server.
    pub(super) jitsi_is_away: &'static str,
    pub(super) back: &'static str,
}

const ENGLISH: Words = Words {
    enter_a_room: "Enter a room",
    what_this_is: "A sample of an application that lets people sign in with usher.",
    room: "Room",
    sign_in: "Sign in",
    needs_script: "This sample needs JavaScript.",

    one_moment: "One moment…",
    signed_in: "You are signed in",
    name: "Name",
    email: "E-mail",
    roles: "Roles",
    valid_until: "Valid until",
    enter: "Enter the room",
    check: "Check the token",
    is_valid: "The token is valid.",
    sign_out: "Sign out",

    not_signed_in: "You are not signed in",
    is_refused: "The token is not accepted any more:",
    begin: "Begin again",
    usher_is_away: "usher cannot be reached. Please try again.",

    meeting: "Meeting",
    jitsi_is_away: "The meeting server cannot be reached:",
    back: "Back",
};

const PERSIAN: Words = Words {
    enter_a_room: "ورود به اتاق",
    what_this_is: "نمونهٔ برنامه‌ای که کاربران با usher وارد آن می‌شوند.",
    room: "نام اتاق",
    sign_in: "ورود",
    needs_script: "این نمونه به جاوااسکریپت نیاز دارد.",

    one_moment: "یک لحظه…",
    signed_in: "وارد حساب خود شدید",
    name: "نام",
    email: "ایمیل",
    roles: "نقش‌ها",
    valid_until: "معتبر تا",
    enter: "رفتن به اتاق",
    check: "بررسی توکن",
    is_valid: "توکن معتبر است.",
    sign_out: "خروج از حساب",

    not_signed_in: "وارد حساب خود نشده‌اید",
    is_refused: "توکن دیگر پذیرفته نمی‌شود:",
    begin: "شروع دوباره",
    usher_is_away: "usher در دسترس نیست. لطفاً دوباره تلاش کنید.",

    meeting: "جلسه",
    jitsi_is_away: "سرور جلسه در دسترس نیست:",
    back: "بازگشت",
};

// === impl Words ===

impl Words {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Fa => &PERSIAN,
        }
    }
}
