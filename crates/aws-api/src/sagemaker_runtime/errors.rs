//! The errors of the data plane: what hosting refused and what the model answered, in AWS's words.

use aws_wire::Fault;
use hosting::{Refusal, Reply};
use resources::Account;

/// The container's name in messages; in models of several containers they have other names.
const CONTAINER: &str = "primary";

pub(super) fn validation(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", message)
}

pub(super) fn of_fault(account: &Account, endpoint: &str, fault: hosting::Fault) -> Fault {
    match fault {
        hosting::Fault::Refused(refusal) => of_refusal(account, endpoint, &refusal),
        hosting::Fault::Model { reply } => of_reply(account, endpoint, &reply),
        hosting::Fault::NoAnswer(no_answer) => model(account, endpoint, 0, &no_answer.message),
    }
}

fn of_refusal(account: &Account, endpoint: &str, refusal: &Refusal) -> Fault {
    let unavailable = |message: String| Fault::new("ServiceUnavailable", message);
    match refusal {
        Refusal::UnknownEndpoint => {
            validation(format!("Endpoint {endpoint} of account {} not found.", account.id()))
        }
        Refusal::UnknownVariant { target, variants } => validation(format!(
            "The requested TargetVariant \"{target}\" is not a production variant of endpoint \
             {endpoint}, which has {}.",
            variants.join(", ")
        )),
        Refusal::NoTraffic => validation(format!(
            "Every production variant of endpoint {endpoint} has weight 0; name one with \
             TargetVariant or give one a weight."
        )),
        Refusal::NoExplainer => validation(format!(
            "EnableExplanations is given, and endpoint {endpoint} has no explainer; create an \
             endpoint configuration with an ExplainerConfig and update the endpoint to it."
        )),
        Refusal::Returning => unavailable(format!(
            "Endpoint {endpoint} is being brought up again after a restart; try again shortly."
        )),
        Refusal::NoCapacity { variant, instances, calls_per_instance } => unavailable(format!(
            "Variant {} of endpoint {endpoint} has no free capacity: each of its {instances} \
             instance(s) works on {calls_per_instance} call(s) already; try again, or give the \
             variant more instances.",
            String::from_utf8_lossy(variant),
        )),
    }
}

fn of_reply(account: &Account, endpoint: &str, reply: &Reply) -> Fault {
    model(account, endpoint, reply.status, &String::from_utf8_lossy(&reply.body))
}

/// The error for an answer that is too long to pass on.
pub(super) fn long_answer(account: &Account, endpoint: &str, bytes_max: usize) -> Fault {
    let text = format!(
        "the model's answer is longer than {bytes_max} bytes, the most that the server's \
         `answer-bytes-max` allows; send fewer rows at a time"
    );
    model(account, endpoint, 0, &text)
}

/// `ModelError`: the model answered `status`, or nothing at all, which counts as 0.
fn model(account: &Account, endpoint: &str, status: u16, text: &str) -> Fault {
    let group = telemetry::endpoint_group(endpoint);
    let (error_code, whose) = match status {
        400..=499 => ("CLIENT_ERROR_FROM_MODEL", "client"),
        _ => ("INTERNAL_FAILURE_FROM_MODEL", "server"),
    };
    let (region, id) = (account.region(), account.id());
    let message = format!(
        "Received {whose} error ({status}) from {CONTAINER} with message \"{text}\". See \
         https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}\
         #logEventViewer:group={group} in account {id} for more information."
    );
    Fault::new("ModelError", message)
        .with("ErrorCode", error_code)
        .with("LogStreamArn", account.arn("logs", format_args!("log-group:{group}")))
        .with("OriginalMessage", text)
        .with("OriginalStatusCode", status)
}
