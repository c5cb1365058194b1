//! URLs presigned with the retired signature version 2, which boto3 makes for `us-east-1` unless
//! told `signature_version="s3v4"`. s3s verifies them; nothing else is taken with that version.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, header::AUTHORIZATION};
use identity::Keys;
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
};

use super::errors;
use crate::{Context, refusals};

/// Whether the query carries a signature of version 2, and nothing else does.
pub(super) fn is_presigned<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let has = |wanted: &str| query.split('&').any(|pair| pair.starts_with(wanted));
    has("AWSAccessKeyId=")
        && has("Signature=")
        && !has("X-Amz-Signature=")
        && !request.headers().contains_key(AUTHORIZATION)
}

/// Who presigned it, as far as it says: s3s has yet to verify that, and what is held against the
/// name must not be held against the key's owner.
pub(super) fn claimed_key<B>(request: &Request<B>) -> String {
    let query = request.uri().query().unwrap_or_default();
    let key = query.split('&').find(|pair| pair.starts_with("AWSAccessKeyId="));
    key.unwrap_or_default().to_owned()
}

/// Holds keys to their rate, once s3s has verified a call.
pub(super) struct Rates(pub(super) Arc<Context>);

#[async_trait]
impl S3Access for Rates {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = cx.credentials() else {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied"));
        };
        refusals::take_call(&self.0, &credentials.access_key).map_err(errors::too_often)
    }
}

/// The keys that may sign so: those that last, since s3s looks at no session token.
pub(super) struct Secrets(pub(super) Arc<Keys>);

#[async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let key = self.0.lookup(access_key).ok_or_else(|| {
            let text = "The AWS Access Key Id you provided does not exist in our records.";
            S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, text)
        })?;
        if key.session.is_some() {
            let text = "temporary credentials sign with version 4; set signature_version to `s3v4`";
            return Err(S3Error::with_message(S3ErrorCode::InvalidToken, text));
        }
        Ok(SecretKey::from(key.secret.expose()))
    }
}
