//! Templates that fail, and whose fault it is; templates that want too much.

use gateway::mapping::{Body, Error, Message, Template};

fn error(template: &str, body: &str) -> Error {
    let message = Message { body: Body::new(body), ..Message::default() };
    let rendered = Template::compile(template).map_err(Error::from);
    match rendered.and_then(|template| template.render(&message)) {
        Ok(rendered) => panic!("{template:?} renders {:?}", rendered.body),
        Err(error) => error,
    }
}

#[test]
fn say_whose_fault_it_is() {
    let body = |template, body: &str| match error(template, body) {
        Error::Body(message) => message,
        Error::Template(error) => panic!("{error}"),
    };
    assert!(body("$input.json('$')", "{a").ends_with("Unexpected End Of File position 1: null"));
    assert!(body("$input.path('$.a')", "[1,").ends_with("Unexpected End Of File position 2: EOF"));
    assert!(body("$input.path('$.a')", "{\"a\": x}").contains("at byte 6"));

    let cases = [
        ("ab $input.path('$.[')", (1, 11), "the path `$.[` fails"),
        ("\n$util.base64Decode('*')", (2, 7), "the text is no base64"),
        ("$util.urlDecode('%4')", (1, 7), "no two hexadecimal digits"),
        ("$util.parseJson('{]')", (1, 7), "the text is no JSON"),
        (
            "#set($o = $context.responseOverride.header)#set($o.a = 1)#set($o.A = 2)",
            (1, 66),
            "`A` is overridden a second time",
        ),
        ("$input.path('$.a.sum()')", (1, 8), "no numbers"),
    ];
    for (template, place, wanted) in cases {
        let Error::Template(error) = error(template, r#"{"a": "x"}"#) else {
            panic!("{template} is the template's fault")
        };
        assert_eq!((error.line(), error.column()), place, "{template}: {error}");
        assert!(error.message().contains(wanted), "{template}: {error}");
    }
}

#[test]
fn a_body_is_only_read_where_it_is_asked_for() {
    let template = Template::compile("$input.body $input.params('x')").expect("it compiles");
    let message = Message { body: Body::new("{not JSON"), ..Message::default() };
    assert_eq!(template.render(&message).expect("it renders").body, "{not JSON ");
}

#[test]
fn work_ends_in_a_limit() {
    let items = format!("{{\"a\": [{}0]}}", "0,".repeat(50_000));
    let long = format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20));
    let loops = "#foreach($i in [1..1000])#foreach($j in [1..1000])";
    let cases = [
        (format!("{loops}#set($x = $input.json('$.a'))#end#end"), &long),
        (format!("{loops}#set($x = $util.base64Encode($input.body))#end#end"), &long),
        (format!("{loops}#set($x = $util.parseJson($input.body))#end#end"), &long),
        (format!("{loops}#set($x = $input.path('$..*'))#end#end"), &items),
        (format!("{loops}#set($x = $input.path(\"$.a[?(@ == $i)]\"))#end#end"), &items),
        (
            format!(
                "{loops}#set($context.responseOverride.header[\"$i-$j\"] = $input.body)#end#end"
            ),
            &long,
        ),
    ];
    for (template, body) in cases {
        let Error::Template(error) = error(&template, body) else { panic!("{template}") };
        assert!(
            error.message().contains("more than") || error.message().contains("too many"),
            "{error}"
        );
    }
}

/// Documents made of text are kept in a chain, which must not be dropped by recursion.
#[test]
fn many_documents_are_dropped_one_by_one() {
    let template = "#foreach($i in [1..1000])#foreach($j in [1..200])#set($x = $util.parseJson('[]'))#end#end$x";
    let compiled = Template::compile(template).expect("it compiles");
    assert_eq!(compiled.render(&Message::default()).expect("it renders").body, "[]");
}

#[test]
fn deep_bodies_are_refused_and_not_recursed_into() {
    let deep = "[".repeat(100_000);
    assert!(matches!(error("$input.path('$')", &deep), Error::Body(_)));
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let compiled = Template::compile("$input.path('$..*').size()").expect("it compiles");
    let message = Message { body: Body::new(&deep), ..Message::default() };
    assert_eq!(compiled.render(&message).expect("it renders").body, "99");
}
