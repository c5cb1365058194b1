//! Templates: whatever they say, they render within their limits or fail at a place of theirs.

use vtl::{Context, Json, Limits, Options, Template, Value};

/// Small, so that many inputs are tried, and so that going over them shows.
fn limits() -> Limits {
    Limits { output_bytes: 1 << 16, steps: 100_000, value_bytes: 1 << 18, ..Limits::default() }
}

const DOCUMENT: &str =
    r#"{"a": 1, "text": "Hello, World", "list": [1, "two", null, {"b": 2.5}], "n": -3}"#;

/// Renders the template in both dialects, over text, numbers, lists, maps and JSON.
pub fn render(bytes: &[u8]) {
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    for dialect in [Options::velocity_1_7(), Options::api_gateway()] {
        let options = Options { limits: limits(), ..dialect };
        match Template::compile(source, &options) {
            Ok(template) => try_out(source, &template),
            Err(error) => judge(source, &error),
        }
    }
}

fn try_out(source: &str, template: &Template) {
    let json = Json::parse(DOCUMENT).expect("the document is JSON");
    let mut context = Context::new();
    context.set("json", Value::json(&json));
    context.set("text", "a1,b22,,c".into());
    context.set("n", 3.into());
    context.set("d", 2.5.into());
    context.set("list", Value::list([1.into(), "b".into(), Value::Null]));
    context.set("map", Value::map([("k".into(), 1.into())]));
    match template.render(&context) {
        Ok(text) => {
            assert!(text.len() <= limits().output_bytes, "the limit of the output holds");
            let again = template.render(&context);
            assert!(again.is_ok_and(|again| again == text), "a template renders the same twice");
        }
        Err(error) => judge(source, &error),
    }
}

/// The place of an error is in the template, and its caret can be drawn.
fn judge(source: &str, error: &vtl::Error) {
    let line = source.split('\n').nth(error.line() as usize - 1).expect("the line is there");
    assert!(error.column() as usize <= line.chars().count() + 1, "the column is there");
    assert!(!error.message().is_empty() && error.caret().to_string().contains('^'));
}

/// Matches a pattern, the first line, against the rest: all that ends in the step budget.
pub fn pattern(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else { return };
    let (pattern, text) = input.split_once('\n').unwrap_or((input, ""));
    let source =
        "$t.matches($p)$t.replaceAll($p, '<$0>')$t.split($p).size()$t.replaceFirst($p, '')";
    let options = Options { limits: limits(), ..Options::velocity_1_7() };
    let template = Template::compile(source, &options).expect("the template is right");
    let mut context = Context::new();
    context.set("p", Value::text(pattern));
    context.set("t", Value::text(text));
    if let Err(error) = template.render(&context) {
        judge(source, &error);
    }
}

/// JSON is written as it was read, and read as it was written.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(json) = Json::parse(text) else { return };
    let written = json.to_string();
    let again = Json::parse(&written).expect("what is written is JSON");
    assert_eq!(again.to_string(), written, "written the same again");
}
