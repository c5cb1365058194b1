//! Owns the JSON documents that a template makes of text while it renders. They have to stay where
//! they are for as long as the rendering takes, since values borrow from them.

use std::cell::OnceCell;

use vtl::Json;

/// A document, and a place for the next.
#[derive(Debug, Default)]
pub(super) struct Document {
    json: OnceCell<Json<'static>>,
    next: OnceCell<Box<Document>>,
}

impl Document {
    /// Keeps a document in the first free place from here on; returns it and the place after it.
    pub(super) fn keep(&self, json: Json<'static>) -> (&Json<'static>, &Document) {
        let mut place = self;
        while place.json.get().is_some() {
            place = place.next();
        }
        (place.json.get_or_init(|| json), place.next())
    }

    fn next(&self) -> &Document {
        self.next.get_or_init(Box::default)
    }
}

/// One by one: a long chain that is dropped from its head would recurse to its end.
impl Drop for Document {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut document) = next {
            next = document.next.take();
        }
    }
}
