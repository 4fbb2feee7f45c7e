//! What went wrong, for a person, in English and in Persian.

use super::ApiError;
use crate::config::daemon::Language;
use crate::domain::access::Denial;

// === impl ApiError ===

impl ApiError {
    pub(in crate::http) fn sentence(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fa => self.persian(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::NotFound => "There is nothing at this address.".into(),
            Self::MethodNotAllowed { .. } => "This address does not take this method.".into(),
            Self::NotJson { place } => {
                format!("The body is not the JSON object that is expected here ({place}).")
            }
            Self::WrongType { field } => format!("The field {field} has the wrong type."),
            Self::Missing { field } => format!("The field {field} is missing."),
            Self::Invalid { field, why } => format!("The field {field} {why}."),
            Self::Incomplete => "The body broke off.".into(),
            Self::TooLarge { limit } => format!("The body is larger than {} KiB.", limit / 1024),
            Self::ExpiresInTooLong { ceiling } => {
                format!("Tokens of this client live {ceiling} seconds at most.")
            }
            Self::Unauthenticated => {
                "An API key is needed: Authorization: Bearer, or Basic with the client id.".into()
            }
            Self::Denied(Denial::MissingScope(scope)) => format!("This needs the scope {}.", scope.as_str()),
            Self::Denied(Denial::RoomNotAllowed) => "This client may not name this room.".into(),
            Self::OriginNotAllowed => "This client is not used from pages of this origin.".into(),
            Self::RateLimited { .. } => "Too many requests; please wait a moment.".into(),
            Self::IdempotencyKeyReused => "This Idempotency-Key was used for another appointment.".into(),
            Self::SignIn(refusal) => refusal.sentence(Language::En),
            Self::Live(refusal) => refusal.sentence(Language::En).into(),
            Self::LiveKit(refusal) => refusal.sentence(Language::En),
            Self::Meeting(refusal) => refusal.sentence(Language::En),
            Self::Unavailable => "This cannot be stored right now; please try again.".into(),
            Self::Internal => "Something went wrong on our side.".into(),
        }
    }

    fn persian(&self) -> String {
        match self {
            Self::NotFound => "در این نشانی چیزی نیست.".into(),
            Self::MethodNotAllowed { .. } => "این نشانی این متد را نمی‌پذیرد.".into(),
            Self::NotJson { place } => format!("بدنهٔ درخواست JSON مورد انتظار نیست ({place})."),
            Self::WrongType { field } => format!("نوع فیلد {field} نادرست است."),
            Self::Missing { field } => format!("فیلد {field} الزامی است."),
            Self::Invalid { field, .. } => format!("مقدار فیلد {field} پذیرفتنی نیست."),
            Self::Incomplete => "بدنهٔ درخواست ناتمام رسید.".into(),
            Self::TooLarge { limit } => format!("بدنهٔ درخواست از {} کیلوبایت بزرگ‌تر است.", limit / 1024),
            Self::ExpiresInTooLong { ceiling } => {
                format!("اعتبار توکن برای این برنامه حداکثر {ceiling} ثانیه است.")
            }
            Self::Unauthenticated => "کلید API لازم است.".into(),
            Self::Denied(Denial::MissingScope(scope)) => format!("مجوز {} لازم است.", scope.as_str()),
            Self::Denied(Denial::RoomNotAllowed) => "این برنامه به این اتاق دسترسی ندارد.".into(),
            Self::OriginNotAllowed => "این برنامه از این مبدأ پذیرفته نیست.".into(),
            Self::RateLimited { .. } => "تعداد درخواست‌ها زیاد است؛ کمی صبر کنید.".into(),
            Self::IdempotencyKeyReused => "این Idempotency-Key برای نوبت دیگری به کار رفته است.".into(),
            Self::SignIn(refusal) => refusal.sentence(Language::Fa),
            Self::Live(refusal) => refusal.sentence(Language::Fa).into(),
            Self::LiveKit(refusal) => refusal.sentence(Language::Fa),
            Self::Meeting(refusal) => refusal.sentence(Language::Fa),
            Self::Unavailable => "فعلاً ذخیره ممکن نیست؛ دوباره تلاش کنید.".into(),
            Self::Internal => "خطایی در سرور رخ داد.".into(),
        }
    }
}
