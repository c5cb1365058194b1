//! Templates that would loop, recurse, double or backtrack for ever: each ends in an error of kind
//! `Limit`, on a small stack.

use vtl::{Context, Error, ErrorKind, Limits, Options, Template, Value};

fn render(template: &str, limits: Limits) -> Result<String, Error> {
    let options = Options { limits, ..Options::velocity_1_7() };
    let mut context = Context::new();
    context.set("text", Value::text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
    context.set("yes", true.into());
    Template::compile(template, &options)?.render(&context)
}

/// On a stack of 1 MiB, which is less than any thread of ours has.
fn on_small_stack(template: String, limits: Limits) -> Result<String, Error> {
    std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || render(&template, limits))
        .expect("a thread starts")
        .join()
        .expect("the thread does not fail")
}

fn loops(body: &str) -> String {
    format!("#set($s = 'xxxxxxxxxxxxxxxx')#foreach($i in [1..1000]){body}#end")
}

#[test]
fn ends_in_a_limit() {
    let nested = |open: &str, close: &str, times: usize| open.repeat(times) + &close.repeat(times);
    let cases = [
        ("doubling a string", loops("#set($s = \"$s$s\")")),
        ("doubling by plus", loops("#set($s = $s + $s)")),
        ("doubling by concat", loops("#set($s = $s.concat($s))")),
        ("doubling by replace", loops("#set($s = $s.replace('x', 'xx'))")),
        ("doubling by a pattern", loops("#set($s = $s.replaceAll('x', 'xx'))")),
        ("repeating", "$text.repeat(2147483647)".to_owned()),
        ("doubling a list", "#set($l = [1, 2])".to_owned() + &loops("#set($x = $l.addAll($l))")),
        ("a list of lists", "#set($l = [1])".to_owned() + &loops("#set($l = [$l, $l])") + "$l"),
        (
            "writing lists of lists",
            "#set($l = [1])#foreach($i in [1..60])#set($l = [$l, $l])#end$l".to_owned(),
        ),
        ("a list in itself", "#set($l = [])#set($m = [$l])#set($x = $l.add($m))$l".to_owned()),
        ("a huge range", "#set($l = [1..2000000000])".to_owned()),
        ("squaring a number", "#set($n = 9999999999)".to_owned() + &loops("#set($n = $n * $n)")),
        ("loops in loops", "#foreach($a in [1..1000])".repeat(4) + "x" + &"#end".repeat(4)),
        ("a macro that calls itself", "#macro(m)#m()#end#m()".to_owned()),
        ("evaluate in evaluate", "#set($e = '#evaluate($e)')#evaluate($e)".to_owned()),
        ("a pattern that backtracks", "$text.matches('(a*)*c')".to_owned()),
        ("a pattern that looks ahead", "$text.matches('(?=(a|aa)+$)(a|aa)+c')".to_owned()),
        ("directives in directives", nested("#if($yes)", "#end", 5000)),
        (
            "parentheses in parentheses",
            format!("#if({}$yes{})x#end", "(".repeat(5000), ")".repeat(5000)),
        ),
        ("lists in lists", format!("#set($x = {}1{})", "[".repeat(5000), "]".repeat(5000))),
        ("not not not", format!("#if({}$yes)x#end", "!".repeat(5000))),
        (
            "calls in calls",
            format!("$text.concat({}'x'{})", "$text.concat(".repeat(5000), ")".repeat(5000)),
        ),
        ("indexes in indexes", format!("{}1{}", "$yes[".repeat(5000), "]".repeat(5000))),
        ("strings in strings", "#evaluate(\"#if($yes)".repeat(200)),
        ("a long text", "x".repeat(400_000)),
    ];
    for (what, template) in cases {
        let limits = Limits {
            steps: 2_000_000,
            value_bytes: 1 << 22,
            output_bytes: 1 << 20,
            ..Limits::default()
        };
        let error = on_small_stack(template, limits).expect_err(what);
        let syntax = what == "strings in strings";
        let wanted = if syntax { ErrorKind::Syntax } else { ErrorKind::Limit };
        assert!(error.kind() == wanted || error.message().contains("too deep"), "{what}: {error}");
    }
}

#[test]
fn output_ends_at_its_limit() {
    let limits = Limits { output_bytes: 10, ..Limits::default() };
    assert_eq!(render("0123456789", limits.clone()).expect("it fits"), "0123456789");
    let error = render("01234#if($yes)56789a#end", limits).expect_err("one byte too many");
    assert_eq!((error.kind(), error.line(), error.column()), (ErrorKind::Limit, 1, 15));
}

#[test]
fn a_failed_rendering_leaves_the_output_alone() {
    let template =
        Template::compile("abc$text.charAt(9)", &Options::velocity_1_7()).expect("it is right");
    let mut context = Context::new();
    context.set("text", "short".into());
    let mut out = String::from("before ");
    template.render_to(&mut out, &context).expect_err("there is no ninth character");
    assert_eq!(out, "before ");
}

#[test]
fn loops_end_after_their_rounds() {
    let text = render("#foreach($i in [1..5000])$foreach.count #end", Limits::default())
        .expect("it renders");
    assert!(text.ends_with(" 999 1000 "));
}

#[test]
fn long_chains_are_not_deep() {
    let sum = format!("#set($x = 1{})$x", " + 1".repeat(20_000));
    assert_eq!(on_small_stack(sum, Limits::default()).expect("it renders"), "20001");
    let any = format!("#if(false{})x#end", " || false".repeat(20_000));
    assert_eq!(on_small_stack(any, Limits::default()).expect("it renders"), "");
}
