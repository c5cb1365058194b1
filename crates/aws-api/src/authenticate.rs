//! Who calls: verifies a request's signature against the keys that exist, and names their owner.

use std::{borrow::Cow, cell::RefCell};

use http::request::Parts;
use identity::{Keys, Snapshot};
use resources::Clock;
use sigv4::{Claim, Error, Payload, Request, Secret, Settings, Verified, Verifier};

use crate::{Context, same_secret};

thread_local! {
    /// Derived keys are cached per thread, so that no lock is needed.
    static REGIONAL: RefCell<Option<Verifier>> = const { RefCell::new(None) };
    static GLOBAL: RefCell<Option<Verifier>> = const { RefCell::new(None) };
    static S3: RefCell<Option<Verifier>> = const { RefCell::new(None) };
}

/// Who made a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The ARN of the key's owner.
    pub(crate) principal: String,
}

/// As [`verify`], and says who it was.
pub(crate) fn identify(
    cx: &Context,
    parts: &Parts,
    body: &[u8],
    service: &'static str,
) -> Result<Caller, Error> {
    let access_key_id = verify(cx, parts, body, service)?;
    if cfg!(feature = "unsigned") {
        return Ok(Caller { principal: identity::root_arn(&cx.account) });
    }
    let key = cx.keys.lookup(&access_key_id).ok_or(Error::UnknownKey)?;
    Ok(Caller { principal: key.principal.clone() })
}

/// Verifies that `body` and `parts` were signed for `service` in this server's region, by the
/// owner of a key that exists; returns the key's id.
pub(crate) fn verify<'p>(
    cx: &Context,
    parts: &'p Parts,
    body: &[u8],
    service: &'static str,
) -> Result<Cow<'p, str>, Error> {
    if cfg!(feature = "unsigned") {
        return Ok(Cow::Borrowed(""));
    }
    let asker = Asker { keys: cx.keys.snapshot(), clock: &cx.clock };
    // IAM is one for all regions: clients sign for their own or for the one where it lives.
    let (verifier, region) = match service {
        "iam" => (&GLOBAL, None),
        _ => (&REGIONAL, Some(cx.account.region())),
    };
    verifier.with_borrow_mut(|verifier| {
        let verifier = verifier.get_or_insert_with(|| Verifier::new(settings(region)));
        let verified = asker.ask(verifier, parts, Payload::Body(body))?;
        if verified.claim.service == service {
            Ok(verified.claim.access_key_id)
        } else {
            Err(Error::ScopeService(service.to_owned()))
        }
    })
}

/// Verifies a request of S3's before its body is read. Clients of S3 sign for whatever region
/// they believe a bucket to be in.
pub(crate) fn verify_s3<'p>(
    keys: &Keys,
    clock: &Clock,
    parts: &'p Parts,
    payload: Payload<'_>,
) -> Result<Verified<'p>, Error> {
    let asker = Asker { keys: keys.snapshot(), clock };
    S3.with_borrow_mut(|verifier| {
        let settings = || Settings { service: Some("s3".to_owned()), ..Settings::S3 };
        let verifier = verifier.get_or_insert_with(|| Verifier::new(settings()));
        asker.ask(verifier, parts, payload)
    })
}

/// What a verification is held against.
struct Asker<'a> {
    keys: Snapshot,
    /// The clock that test suites advance; sessions end by it.
    clock: &'a Clock,
}

impl Asker<'_> {
    fn ask<'p>(
        &self,
        verifier: &mut Verifier,
        parts: &'p Parts,
        payload: Payload<'_>,
    ) -> Result<Verified<'p>, Error> {
        // Clients sign with the time that they see; a test suite that moves our clock does not
        // move theirs.
        let now = Clock::system().epoch_seconds();
        verifier.verify(Request::from(parts), payload, now, |claim| self.secret_of(claim))
    }

    /// The secret of a key that exists, if the claim has the token of the key's session.
    fn secret_of(&self, claim: &Claim<'_>) -> Result<Secret<'_>, Error> {
        let key = self.keys.lookup(&claim.access_key_id).ok_or(Error::UnknownKey)?;
        match (&key.session, &claim.session_token) {
            (None, None) => {}
            (Some(session), Some(token))
                if same_secret(session.token.expose().as_bytes(), token.as_bytes()) =>
            {
                if session.expires <= self.clock.now() {
                    return Err(Error::ExpiredToken);
                }
            }
            _ => return Err(Error::InvalidToken),
        }
        Ok(Secret::new(key.secret.expose()))
    }
}

fn settings(region: Option<&str>) -> Settings {
    Settings { region: region.map(str::to_owned), ..Settings::SERVICE }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use identity::{KeyRecord, Keys, Session};
    use resources::Clock;
    use sigv4::{Error, Payload, Settings, Signer};

    use super::verify_s3;

    const TOKEN: &str = "the token of a session";

    fn temporary(expires: resources::Timestamp) -> Keys {
        Keys::new([KeyRecord {
            id: "ASIATEMPORARY0000000".to_owned(),
            secret: identity::Secret::new("secret"),
            principal: "arn:aws:sts::000000000000:assumed-role/r/s".to_owned(),
            session: Some(Session { token: identity::Secret::new(TOKEN), expires }),
        }])
    }

    fn outcome(keys: &Keys, clock: &Clock, session_token: Option<&str>) -> Result<(), Error> {
        let request = http::Request::get("http://localhost/bucket/key").body(());
        let (mut parts, ()) = request.expect("a request").into_parts();
        let signer = Signer {
            access_key_id: "ASIATEMPORARY0000000",
            secret: sigv4::Secret::new("secret"),
            session_token,
            region: "eu-west-1",
            service: "s3",
            settings: &Settings::S3,
        };
        signer.sign(&mut parts, b"", Clock::system().epoch_seconds()).expect("it is signed");
        verify_s3(keys, clock, &parts, Payload::Body(b"")).map(|_| ())
    }

    #[test]
    fn a_session_s_key_needs_its_token_until_it_ends() {
        let clock = Clock::new();
        let keys = temporary(resources::Timestamp::from_epoch_ms(clock.now().epoch_ms() + 60_000));
        assert_eq!(outcome(&keys, &clock, Some(TOKEN)), Ok(()));
        assert_eq!(outcome(&keys, &clock, None), Err(Error::InvalidToken));
        assert_eq!(outcome(&keys, &clock, Some("another")), Err(Error::InvalidToken));
        clock.advance(Duration::from_mins(1));
        assert_eq!(outcome(&keys, &clock, Some(TOKEN)), Err(Error::ExpiredToken));
    }

    #[test]
    fn a_key_that_lasts_takes_no_token() {
        let clock = Clock::new();
        let mut key = KeyRecord::root(
            &resources::Account::new("000000000000", "us-east-1").expect("an account"),
            identity::AccessKey::new("ASIATEMPORARY0000000", "secretsecret").expect("a key"),
        );
        key.secret = identity::Secret::new("secret");
        let keys = Keys::new([key]);
        assert_eq!(outcome(&keys, &clock, None), Ok(()));
        assert_eq!(outcome(&keys, &clock, Some("any")), Err(Error::InvalidToken));
    }
}
