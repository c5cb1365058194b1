//! The records of REST APIs: the API, its parts, its deployments and stages.
//!
//! A part's key begins with its API's id and a slash, so that the parts of one API are found, and
//! removed, together.

use resources::rest_apis::{Definition, Kept};

use crate::{Error, Records, Tx};

impl<'a> Tx<'a> {
    /// The parts of REST APIs that have definitions of type `D`.
    pub fn api_parts<D: Definition>(&'a self) -> Records<'a, Kept<D>> {
        self.records()
    }
}

impl<D: Definition> Records<'_, Kept<D>> {
    /// The parts of one API, by key.
    pub fn of_api(&self, api: &str) -> Result<Vec<Kept<D>>, Error> {
        self.under(&format!("{api}/"))
    }

    /// The parts of one API, by key, each on its own.
    pub fn each_of_api(&self, api: &str) -> Result<Vec<Result<Kept<D>, Error>>, Error> {
        self.each_under(&format!("{api}/"))
    }

    /// Removes the parts of one API and says how many there were.
    pub fn delete_of_api(&self, api: &str) -> Result<usize, Error> {
        self.delete_under(&format!("{api}/"))
    }
}
