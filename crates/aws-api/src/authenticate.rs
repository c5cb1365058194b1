//! Who calls: verifies a request's signature against the keys that exist.

use std::cell::RefCell;

use http::request::Parts;
use resources::Clock;
use sigv4::{Error, Payload, Request, Secret, Settings, Verifier};

use crate::Context;

thread_local! {
    /// Derived keys are cached per thread, so that no lock is needed.
    static VERIFIER: RefCell<Option<Verifier>> = const { RefCell::new(None) };
}

/// Verifies that `body` and `parts` were signed for `service` in this server's region, by the
/// owner of a key that exists.
pub(crate) fn verify(
    cx: &Context,
    parts: &Parts,
    body: &[u8],
    service: &'static str,
) -> Result<(), Error> {
    if cfg!(feature = "unsigned") {
        return Ok(());
    }
    // Clients sign with the time that they see; a test suite that moves our clock does not move
    // theirs.
    let now = Clock::system().epoch_seconds();
    let keys = cx.keys.snapshot();
    VERIFIER.with_borrow_mut(|verifier| {
        let verifier = verifier.get_or_insert_with(|| Verifier::new(settings(cx)));
        let verified =
            verifier.verify(Request::from(parts), Payload::Body(body), now, |claim| {
                keys.lookup(claim.access_key_id).map(|key| Secret::new(key.secret.expose()))
            })?;
        if verified.claim.service == service {
            Ok(())
        } else {
            Err(Error::ScopeService(service.to_owned()))
        }
    })
}

fn settings(cx: &Context) -> Settings {
    Settings { region: Some(cx.account.region().to_owned()), ..Settings::SERVICE }
}
