//! Models that are read once, however many endpoints and variants serve them.
//!
//! Owns which files are the same, and for how long a model that was read serves others too. What a
//! model is, and how it is read, is the engines' business.

use std::{
    collections::HashMap,
    fmt,
    fs::Metadata,
    os::unix::fs::MetadataExt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// A file by what the system knows of it. What is written later, even in its place, is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FileId {
    device: u64,
    inode: u64,
    size: u64,
    changed_s: i64,
    changed_ns: i64,
}

impl FileId {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            changed_s: file.ctime(),
            changed_ns: file.ctime_nsec(),
        }
    }
}

/// The files that a model was read from.
type Key = Box<[FileId]>;

/// Where a model is while somebody has it. Locked while it is read, so that nobody reads it twice.
type Place<T> = Arc<Mutex<Weak<T>>>;

/// The models of one kind that are open. They are not kept: a model goes with the last who has it.
pub(crate) struct Shared<T> {
    places: Mutex<HashMap<Key, Place<T>>>,
}

/// A model, and whether somebody else had it already.
#[derive(Debug)]
pub(crate) struct Opened<T> {
    pub(crate) model: Arc<T>,
    pub(crate) was_open: bool,
}

impl<T> Shared<T> {
    /// The model of these files: the one that is open, else what `read` makes of them. Who asks for
    /// the same meanwhile waits for it, and reads if this fails.
    pub(crate) fn open<E>(
        &self,
        files: &[Metadata],
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<Opened<T>, E> {
        let place = self.place(files.iter().map(FileId::of).collect());
        let mut place = lock(&place);
        if let Some(model) = place.upgrade() {
            return Ok(Opened { model, was_open: true });
        }
        let model = Arc::new(read()?);
        *place = Arc::downgrade(&model);
        Ok(Opened { model, was_open: false })
    }

    fn place(&self, key: Key) -> Place<T> {
        let mut places = lock(&self.places);
        // Before there would be room made for more, those that nobody needs any more go.
        if places.len() == places.capacity() {
            places.retain(|_, place| Arc::strong_count(place) > 1 || is_open(place));
        }
        Arc::clone(places.entry(key).or_default())
    }
}

fn is_open<T>(place: &Place<T>) -> bool {
    lock(place).strong_count() > 0
}

/// Reading a model may panic; what is locked is whole even then.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { places: Mutex::default() }
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("places", &lock(&self.places).len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, sync::Barrier, thread};

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test's file need not be durable")]
    fn file(directory: &Path, name: &str) -> Metadata {
        let path = directory.join(name);
        fs::write(&path, name).expect("a file");
        fs::metadata(&path).expect("the file is there")
    }

    fn open(shared: &Shared<String>, files: &[Metadata], text: &str) -> Opened<String> {
        shared.open(files, || Ok::<_, ()>(text.to_owned())).expect("it was read")
    }

    #[test]
    fn a_model_is_read_once_and_goes_with_the_last_who_has_it() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let [one, other] = ["one", "other"].map(|name| file(directory.path(), name));
        let shared = Shared::default();
        let first = open(&shared, std::slice::from_ref(&one), "first");
        let second = open(&shared, std::slice::from_ref(&one), "second");
        assert!(!first.was_open && second.was_open && Arc::ptr_eq(&first.model, &second.model));
        let both = open(&shared, &[one.clone(), other.clone()], "both");
        assert!(!both.was_open && *both.model == "both");
        drop((first, second));
        let third = open(&shared, &[one], "third");
        assert!(!third.was_open && *third.model == "third");
    }

    #[test]
    fn a_file_in_the_place_of_another_is_another() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let before = file(directory.path(), "model");
        let shared = Shared::default();
        let _held = open(&shared, &[before], "before");
        fs::remove_file(directory.path().join("model")).expect("it was there");
        let after = file(directory.path(), "model");
        assert!(!open(&shared, &[after], "after").was_open);
    }

    #[test]
    fn who_asks_meanwhile_waits_and_reads_if_the_first_fails() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let files = [file(directory.path(), "model")];
        let (shared, both) = (Shared::default(), Barrier::new(2));
        thread::scope(|scope| {
            let failing = scope.spawn(|| {
                shared.open(&files, || {
                    both.wait();
                    Err("it could not be read")
                })
            });
            both.wait();
            let second = open(&shared, &files, "second");
            assert!(!second.was_open);
            assert!(failing.join().expect("no panic").is_err());
        });
    }

    #[test]
    fn places_of_models_that_are_gone_are_used_again() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let shared = Shared::default();
        let held = open(&shared, &[file(directory.path(), "held")], "held");
        for number in 0..100 {
            open(&shared, &[file(directory.path(), &number.to_string())], "gone at once");
        }
        assert!(lock(&shared.places).capacity() < 10, "{shared:?}");
        assert!(open(&shared, &[file(directory.path(), "held")], "x").model.starts_with('x'));
        drop(held);
    }
}
