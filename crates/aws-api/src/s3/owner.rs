//! The owner of everything: the account.

use resources::Account;
use s3s::{S3Error, S3ErrorCode, S3Result, dto};

/// The account as an owner.
pub(super) fn shown(account: &Account) -> dto::Owner {
    dto::Owner { display_name: None, id: Some(account.id().to_owned()) }
}

/// Checks `ExpectedBucketOwner`.
pub(super) fn check(account: &Account, expected: Option<&str>) -> S3Result<()> {
    match expected {
        Some(expected) if expected != account.id() => {
            let text = format!("the bucket belongs to account `{}`", account.id());
            Err(S3Error::with_message(S3ErrorCode::AccessDenied, text))
        }
        _ => Ok(()),
    }
}
