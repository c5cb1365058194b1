//! Access logs: a line for each call of a stage that wants one, in its author's format, into the log
//! store. Groups are those of CloudWatch Logs; other destinations get nothing.

use telemetry::Phase;

use super::{context::View, references, response::Answer, way::Way};
use crate::{Gateway, mapping::Json};

/// What stands for a variable that has no value.
const NOTHING: &str = "-";

impl Gateway {
    /// Writes the line of a call whose answer is known, if its stage wants one.
    pub(crate) fn log_access(&self, view: View<'_>, way: &Way<'_>, answer: &Answer) {
        let on = view.surroundings;
        let Some(settings) = on.access_log else { return };
        let group = settings.get("destinationArn").and_then(|arn| group_of(arn));
        let Some((group, format)) = group.zip(settings.get("format")) else { return };
        let line = line(format, view, way, answer);
        let stream = format!("{}/{}", on.api, on.stage);
        self.on().logs.append(group, &stream, self.on().clock.now(), &line);
    }
}

/// `arn:aws:logs:{region}:{account}:log-group:{name}`, with or without `:*` at its end.
fn group_of(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(7, ':');
    let is_group = parts.nth(2) == Some("logs") && parts.nth(2) == Some("log-group");
    let name = parts.next().filter(|_| is_group)?.split(':').next()?;
    (!name.is_empty()).then_some(name)
}

fn line(format: &str, view: View<'_>, way: &Way<'_>, answer: &Answer) -> String {
    let context = view.json();
    let filled = references::filled(format, |name| {
        let name = name.strip_prefix("context.")?;
        let value = of_answer(name, view, (way, answer)).or_else(|| text_at(&context, name));
        Some(value.filter(|value| !value.is_empty()).unwrap_or_else(|| NOTHING.to_owned()))
    });
    filled.replace(['\n', '\r'], " ")
}

/// The variables that only logs have, which are of how the call went.
fn of_answer(name: &str, view: View<'_>, (way, answer): (&Way<'_>, &Answer)) -> Option<String> {
    match name {
        "status" => Some(answer.status.to_string()),
        "responseLength" => Some(answer.body.len().to_string()),
        "responseLatency" => Some(way.age().as_millis().to_string()),
        "integrationLatency" | "integration.latency" => {
            let status = way.integration_status();
            status.map(|_| way.spent_in(Phase::Integration).as_millis().to_string())
        }
        "integrationStatus" | "integration.status" | "integration.integrationStatus" => {
            way.integration_status().map(|status| status.to_string())
        }
        "integration.requestId" | "awsEndpointRequestId" => Some(way.inner_id().to_owned()),
        "integrationErrorMessage" | "integration.error" => view.refusal?.cause.clone(),
        "xrayTraceId" => Some(view.surroundings.ids.trace.to_string()),
        _ => None,
    }
}

/// What stands under a dotted name, as text.
fn text_at(context: &Json<'_>, name: &str) -> Option<String> {
    match name.split('.').try_fold(context, |at, part| at.get(part))? {
        Json::Text(text) => Some(text.to_string()),
        Json::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_off_their_arn() {
        let check = |arn: &str, expect: Option<&str>| assert_eq!(group_of(arn), expect, "{arn}");
        check("arn:aws:logs:us-east-1:000000000000:log-group:/gw/a", Some("/gw/a"));
        check("arn:aws:logs:us-east-1:000000000000:log-group:/gw/a:*", Some("/gw/a"));
        check("arn:aws:logs:us-east-1:000000000000:log-group:", None);
        check("arn:aws:firehose:us-east-1:000000000000:deliverystream/a", None);
        check("nothing", None);
    }
}
