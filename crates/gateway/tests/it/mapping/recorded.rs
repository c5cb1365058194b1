//! The recorded cases of the template engine, rendered with the gateway's objects as they were recorded:
//! the variables of a case came in as JSON in an override of the request, and the template was that of
//! the answer.

use std::fmt::Write as _;

use gateway::mapping::{Body, Context, Error, Json, Message, Overrides, Parameters, Template};

const CASES: &str = include_str!("../../../../vtl/tests/fixtures/cases.json");

/// `LocalStack`'s cases that are not what Velocity does, or need variables that API Gateway has not.
const LOCALSTACK_EXCEPTIONS: &[(i64, &str)] = &[
    (862, "a variable of its own"),
    (872, "a block of `#define` with parameters, which Velocity refuses"),
    (874, "`$input.json` with Python's blanks in it"),
    (878, "methods of Python's strings"),
    (880, "methods of Python's strings"),
    (882, "methods of Python's strings"),
    (884, "`$input.json` with Python's blanks in it"),
    (888, "variables of its own"),
];

fn cases() -> Json<'static> {
    Json::parse(CASES).expect("the fixture parses")
}

fn items<'j>(json: &'j Json<'j>) -> &'j [Json<'j>] {
    match json {
        Json::Array(items) => items,
        _ => panic!("no list: {json}"),
    }
}

fn members<'j>(json: Option<&'j Json<'j>>) -> &'j [(std::borrow::Cow<'j, str>, Json<'j>)] {
    match json {
        Some(Json::Object(members)) => members,
        _ => &[],
    }
}

fn text<'j>(json: Option<&'j Json<'j>>) -> Option<&'j str> {
    match json {
        Some(Json::Text(text)) => Some(text),
        _ => None,
    }
}

fn id(case: &Json<'_>) -> i64 {
    match case.get("id") {
        Some(Json::Int(id)) => *id,
        _ => panic!("a case without an id"),
    }
}

fn as_json(text: &str) -> Option<serde_json::Value> {
    serde_json::from_str(text).ok()
}

fn same(case: &Json<'_>, got: &str, wanted: &str) -> bool {
    match text(case.get("compare")) {
        Some("collapsed") => got.split_whitespace().eq(wanted.split_whitespace()),
        // A function that is sent nothing sees an empty object.
        Some("json-equal") => as_json(if got.is_empty() { "{}" } else { got }) == as_json(wanted),
        _ => got == wanted,
    }
}

/// Renders; a body that is refused is answered with the message.
fn answer(template: &str, message: &Message<'_>) -> String {
    let rendered = Template::compile(template).map_err(Error::from);
    match rendered.and_then(|template| template.render(message)) {
        Ok(rendered) => rendered.body,
        Err(Error::Body(message)) => format!(r#"{{"message": "{message}"}}"#),
        Err(error) => error.to_string(),
    }
}

/// As it was recorded: the variables are taken out of an override, and what follows is the case.
fn recorded(case: &Json<'_>, template: &str) -> String {
    if let Some(payload) = text(case.get("context").and_then(|context| context.get("payload"))) {
        let body = Body::new(payload);
        return answer(template, &Message { body, ..Message::default() });
    }
    let mut wrapped = "#set($body = $context.requestOverride.path.body)\n\
                       #set($bodyJSON = $util.parseJson($body))\n"
        .to_owned();
    for (name, _) in members(case.get("context")) {
        writeln!(wrapped, "#set(${name} = $bodyJSON.{name})").expect("a string takes all");
    }
    wrapped.push_str(template);
    let variables = case.get("context").map(Json::to_string).unwrap_or_default();
    let mut overridden = Overrides::default();
    overridden.request.path.push(("body".to_owned(), variables));
    answer(&wrapped, &Message { overridden, ..Message::default() })
}

#[test]
fn api_gateway_recorded() {
    let cases = cases();
    let mut failures = Vec::new();
    let mut count = 0;
    for case in items(&cases) {
        let (Some(wanted), Some(template)) = (text(case.get("aws")), text(case.get("template")))
        else {
            continue;
        };
        count += 1;
        let got = recorded(case, template);
        if !same(case, &got, wanted) {
            failures
                .push(format!("#{} {template:?}\n  wanted {wanted:?}\n  got    {got:?}", id(case)));
        }
    }
    assert_eq!(count, 112, "all recordings are there");
    assert!(failures.is_empty(), "{} of {count} fail:\n{}", failures.len(), failures.join("\n"));
}

fn pairs<'j>(json: Option<&'j Json<'j>>) -> Vec<(&'j str, &'j str)> {
    members(json)
        .iter()
        .map(|(name, value)| (&**name, text(Some(value)).expect("a text")))
        .collect()
}

/// Renders a case of `LocalStack`'s tests, whose context names the variables.
fn as_localstack(template: &str, variables: Option<&Json<'_>>) -> String {
    let input = variables.and_then(|variables| variables.get("input"));
    let body = input.and_then(|input| input.get("body"));
    let body = text(body).map(str::to_owned).or_else(|| body.map(Json::to_string));
    let body = body.unwrap_or_default();
    let params = input.and_then(|input| input.get("params"));
    let part = |name: &str| pairs(params.and_then(|params| params.get(name)));
    let (path, query, header) = (part("path"), part("querystring"), part("header"));
    let stage_variables = pairs(variables.and_then(|variables| variables.get("stageVariables")));
    let context = variables.and_then(|variables| variables.get("context")).cloned();
    let message = Message {
        body: Body::new(&body),
        parameters: Parameters { path: &path, query: &query, header: &header },
        stage_variables: &stage_variables,
        context: context.map(Context::from).unwrap_or_default(),
        ..Message::default()
    };
    answer(template, &message)
}

/// `LocalStack`'s tests compare leniently: as JSON, without the blanks around; of a list the first is
/// the text.
fn is_as_localstack(got: &str, wanted: &Json<'_>) -> bool {
    match wanted {
        Json::Text(text) => {
            got.trim() == text.trim() || as_json(got).is_some() && as_json(got) == as_json(text)
        }
        Json::Array(all) => all.first().is_some_and(|first| is_as_localstack(got, first)),
        other => as_json(got) == as_json(&other.to_string()),
    }
}

#[test]
fn localstack_tests() {
    let cases = cases();
    let mut failures = Vec::new();
    let mut count = 0;
    for case in items(&cases) {
        let (Some(wanted), Some(template)) = (case.get("localstack"), text(case.get("template")))
        else {
            continue;
        };
        if LOCALSTACK_EXCEPTIONS.iter().any(|(excepted, _)| *excepted == id(case)) {
            continue;
        }
        count += 1;
        let context = case.get("context").expect("a context");
        let got = as_localstack(template, context.get("variables"));
        if !is_as_localstack(&got, wanted) {
            failures
                .push(format!("#{} {template:?}\n  wanted {wanted}\n  got    {got:?}", id(case)));
        }
    }
    assert_eq!(count, 9, "all of them are there");
    assert!(failures.is_empty(), "{} of {count} fail:\n{}", failures.len(), failures.join("\n"));
}
