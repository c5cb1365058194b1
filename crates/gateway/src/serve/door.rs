//! A call from the socket to its answer: address, match, the phases, the headers that all answers
//! have.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, request::Parts};
use http_body_util::{BodyExt, Limited};

use super::{
    Stage,
    address::{self, Address, URI_BYTES_MAX},
    call::{Call, Ids, Pairs, Parameters, Surroundings},
    context::View,
    execute, gateway_response,
    log::Log,
    plan::Place,
    response::Answer,
    router::Match,
};
use crate::{
    Gateway,
    refusal::{BAD_REQUEST_PARAMETERS, MISSING_AUTHENTICATION_TOKEN, REQUEST_TOO_LARGE, Refusal},
};

/// Bytes of a call's body at most.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// How long a caller may take to send its body.
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

impl Gateway {
    /// Answers one call of a deployed API. `request_id` is what its answer and the log call it.
    pub async fn answer<B>(
        &self,
        request: http::Request<B>,
        peer: IpAddr,
        request_id: &str,
    ) -> Response<Bytes>
    where
        B: hyper::body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let ids = Ids::of(request_id);
        let table = self.table();
        let host = head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let found = address::read(host, head.uri.path())
            .and_then(|address| Some((address, table.stage(address.api, address.stage)?)));
        let Some((address, stage)) = found else {
            return finished(plain(&Refusal::from(&MISSING_AUTHENTICATION_TOKEN)), &ids);
        };
        let surroundings = self.surroundings(&head, address, stage, (peer, ids.clone()));
        let outcome = self.matched(surroundings, body).await;
        finished(outcome, &ids)
    }

    /// What is known of a call before its method is.
    fn surroundings<'a>(
        &'a self,
        head: &'a Parts,
        address: Address<'a>,
        stage: &'a Stage,
        (peer, ids): (IpAddr, Ids),
    ) -> Surroundings<'a> {
        let canary = stage.picks_canary();
        Surroundings {
            api: address.api,
            stage: address.stage,
            deployment: canary.unwrap_or(&stage.deployment),
            variables: stage.variables(canary.is_some()),
            is_canary: stage.canary.is_some().then_some(canary.is_some()),
            account: &self.on().account,
            head,
            path: address.path,
            ids,
            peer,
            received_ms: self.on().clock.now().epoch_ms(),
            log: Log::default(),
        }
    }

    /// Finds the method, reads the body and runs the phases.
    async fn matched<B>(&self, surroundings: Surroundings<'_>, body: B) -> Answer
    where
        B: hyper::body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let head = surroundings.head;
        let parameters = Parameters::of(head, Pairs::new());
        let refused = |surroundings: &Surroundings<'_>, refusal: &Refusal| {
            let view = View { surroundings, resource: None, caller: None, refusal: None };
            gateway_response::build(view, &parameters, refusal)
        };
        if let Some(refusal) = bad_address(&surroundings) {
            return refused(&surroundings, &refusal);
        }
        let deployment = surroundings.deployment;
        let found = deployment.router.find(surroundings.path).filter(|_| !deployment.closed);
        let planned = found.and_then(|found| {
            let plan = found.value.method(head.method.as_str())?;
            Some((plan, found))
        });
        let Some((plan, Match { value, parameters: taken })) = planned else {
            return refused(&surroundings, &Refusal::from(&MISSING_AUTHENTICATION_TOKEN));
        };
        let place: &Place = value;
        let path = taken.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return refused(&surroundings, &refusal),
        };
        let parameters = Parameters { path, ..parameters };
        let mut call = Call { surroundings, place, plan, parameters, body, caller: None };
        let outcome = execute::run(self, &mut call).await;
        outcome.unwrap_or_else(|refusal| self.refuse(&call, &refusal))
    }

    /// The gateway response of a call whose method is known.
    pub(crate) fn refuse(&self, call: &Call<'_>, refusal: &Refusal) -> Answer {
        if let Some(cause) = &refusal.cause {
            tracing::info!(
                request_id = call.surroundings.ids.request,
                api = call.surroundings.api,
                path = call.place.path,
                kind = refusal.kind.name,
                cause,
                "a call was refused",
            );
            let now = self.on().clock.now().epoch_ms();
            call.surroundings
                .log
                .line(now, || format!("Execution failed due to configuration error: {cause}"));
        }
        gateway_response::build(View::of(call), &call.parameters, refusal)
    }
}

fn bad_address(surroundings: &Surroundings<'_>) -> Option<Refusal> {
    let uri = &surroundings.head.uri;
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > URI_BYTES_MAX {
        let text = format!("The path and the query are longer than {URI_BYTES_MAX} bytes");
        return Some(Refusal::saying(&REQUEST_TOO_LARGE, text));
    }
    let problem = address::problem(uri.path(), query)?;
    Some(Refusal::saying(&BAD_REQUEST_PARAMETERS, problem))
}

async fn read<B>(body: B) -> Result<Bytes, Refusal>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let collected =
        tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_BYTES_MAX).collect());
    match collected.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Refusal::from(&REQUEST_TOO_LARGE))
        }
        Ok(Err(_)) => Err(Refusal::saying(&BAD_REQUEST_PARAMETERS, "The body broke off")),
        Err(_) => Err(Refusal::saying(&BAD_REQUEST_PARAMETERS, "The body did not come in time")),
    }
}

/// A refusal before any API is known.
fn plain(refusal: &Refusal) -> Answer {
    let body = serde_json::json!({ "message": refusal.message() }).to_string();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(refusal.kind.error_type));
    Answer { status: refusal.kind.status.unwrap_or(500), headers, body: body.into() }
}

/// The answer with the ids by which it is found again.
fn finished(answer: Answer, ids: &Ids) -> Response<Bytes> {
    let mut response = Response::new(answer.body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = answer.headers;
    for (name, value) in [("x-amzn-requestid", &ids.request), ("x-amz-apigw-id", &ids.extended)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

impl Ids {
    /// The ids of a call with this request id.
    pub(crate) fn of(request_id: &str) -> Self {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut extended: String =
            (0..15).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect();
        extended.push('=');
        let seconds = resources::Clock::system().epoch_seconds();
        let trace = format!("Root=1-{seconds:08x}-{:024x}", fastrand::u128(..) >> 32);
        Self { request: request_id.to_owned(), extended, trace }
    }
}

impl Stage {
    /// The canary, if this call is one of those that it gets.
    fn picks_canary(&self) -> Option<&super::Deployment> {
        let canary = self.canary.as_deref()?;
        let settings = self.kept.definition.canary_settings.as_ref()?;
        (fastrand::f64() * 100.0 < settings.percent_traffic).then_some(canary)
    }

    /// The stage's variables, those of the canary on top.
    fn variables(&self, canary: bool) -> Pairs {
        let mut variables = self.kept.definition.variables.clone();
        let settings = self.kept.definition.canary_settings.as_ref().filter(|_| canary);
        let overrides = settings.and_then(|settings| settings.stage_variable_overrides.clone());
        variables.extend(overrides.unwrap_or_default());
        variables.into_iter().collect()
    }
}
