//! What the gateway's objects answer, by API Gateway's reference of mapping templates.

use gateway::mapping::{Body, Context, Json, Message, Overrides, Parameters, Template};

const BODY: &str = r#"{"name": "Ann's \"x\"/y", "n": 12, "d": 1.50, "none": null, "yes": true,
    "list": ["a", {"b": 1}], "map": {"k": "v", "l": [1, 2]}, "big": 12345678901}"#;

const CONTEXT: &str = r#"{"stage": "prod", "httpMethod": "POST", "requestTimeEpoch": "1700000000000",
    "identity": {"sourceIp": "127.0.0.1", "userAgent": "curl"},
    "authorizer": {"claims": {"sub": "abc"}, "principalId": "me"}}"#;

fn message() -> Message<'static> {
    Message {
        body: Body::new(BODY),
        parameters: Parameters {
            path: &[("id", "from path"), ("user_id", "321")],
            query: &[("id", "from query"), ("items", "1,2,3"), ("twice", "1"), ("twice", "2")],
            header: &[("id", "from header"), ("X-Trace", "t"), ("content-type", "text/plain")],
        },
        stage_variables: &[("url", "example.com"), ("a-b", "dash")],
        context: Context::from(Json::parse(CONTEXT).expect("it is JSON")),
        ..Message::default()
    }
}

fn render(template: &str) -> String {
    let compiled = Template::compile(template).expect("the template compiles");
    match compiled.render(&message()) {
        Ok(rendered) => rendered.body,
        Err(error) => format!("error: {error}"),
    }
}

