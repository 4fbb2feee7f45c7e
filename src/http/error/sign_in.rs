//! What people and their programs can be refused for while they sign in: status, stable code, and the words.

use http::StatusCode;

use crate::config::daemon::Language;
use crate::tokens::Refusal;

/// A refusal around signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum SignInRefusal {
    /// Nobody is signed in.
    Needed,
    /// A person's token opens nothing.
    BadToken(Refusal),
    /// The token opens its room and is good for nothing else.
    LinkToken,
    WrongPassword,
    Inactive,
    /// The password is right, but there is nobody behind it.
    NoProfile,
    /// More passwords wait to be checked than the machine should be asked for.
    Busy,
    /// The room is not open to people without an account.
    GuestsNotAllowed,
    /// The room is open to others.
    NotAMember,
    UnknownClient,
    UnknownRedirect,
    BadRefreshToken,
    RefreshTokenReused,
    /// Nobody here sent this browser to the provider that it comes from.
    StateMismatch,
    /// A form of ours that is too old, or that another site made.
    StaleForm,
    Repeated {
        field: String,
    },
    NotForm,
    WrongMediaType {
        wanted: &'static str,
    },
}

// === impl SignInRefusal ===

impl SignInRefusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Needed | Self::BadToken(_) | Self::LinkToken | Self::WrongPassword => {
                StatusCode::UNAUTHORIZED
            }
            Self::BadRefreshToken | Self::RefreshTokenReused => StatusCode::UNAUTHORIZED,
            Self::Inactive | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::GuestsNotAllowed | Self::NotAMember => StatusCode::FORBIDDEN,
            Self::NoProfile => StatusCode::NOT_FOUND,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::UnknownClient | Self::UnknownRedirect | Self::StateMismatch => StatusCode::BAD_REQUEST,
            Self::Repeated { .. } | Self::NotForm => StatusCode::BAD_REQUEST,
            Self::WrongMediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Needed => "unauthenticated",
            Self::BadToken(refusal) => refusal.code(),
            Self::LinkToken => "link_token",
            Self::WrongPassword => "wrong_credentials",
            Self::Inactive => "user_inactive",
            Self::NoProfile => "no_profile",
            Self::Busy => "busy",
            Self::GuestsNotAllowed => "guests_not_allowed",
            Self::NotAMember => "not_a_member",
            Self::UnknownClient => "unknown_client",
            Self::UnknownRedirect => "unknown_redirect_uri",
            Self::BadRefreshToken => "invalid_refresh_token",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::StateMismatch => "state_mismatch",
            Self::StaleForm => "stale_form",
            Self::Repeated { .. } => "repeated_parameter",
            Self::NotForm => "invalid_form",
            Self::WrongMediaType { .. } => "unsupported_media_type",
        }
    }

    /// The field that a 400 is about.
    pub(super) fn field(&self) -> Option<&str> {
        match self {
            Self::UnknownClient => Some("client_id"),
            Self::UnknownRedirect => Some("redirect_uri"),
            Self::Repeated { field } => Some(field),
            _ => None,
        }
    }

    pub(super) fn sentence(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fa => self.persian(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Needed => "Please sign in: this needs a token of a sign-in.".into(),
            Self::BadToken(refusal) => capital(&refusal.to_string()),
            Self::LinkToken => "This token only opens its room; please use the one from your sign-in.".into(),
            Self::WrongPassword => "The name or the password is wrong.".into(),
            Self::Inactive => "This account is switched off.".into(),
            Self::NoProfile => "There is no profile for this account.".into(),
            Self::Busy => "Many people are signing in right now; please try again.".into(),
            Self::GuestsNotAllowed => "This room needs an account.".into(),
            Self::NotAMember => "You are not among those who may enter this room.".into(),
            Self::UnknownClient => "The program that asks you to sign in is not known here.".into(),
            Self::UnknownRedirect => "The program is not registered at the address that it named.".into(),
            Self::BadRefreshToken => "The refresh token is not known or has expired.".into(),
            Self::RefreshTokenReused => "The refresh token was used before; please sign in again.".into(),
            Self::StateMismatch => {
                "This sign-in was not begun in this browser, or took too long; please begin again.".into()
            }
            Self::StaleForm => "This page was open for too long; please try again.".into(),
            Self::Repeated { field } => format!("The parameter {field} is there twice."),
            Self::NotForm => "The parameters cannot be read.".into(),
            Self::WrongMediaType { wanted } => format!("The body must be {wanted}."),
        }
    }

    fn persian(&self) -> String {
        match self {
            Self::Needed => "لطفاً وارد شوید؛ توکن ورود لازم است.".into(),
            Self::BadToken(refusal) => persian(*refusal).into(),
            Self::LinkToken => "این توکن فقط برای ورود به اتاق است؛ از توکن ورود خود استفاده کنید.".into(),
            Self::WrongPassword => "نام کاربری یا رمز عبور اشتباه است.".into(),
            Self::Inactive => "حساب کاربری شما غیرفعال شده است.".into(),
            Self::NoProfile => "اطلاعات کاربر یافت نشد.".into(),
            Self::Busy => "افراد زیادی در حال ورود هستند؛ دوباره تلاش کنید.".into(),
            Self::GuestsNotAllowed => "برای این اتاق حساب کاربری لازم است.".into(),
            Self::NotAMember => "شما اجازهٔ ورود به این اتاق را ندارید.".into(),
            Self::UnknownClient => "برنامه‌ای که درخواست ورود داده شناخته شده نیست.".into(),
            Self::UnknownRedirect => "نشانی بازگشت برای این برنامه ثبت نشده است.".into(),
            Self::BadRefreshToken => "توکن تازه‌سازی شناخته شده نیست یا منقضی شده است.".into(),
            Self::RefreshTokenReused => "این توکن تازه‌سازی پیش‌تر به کار رفته است؛ دوباره وارد شوید.".into(),
            Self::StateMismatch => {
                "این ورود در این مرورگر آغاز نشده یا زمان آن گذشته است؛ دوباره آغاز کنید.".into()
            }
            Self::StaleForm => "این صفحه مدت زیادی باز بوده است؛ دوباره تلاش کنید.".into(),
            Self::Repeated { field } => format!("پارامتر {field} تکراری است."),
            Self::NotForm => "پارامترها خوانا نیستند.".into(),
            Self::WrongMediaType { wanted } => format!("نوع بدنه باید {wanted} باشد."),
        }
    }
}

impl From<Refusal> for SignInRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::BadToken(refusal)
    }
}

fn capital(sentence: &str) -> String {
    let mut rest = sentence.chars();
    let first = rest.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(rest).chain(['.']).collect()
}

fn persian(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "این متن توکن معتبری نیست.",
        Refusal::BadSignature => "امضای توکن نادرست است.",
        Refusal::UnknownKey => "کلید توکن شناخته نیست.",
        Refusal::WrongAlgorithm => "الگوریتم توکن پذیرفته نیست.",
        Refusal::Expired => "زمان توکن به پایان رسیده است.",
        Refusal::NotYetValid => "زمان توکن هنوز نرسیده است.",
        Refusal::WrongIssuer => "توکن را برنامهٔ دیگری صادر کرده است.",
        Refusal::WrongAudience => "توکن برای برنامهٔ دیگری است.",
        Refusal::WrongSubject => "توکن برای دامنهٔ دیگری است.",
        Refusal::WrongRoom => "توکن برای اتاق دیگری است.",
        Refusal::Revoked => "توکن باطل شده است.",
    }
}
