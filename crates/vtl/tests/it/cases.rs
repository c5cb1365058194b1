//! The recorded cases of `tests/fixtures/cases.json`: what API Gateway and Apache Velocity 1.7 made
//! of other projects' templates. Each exception stands here with its reason.

use vtl::{Context, Error, Json, Options, Template, Value};

const CASES: &str = include_str!("../fixtures/cases.json");

struct Case<'a> {
    id: i64,
    json: &'a Json<'a>,
}

impl<'a> Case<'a> {
    fn all(cases: &'a Json<'a>) -> Vec<Self> {
        let Json::Array(cases) = cases else { panic!("the cases are a list") };
        let id = |json: &Json<'_>| match json.get("id") {
            Some(Json::Int(id)) => *id,
            _ => panic!("a case without an id"),
        };
        cases.iter().map(|json| Case { id: id(json), json }).collect()
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        match self.json.get(name) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn variables(&self) -> Context<'a> {
        let mut context = Context::new();
        if let Some(Json::Object(members)) = self.json.get("context") {
            for (name, value) in members {
                context.set(name.as_ref(), Value::json(value));
            }
        }
        context
    }

    fn same(&self, got: &str, wanted: &str) -> bool {
        match self.text("compare") {
            Some("collapsed") => {
                let collapsed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                collapsed(got) == collapsed(wanted)
            }
            Some("json-equal") => {
                let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
                json(got) == json(wanted)
            }
            _ => got == wanted,
        }
    }
}

fn render(template: &str, context: &Context<'_>, options: &Options) -> Result<String, Error> {
    Template::compile(template, options)?.render(context)
}

fn report(failures: &[String], of: usize) {
    assert!(failures.is_empty(), "{} of {of} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn api_gateway_recorded() {
    let cases = Json::parse(CASES).expect("the fixture parses");
    let mut failures = Vec::new();
    let mut count = 0;
    for case in Case::all(&cases) {
        let (Some(wanted), Some(template)) = (case.text("aws"), case.text("template")) else {
            continue;
        };
        // Those with a request need the gateway's objects, and are the gateway's to pass.
        if case.json.get("request").is_some() {
            continue;
        }
        count += 1;
        let options = Options::api_gateway();
        let got = render(template, &case.variables(), &options);
        let got = got.unwrap_or_else(|error| error.to_string());
        if !case.same(&got, wanted) {
            failures
                .push(format!("#{} {template:?}\n  wanted {wanted:?}\n  got    {got:?}", case.id));
        }
    }
    assert_eq!(count, 99, "all recordings are there");
    report(&failures, count);
}

#[test]
fn velocity_recorded() {
    let cases = Json::parse(CASES).expect("the fixture parses");
    let mut failures = Vec::new();
    let mut count = 0;
    for case in Case::all(&cases) {
        let Some(template) = case.text("template") else { continue };
        let wanted = case.text("velocity");
        if wanted.is_none() && case.json.get("velocity_error").is_none() {
            continue;
        }
        count += 1;
        let got = render(template, &case.variables(), &Options::velocity_1_7());
        let same = match (&got, wanted) {
            (Ok(got), Some(wanted)) => case.same(got, wanted),
            (Err(_), None) => true,
            _ => false,
        };
        if !same {
            failures
                .push(format!("#{} {template:?}\n  wanted {wanted:?}\n  got    {got:?}", case.id));
        }
    }
    assert_eq!(count, 402, "all recordings are there");
    report(&failures, count);
}
