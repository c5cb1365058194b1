//! Apache Velocity 1.7 itself, where it is installed: Debian's packages `velocity` and
//! `default-jdk-headless`. The tests that need it are ignored by default and say what they skip.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use vtl::{Context, Options, Template, Value};

const JARS: [&str; 3] = [
    "/usr/share/java/velocity.jar",
    "/usr/share/java/commons-lang.jar",
    "/usr/share/java/commons-collections3.jar",
];

/// The variables of `tests/oracle/Oracle.java`.
pub(crate) fn context() -> Context<'static> {
    let list = |items: &[i32]| Value::list(items.iter().copied().map(Value::from));
    let inner = Value::map([("c".into(), "deep".into()), ("n".into(), 7.into())]);
    let map = Value::map([
        ("a".into(), 1.into()),
        ("b".into(), inner),
        ("key with space".into(), "v".into()),
        ("none".into(), Value::Null),
        ("list".into(), list(&[10, 20, 30])),
    ]);
    let mut context = Context::new();
    context.set("name", "world".into());
    context.set("text", "Hello, World".into());
    context.set("csv", "a,b,,c,,".into());
    context.set("n", 3.into());
    context.set("zero", 0.into());
    context.set("long", 10_000_000_000_i64.into());
    context.set("d", 2.5.into());
    context.set("yes", true.into());
    context.set("no", false.into());
    context.set("list", Value::list([1.into(), "two".into(), 3.5.into()]));
    context.set("nulls", Value::list(["a".into(), Value::Null, "b".into()]));
    context.set("empty", Value::list([]));
    context.set("map", map);
    context
}

/// What Apache Velocity makes of templates: `= text` or `! error`; none where it is not installed.
fn ask(templates: &[String]) -> Option<Vec<String>> {
    if !JARS.iter().all(|jar| Path::new(jar).exists()) {
        eprintln!("skipped: Apache Velocity 1.7 is not installed, see tests/it/oracle.rs");
        return None;
    }
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/Oracle.java");
    let mut java = Command::new("java")
        .args(["-cp", &JARS.join(":"), source])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("java runs");
    let mut input = String::new();
    for template in templates {
        writeln!(input, "{}", BASE64_STANDARD.encode(template)).expect("a string takes all");
    }
    let mut stdin = java.stdin.take().expect("its input is a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = java.wait_with_output().expect("java ends");
    writer.join().expect("the writer ends").expect("java reads");
    let text = String::from_utf8(output.stdout).expect("java writes UTF-8");
    let answers: Vec<String> = text.lines().map(answer).collect();
    assert_eq!(answers.len(), templates.len(), "one answer for each template");
    Some(answers)
}

fn answer(line: &str) -> String {
    match line.strip_prefix("= ") {
        Some(encoded) => {
            let bytes = BASE64_STANDARD.decode(encoded).expect("base64");
            format!("= {}", String::from_utf8(bytes).expect("UTF-8"))
        }
        None => line.to_owned(),
    }
}

#[test]
#[ignore = "needs Apache Velocity 1.7 and a JDK; writes tests/fixtures/velocity.txt"]
fn record() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let templates =
        std::fs::read_to_string(format!("{fixtures}/templates.txt")).expect("the templates");
    let templates: Vec<String> = templates
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is a string of JSON"))
        .collect();
    let Some(answers) = ask(&templates) else { return };
    let mut text = String::new();
    for answer in answers {
        // An error's text is Velocity's own, and part of it differs from run to run.
        let answer = if answer.starts_with('!') { "!".to_owned() } else { answer };
        writeln!(text, "{}", serde_json::Value::from(answer)).expect("a string takes all");
    }
    let mut file =
        std::fs::File::create(format!("{fixtures}/velocity.txt")).expect("the fixture opens");
    file.write_all(text.as_bytes()).expect("the fixture is written");
}

/// Compares templates from a grammar with what Apache Velocity makes of them.
fn compare(seed: u64, count: usize) {
    let mut random = crate::random::Generator::new(seed);
    let templates: Vec<String> = (0..count).map(|_| random.template()).collect();
    let Some(answers) = ask(&templates) else { return };
    let differences: Vec<_> = templates
        .iter()
        .zip(&answers)
        .filter_map(|(template, answer)| judge(template, answer))
        .collect();
    let shown = differences.iter().take(25).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {count} differ:\n{shown}", differences.len());
}

/// How a template comes out differently, if it does.
fn judge(template: &str, answer: &str) -> Option<String> {
    // What differs on purpose and cannot be told from a template: a collection that changes in a loop,
    // and what Java writes of an address, of an array or as the hash of a map's values.
    let address = answer.contains("[Ljava.lang.") || template.contains(".values().hashCode()");
    if address || answer.starts_with("! ConcurrentModificationException") {
        return None;
    }
    let got = Template::compile(template, &Options::velocity_1_7())
        .and_then(|compiled| compiled.render(&context()));
    let same = match &got {
        Ok(got) => answer.strip_prefix("= ") == Some(got),
        Err(_) => answer.starts_with('!'),
    };
    (!same).then(|| format!("{template:?}\n  velocity {answer:?}\n  got      {got:?}"))
}

/// `cargo xtask test` runs this where Apache Velocity is installed.
#[test]
#[ignore = "needs Apache Velocity 1.7 and a JDK"]
fn some_generated_templates_agree() {
    compare(0xc1a7, 5_000);
}

#[test]
#[ignore = "needs Apache Velocity 1.7 and a JDK, and half a minute"]
fn generated_templates_agree() {
    compare(0x5eed, 100_000);
}
