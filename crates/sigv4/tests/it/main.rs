//! What callers see of the crate: AWS's examples, botocore's signatures, refusals, tampering.

mod aws_examples;
mod botocore;
mod chunked;
mod presigned;
mod refusals;
mod round_trip;
mod tampering;

use sigv4::{Claim, Error, Secret, Settings, Signer};

/// The one key there is: `AKID`, whose secret is `secret`, without a session.
fn known(claim: &Claim<'_>) -> Result<Secret<'static>, Error> {
    if claim.access_key_id != "AKID" {
        return Err(Error::UnknownKey);
    }
    match claim.session_token {
        Some(_) => Err(Error::InvalidToken),
        None => Ok(Secret::new("secret")),
    }
}

/// Signs with the one key there is.
fn signer(settings: &Settings) -> Signer<'_> {
    Signer {
        access_key_id: "AKID",
        secret: Secret::new("secret"),
        session_token: None,
        region: "us-east-1",
        service: if settings.double_encode_path { "sagemaker" } else { "s3" },
        settings,
    }
}
