//! Request bodies: bounded while they arrive, then read as JSON with errors that name the field.

use std::pin::pin;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// A body that has not been read yet.
pub(super) struct Body {
    /// `Content-Length`; none when the body comes in chunks.
    announced: Option<u64>,
    stream: BoxStream<'static, Result<Bytes, warp::Error>>,
}

/// Characters of the path to a field that an answer repeats: a part of it may be a name that the caller made up.
const LONGEST_PATH: usize = 80;

/// What programs may send (`http.md` section 1).
pub(super) const LIMIT: usize = 64 * 1024;
/// What meeting servers may send: the list of everybody who was in a large room.
pub(super) const SERVER_LIMIT: usize = 4 * 1024 * 1024;

// === impl Body ===

impl Body {
    pub(super) fn new(
        announced: Option<u64>,
        stream: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static,
    ) -> Self {
        let stream = stream
            .map(|chunk| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining())))
            .boxed();
        Self { announced, stream }
    }

    /// Reads it, but never more than `limit` bytes.
    pub(super) async fn bytes(self, limit: usize) -> Result<Bytes, ApiError> {
        if self.announced.is_some_and(|length| length > limit as u64) {
            return Err(ApiError::TooLarge { limit });
        }
        let mut stream = pin!(self.stream);
        let mut all = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| ApiError::Incomplete)?;
            if all.len() + chunk.len() > limit {
                return Err(ApiError::TooLarge { limit });
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Reads it as a JSON object of the expected form.
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        read(&self.bytes(LIMIT).await?)
    }

    /// The same where everything in it may be left out, and so may the whole.
    pub(super) async fn json_if_any<T: DeserializeOwned + Default>(self) -> Result<T, ApiError> {
        let bytes = self.bytes(LIMIT).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(T::default());
        }
        read(&bytes)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would take a list for a structure, its items for the fields in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::NotJson { place: "1:1".into() });
    }
    serde_json::from_slice(bytes).map_err(|error| wrong::<T>(bytes, &error))
}

/// Reads again, slower, to find the field that is wrong.
fn wrong<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> ApiError {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) if error.inner().is_data() && error.path().iter().next().is_some() => {
            ApiError::WrongType {
                field: error.path().to_string().chars().take(LONGEST_PATH).collect(),
            }
        }
        _ => ApiError::NotJson { place: place(error) },
    }
}

fn place(error: &serde_json::Error) -> String {
    format!("{}:{}", error.line(), error.column())
}
