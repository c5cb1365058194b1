//! Renders the movie templates on command, for `cargo xtask bench vtl`: each line of stdin names what
//! to do, each line of stdout answers it. `bench/peers` has the same in Java and in Python.
//!
//! `check NAME` answers the length and Java's hash of the text without its blanks, in which engines
//! differ, `NAME` the microseconds of one rendering. The names: `request`, `response`,
//! `response-parsed` (with the body parsed anew each time), `call` (what one call of three items has
//! rendered: the request and the answer, with messages and bodies of its own) and `compile` (of a
//! template of 10 KB).

mod movies;

use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use gateway::mapping::Template;
use movies::{Data, REQUEST, RESPONSE};

/// What the binary that is shipped has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCHES: usize = 41;
const CALLS: u32 = 20;

fn main() -> io::Result<()> {
    let data = Data::new(100);
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.strip_prefix("check ") {
            Some(name) => checked(&data, name),
            None => format!("{:.3}", measured(&data, &line)),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn template(name: &str) -> Template {
    let source = if name.starts_with("request") { REQUEST } else { RESPONSE };
    Template::compile(source).expect("the template compiles")
}

fn checked(data: &Data, name: &str) -> String {
    let rendered = data.with_message(|message| template(name).render(message));
    let text = rendered.expect("it renders").body;
    let plain: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let hash =
        plain.iter().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(*byte)));
    format!("{} {hash}", plain.len())
}

fn measured(data: &Data, name: &str) -> f64 {
    let template = template(name);
    match name {
        "compile" => {
            let long = REQUEST.repeat(10_240 / REQUEST.len() + 1);
            microseconds(|| {
                black_box(Template::compile(black_box(&long)).expect("it compiles"));
            })
        }
        "call" => {
            let (request, small) = (self::template("request"), Data::new(3));
            microseconds(|| {
                for template in [&request, &template] {
                    small.with_message(|message| {
                        black_box(template.render(message).expect("it renders"));
                    });
                }
            })
        }
        "response-parsed" => microseconds(|| {
            data.with_message(|message| black_box(template.render(message).expect("it renders")));
        }),
        _ => data.with_message(|message| {
            microseconds(|| {
                black_box(template.render(black_box(message)).expect("it renders"));
            })
        }),
    }
}

/// The median over batches, of one call.
fn microseconds(mut call: impl FnMut()) -> f64 {
    let mut batches = [0.0; BATCHES];
    for batch in &mut batches {
        let start = Instant::now();
        for _ in 0..CALLS {
            call();
        }
        *batch = start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS);
    }
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}
