//! What the readers accept and refuse, what the writers print, and how both compare with other
//! implementations of the same formats.

mod csv_bodies;
mod json_bodies;
mod properties;
mod replies;
mod table;
