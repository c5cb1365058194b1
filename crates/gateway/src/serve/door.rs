//! A call from the socket to its answer: address, match, the phases, the headers that all answers
//! have.

use std::net::IpAddr;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request::Parts,
};
use telemetry::Phase;

use resources::Timestamp;

use super::{
    Stage, Table,
    address::{self, Address, URI_BYTES_MAX},
    call::{Call, Ids, Pairs, Parameters, Surroundings},
    context::View,
    execute, gateway_response,
    log::Log,
    packing,
    plan::{MethodPlan, Place},
    response::Answer,
    way::Way,
};
use crate::{
    Gateway,
    headers::Headers,
    refusal::{
        BAD_REQUEST_PARAMETERS, MISSING_AUTHENTICATION_TOKEN, REQUEST_TOO_LARGE, Refusal, THROTTLED,
    },
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");

impl Gateway {
    /// Whether a request is for a deployed API: by its host `{api-id}.execute-api.…`, or by its path
    /// `/restapis/{api-id}/{stage}/_user_request_/…`.
    pub fn is_addressed<B>(request: &http::Request<B>) -> bool {
        address::read(|| host(request.headers()), request.uri().path()).is_some()
    }

    /// Answers one call of a deployed API. `request_id` is what its answer and the log call it.
    pub fn answer<B>(
        &self,
        request: http::Request<B>,
        peer: IpAddr,
        request_id: &str,
    ) -> impl Future<Output = Response<Bytes>>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        // Taken apart out here: the future would have room for the whole and for its parts.
        let (head, body) = request.into_parts();
        async move {
            let received = self.on().clock.now();
            let ids = Ids::of(request_id, received.epoch_seconds());
            let table = self.table();
            let mut way = Way::begin(&head.method, head.uri.path());
            let answer = match addressed(&head, &table) {
                Some((address, stage)) => {
                    way.stage = Some((address.api, address.stage));
                    way.path = address.path;
                    let surroundings =
                        self.surroundings(&head, address, stage, (peer, ids, received));
                    let answer = self.matched(&surroundings, body, &mut way).await;
                    let compressed_from = surroundings.deployment.compressed_from;
                    packing::packed(compressed_from, &head.headers, answer).await
                }
                None => plain(&way.refused(Refusal::from(&MISSING_AUTHENTICATION_TOKEN))),
            };
            way.keep(&self.on().metrics.requests, &ids, answer.status);
            finished(answer, &ids, head.headers)
        }
    }

    /// Answers a call whose client calls too often.
    pub fn throttled<B>(&self, request: &http::Request<B>, request_id: &str) -> Response<Bytes> {
        self.turned_away(request, request_id, (Phase::Admit, Refusal::from(&THROTTLED)))
    }

    /// Answers a call that is not to be understood in one way only.
    pub fn objected<B>(
        &self,
        request: &http::Request<B>,
        request_id: &str,
        text: &'static str,
    ) -> Response<Bytes> {
        let refusal = Refusal::saying(&BAD_REQUEST_PARAMETERS, text);
        self.turned_away(request, request_id, (Phase::Head, refusal))
    }

    /// Answers a call that comes to no API.
    fn turned_away<B>(
        &self,
        request: &http::Request<B>,
        request_id: &str,
        (phase, refusal): (Phase, Refusal),
    ) -> Response<Bytes> {
        let ids = Ids::of(request_id, self.on().clock.now().epoch_seconds());
        let mut way = Way::begin_in(phase, request.method(), request.uri().path());
        let answer = plain(&way.refused(refusal));
        way.keep(&self.on().metrics.requests, &ids, answer.status);
        finished(answer, &ids, HeaderMap::new())
    }

    /// What is known of a call before its method is.
    fn surroundings<'a>(
        &'a self,
        head: &'a Parts,
        address: Address<'a>,
        stage: &'a Stage,
        (peer, ids, received): (IpAddr, Ids<'a>, Timestamp),
    ) -> Surroundings<'a> {
        let canary = stage.picks_canary();
        Surroundings {
            api: address.api,
            stage: address.stage,
            deployment: canary.unwrap_or(&stage.deployment),
            variables: stage.variables(canary.is_some()),
            is_canary: stage.canary.is_some().then_some(canary.is_some()),
            account: &self.on().account,
            agent: &stage.agent,
            head,
            path: address.path,
            ids,
            peer,
            received_ms: received.epoch_ms(),
            log: Log::default(),
            access_log: stage.kept.definition.access_log_settings.as_ref(),
        }
    }

    /// Finds the method, reads the body and runs the phases.
    async fn matched<'a, B>(
        &self,
        surroundings: &Surroundings<'a>,
        body: B,
        way: &mut Way<'a>,
    ) -> Answer
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (place, plan, path) = match planned(surroundings) {
            Ok(found) => found,
            Err(refusal) => return self.refuse_early(surroundings, way, refusal),
        };
        way.matched(place, plan);
        let body = match self.body_of(body, way).await {
            Ok(body) => body,
            Err(refusal) => return self.refuse_early(surroundings, way, refusal),
        };
        let parameters = Parameters::of(surroundings.head, path);
        let mut call = Call::new(surroundings, (place, plan), &parameters, body);
        let outcome = execute::run(self, &mut call, way).await;
        let refusal = outcome.as_ref().err().map(|refusal| way.refused(refusal.clone()));
        let answer = outcome.unwrap_or_else(|refusal| self.refuse(&call, &refusal));
        self.log_access(View { refusal: refusal.as_ref(), ..View::of(&call) }, way, &answer);
        answer
    }

    /// The gateway response of a call whose method or body is not known.
    fn refuse_early<'a>(
        &self,
        surroundings: &Surroundings<'a>,
        way: &mut Way<'a>,
        refusal: Refusal,
    ) -> Answer {
        let refusal = way.refused(refusal);
        let parameters = Parameters::of(surroundings.head, Pairs::new());
        let view = View { surroundings, resource: None, caller: None, refusal: Some(&refusal) };
        let answer = gateway_response::build(view, &parameters, &refusal);
        self.log_access(view, way, &answer);
        answer
    }

    /// The gateway response of a call whose method is known.
    pub(crate) fn refuse(&self, call: &Call<'_, '_>, refusal: &Refusal) -> Answer {
        if let Some(cause) = &refusal.cause {
            tracing::info!(
                request_id = call.surroundings.ids.request,
                api = call.surroundings.api,
                path = call.place.path,
                kind = refusal.kind.name,
                cause,
                "a call was refused",
            );
            let text = || format!("Execution failed due to configuration error: {cause}");
            call.surroundings.log.line(&self.on().clock, text);
        }
        gateway_response::build(View::of(call), call.parameters, refusal)
    }
}

