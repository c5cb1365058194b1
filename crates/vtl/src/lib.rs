//! The Velocity template language, compiled: Apache Velocity 1.7 with the Java methods that templates
//! call, and the differences of Amazon API Gateway's mapping templates as options.
//!
//! # A first template
//!
//! ```
//! use vtl::{Context, Json, Options, Template, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let template = Template::compile(
//!     "#foreach( $movie in $movies )$movie.title.toUpperCase()#if( $foreach.hasNext ), #end#end",
//!     &Options::velocity_1_7(),
//! )?;
//!
//! let movies = Json::parse(r#"[{"title": "Alien"}, {"title": "Brazil"}]"#)?;
//! let mut context = Context::new();
//! context.set("movies", Value::json(&movies));
//! assert_eq!(template.render(&context)?, "ALIEN, BRAZIL");
//! # Ok(())
//! # }
//! ```
//!
//! A [`Template`] is compiled once and rendered often, from any thread. A [`Context`] holds the
//! variables of one rendering; they may borrow, from parsed [`Json`] above all. Variables that are
//! dear to make come from [`Variables`] instead, which are asked for what a template names. What the
//! language cannot do itself a caller adds as an [`Object`]. Their pages have examples.
//!
//! # When it does not do what you thought
//!
//! An [`Error`] knows its line and column, and draws a caret under the place:
//!
//! ```
//! use vtl::{Context, Options, Template};
//!
//! let template = Template::compile("Hello,\n$name.substring(9)", &Options::velocity_1_7()).unwrap();
//! let mut context = Context::new();
//! context.set("name", "World".into());
//! let error = template.render(&context).unwrap_err();
//! assert_eq!((error.line(), error.column()), (2, 7));
//! ```
//!
//! Where a template renders something else than you thought, [`Template::render_traced`] tells of each
//! reference and directive as it comes:
//!
//! ```
//! # use vtl::{Context, Options, Template};
//! let template = Template::compile("#set($n = 2 * 3)#if($n > 6)many#else$n#end", &Options::default())?;
//! let (mut out, mut steps) = (String::new(), Vec::new());
//! template.render_traced(&mut out, &Context::new(), &mut |step| {
//!     steps.push(format!("{}:{} {} = {}", step.line, step.column, step.what, step.value));
//! })?;
//! assert_eq!(steps, ["1:6 #set $n = 6", "1:17 #if = false", "1:37 $n = 6"]);
//! # Ok::<(), vtl::Error>(())
//! ```
//!
//! # Templates from people you do not trust
//!
//! A template cannot reach anything but what it is given: there is no reflection, no file, no clock.
//! What it may use up is bounded by [`Limits`]; `tests/it/hostile.rs` has templates that try.
//!
//! | Limit | by default | counted |
//! |---|---|---|
//! | [`template_bytes`](Limits::template_bytes) | 300 KiB | when it is compiled |
//! | [`nesting`](Limits::nesting) | 100 | in the text; thrice that in the rendering |
//! | [`output_bytes`](Limits::output_bytes) | 16 MiB | as it is written |
//! | [`steps`](Limits::steps) | 20,000,000 | each reference, directive, operand, step of a pattern, 64 bytes copied |
//! | [`value_bytes`](Limits::value_bytes) | 64 MiB | strings and lists, as they are made |
//! | [`loop_iterations`](Limits::loop_iterations) | 1,000 | ends the loop, as Velocity does |
//! | [`macro_depth`](Limits::macro_depth), [`evaluate_depth`](Limits::evaluate_depth) | 20, 10 | calls in calls |
//!
//! # The language in short
//!
//! | Write | for |
//! |---|---|
//! | `$a`, `${a}`, `$a.b`, `$a.b(1)`, `$a[0]`, `$a['b']` | a value; as it stands in the template where there is none |
//! | `$!a` | a value, or nothing |
//! | `\$a`, `\#if`, `#[[ … ]]#` | text that is not read |
//! | `#set( $a = … )` | setting; null sets nothing |
//! | `#if( … ) … #elseif( … ) … #else … #end` | choosing; anything but null and `false` is true |
//! | `#foreach( $x in … ) … #end` | lists, arrays, maps' values, iterators; `$foreach.index`, `.count`, `.hasNext`, `.first`, `.last`, `.parent` |
//! | `#break`, `#stop` | leaving the loop, or all |
//! | `#macro( name $x ) … #end`, `#name( 1 )`, `#@name( 1 ) … #end` | macros, `$bodyContent` in the last form |
//! | `#define( $a ) … #end` | a block that is rendered where `$a` is written |
//! | `#evaluate( "…" )`, `#literal() … #end` | text as a template, a template as text |
//! | `##`, `#* … *#` | comments |
//! | `[1, 'b']`, `[1..3]`, `{'a': 1}`, `"$a and $b"`, `'as is'` | values |
//! | `+ - * / %`, `== != < <= > >=`, `&& || !`, and their words | operators, in `#set`, `#if` and `#elseif` |
//!
//! A directive takes the rest of its line with it if nothing but blanks follows.
//!
//! # The cost of a template
//!
//! Compiling is linear in the text. Rendering walks flat arrays and copies text into the output. What
//! a reference only reads, a variable, a member of parsed JSON, a property of `$foreach` or of an
//! [`Object`], is written or asked for its truth where it is, without a copy. Memory is allocated for
//! the output, at once and as much as the template needed before; for lists and maps a template makes,
//! for strings it puts together, and for each loop's `$foreach`. Cutting and splitting a string shares
//! it, reading JSON borrows it, and strings that nothing is to be replaced in are constants, `"$.a"`
//! too. Every rendering is bounded by its [`Limits`]: no template loops, recurses, doubles strings or
//! backtracks for ever.
//!
//! Instructions of x86-64 as callgrind counts them, by the hundred rounds of a loop over parsed JSON,
//! optimised as the binary that is shipped:
//!
//! | What | instructions each time |
//! |---|---:|
//! | a round of `#foreach` | 210 |
//! | eight bytes of text | 85 |
//! | `#if( $foreach.hasNext )` with nothing in it | 140 |
//! | a property of an object of the caller's, a few bytes long | 210 |
//! | `$item.scores[0]`, a number of five digits | 530 |
//! | `#set( $x = 1 )` | 185 |
//! | `#set( $x = $foreach.index + 1 )` | 920 |
//! | a byte of template, when it is compiled | 107 |
//!
//! # Differences
//!
//! Velocity 1.7 and API Gateway differ in what [`Options`] name; Velocity 2, which is not offered, in
//! more. A number is that of a case in `tests/fixtures/cases.json`, a name that of a test.
//!
//! | What | Velocity 1.7 | Velocity 2 | API Gateway | Pinned by |
//! |---|---|---|---|---|
//! | `$a` that has no value | `$a` | `$a` | nothing | 120, 192 |
//! | `#if( $a )` of it | false | false | true | 70, 104, 110 |
//! | `"$a"` of it, as a key or argument | `$a` | `$a` | empty | 76 |
//! | `$a == ""` of it | false | false | true | `api_gateway_writes_json_its_way` |
//! | a list of parsed JSON | `[a, b]` | `[a, b]` | `["a","b"]` | `api_gateway_writes_json_its_way` |
//! | `${a\|'b'}` | an error | `b` where `$a` has no value | as 1.7 | 212, 510 |
//! | `#` at the end | an error | `#` | as 1.7 | 424, 790 |
//! | `$map{x}` | `$map{` | `$map{x}` | as 1.7 | 760 |
//! | `#set` of a macro's parameter to null | keeps the argument | forgets it | as 1.7 | 794, 802 |
//! | `\#foo` of no directive | `\#foo` | `#foo` in strict mode | as 1.7 | 712, 720 |
//!
//! What differs from all of them, on purpose:
//!
//! | What | Velocity | Here | Pinned by |
//! |---|---|---|---|
//! | `$x.class`, `String.format`, bytes | reflection | no value | `as_velocity_answered` |
//! | writing an array | `[Ljava.lang.String;@1b2c3d` | as a list | `as_velocity_answered` |
//! | `"\u"` without four digits | an error | text | `as_velocity_answered` |
//! | a fourth argument of `#foreach` | replaces its block | an error | `as_velocity_answered` |
//! | `keySet`, `values`, `entrySet`, `subList` | views of the collection | copies, and a view that is changed is an error | `differs_on_purpose` |
//! | a list that grows while `#foreach` goes through it | an error | ends where it ended before | `differs_on_purpose` |
//! | integers beyond 65,536 bits | exact | an error | `ends_in_a_limit` |
//! | `hashCode` of a map's `values()` | its address | of what is in it | no test: it differs from run to run |
//! | big integers with decimals | decimals | doubles | `differs_on_purpose` |
//! | `#literal` | drops backslashes, comments and one of two `$` | keeps its text | `differs_on_purpose` |
//! | `#literal` with nothing in it | a `NullPointerException` | nothing | `differs_on_purpose` |
//! | `Character.isDigit` and its kin | all of Unicode's digits | ASCII's | `characters_are_no_strings` |
//! | `#include`, `#parse` | read resources | an error | `errors_name_their_place` |

mod context;
mod error;
mod eval;
mod java;
mod lexer;
mod options;
mod parser;
mod program;
mod template;
mod value;

pub use context::{Context, Variables};
pub use error::{Error, ErrorKind};
pub use options::{JsonLists, Limits, Nulls, Options};
pub use template::{Step, Template};
pub use value::{Json, JsonError, List, Map, Object, ObjectError, ObjectRef, Text, Value};
