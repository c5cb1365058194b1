//! What is not in any recording: API Gateway's dialect, Java's methods and patterns, and errors.

use vtl::{Context, Json, Options, Template, Value};

fn render(template: &str, options: &Options) -> String {
    let json = Json::parse(
        r#"{"map": {"foo": "bar", "n": 1.50, "list": [{"nested": "b\"ar"}, null]},
            "empty": [], "null": null, "big": 12345678901234567890123, "zero": 0.0}"#,
    )
    .expect("the body is JSON");
    let mut context = Context::new();
    context.set("body", Value::json(&json));
    context.set("text", "Grüße, 😀!".into());
    let rendered =
        Template::compile(template, options).and_then(|template| template.render(&context));
    rendered.unwrap_or_else(|error| format!("! {error}"))
}

fn check(options: &Options, cases: &[(&str, &str)]) {
    for (template, wanted) in cases {
        assert_eq!(render(template, options), *wanted, "{template}");
    }
}

#[test]
fn api_gateway_writes_json_its_way() {
    check(
        &Options::api_gateway(),
        &[
            ("$body.map", r#"{foo=bar, n=1.5, list=[{"nested":"b\"ar"},null]}"#),
            ("$body.map.list", r#"[{"nested":"b\"ar"},null]"#),
            ("$body.empty$body.none$body.null|", "[]|"),
            ("#if($body.none == $null)a#end#if($body.none == '')b#end#if($body.none)c#end", "abc"),
            ("#set($x = $body.none)[$x]", "[]"),
            ("#set($body.map.foo = 'new')$body.map.foo $body.map.n", "new 1.5"),
            (
                "#set($m = $body.map)#set($x = $m.put('a', [1]))$body.map.a $m.keySet()",
                "[1] [foo, n, list, a]",
            ),
            ("#set($l = $body.empty)#set($x = $l.add('q'))$l $body.empty.size()", r#"["q"] 1"#),
            ("$body.big $body.zero", "12345678901234567890123 0.0"),
            ("\\$body \\$none", "$body $none"),
        ],
    );
}

#[test]
fn differs_on_purpose() {
    check(
        &Options::velocity_1_7(),
        &[
            (
                "#set($l = [1, 2])#foreach($i in $l)$i#set($x = $l.add($i))#end $l",
                "12 [1, 2, 1, 2]",
            ),
            (
                "#set($m = {'a': 1})#set($k = $m.keySet())#set($x = $m.put('b', 2))$k$m.keySet()",
                "[a][a, b]",
            ),
            (
                "#set($m = {'a': 1})$m.keySet().remove('a')",
                "! `remove` fails: a map is not changed through its keys, values or entries: call the map at line 1, column 32",
            ),
            ("#set($l = [1, 2, 3])#set($s = $l.subList(0, 2))#set($x = $l.set(0, 9))$s", "[1, 2]"),
            ("#set($x = 123456789012345678901 + 0.5)$x", "1.2345678901234568E20"),
            ("#literal()\\$x $$x #* c *##end", "\\$x $$x #* c *#"),
            ("[#literal()#end]", "[]"),
        ],
    );
}

#[test]
fn characters_are_no_strings() {
    check(
        &Options::velocity_1_7(),
        &[
            (
                "#set($c = $text.charAt(0))$c$c.toUpperCase()$c.isUpperCase($c)",
                "G$c.toUpperCase()true",
            ),
            (
                "#set($c = $text.charAt(0))#if($c == 'G')is#end $c.equals('G') $c.hashCode()",
                "is false 71",
            ),
            ("$text.replace($text.charAt(0), $text.charAt(1))", "rrüße, 😀!"),
            (
                "#set($t = 'x7')#set($c = $t.charAt(1))$c.isDigit($c)$c.compareTo($t.charAt(1)) $c",
                "true0 7",
            ),
        ],
    );
}

#[test]
fn text_is_counted_in_javas_units() {
    check(
        &Options::velocity_1_7(),
        &[
            ("$text.length() $text.indexOf('!') $text.substring(7)", "10 9 😀!"),
            ("$text.charAt(2)$text.toUpperCase() $text.codePointAt(7)", "üGRÜSSE, 😀! 128512"),
            ("$text.substring(1, 5).hashCode()", "3645360"),
        ],
    );
}

#[test]
fn patterns_match_as_in_java() {
    let cases = [
        ("a1b22", "[0-9]+", "<$0>", "a<1>b<22>"),
        ("foobar", "(?<=foo)bar", "X", "fooX"),
        ("foobar", "(?<!foo)bar", "X", "foobar"),
        ("price 5", "\\d(?!\\d)", "\\$$0", "price $5"),
        ("aXbX", "x", "-", "aXbX"),
        ("aXbX", "(?i)x", "-", "a-b-"),
        ("aaa", "a*?", "-", "-a-a-a-"),
        ("aaa", "a*+a", "-", "aaa"),
        ("abab", "(?<p>ab)\\k<p>", "${p}", "ab"),
        ("abab", "(ab)\\1", "[$1]", "[ab]"),
        ("a\nb", "(?m)^", ">", ">a\n>b"),
        ("a.b", "\\Q.\\E", "-", "a-b"),
        ("x-y_z", "[\\w&&[^_]]", "", "-_"),
        ("don't", "\\\\'", "'", "don't"),
        ("tel: 12", "(\\w+): (\\d{2,3})", "$2=$1", "12=tel"),
        ("aaaa", "a{2}", "b", "bb"),
        ("é1", "\\p{L}", "L", "L1"),
        ("", "x*", "-", "-"),
    ];
    for (text, pattern, replacement, wanted) in cases {
        let mut context = Context::new();
        context.set("text", text.into());
        context.set("pattern", pattern.into());
        context.set("replacement", replacement.into());
        let template =
            Template::compile("$text.replaceAll($pattern, $replacement)", &Options::velocity_1_7());
        let got = template.and_then(|template| template.render(&context));
        assert_eq!(got.expect(pattern), wanted, "{pattern} in {text}");
    }
}

#[test]
fn splitting_keeps_what_java_keeps() {
    let cases = [
        ("a,b,,", ",", "[a, b]"),
        (",a", ",", "[, a]"),
        ("abc", "", "[a, b, c]"),
        ("", ",", "[]"),
        ("a1b22c", "\\d+", "[a, b, c]"),
        ("a.b", ".", "[]"),
        ("a.b", "\\.", "[a, b]"),
        ("x", ",", "[x]"),
    ];
    for (text, pattern, wanted) in cases {
        let mut context = Context::new();
        context.set("text", text.into());
        context.set("pattern", pattern.into());
        let template = Template::compile("$text.split($pattern)", &Options::velocity_1_7());
        let got = template.and_then(|template| template.render(&context));
        assert_eq!(got.expect(pattern), wanted, "{pattern} in {text}");
    }
}

#[test]
fn doubles_are_written_as_java_does() {
    let cases = [
        ("1.0E7", "1.0E7"),
        ("9999999.0", "9999999.0"),
        ("0.001", "0.001"),
        ("0.00012", "1.2E-4"),
        ("100.0", "100.0"),
        ("1.0E300", "1.0E300"),
        ("-123456789.5", "-1.234567895E8"),
        ("3.0473051", "3.0473051"),
    ];
    for (literal, wanted) in cases {
        assert_eq!(render(&format!("#set($x = {literal})$x"), &Options::velocity_1_7()), wanted);
    }
}

#[test]
fn errors_name_their_place() {
    check(
        &Options::velocity_1_7(),
        &[
            ("a\n #if($x", "! the template ends where `)` is expected at line 2, column 8"),
            (
                "#end",
                "! found `#end` where the end of the template is expected at line 1, column 1",
            ),
            (
                "$text.charAt(99)",
                "! `charAt` fails: index 99 is out of bounds for length 10 at line 1, column 7",
            ),
            (
                "x #evaluate('#if')",
                "! in the evaluated text: the template ends where `(` is expected at line 1, column 3",
            ),
            (
                "#set($x = \"$text.charAt(99)\")",
                "! `charAt` fails: index 99 is out of bounds for length 10 at line 1, column 18",
            ),
            (
                "#include('x')",
                "! there is no resource `x`: templates cannot include others at line 1, column 1",
            ),
            (
                "#foreach($x)#end",
                "! `#foreach` is written `#foreach( $item in $items )` at line 1, column 1",
            ),
        ],
    );
}

#[test]
fn a_caret_stands_under_the_fault() {
    let error = Template::compile("one\n\t$a.b( 1 + 2 )\n", &Options::velocity_1_7())
        .expect_err("no operators there");
    let wanted = "error: found a character that has no meaning here\n --> line 2, column 10\n  |\n2 | \t$a.b( 1 + 2 )\n  | \t        ^\n";
    assert_eq!(error.caret().to_string(), wanted);
}

#[test]
fn a_template_is_shared_between_threads() {
    let template =
        Template::compile("#set($x = 'a')$x$n", &Options::velocity_1_7()).expect("it is right");
    let texts = std::thread::scope(|scope| {
        let one = |n: i32| {
            let template = &template;
            scope.spawn(move || {
                let mut context = Context::new();
                context.set("n", n.into());
                template.render(&context).expect("it renders")
            })
        };
        [one(1), one(2)].map(|thread| thread.join().expect("it ends"))
    });
    assert_eq!(texts, ["a1", "a2"]);
}
