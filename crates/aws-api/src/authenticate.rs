//! Who calls: verifies a request's signature against the keys that exist, and names their owner.

use std::cell::RefCell;

use http::request::Parts;
use resources::Clock;
use sigv4::{Error, Payload, Request, Secret, Settings, Verifier};

use crate::Context;

thread_local! {
    /// Derived keys are cached per thread, so that no lock is needed.
    static REGIONAL: RefCell<Option<Verifier>> = const { RefCell::new(None) };
    static GLOBAL: RefCell<Option<Verifier>> = const { RefCell::new(None) };
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
    let key = cx.keys.lookup(access_key_id).ok_or(Error::UnknownKey)?;
    Ok(Caller { principal: key.principal.clone() })
}

/// Verifies that `body` and `parts` were signed for `service` in this server's region, by the
/// owner of a key that exists; returns the key's id.
pub(crate) fn verify<'p>(
    cx: &Context,
    parts: &'p Parts,
    body: &[u8],
    service: &'static str,
) -> Result<&'p str, Error> {
    if cfg!(feature = "unsigned") {
        return Ok("");
    }
    // Clients sign with the time that they see; a test suite that moves our clock does not move
    // theirs.
    let now = Clock::system().epoch_seconds();
    let keys = cx.keys.snapshot();
    // IAM is one for all regions: clients sign for their own or for the one where it lives.
    let (verifier, region) = match service {
        "iam" => (&GLOBAL, None),
        _ => (&REGIONAL, Some(cx.account.region())),
    };
    verifier.with_borrow_mut(|verifier| {
        let verifier = verifier.get_or_insert_with(|| Verifier::new(settings(region)));
        let verified =
            verifier.verify(Request::from(parts), Payload::Body(body), now, |claim| {
                keys.lookup(claim.access_key_id).map(|key| Secret::new(key.secret.expose()))
            })?;
        if verified.claim.service == service {
            Ok(verified.claim.access_key_id)
        } else {
            Err(Error::ScopeService(service.to_owned()))
        }
    })
}

fn settings(region: Option<&str>) -> Settings {
    Settings { region: region.map(str::to_owned), ..Settings::SERVICE }
}