fn check(cases: &[(&str, &str)]) {
    let failures: Vec<_> = cases
        .iter()
        .map(|(template, wanted)| (template, wanted, render(template)))
        .filter(|(_, wanted, got)| *wanted != got)
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn input() {
    check(&[
        ("$input.body", BODY),
        ("$input.body.attr|", "|"),
        ("$input.json('$.name')", r#""Ann's \"x\"/y""#),
        ("$input.json('$.n') $input.json('$.d') $input.json('$.none')", "12 1.5 null"),
        ("$input.json('$.list')", r#"["a",{"b":1}]"#),
        ("$input.json('$.nothing') $input.json('$.nothing.at.all')", "\"\" \"\""),
        ("$input.json('$.list[*].b')", "[1]"),
        ("$input.path('$.name')", r#"Ann's "x"/y"#),
        ("$input.path('$.map')", "{k=v, l=[1,2]}"),
        ("$input.path('$.list')", r#"["a",{"b":1}]"#),
        ("$input.path('$.list[1]') $input.path('$.list').size()", "{b=1} 2"),
        ("$input.path('$').map.l[1] $input.path('name').length()", "2 11"),
        ("$input.path('$..b') $input.path('$.list.length()')", "[1] 2"),
        ("$input.path('$.map.keys()')$input.path('$.map.l.sum()')", r#"["k","l"]3.0"#),
        ("[$input.path('$.nothing')$input.path('$.none')]", "[]"),
        ("#if($input.path('$.nothing') == '')empty#end", "empty"),
        ("#foreach($e in $input.path('$.map').entrySet())$e.key;#end", "k;l;"),
        ("$input.path('$.big') $input.path(\"$.li${none}st[0]\")", "12345678901 a"),
        ("$input$input.none$input.params", ""),
    ]);
}

#[test]
fn parameters() {
    check(&[
        (
            "$input.params('id') $input.params('items') $input.params('x-trace')",
            "from path 1,2,3 t",
        ),
        ("$input.params('twice')$input.params('nope')", "2"),
        ("$input.params().path.user_id $input.params().querystring.get('twice')", "321 2"),
        (
            "$input.params().header.get('Content-Type') $input.params().header['x-trace']",
            "text/plain t",
        ),
        ("#foreach($type in $input.params().keySet())$type #end", "path querystring header "),
        ("$input.params().get('path')", "{id=from path, user_id=321}"),
        ("$input.params().header.containsKey('X-TRACE')", "true"),
        ("$method.request.path.user_id $method.httpMethod", "321 POST"),
        ("$method.request.querystring.items $method.request.header.x-trace", "1,2,3 t"),
        ("[$!method.request.querystring.nope]", "[]"),
    ]);
}

#[test]
fn functions() {
    check(&[
        (r#"$util.escapeJavaScript("it's a ""b"" \/")"#, r#"it\'s a \"b\" \\\/"#),
        (
            "$util.escapeJavaScript($input.path('$.name')).replaceAll(\"\\\\'\",\"'\")",
            r#"Ann's \"x\"\/y"#,
        ),
        ("$util.escapeJavaScript('é😀')", "\\u00E9\\uD83D\\uDE00"),
        (
            r#"$util.escapeJavaScript($util.parseJson('{"s": "\u0001\u001f\u007f\u0080\b\f\n"}').s)"#,
            "\\u0001\\u001F\u{7f}\\u0080\\b\\f\\n",
        ),
        ("[$util.escapeJavaScript($input.params('nope'))$util.escapeJavaScript('')]", "[]"),
        ("$util.urlEncode('a b&c=é/.-*_~')", "a+b%26c%3D%C3%A9%2F.-*_%7E"),
        ("$util.urlDecode('a+b%26c%3D%C3%A9')", "a b&c=é"),
        ("$util.base64Encode('Hello, é')", "SGVsbG8sIMOp"),
        ("$util.base64Decode('SGVsbG8sIMOp') $util.base64Decode('YQ')", "Hello, é a"),
        ("$util.parseJson('{\"a\": [1, {\"b\": 2}]}').a[1].b", "2"),
        ("#set($j = $util.parseJson('{\"a\": [1]}'))$j $j.a", "{a=[1]} [1]"),
        ("#foreach($i in [1..3])$util.parseJson(\"[$i]\")[0]#end", "123"),
        ("#set($m = $util.parseJson('{}'))#set($m.x = 1)$m", "{x=1}"),
        ("$util.base64Encode($input.path('$.list'))", "WyJhIix7ImIiOjF9XQ=="),
        ("$util.nope('x')$util", ""),
    ]);
}

#[test]
fn surroundings() {
    check(&[
        (
            "$context.stage $context.identity.sourceIp $context.authorizer.claims.sub",
            "prod 127.0.0.1 abc",
        ),
        ("$context.authorizer.claims", "{sub=abc}"),
        ("$context.get('stage')$context.nope.x", "prod"),
        (
            "$stageVariables.url ${stageVariables.url} $stageVariables['a-b']$stageVariables.get('x')",
            "example.com example.com dash",
        ),
        ("a$esc.newline${esc.n}$esc.quote$esc.d$esc.hash$esc.b$esc.nope", "a\n\n\"$#\\"),
        ("#evaluate('$context.stage $stageVariables.url')", "prod example.com"),
        ("$nothing.at.all|", "|"),
    ]);
}

/// The template that API Gateway's console offers for passing everything through.
#[test]
fn passing_everything_through() {
    let template = "#set($allParams = $input.params())\n{\n\"params\" : {\n\
        #foreach($type in $allParams.keySet())\n    #set($params = $allParams.get($type))\n\
        \"$type\" : {\n    #foreach($paramName in $params.keySet())\n    \
        \"$paramName\" : \"$util.escapeJavaScript($params.get($paramName))\"\n        \
        #if($foreach.hasNext),#end\n    #end\n}\n    #if($foreach.hasNext),#end\n#end\n},\n\
        \"body\" : $input.json('$'), \"stage\" : \"$context.stage\"}";
    let got: serde_json::Value =
        serde_json::from_str(&render(template)).expect("what is rendered is JSON");
    assert_eq!(got["params"]["querystring"]["items"], "1,2,3");
    assert_eq!(got["params"]["header"]["X-Trace"], "t");
    assert_eq!(got["body"]["map"]["l"][1], 2);
    assert_eq!(got["stage"], "prod");
}

#[test]
fn overrides_are_read_back() {
    let template = "#set($context.requestOverride.header.oHeader = '1')\
        #set($context.requestOverride.header.multi = ['a', 'b'])\
        #set($context.requestOverride.path.proxy = 7)\
        #set($context.requestOverride.querystring['a-b'] = $input.path('$.name'))\
        #set($context.responseOverride.status = 201)\
        #set($context.responseOverride.header['X-Y'] = 'z')\
        $context.requestOverride.header.oHeader$context.requestOverride.header.OHEADER\
        $context.requestOverride.header.multi $context.responseOverride.status|\
        $context.responseOverride.header.none";
    let compiled = Template::compile(template).expect("it compiles");
    let rendered = compiled.render(&message()).expect("it renders");
    assert_eq!(rendered.body, r#"11["a","b"] 201|"#);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut wanted = Overrides::default();
    wanted.status = Some("201".to_owned());
    wanted.request.header = vec![pair("oHeader", "1"), pair("multi", "a"), pair("multi", "b")];
    wanted.request.path = vec![pair("proxy", "7")];
    wanted.request.query = vec![pair("a-b", "Ann's \"x\"/y")];
    wanted.response.header = vec![pair("X-Y", "z")];
    assert_eq!(rendered.overrides, wanted);

    // The template of the answer sees them, and may override again.
    let answer = Template::compile(
        "$context.requestOverride.path.proxy$context.responseOverride.status\
         #set($context.responseOverride.status = 202)$context.responseOverride.status",
    );
    let message = Message { overridden: wanted, ..message() };
    let rendered = answer.expect("it compiles").render(&message).expect("it renders");
    assert_eq!((&*rendered.body, rendered.overrides.status.as_deref()), ("7201202", Some("202")));
}

#[test]
fn a_trace_tells_each_step() {
    let template = "#set($x = $input.params('user_id'))\n#foreach($i in $input.path('$.list'))\n\
        #if($foreach.first)$i#else#break#end#end $x.length()$nope";
    let compiled = Template::compile(template).expect("it compiles");
    let mut steps = Vec::new();
    let rendered = compiled
        .render_traced(&message(), &mut |step| {
            steps.push(format!("{}:{} {}|{}", step.line, step.column, step.what, step.value));
        })
        .expect("it renders");
    assert_eq!(rendered.body, "a 3");
    let wanted = [
        "1:6 #set $x|321",
        "2:1 #foreach $i|a",
        "3:1 #if|true",
        "3:20 $i|a",
        "2:1 #foreach $i|{b=1}",
        "3:1 #if|false",
        "3:27 #break|",
        "3:42 $x.length()|3",
        "3:53 $nope|",
    ];
    assert_eq!(steps, wanted);
}
