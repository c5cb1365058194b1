//! The cursor over a document that a schema reader walks, whatever the encoding. An encoding
//! supplies the steps; skipping and reading whole arrays are built from them here, once.

use std::borrow::Cow;

use crate::Error;

/// How deep a document may nest; XGBoost's models need 7.
const DEPTH_MAX: usize = 64;

/// What the next value is, as far as skipping it needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
    Scalar,
}

/// A value, and the byte of the file where it begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// A forward-only cursor. Every method consumes at least one byte per item it returns, so the work
/// and the memory of any walk are linear in the bytes. Errors carry the offset where they arose.
pub(super) trait Document<'a> {
    /// The state of iterating over one object or array.
    type Scope;

    /// Looks at the next value without consuming it.
    fn shape(&mut self) -> Result<Shape, Error>;
    /// Enters an object.
    fn object(&mut self) -> Result<Self::Scope, Error>;
    /// Enters an array.
    fn array(&mut self) -> Result<Self::Scope, Error>;
    /// The next member's key, its value to be read next; `None` leaves the object.
    fn key(&mut self, scope: &mut Self::Scope) -> Result<Option<Cow<'a, str>>, Error>;
    /// Whether there is another element, to be read next; `false` leaves the array.
    fn element(&mut self, scope: &mut Self::Scope) -> Result<bool, Error>;
    /// Reads a string.
    fn text(&mut self) -> Result<Cow<'a, str>, Error>;
    /// Reads a number, rounded once to the nearest `f32`.
    fn float(&mut self) -> Result<f32, Error>;
    /// Reads an integer, or a truth value as 0 or 1.
    fn integer(&mut self) -> Result<i64, Error>;
    /// Passes over a value that is neither object nor array.
    fn skip_scalar(&mut self) -> Result<(), Error>;
    /// Passes over what may follow the document; anything else is an error.
    fn finish(&mut self) -> Result<(), Error>;
    /// Bytes consumed so far.
    fn offset(&self) -> usize;

    /// Passes over any value.
    fn skip(&mut self) -> Result<(), Error> {
        skip_nested(self)
    }

    /// Reads an integer. One too great for an `i32` becomes the nearest `i32`, which is no node of
    /// any tree: XGBoost marks deleted nodes with such numbers.
    fn index(&mut self) -> Result<i32, Error> {
        let wide = self.integer()?;
        Ok(wide.clamp(i32::MIN.into(), i32::MAX.into()) as i32)
    }

    /// Reads an array of numbers.
    fn floats(&mut self) -> Result<Vec<f32>, Error> {
        let mut numbers = Vec::new();
        self.floats_into(&mut numbers)?;
        Ok(numbers)
    }

    /// Reads an array of integers, each as [`index`](Self::index) does.
    fn integers(&mut self) -> Result<Vec<i32>, Error> {
        let mut numbers = Vec::new();
        self.integers_into(&mut numbers)?;
        Ok(numbers)
    }

    /// Reads an array of numbers in place of those that are there.
    fn floats_into(&mut self, numbers: &mut Vec<f32>) -> Result<(), Error> {
        collect(self, numbers, Self::float)
    }

    /// Reads an array of integers in place of those that are there.
    fn integers_into(&mut self, numbers: &mut Vec<i32>) -> Result<(), Error> {
        collect(self, numbers, Self::index)
    }

    /// Reads a value, and notes where it begins.
    fn placed<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<Placed<T>, Error> {
        let at = self.offset();
        Ok(Placed { value: read(self)?, at })
    }

    /// Reads an array of strings.
    fn texts(&mut self) -> Result<Vec<String>, Error> {
        let mut texts = Vec::new();
        collect(self, &mut texts, |document| document.text().map(Cow::into_owned))?;
        Ok(texts)
    }
}

fn collect<'a, D: Document<'a> + ?Sized, T>(
    document: &mut D,
    items: &mut Vec<T>,
    mut item: impl FnMut(&mut D) -> Result<T, Error>,
) -> Result<(), Error> {
    items.clear();
    let mut scope = document.array()?;
    while document.element(&mut scope)? {
        items.push(item(document)?);
    }
    Ok(())
}

/// Passes over any value, item by item.
pub(super) fn skip_nested<'a, D: Document<'a> + ?Sized>(document: &mut D) -> Result<(), Error> {
    skip_levels(document, DEPTH_MAX)
}

fn skip_levels<'a, D: Document<'a> + ?Sized>(
    document: &mut D,
    depth_left: usize,
) -> Result<(), Error> {
    let Some(depth_left) = depth_left.checked_sub(1) else {
        let message = format!("nested deeper than {DEPTH_MAX} levels");
        return Err(Error::malformed(message).at(document.offset()));
    };
    match document.shape()? {
        Shape::Scalar => document.skip_scalar()?,
        Shape::Object => {
            let mut scope = document.object()?;
            while document.key(&mut scope)?.is_some() {
                skip_levels(document, depth_left)?;
            }
        }
        Shape::Array => {
            let mut scope = document.array()?;
            while document.element(&mut scope)? {
                skip_levels(document, depth_left)?;
            }
        }
    }
    Ok(())
}
