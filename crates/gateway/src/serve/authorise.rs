//! Who may call a method: everyone, or who signs with a key that may.

use std::cell::RefCell;

use identity::Snapshot;
use resources::{Clock, rest_apis::AuthorizationType};
use sigv4::{Claim, Error, Payload, Request, Secret, Settings, Verifier};

use subtle::ConstantTimeEq;
use telemetry::{Limit, Phase};

use super::{
    call::{Call, Caller},
    way::Way,
};
use crate::{
    Gateway,
    refusal::{
        EXPIRED_TOKEN, INVALID_SIGNATURE, MISSING_AUTHENTICATION_TOKEN, Refusal, THROTTLED,
        UNAUTHORIZED,
    },
};

thread_local! {
    /// Derived keys are cached per thread, so that no lock is needed.
    static VERIFIER: RefCell<Option<Verifier>> = const { RefCell::new(None) };
}

/// Lets the call pass, or refuses it.
pub(crate) fn check(
    gateway: &Gateway,
    call: &mut Call<'_, '_>,
    way: &mut Way<'_>,
) -> Result<(), Refusal> {
    match call.plan.authorization {
        AuthorizationType::None => Ok(()),
        AuthorizationType::AwsIam => {
            way.enter(Phase::Authorise);
            call.caller = Some(signed(gateway, call, &mut way.caller)?);
            Ok(())
        }
        // No such method can be defined; one that was kept by a later version is not left open.
        AuthorizationType::Custom | AuthorizationType::CognitoUserPools => {
            way.enter(Phase::Authorise);
            Err(Refusal::from(&UNAUTHORIZED))
        }
    }
}

/// Who signed the call; `claimed` gets the key that it names, which may be nobody's. Every key that
/// exists may invoke: no policy says otherwise yet.
fn signed(gateway: &Gateway, call: &Call<'_, '_>, claimed: &mut String) -> Result<Caller, Refusal> {
    let keys = gateway.on().keys.snapshot();
    let now = Clock::system().epoch_seconds();
    let verified = VERIFIER.with_borrow_mut(|verifier| {
        let verifier = verifier.get_or_insert_with(|| Verifier::new(settings(gateway)));
        let request = Request::from(call.surroundings.head);
        let verified = verifier.verify(request, Payload::Body(&call.body), now, |claim| {
            claim.access_key_id.as_ref().clone_into(claimed);
            secret_of(&keys, &gateway.on().clock, claim)
        });
        verified.map(|verified| verified.claim.access_key_id.into_owned())
    });
    let access_key = verified.map_err(|error| refused(&error))?;
    gateway.on().keys.take_call(&access_key).map_err(|_| {
        gateway.on().metrics.server.enforce(Limit::CallsPerKey);
        Refusal::from(&THROTTLED)
    })?;
    let principal = keys.lookup(&access_key).map(|key| key.principal.clone());
    let principal = principal.ok_or_else(|| refused(&Error::UnknownKey))?;
    Ok(Caller { access_key, principal })
}

/// The secret of a key that exists, if the claim has the token of the key's session.
fn secret_of<'k>(
    keys: &'k Snapshot,
    clock: &Clock,
    claim: &Claim<'_>,
) -> Result<Secret<'k>, Error> {
    let key = keys.lookup(&claim.access_key_id).ok_or(Error::UnknownKey)?;
    match (&key.session, &claim.session_token) {
        (None, None) => {}
        (Some(session), Some(token)) if same(session.token.expose(), token) => {
            if session.expires <= clock.now() {
                return Err(Error::ExpiredToken);
            }
        }
        _ => return Err(Error::InvalidToken),
    }
    Ok(Secret::new(key.secret.expose()))
}

/// Whether two tokens are equal, in a time that does not tell where they differ.
fn same(ours: &str, given: &str) -> bool {
    bool::from(ours.as_bytes().ct_eq(given.as_bytes()))
}

fn settings(gateway: &Gateway) -> Settings {
    Settings {
        region: Some(gateway.on().account.region().to_owned()),
        service: Some("execute-api".to_owned()),
        ..Settings::SERVICE
    }
}

fn refused(error: &Error) -> Refusal {
    use Error as E;
    let error_type = match error {
        E::MissingAuthenticationToken => return Refusal::from(&MISSING_AUTHENTICATION_TOKEN),
        E::ExpiredToken => return Refusal::from(&EXPIRED_TOKEN),
        E::UnsupportedAlgorithm(_)
        | E::NotKeyValue(_)
        | E::Incomplete(_)
        | E::MalformedCredential(_)
        | E::MalformedDate(_) => Some("IncompleteSignatureException"),
        E::UnknownKey | E::InvalidToken => Some("UnrecognizedClientException"),
        _ => None,
    };
    Refusal { error_type, ..Refusal::saying(&INVALID_SIGNATURE, error.to_string()) }
}
