//! Counts what one rendering of the movie templates allocates, for `cargo xtask bench vtl`. A program
//! of its own, since counting has its price.

mod movies;

use gateway::mapping::Template;
use movies::{Data, REQUEST, RESPONSE};

fn main() {
    let data = Data::new(100);
    for (name, source) in [("request", REQUEST), ("response", RESPONSE)] {
        let template = Template::compile(source).expect("the template compiles");
        data.with_message(|message| {
            // The first rendering reads the body.
            let bytes = template.render(message).expect("it renders").body.len();
            let counted = allocation_counter::measure(|| {
                template.render(message).expect("it renders");
            });
            println!("{name} {} {} {bytes}", counted.count_total, counted.bytes_total);
        });
    }
}
