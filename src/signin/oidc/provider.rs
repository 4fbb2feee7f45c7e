//! One exchange with the provider: the address to sign in at, the code for tokens, the check of the ID token, the person.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, LogoutRequest, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse, SubjectIdentifier,
    TokenResponse, UserInfoClaims, UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::claims::Claims;
use super::discovery::Provider;
use super::fetch::FetchError;
use super::{OidcError, Pending};
use crate::config::daemon::Oidc as Settings;
use crate::domain::Timestamp;
use crate::signin::Identity;

/// usher as a client of the provider.
pub(super) struct Relation<'a> {
    settings: &'a Settings,
    provider: Arc<Provider>,
    client: Client,
}

/// Why an ID token is not taken as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckError {
    /// Signed with a key that the provider did not have when it was asked last.
    UnknownKey,
    Final(OidcError),
}

/// Whom a checked ID token is about.
pub(super) struct Checked {
    subject: SubjectIdentifier,
    claims: Claims,
}

/// [`CoreClient`] with what a description of the provider sets: where to sign in surely, the two others perhaps.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Claims that the standard has no field for, as they came.
#[derive(Debug, Serialize, Deserialize)]
struct Unnamed {
    #[serde(flatten)]
    all: Map<String, Value>,
}

type RedeemError = RequestTokenError<FetchError, StandardErrorResponse<CoreErrorResponseType>>;

/// In bytes. A longer ID token does not go back to the provider in an address when the person signs out.
const LONGEST_HINT: usize = 4096;

// === impl Relation ===

impl<'a> Relation<'a> {
    pub(super) fn new(settings: &'a Settings, provider: Arc<Provider>) -> Self {
        let id = ClientId::new(settings.client_id.clone());
        let secret = settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let client = CoreClient::from_provider_metadata(provider.metadata.clone(), id, secret);
        let client = client.set_auth_type(auth_type(&provider));
        Self {
            settings,
            provider,
            client,
        }
    }

    pub(super) fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// Where the browser goes.
    pub(super) fn authorization(&self, pending: &Pending, callback: &Url, afresh: bool) -> Url {
        let Pending {
            state,
            nonce,
            verifier,
            ..
        } = pending.clone();
        let verifier = PkceCodeVerifier::new(verifier);
        // The client always asks for this one by itself.
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid");
        let mut request = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_redirect_uri(redirect_url(callback))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if afresh {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        request.url().0
    }

    /// Trades the code for tokens.
    pub(super) async fn redeem(
        &self,
        pending: &Pending,
        code: &str,
        callback: &Url,
    ) -> Result<CoreTokenResponse, OidcError> {
        let request = self.client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|_| nothing("token_endpoint"))?;
        request
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
            .set_redirect_uri(redirect_url(callback))
            .request_async(&self.provider.fetch)
            .await
            .map_err(not_redeemed)
    }

    /// Checks the ID token: issuer, audience, authorized party, expiry, nonce, and the signature by a key of the provider
    /// with an algorithm that it names (OpenID Connect Core section 3.1.3.7).
    pub(super) fn check(
        &self,
        tokens: &CoreTokenResponse,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Checked, CheckError> {
        let bad = |why| CheckError::Final(OidcError::BadIdToken(why));
        let token = tokens.id_token().ok_or(bad("there is none"))?;
        let verifier = self.client.id_token_verifier().set_time_fn(move || now);
        let claims = token
            .claims(&verifier, &Nonce::new(nonce.to_owned()))
            .map_err(|error| check_error(&error))?;
        if !is_party(claims, &self.settings.client_id) {
            return Err(bad("another client is its authorized party"));
        }
        Ok(Checked {
            subject: claims.subject().clone(),
            claims: all_claims(token).ok_or(bad("its claims cannot be read"))?,
        })
    }

    /// The person; the provider is asked again for what its ID token leaves out.
    pub(super) async fn identity(
        &self,
        tokens: &CoreTokenResponse,
        checked: Checked,
    ) -> Result<Identity, OidcError> {
        let Checked { subject, mut claims } = checked;
        if claims.lack_something(self.settings) && self.client.user_info_url().is_some() {
            let more = self.user_info(tokens.access_token(), &subject).await?;
            claims.fill_in(more, self.settings);
        }
        let hint = tokens.id_token().map(ToString::to_string);
        Ok(Identity::Provided {
            user: claims.user(subject.as_str(), self.settings),
            id_token: hint.filter(|token| token.len() <= LONGEST_HINT),
        })
    }

    /// Where the browser goes to be signed out (OpenID Connect RP-Initiated Logout 1.0).
    pub(super) fn log_out(&self, id_token: Option<&str>, back: &Url, state: String) -> Option<Url> {
        let endpoint = self
            .provider
            .metadata
            .additional_metadata()
            .end_session_endpoint
            .clone()?;
        let request = LogoutRequest::from(endpoint)
            .set_client_id(self.client.client_id().clone())
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::from_url(back.clone()))
            .set_state(CsrfToken::new(state));
        let hint = id_token.and_then(|token| token.parse::<CoreIdToken>().ok());
        let request = match &hint {
            Some(token) => request.set_id_token_hint(token),
            None => request,
        };
        Some(request.http_get_url())
    }

