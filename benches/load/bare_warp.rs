//! The bare floor for token routes: warp and jsonwebtoken, nothing else.
//!
//! It gives the answers of `POST /api/jitsi/generate-token` and `validate-token` without asking who calls, without
//! limits, request ids, metrics or logs. What usher costs on top of it is what `benches/load/run` measures.
//!
//! `bare_warp PORT SECRET_FILE` listens on loopback until it is killed.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use warp::http::StatusCode;
use warp::{Filter, Reply};

const APP_ID: &str = "bench-app";
const DOMAIN: &str = "meet.bench.test";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerateRequest {
    room_name: String,
    user_name: String,
    user_email: Option<String>,
    user_id: Option<String>,
    #[serde(default)]
    is_moderator: bool,
    #[serde(default = "two_hours")]
    expires_in: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerateAnswer<'a> {
    token: &'a str,
    room_name: &'a str,
    join_url: String,
    expires_at: String,
    embed: Embed<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Embed<'a> {
    domain: &'a str,
    room_name: &'a str,
    jwt: &'a str,
    config_overwrite: BTreeMap<&'a str, bool>,
    user_info: UserInfo<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserInfo<'a> {
    display_name: &'a str,
}

#[derive(Deserialize)]
struct ValidateRequest {
    token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidateAnswer {
    valid: bool,
    expires_at: String,
    room: String,
    user: User,
    moderator: bool,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    room: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    moderator: bool,
    context: Context,
}

#[derive(Serialize, Deserialize)]
struct Context {
    user: User,
}

#[derive(Serialize, Deserialize)]
struct User {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    moderator: bool,
}

/// The keys, made once.
struct Keys {
    sign: EncodingKey,
    verify: DecodingKey,
    validation: Validation,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [port, secret_file] = arguments()?;
    let secret = std::fs::read_to_string(secret_file)?;
    let keys = Arc::new(Keys::new(secret.trim().as_bytes()));
    let with_keys = warp::any().map(move || Arc::clone(&keys));

    let generate = warp::path!("api" / "jitsi" / "generate-token")
        .and(warp::post())
        .and(warp::body::json())
        .and(with_keys.clone())
        .map(|request, keys: Arc<Keys>| answer(keys.generate(request)));
    let validate = warp::path!("api" / "jitsi" / "validate-token")
        .and(warp::post())
        .and(warp::body::json())
        .and(with_keys)
        .map(|request, keys: Arc<Keys>| answer(keys.validate(&request)));

    warp::serve(generate.or(validate))
        .run((Ipv4Addr::LOCALHOST, port.parse()?))
        .await;
    Ok(())
}

// === impl Keys ===

impl Keys {
    fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_audience(&[APP_ID]);
        validation.set_issuer(&[APP_ID]);
        Self {
            sign: EncodingKey::from_secret(secret),
            verify: DecodingKey::from_secret(secret),
            validation,
        }
    }

    fn generate(&self, request: GenerateRequest) -> jsonwebtoken::errors::Result<impl Reply> {
        let claims = Claims::new(request, now());
        let token = jsonwebtoken::encode(&Header::default(), &claims, &self.sign)?;
        Ok(warp::reply::json(&GenerateAnswer::new(&claims, &token)))
    }

    fn validate(&self, request: &ValidateRequest) -> jsonwebtoken::errors::Result<impl Reply> {
        let claims: Claims = jsonwebtoken::decode(&request.token, &self.verify, &self.validation)?.claims;
        Ok(warp::reply::json(&ValidateAnswer {
            valid: true,
            expires_at: rfc3339(claims.exp),
            room: claims.room,
            user: claims.context.user,
            moderator: claims.moderator,
        }))
    }
}

// === impl Claims ===

impl Claims {
    fn new(request: GenerateRequest, now: DateTime<Utc>) -> Self {
        let issued = now.timestamp();
        Self {
            aud: APP_ID.to_owned(),
            iss: APP_ID.to_owned(),
            sub: DOMAIN.to_owned(),
            room: request.room_name,
            exp: issued + request.expires_in,
            nbf: issued - 10,
            iat: issued,
            jti: token_id(),
            moderator: request.is_moderator,
            context: Context {
                user: User {
                    id: request.user_id,
                    name: request.user_name,
                    email: request.user_email,
                    moderator: request.is_moderator,
                },
            },
        }
    }
}

// === impl GenerateAnswer ===

impl<'a> GenerateAnswer<'a> {
    fn new(claims: &'a Claims, token: &'a str) -> Self {
        Self {
            token,
            room_name: &claims.room,
            join_url: format!("https://{DOMAIN}/{}", claims.room),
            expires_at: rfc3339(claims.exp),
            embed: Embed {
                domain: DOMAIN,
                room_name: &claims.room,
                jwt: token,
                config_overwrite: BTreeMap::new(),
                user_info: UserInfo {
                    display_name: &claims.context.user.name,
                },
            },
        }
    }
}

/// Port and secret file, in that order.
fn arguments() -> Result<[String; 2], &'static str> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given.try_into().map_err(|_| "usage: bare_warp PORT SECRET_FILE")
}

fn answer(outcome: jsonwebtoken::errors::Result<impl Reply>) -> warp::reply::Response {
    match outcome {
        Ok(reply) => reply.into_response(),
        Err(error) => warp::reply::with_status(error.to_string(), StatusCode::BAD_REQUEST).into_response(),
    }
}

fn two_hours() -> i64 {
    7200
}

fn rfc3339(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of its own, without usher's clock"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of its own, without usher's clock"
)]
fn token_id() -> String {
    Uuid::now_v7().to_string()
}
