//! How long the movie templates take to compile and to render with 100 items:
//! `cargo run --release -p vtl --example render_speed`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use vtl::{Context, Json, Object, ObjectError, Options, Template, Value};

/// Asks the gateway for parameters and the line end, as mapping templates do.
const REQUEST: &str = r#"{
  "instances": [
#set( $user_id = $input.params("user_id") )
#set( $items = $input.params("items") )
#foreach( $item in $items.split(",") )
    {"in0": [$user_id], "in1": [$item]}#if( $foreach.hasNext ),#end
    $esc.newline
#end
  ]
}"#;

const RESPONSE: &str = r#"{
  "ratings": [
#set( $predictions = $input.path("$.predictions") )
#foreach( $item in $predictions )
    $item.scores[0]#if( $foreach.hasNext ),#end
    $esc.newline
#end
  ]
}"#;

#[derive(Debug)]
struct Input<'d> {
    items: &'d str,
    json: &'d Json<'d>,
}

impl<'d> Object<'d> for Input<'d> {
    fn call(
        &self,
        method: &str,
        arguments: &[Value<'d>],
    ) -> Result<Option<Value<'d>>, ObjectError> {
        let name = arguments.first().and_then(Value::as_text);
        Ok(match (method, name) {
            ("params", Some("items")) => Some(Value::text(self.items)),
            ("params", _) => Some(Value::text("321")),
            ("path", Some("$.predictions")) => self.json.get("predictions").map(Value::json),
            _ => None,
        })
    }
}

#[derive(Debug)]
struct Escapes;

impl<'d> Object<'d> for Escapes {
    fn property(&self, name: &str) -> Option<Value<'d>> {
        (name == "newline").then(|| Value::text("\n"))
    }
}

/// The least time of many short rounds, in microseconds per call: long ones are disturbed.
fn measure(mut run: impl FnMut()) -> f64 {
    const CALLS: u32 = 50;
    let mut best = f64::INFINITY;
    for _ in 0..400 {
        let start = Instant::now();
        for _ in 0..CALLS {
            run();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    best
}

fn main() {
    let mut items = String::new();
    let mut body = String::from("{\"predictions\": [");
    for item in 0..100 {
        let comma = if item > 0 { "," } else { "" };
        write!(items, "{comma}{}", 100 + item).expect("a string takes all");
        write!(body, "{comma}{{\"scores\": [{}]}}", 3.0 + f64::from(item) * 0.0137)
            .expect("a string takes all");
    }
    body.push_str("]}");
    let json = Json::parse(&body).expect("the body is JSON");
    let options = Options::api_gateway();
    for (name, source) in [("request", REQUEST), ("response", RESPONSE)] {
        let compile = measure(|| {
            black_box(Template::compile(black_box(source), &options).expect("it compiles"));
        });
        let template = Template::compile(source, &options).expect("it compiles");
        let mut out = String::new();
        let render = measure(|| {
            let mut context = Context::new();
            context.set("input", Value::object(Input { items: &items, json: &json }));
            context.set("esc", Value::object(Escapes));
            out.clear();
            template.render_to(&mut out, &context).expect("it renders");
            black_box(&out);
        });
        println!("{name}: compile {compile:.2} µs, render {render:.2} µs, {} bytes", out.len());
    }
    let long = REQUEST.repeat(10_240 / REQUEST.len() + 1);
    let compile = measure(|| {
        black_box(Template::compile(black_box(&long), &options).expect("it compiles"));
    });
    println!("{} bytes of template: compile {compile:.2} µs", long.len());
    let parse = measure(|| {
        black_box(Json::parse(black_box(&body)).expect("it is JSON"));
    });
    println!("{} bytes of JSON: parse {parse:.2} µs", body.len());
}
