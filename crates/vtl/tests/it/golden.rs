//! What Apache Velocity 1.7 answered to the templates of `tests/fixtures/templates.txt`, kept in
//! `velocity.txt`: `= text` or `! error`, one line of JSON each.

use vtl::{Options, Template};

use crate::oracle;

const TEMPLATES: &str = include_str!("../fixtures/templates.txt");
const ANSWERS: &str = include_str!("../fixtures/velocity.txt");

/// Templates that come out differently on purpose; `lib.rs` has the reasons.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("$map.class", "no reflection"),
    ("$n.class", "no reflection"),
    ("$text.split(',')", "an array is written as a list"),
    ("#set($x = \"a\\user\")$x", "`\\u` without digits is text, where Velocity fails"),
    ("#set($q = 9999999999 * 9999999999)$q $q.getClass().name", "no reflection"),
    ("$text.format('%s-%d', 'a', 3)", "no `String.format`"),
    ("$text.bytes", "no bytes"),
    ("$name.toString().class.name $name.class.simpleName", "no reflection"),
    ("#foreach($i in $list $n)a#end|", "four arguments are an error; Velocity renders the fourth"),
    ("$text.getClass().getName()", "no reflection"),
    ("$name.charAt(0).class", "no reflection"),
];

fn line(json: &str) -> String {
    serde_json::from_str(json).expect("a line is a string of JSON")
}

#[test]
fn as_velocity_answered() {
    let mut failures = Vec::new();
    assert_eq!(TEMPLATES.lines().count(), ANSWERS.lines().count());
    for (template, answer) in TEMPLATES.lines().map(line).zip(ANSWERS.lines().map(line)) {
        let got = Template::compile(&template, &Options::velocity_1_7())
            .and_then(|compiled| compiled.render(&oracle::context()));
        let same = match &got {
            Ok(got) => answer.strip_prefix("= ") == Some(got),
            Err(_) => answer.starts_with('!'),
        };
        let excepted = EXCEPTIONS.iter().any(|(known, _)| *known == template);
        if same == excepted {
            failures.push(format!("{template:?}\n  velocity {answer:?}\n  got      {got:?}"));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