/// What of all that is served is addressed.
fn addressed<'a>(head: &'a Parts, table: &'a Table) -> Option<(Address<'a>, &'a Stage)> {
    let address = address::read(|| host(&head.headers), head.uri.path())?;
    Some((address, table.stage(address.api, address.stage)?))
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(http::header::HOST)?.to_str().ok()
}

/// The method that is called, with the values of its path's parameters.
fn planned<'a>(
    surroundings: &Surroundings<'a>,
) -> Result<(&'a Place, &'a MethodPlan, Pairs<'a>), Refusal> {
    if let Some(refusal) = bad_address(surroundings) {
        return Err(refusal);
    }
    let deployment = surroundings.deployment;
    let found = deployment.router.find(surroundings.path).filter(|_| !deployment.closed);
    let planned = found.and_then(|found| {
        let plan = found.value.method(surroundings.head.method.as_str())?;
        Some((found.value, plan, found.parameters))
    });
    planned.ok_or_else(|| Refusal::from(&MISSING_AUTHENTICATION_TOKEN))
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

/// A refusal before any API is known.
fn plain(refusal: &Refusal) -> Answer {
    let body = serde_json::json!({ "message": refusal.message() }).to_string();
    let mut headers = Headers::with_capacity(2);
    headers.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.append(ERROR_TYPE, HeaderValue::from_static(refusal.kind.error_type));
    Answer { status: refusal.kind.status.unwrap_or(500), headers, body: body.into() }
}

/// The answer with the ids by which it is found again. Its headers take the place of the call's: the
/// HTTP library hands the map of an answer to the connection's next request, so that one that goes
/// round is never made anew.
fn finished(answer: Answer, ids: &Ids<'_>, mut headers: HeaderMap) -> Response<Bytes> {
    headers.clear();
    answer.headers.put_into(&mut headers);
    for (name, value) in [(REQUEST_ID, ids.request), (EXTENDED_ID, &*ids.extended)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    let mut response = Response::new(answer.body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

impl Stage {
    /// The canary, if this call is one of those that it gets.
    fn picks_canary(&self) -> Option<&super::Deployment> {
        let canary = self.canary.as_deref()?;
        let settings = self.kept.definition.canary_settings.as_ref()?;
        (fastrand::f64() * 100.0 < settings.percent_traffic).then_some(canary)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http_body_util::Full;

    use super::*;

    /// A call's future is moved into place with every call, all of it, whatever the call needs.
    #[test]
    fn what_a_call_keeps_is_little() {
        fn bytes_of<F>(_: impl FnOnce(&'static Gateway, http::Request<Full<Bytes>>) -> F) -> usize {
            size_of::<F>()
        }
        let peer = Ipv4Addr::LOCALHOST.into();
        let bytes = bytes_of(|gateway, request| gateway.answer(request, peer, "id"));
        assert!(bytes <= 3072, "{bytes} bytes");
    }
}
