//! The one door to every chore: check, test, bench, shapes, tidy.

fn main() {}