    async fn user_info(
        &self,
        access: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Map<String, Value>, OidcError> {
        // It becomes a header, and the client panics where it cannot.
        if !access.secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OidcError::BadIdToken("the access token beside it is no token"));
        }
        let request = self.client.user_info(access.clone(), Some(subject.clone()));
        let request = request.map_err(|_| nothing("userinfo_endpoint"))?;
        let claims: UserInfoClaims<Unnamed, CoreGenderClaim> = request
            .request_async(&self.provider.fetch)
            .await
            .map_err(not_described)?;
        match serde_json::to_value(&claims) {
            Ok(Value::Object(claims)) => Ok(claims),
            _ => Ok(Map::new()),
        }
    }
}

impl AdditionalClaims for Unnamed {}

// === impl CheckError ===

impl From<CheckError> for OidcError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::UnknownKey => Self::BadIdToken("nobody knows its key"),
            CheckError::Final(error) => error,
        }
    }
}

/// `Basic`, unless the provider takes the secret in the body only.
fn auth_type(provider: &Provider) -> AuthType {
    let methods = provider.metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
    let in_body = takes(CoreClientAuthMethod::ClientSecretPost);
    match in_body && !takes(CoreClientAuthMethod::ClientSecretBasic) {
        true => AuthType::RequestBody,
        false => AuthType::BasicAuth,
    }
}

fn redirect_url(callback: &Url) -> Cow<'static, RedirectUrl> {
    Cow::Owned(RedirectUrl::from_url(callback.clone()))
}

/// Whether the token was made for us, where it says for whom it was made.
fn is_party(claims: &CoreIdTokenClaims, client_id: &str) -> bool {
    claims
        .authorized_party()
        .is_none_or(|party| party.as_str() == client_id)
}

/// Every claim of a token that has been checked, also those that the client has no field for.
fn all_claims(checked: &CoreIdToken) -> Option<Claims> {
    let token = checked.to_string();
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).map(Claims).ok()
}

fn check_error(error: &ClaimsVerificationError) -> CheckError {
    use ClaimsVerificationError as Claim;
    let why = match error {
        Claim::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            return CheckError::UnknownKey;
        }
        Claim::InvalidNonce(_) => return CheckError::Final(OidcError::NonceMismatch),
        Claim::SignatureVerification(SignatureVerificationError::DisallowedAlg(_)) => {
            "its algorithm is not one that the provider names"
        }
        Claim::SignatureVerification(_) => "its signature is wrong",
        Claim::Expired(_) => "it has expired",
        Claim::InvalidIssuer(_) => "somebody else issued it",
        Claim::InvalidAudience(_) => "it is for another client",
        _ => "it is of a kind that is not supported",
    };
    CheckError::Final(OidcError::BadIdToken(why))
}

fn nothing(endpoint: &'static str) -> OidcError {
    tracing::error!(
        endpoint,
        "the OpenID Connect provider does not name an address that is needed"
    );
    OidcError::ProviderAway
}

fn not_redeemed(error: RedeemError) -> OidcError {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let code: String = answer.error().to_string().chars().take(64).collect();
            tracing::warn!(code, "the OpenID Connect provider refused a code");
            OidcError::ProviderRefused
        }
        RequestTokenError::Request(error) => away(&error),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            OidcError::BadIdToken("the answer with it cannot be read")
        }
    }
}

fn not_described(error: UserInfoError<FetchError>) -> OidcError {
    match error {
        UserInfoError::Request(error) => away(&error),
        UserInfoError::ClaimsVerification(_) => OidcError::BadIdToken("userinfo is about somebody else"),
        _ => OidcError::BadIdToken("the userinfo beside it cannot be read"),
    }
}

fn away(error: &FetchError) -> OidcError {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "the OpenID Connect provider does not answer"
    );
    OidcError::ProviderAway
}

#[cfg(test)]
mod tests;
