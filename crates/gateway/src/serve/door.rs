//! A call from the socket to its answer: address, match, the phases, the headers that all answers
//! have.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, request::Parts};
use telemetry::Phase;

use resources::Clock;

use super::{
    Stage,
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
    refusal::{
        BAD_REQUEST_PARAMETERS, MISSING_AUTHENTICATION_TOKEN, REQUEST_TOO_LARGE, Refusal, THROTTLED,
    },
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");

impl Gateway {
    /// Answers one call of a deployed API. `request_id` is what its answer and the log call it.
    pub async fn answer<B>(
        &self,
        request: http::Request<B>,
        peer: IpAddr,
        request_id: &str,
    ) -> Response<Bytes>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let ids = Ids::of(request_id, Clock::system().epoch_seconds());
        let table = self.table();
        let host = head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let mut way = Way::begin(&head.method, head.uri.path());
        let address = address::read(host, head.uri.path());
        let stage = address.and_then(|address| table.stage(address.api, address.stage));
        let answer = match address.zip(stage) {
            Some((address, stage)) => {
                way.stage = Some((address.api, address.stage));
                way.path = address.path;
                let surroundings = self.surroundings(&head, address, stage, (peer, ids));
                let compressed_from = surroundings.deployment.compressed_from;
                let answer = self.matched(surroundings, body, &mut way).await;
                packing::packed(compressed_from, &head.headers, answer).await
            }
            None => plain(&way.refused(Refusal::from(&MISSING_AUTHENTICATION_TOKEN))),
        };
        way.keep(&self.on().metrics.requests, &ids, answer.status);
        finished(answer, &ids)
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
        let ids = Ids::of(request_id, Clock::system().epoch_seconds());
        let mut way = Way::begin_in(phase, request.method(), request.uri().path());
        let answer = plain(&way.refused(refusal));
        way.keep(&self.on().metrics.requests, &ids, answer.status);
        finished(answer, &ids)
    }

    /// What is known of a call before its method is.
    fn surroundings<'a>(
        &'a self,
        head: &'a Parts,
        address: Address<'a>,
        stage: &'a Stage,
        (peer, ids): (IpAddr, Ids<'a>),
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
            access_log: stage.kept.definition.access_log_settings.as_ref(),
        }
    }

    /// Finds the method, reads the body and runs the phases.
    async fn matched<'a, B>(
        &self,
        surroundings: Surroundings<'a>,
        body: B,
        way: &mut Way<'a>,
    ) -> Answer
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let parameters = Parameters::of(surroundings.head, Pairs::new());
        let found = match planned(&surroundings) {
            Ok((place, plan, path)) => {
                way.matched(place, plan);
                self.body_of(body).await.map(|body| (place, plan, path, body))
            }
            Err(refusal) => Err(refusal),
        };
        let (place, plan, path, body) = match found {
            Ok(found) => found,
            Err(refusal) => {
                let refusal = way.refused(refusal);
                return self.refuse_early(&surroundings, &parameters, (way, &refusal));
            }
        };
        let parameters = Parameters { path, ..parameters };
        let mut call =
            Call { surroundings, place, plan, parameters, body, is_unpacked: false, caller: None };
        let outcome = execute::run(self, &mut call, way).await;
        let refusal = outcome.as_ref().err().map(|refusal| way.refused(refusal.clone()));
        let answer = outcome.unwrap_or_else(|refusal| self.refuse(&call, &refusal));
        self.log_access(View { refusal: refusal.as_ref(), ..View::of(&call) }, way, &answer);
        answer
    }

    /// The gateway response of a call whose method or body is not known.
    fn refuse_early(
        &self,
        surroundings: &Surroundings<'_>,
        parameters: &Parameters,
        (way, refusal): (&Way<'_>, &Refusal),
    ) -> Answer {
        let view = View { surroundings, resource: None, caller: None, refusal: Some(refusal) };
        let answer = gateway_response::build(view, parameters, refusal);
        self.log_access(view, way, &answer);
        answer
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
            let text = || format!("Execution failed due to configuration error: {cause}");
            call.surroundings.log.line(&self.on().clock, text);
        }
        gateway_response::build(View::of(call), &call.parameters, refusal)
    }
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
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(refusal.kind.error_type));
    Answer { status: refusal.kind.status.unwrap_or(500), headers, body: body.into() }
}

/// The answer with the ids by which it is found again.
fn finished(answer: Answer, ids: &Ids<'_>) -> Response<Bytes> {
    let mut response = Response::new(answer.body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = answer.headers;
    for (name, value) in [(REQUEST_ID, ids.request), (EXTENDED_ID, &*ids.extended)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
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
