//! What the engine does, seen from outside: recorded cases, Apache Velocity's answers, limits and
//! random input.

mod cases;
mod golden;
mod hostile;
mod oracle;
mod random;
mod rendering;
