//! Mapping templates: what API Gateway was recorded to make of them, what its pages say, and what must
//! not be possible.

mod objects;
mod recorded;
mod refusals;
