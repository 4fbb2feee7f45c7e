//! What the page of a meeting says, in English and in Persian.

use crate::config::daemon::Language;

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) meeting: &'static str,
    pub(super) when: &'static str,
    /// Stands before the same moment in the zone in which it was agreed.
    pub(super) there: &'static str,
    pub(super) length: &'static str,
    pub(super) minutes: &'static str,
    pub(super) with: &'static str,
    /// Stands before the number of people whose names are not known.
    pub(super) others: &'static str,
    pub(super) you: &'static str,
    pub(super) whenever: &'static str,

    /// Stands before the opening time.
    pub(super) opens: &'static str,
    /// Stands before the time that is left.
    pub(super) remaining: &'static str,
    pub(super) host_is_missing: &'static str,
    pub(super) to_be_let_in: &'static str,
    pub(super) leave_open: &'static str,
    pub(super) denied: &'static str,
    pub(super) removed: &'static str,
    pub(super) ready: &'static str,
    pub(super) video_note: &'static str,
    pub(super) audio_note: &'static str,
    pub(super) join: &'static str,
    pub(super) over: &'static str,
    pub(super) cancelled: &'static str,
    pub(super) may_close: &'static str,
    pub(super) in_person: &'static str,

    pub(super) entering: &'static str,
    pub(super) left: &'static str,
    pub(super) come_back: &'static str,
    pub(super) signed_out: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) gone: &'static str,
    pub(super) usher_is_away: &'static str,
    /// Stands before the name of the server.
    pub(super) server_is_away: &'static str,
    pub(super) try_again: &'static str,
    pub(super) open_alone: &'static str,
    pub(super) look_again: &'static str,
    pub(super) without_script: &'static str,

    pub(super) waiting_people: &'static str,
    /// How many wait; `{n}` stands for the number.
    pub(super) one_waits: &'static str,
    pub(super) many_wait: &'static str,
    pub(super) let_in: &'static str,
    pub(super) let_all_in: &'static str,
    pub(super) turn_away: &'static str,
    pub(super) turned_away: &'static str,
}

const ENGLISH: Words = Words {
    meeting: "Meeting",
    when: "When",
    there: "Agreed as",
    length: "Length",
    minutes: "minutes",
    with: "With",
    others: "and more:",
    you: "You are",
    whenever: "At any time",

    opens: "It is too early. The room opens at",
    remaining: "Time left:",
    host_is_missing: "The host is not here yet. You go in as soon as they are.",
    to_be_let_in: "The host knows that you are here and will let you in.",
    leave_open: "Please leave this page open.",
    denied: "The host has not let you in. If that is a mistake, leave this page open: they can still do so.",
    removed: "The host has removed you from this meeting.",
    ready: "You can go in now.",
    video_note: "Your browser will ask for your camera and microphone.",
    audio_note: "This is an audio call: your browser will ask for your microphone, and cameras stay off.",
    join: "Join the meeting",
    over: "This meeting is over.",
    cancelled: "This meeting has been cancelled.",
    may_close: "You can close this page.",
    in_person: "This appointment takes place in person. There is no room to join here.",

    entering: "Opening the room…",
    left: "You have left the meeting.",
    come_back: "Come back",
    signed_out: "You are signed out.",
    sign_in: "Sign in",
    gone: "You can no longer see this meeting. It may have been changed.",
    usher_is_away: "The connection is lost. This page keeps trying.",
    server_is_away: "The meeting server cannot be reached:",
    try_again: "Try again",
    open_alone: "Open the room by itself",
    look_again: "Look again",
    without_script: "This page looks again by itself every few seconds. With JavaScript it also opens the room here.",

    waiting_people: "Waiting room",
    one_waits: "One person is waiting",
    many_wait: "{n} people are waiting",
    let_in: "Let in",
    let_all_in: "Let everybody in",
    turn_away: "Turn away",
    turned_away: "Turned away",
};

const PERSIAN: Words = Words {
    meeting: "جلسه",
    when: "زمان",
    there: "به وقت",
    length: "مدت",
    minutes: "دقیقه",
    with: "با حضور",
    others: "و نفرات دیگر:",
    you: "شما",
    whenever: "هر زمان",

    opens: "هنوز زود است. اتاق در این زمان باز می‌شود:",
    remaining: "زمان باقی‌مانده:",
    host_is_missing: "میزبان هنوز نیامده است. به محض آمدن او وارد می‌شوید.",
    to_be_let_in: "میزبان می‌داند که شما این‌جا هستید و شما را می‌پذیرد.",
    leave_open: "لطفاً این صفحه را باز نگه دارید.",
    denied: "میزبان شما را نپذیرفته است. اگر اشتباهی رخ داده، این صفحه را باز نگه دارید؛ میزبان هنوز می‌تواند شما را بپذیرد.",
    removed: "میزبان شما را از این جلسه کنار گذاشته است.",
    ready: "اکنون می‌توانید وارد شوید.",
    video_note: "مرورگر برای استفاده از دوربین و میکروفون از شما اجازه می‌گیرد.",
    audio_note: "این تماس صوتی است: مرورگر برای میکروفون اجازه می‌گیرد و دوربین خاموش می‌ماند.",
    join: "ورود به جلسه",
    over: "این جلسه به پایان رسیده است.",
    cancelled: "این جلسه لغو شده است.",
    may_close: "می‌توانید این صفحه را ببندید.",
    in_person: "این نوبت حضوری است و اتاقی برای ورود ندارد.",

    entering: "در حال باز کردن اتاق…",
    left: "شما از جلسه خارج شدید.",
    come_back: "بازگشت به جلسه",
    signed_out: "از حساب خود خارج شده‌اید.",
    sign_in: "ورود",
    gone: "دیگر به این جلسه دسترسی ندارید. شاید تغییر کرده باشد.",
    usher_is_away: "ارتباط قطع شده است. این صفحه دوباره تلاش می‌کند.",
    server_is_away: "سرور جلسه در دسترس نیست:",
    try_again: "تلاش دوباره",
    open_alone: "باز کردن اتاق به‌تنهایی",
    look_again: "بررسی دوباره",
    without_script: "این صفحه هر چند ثانیه خودبه‌خود بررسی می‌کند. با جاوااسکریپت، اتاق نیز همین‌جا باز می‌شود.",

    waiting_people: "اتاق انتظار",
    one_waits: "یک نفر منتظر است",
    many_wait: "{n} نفر منتظرند",
    let_in: "پذیرفتن",
    let_all_in: "پذیرفتن همه",
    turn_away: "نپذیرفتن",
    turned_away: "پذیرفته‌نشده",
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
