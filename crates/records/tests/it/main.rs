//! What the readers accept and refuse, what the writers print, and how both compare with other
//! implementations of the same formats.

mod array_bodies;
mod csv_bodies;
mod fixtures;
mod json_bodies;
mod libsvm_bodies;
mod lines_bodies;
mod properties;
mod recordio_bodies;
mod replies;
mod sparse_properties;
mod table;
mod wide_properties;
