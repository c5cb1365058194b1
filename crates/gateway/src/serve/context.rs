//! `$context`: what templates and mappings may know of a call.

use std::{borrow::Cow, net::IpAddr};

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use super::call::{Call, Caller, Surroundings};
use crate::{mapping::Json, refusal::Refusal};

/// The Common Log Format's date.
const CLF: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// What is known of a call, of its caller, and of why it was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) surroundings: &'a Surroundings<'a>,
    /// The resource's id and path, once they are known.
    pub(crate) resource: Option<(&'a str, &'a str)>,
    pub(crate) caller: Option<&'a Caller>,
    pub(crate) refusal: Option<&'a Refusal>,
}

impl<'a> View<'a> {
    /// The view of a call whose method is known.
    pub(crate) fn of(call: &'a Call<'_, '_>) -> View<'a> {
        View {
            surroundings: call.surroundings,
            resource: Some((&call.place.resource_id, &call.place.path)),
            caller: call.caller.as_ref(),
            refusal: None,
        }
    }

    /// All of it, as templates see it.
    pub(crate) fn json(self) -> Json<'a> {
        let on = self.surroundings;
        let mut members: Members<'a> = Vec::with_capacity(20);
        let mut put = |name: &'static str, value: Cow<'a, str>| {
            members.push((Cow::Borrowed(name), Json::Text(value)));
        };
        put("accountId", on.account.id().into());
        put("apiId", on.api.into());
        put("deploymentId", on.deployment.id.as_str().into());
        put("domainName", host(on).into());
        put("domainPrefix", host(on).split('.').next().unwrap_or_default().into());
        put("extendedRequestId", (&*on.ids.extended).into());
        put("httpMethod", on.head.method.as_str().into());
        put("path", full_path(on).into());
        put("protocol", protocol(on).into());
        put("requestId", on.ids.request.into());
        put("requestTime", request_time(on.received_ms).into());
        put("stage", on.stage.into());
        if let Some((id, path)) = self.resource {
            put("resourceId", id.into());
            put("resourcePath", path.into());
        }
        if let Some(is_canary) = on.is_canary {
            put("isCanaryRequest", if is_canary { "true" } else { "false" }.into());
        }
        members.push((Cow::Borrowed("requestTimeEpoch"), Json::Int(on.received_ms)));
        members.push((Cow::Borrowed("identity"), self.identity()));
        if let Some(refusal) = self.refusal {
            members.push((Cow::Borrowed("error"), error(refusal)));
        }
        Json::Object(members)
    }

    fn identity(self) -> Json<'a> {
        let text = |value: Cow<'a, str>| Json::Text(value);
        let mut members: Members<'a> = Vec::with_capacity(8);
        let peer: IpAddr = self.surroundings.peer;
        members.push(("sourceIp".into(), text(peer.to_string().into())));
        let agent = self.surroundings.head.headers.get(http::header::USER_AGENT);
        if let Some(agent) = agent.and_then(|agent| agent.to_str().ok()) {
            members.push(("userAgent".into(), text(agent.into())));
        }
        if let Some(caller) = self.caller {
            members.push(("accessKey".into(), text(caller.access_key.as_str().into())));
            members.push(("accountId".into(), text(self.surroundings.account.id().into())));
            members.push(("caller".into(), text(caller.access_key.as_str().into())));
            members.push(("user".into(), text(caller.access_key.as_str().into())));
            members.push(("userArn".into(), text(caller.principal.as_str().into())));
        }
        Json::Object(members)
    }

    /// What stands under a dotted name such as `identity.sourceIp`, as text.
    pub(crate) fn text(self, name: &str) -> Option<String> {
        let json = self.json();
        let found = name.split('.').try_fold(&json, |at, part| at.get(part))?;
        match found {
            Json::Text(text) => Some(text.to_string()),
            Json::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

fn error(refusal: &Refusal) -> Json<'_> {
    let mut members: Members<'_> = Vec::new();
    members.push(("responseType".into(), Json::Text(refusal.kind.name.into())));
    if let Some(message) = refusal.message() {
        members.push(("message".into(), Json::Text(message.into())));
    }
    let quoted = serde_json::Value::from(refusal.message()).to_string();
    members.push(("messageString".into(), Json::Text(quoted.into())));
    if let Some(text) = &refusal.validation_error {
        members.push(("validationErrorString".into(), Json::Text(text.as_str().into())));
    }
    Json::Object(members)
}

fn host<'a>(on: &Surroundings<'a>) -> &'a str {
    let host = on.head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    host.map_or("", |host| host.split(':').next().unwrap_or_default())
}

fn protocol(on: &Surroundings<'_>) -> &'static str {
    match on.head.version {
        http::Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// With the stage in front, as API Gateway shows it.
fn full_path(on: &Surroundings<'_>) -> String {
    format!("/{}{}", on.stage, on.path)
}

fn request_time(epoch_ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(epoch_ms.div_euclid(1000));
    at.ok().and_then(|at| at.format(CLF).ok()).unwrap_or_default()
}
