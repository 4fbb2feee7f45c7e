//! What pages say, in English and in Persian.

use super::LoginProblem;
use crate::config::daemon::Language;

/// The words of one language; a template names a field, so none can be missing in the other.
#[derive(Debug)]
pub struct Words {
    /// Values of the attributes `lang` and `dir`.
    pub lang: &'static str,
    pub direction: &'static str,
    /// The other language: its tag, and its name as its own speakers write it.
    pub other_lang: &'static str,
    pub other_name: &'static str,

    pub sign_in: &'static str,
    pub asked_by: &'static str,
    pub room: &'static str,
    pub username: &'static str,
    pub password: &'static str,
    pub show: &'static str,
    pub hide: &'static str,
    pub show_password: &'static str,
    pub hide_password: &'static str,
    pub or: &'static str,
    /// Stands before the name of a provider.
    pub continue_with: &'static str,
    pub your_name: &'static str,
    pub enter_as_guest: &'static str,

    pub signed_out: &'static str,
    pub may_close: &'static str,
    pub sign_out: &'static str,
    pub sign_out_asked: &'static str,
    pub sign_out_why: &'static str,
    pub sign_out_else: &'static str,

    pub failed: &'static str,
    pub pass_on: &'static str,
    pub code: &'static str,
    pub request: &'static str,

    pub signed_in: &'static str,
    pub goes_on_in_app: &'static str,
    pub open_app: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    direction: "ltr",
    other_lang: "fa",
    other_name: "فارسی",

    sign_in: "Sign in",
    asked_by: "Asked by",
    room: "Room",
    username: "E-mail address or user name",
    password: "Password",
    show: "Show",
    hide: "Hide",
    show_password: "Show password",
    hide_password: "Hide password",
    or: "or",
    continue_with: "Continue with",
    your_name: "Your name",
    enter_as_guest: "Enter as a guest",

    signed_out: "You are signed out",
    may_close: "You can close this page.",
    sign_out: "Sign out",
    sign_out_asked: "Sign out?",
    sign_out_why: "Another site asks to sign you out. Your meetings would ask you to sign in again.",
    sign_out_else: "If you did not ask for that, close this page: nothing happens.",

    failed: "This did not work",
    pass_on: "Whoever helps you will want to know this:",
    code: "Code",
    request: "Request",

    signed_in: "You are signed in",
    goes_on_in_app: "The meeting goes on in the Jitsi Meet app.",
    open_app: "Open Jitsi Meet",
};

const PERSIAN: Words = Words {
    lang: "fa",
    direction: "rtl",
    other_lang: "en",
    other_name: "English",

    sign_in: "ورود",
    asked_by: "به درخواست",
    room: "اتاق",
    username: "ایمیل یا نام کاربری",
    password: "رمز عبور",
    show: "نمایش",
    hide: "پنهان",
    show_password: "نمایش رمز عبور",
    hide_password: "پنهان کردن رمز عبور",
    or: "یا",
    continue_with: "ادامه با",
    your_name: "نام شما",
    enter_as_guest: "ورود به‌عنوان مهمان",

    signed_out: "از حساب خود خارج شدید",
    may_close: "می‌توانید این صفحه را ببندید.",
    sign_out: "خروج از حساب",
    sign_out_asked: "از حساب خارج می‌شوید؟",
    sign_out_why: "سایت دیگری می‌خواهد شما را از حساب خارج کند. پس از آن برای جلسه‌ها باید دوباره وارد شوید.",
    sign_out_else: "اگر شما این را نخواسته‌اید، صفحه را ببندید؛ چیزی تغییر نمی‌کند.",

    failed: "انجام نشد",
    pass_on: "برای دریافت کمک، این موارد را اعلام کنید:",
    code: "کد",
    request: "شناسهٔ درخواست",

    signed_in: "وارد حساب خود شدید",
    goes_on_in_app: "جلسه در برنامهٔ Jitsi Meet ادامه می‌یابد.",
    open_app: "باز کردن Jitsi Meet",
};

// === impl Words ===

impl Words {
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Fa => &PERSIAN,
        }
    }
}

// === impl LoginProblem ===

impl LoginProblem {
    pub(super) fn sentence(self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fa => self.persian(),
        }
    }

    fn english(self) -> String {
        match self {
            Self::Wrong => "The name or the password is wrong.".into(),
            Self::Inactive => "Your account is switched off. Please ask your administrator.".into(),
            Self::TooMany(seconds) => match in_minutes(seconds) {
                Some(minutes) => format!("Too many tries. Please wait {minutes} minutes."),
                None => format!("Too many tries. Please wait {seconds} seconds."),
            },
            Self::Busy => "Many people are signing in at this moment. Please try again.".into(),
            Self::Stale => "This page was open for too long. Please try again.".into(),
            Self::MissingField => "Please fill in every field.".into(),
            Self::ProviderAway => "The sign-in service cannot be reached. Please try again later.".into(),
            Self::ProviderRefused => "The sign-in service did not confirm who you are.".into(),
        }
    }

    fn persian(self) -> String {
        match self {
            Self::Wrong => "نام کاربری یا رمز عبور اشتباه است.".into(),
            Self::Inactive => "حساب کاربری شما غیرفعال شده است. با مدیر خود تماس بگیرید.".into(),
            Self::TooMany(seconds) => {
                let (number, unit) = match in_minutes(seconds) {
                    Some(minutes) => (minutes, "دقیقه"),
                    None => (seconds, "ثانیه"),
                };
                let number = persian_digits(number);
                format!("تعداد تلاش‌ها بیش از حد است. لطفاً {number} {unit} صبر کنید.")
            }
            Self::Busy => "در این لحظه افراد زیادی در حال ورود هستند. لطفاً دوباره تلاش کنید.".into(),
            Self::Stale => "این صفحه مدت زیادی باز مانده است. لطفاً دوباره تلاش کنید.".into(),
            Self::MissingField => "لطفاً همهٔ فیلدها را پر کنید.".into(),
            Self::ProviderAway => "سرویس ورود در دسترس نیست. لطفاً بعداً دوباره تلاش کنید.".into(),
            Self::ProviderRefused => "سرویس ورود هویت شما را تأیید نکرد.".into(),
        }
    }
}

/// Waits of two minutes and more, rounded up: nobody counts seconds that long.
fn in_minutes(seconds: u64) -> Option<u64> {
    (seconds >= 120).then(|| seconds.div_ceil(60))
}

fn persian_digits(number: u64) -> String {
    const DIGITS: [char; 10] = ['۰', '۱', '۲', '۳', '۴', '۵', '۶', '۷', '۸', '۹'];
    let digit = |c: char| c.to_digit(10).map_or(c, |value| DIGITS[value as usize]);
    number.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_in_a_unit_that_people_use() {
        let told = |seconds, language| LoginProblem::TooMany(seconds).sentence(language);
        assert!(told(119, Language::En).contains("119 seconds"));
        assert!(told(121, Language::En).contains("3 minutes"));
        assert!(told(45, Language::Fa).contains("۴۵ ثانیه"));
        assert!(told(600, Language::Fa).contains("۱۰ دقیقه"));
    }
}
