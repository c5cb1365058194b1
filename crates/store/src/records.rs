//! One kind of records: get, put, delete, and lists in stable pages.
//!
//! A page ends with a cursor that holds the sort value and key of its last record, so that the
//! next page starts right after it however many records have come or gone meanwhile.

use std::{fmt::Write, marker::PhantomData};

use resources::{Record, Timestamp};
use rusqlite::{OptionalExtension, Row, ToSql, params, types::Value};
use serde::{Deserialize, Serialize};

use crate::{Error, Tx, cursor};

/// The records of one kind within a transaction.
#[derive(Debug)]
pub struct Records<'a, T> {
    tx: &'a Tx<'a>,
    kind: PhantomData<fn() -> T>,
}

/// What a list is sorted by; ties are broken by the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortBy {
    /// The key.
    Name,
    /// The time of creation.
    #[default]
    Created,
    /// The time of the last change.
    Modified,
    /// The lifecycle state, alphabetically.
    Status,
}

/// Which records to list, and in which order.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Only keys that contain this; case counts.
    pub name_contains: Option<String>,
    /// Only records created at this time or later.
    pub created_after: Option<Timestamp>,
    /// Only records created before this time.
    pub created_before: Option<Timestamp>,
    /// Only records modified at this time or later.
    pub modified_after: Option<Timestamp>,
    /// Only records modified before this time.
    pub modified_before: Option<Timestamp>,
    /// Only records in this state.
    pub status: Option<String>,
    /// The order.
    pub sort_by: SortBy,
    /// The other way round.
    pub descending: bool,
    /// Records per page at most; 0 gives an empty page.
    pub limit: usize,
    /// [`Page::next`] of the page before, with the same order.
    pub after: Option<String>,
}

/// Some of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The records, in the order asked for.
    pub items: Vec<T>,
    /// Asks for the next page; none on the last.
    pub next: Option<String>,
}

impl<'a, T: Record> Records<'a, T> {
    pub(crate) fn new(tx: &'a Tx<'a>) -> Self {
        // `check` goes through the kinds that are listed.
        const { assert!(resources::is_kept(T::KIND), "list the kind in `resources::KINDS`") }
        Self { tx, kind: PhantomData }
    }

    /// The record with this key.
    pub fn get(&self, key: &str) -> Result<Option<T>, Error> {
        self.one("SELECT key, body FROM records WHERE kind = ? AND key = ?", key)
    }

    /// Whether there is a record with this key, be it one that can't be read.
    pub fn contains(&self, key: &str) -> Result<bool, Error> {
        let mut statement = self
            .tx
            .connection()
            .prepare_cached("SELECT 1 FROM records WHERE kind = ? AND key = ?")?;
        Ok(statement.exists([T::KIND, key])?)
    }

    /// Whether there is a record whose key differs from `key` in the case of ASCII letters at most,
    /// be it one that can't be read.
    pub fn contains_ignoring_case(&self, key: &str) -> Result<bool, Error> {
        let mut statement = self
            .tx
            .connection()
            .prepare_cached("SELECT 1 FROM records WHERE kind = ? AND key = ? COLLATE NOCASE")?;
        Ok(statement.exists([T::KIND, key])?)
    }

    /// A record whose key differs from `key` in the case of ASCII letters at most.
    pub fn find_ignoring_case(&self, key: &str) -> Result<Option<T>, Error> {
        self.one(
            "SELECT key, body FROM records WHERE kind = ? AND key = ? COLLATE NOCASE LIMIT 1",
            key,
        )
    }

    /// Adds a record; false, and nothing changed, if the key is taken.
    pub fn insert(&self, record: &T) -> Result<bool, Error> {
        self.store(record, "ON CONFLICT (kind, key) DO NOTHING")
    }

    /// Adds or replaces a record.
    pub fn put(&self, record: &T) -> Result<(), Error> {
        self.store(
            record,
            "ON CONFLICT (kind, key) DO UPDATE SET created = excluded.created,
             modified = excluded.modified, status = excluded.status, body = excluded.body",
        )?;
        Ok(())
    }

    /// Removes a record; false if there was none.
    pub fn delete(&self, key: &str) -> Result<bool, Error> {
        let mut statement = self
            .tx
            .connection()
            .prepare_cached("DELETE FROM records WHERE kind = ? AND key = ?")?;
        Ok(statement.execute([T::KIND, key])? > 0)
    }

    /// Every record, by key.
    pub fn all(&self) -> Result<Vec<T>, Error> {
        let mut statement = self
            .tx
            .connection()
            .prepare_cached("SELECT key, body FROM records WHERE kind = ? ORDER BY key")?;
        let rows = statement.query_map([T::KIND], text_pair)?;
        rows.map(|row| parse(&row?)).collect()
    }

    /// Every record, by key, each on its own: one that cannot be read does not hide the others.
    pub fn each(&self) -> Result<Vec<Result<T, Error>>, Error> {
        let mut statement = self
            .tx
            .connection()
            .prepare_cached("SELECT key, body FROM records WHERE kind = ? ORDER BY key")?;
        let rows = statement.query_map([T::KIND], text_pair)?;
        rows.map(|row| Ok(parse(&row?))).collect()
    }

    /// The records whose keys begin with `prefix`, by key.
    pub fn under(&self, prefix: &str) -> Result<Vec<T>, Error> {
        self.each_under(prefix)?.into_iter().collect()
    }

    /// The same, each on its own: one that cannot be read does not hide the others.
    pub fn each_under(&self, prefix: &str) -> Result<Vec<Result<T, Error>>, Error> {
        let mut statement = self.tx.connection().prepare_cached(
            "SELECT key, body FROM records WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
        )?;
        let rows = statement.query_map([T::KIND, prefix, &after(prefix)], text_pair)?;
        rows.map(|row| Ok(parse(&row?))).collect()
    }

    /// Removes the records whose keys begin with `prefix`; how many there were.
    pub fn delete_under(&self, prefix: &str) -> Result<usize, Error> {
        let mut statement = self
            .tx
            .connection()
            .prepare_cached("DELETE FROM records WHERE kind = ? AND key >= ? AND key < ?")?;
        Ok(statement.execute([T::KIND, prefix, &after(prefix)])?)
    }

    /// One page of the records that `query` describes. One that cannot be read is left out, so
    /// that it does not hide the others; [`Records::each`] and [`crate::check`] name it.
    pub fn list(&self, query: &ListQuery) -> Result<Page<T>, Error> {
        if query.limit == 0 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let select = Select::new::<T>(query)?;
        let mut statement = self.tx.connection().prepare_cached(&select.sql)?;
        let arguments = select.arguments.iter().map(|value| value as &dyn ToSql);
        let rows = statement.query_map(rusqlite::params_from_iter(arguments), |row| {
            Ok((text_pair(row)?, Position::of(query, row)?))
        })?;
        let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let next = rows.last().filter(|_| more).map(|(_, position)| position.token());
        let items = rows.iter().filter_map(|(row, _)| parse(row).ok()).collect();
        Ok(Page { items, next })
    }

    fn one(&self, sql: &str, key: &str) -> Result<Option<T>, Error> {
        let mut statement = self.tx.connection().prepare_cached(sql)?;
        let row = statement.query_row([T::KIND, key], text_pair).optional()?;
        row.as_ref().map(parse).transpose()
    }

    fn store(&self, record: &T, on_conflict: &str) -> Result<bool, Error> {
        let body = serde_json::to_string(record).map_err(unreadable::<T>(record.key()))?;
        let mut statement = self.tx.connection().prepare_cached(&format!(
            "INSERT INTO records (kind, key, created, modified, status, body)
             VALUES (?, ?, ?, ?, ?, ?) {on_conflict}"
        ))?;
        let changed = statement.execute(params![
            T::KIND,
            record.key(),
            record.created().epoch_ms(),
            record.modified().epoch_ms(),
            record.status().unwrap_or_default(),
            body,
        ])?;
        Ok(changed > 0)
    }
}

/// A text that every text with this prefix is less than: no text holds U+10FFFF, a noncharacter.
fn after(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

fn text_pair(row: &Row<'_>) -> rusqlite::Result<(String, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn parse<T: Record>((key, body): &(String, String)) -> Result<T, Error> {
    serde_json::from_str(body).map_err(unreadable::<T>(key))
}

fn unreadable<T: Record>(key: &str) -> impl FnOnce(serde_json::Error) -> Error {
    move |source| Error::Unreadable { kind: T::KIND, key: key.to_owned(), source }
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
struct Position {
    sort_by: SortBy,
    descending: bool,
    number: i64,
    text: String,
    key: String,
}

impl Position {
    /// That of a row as [`Select`] gives it; it says nothing of the record's own text, which may
    /// be unreadable.
    fn of(query: &ListQuery, row: &Row<'_>) -> rusqlite::Result<Self> {
        let (number, text) = match query.sort_by {
            SortBy::Name => (0, String::new()),
            SortBy::Created => (row.get("created")?, String::new()),
            SortBy::Modified => (row.get("modified")?, String::new()),
            SortBy::Status => (0, row.get("status")?),
        };
        let key = row.get("key")?;
        Ok(Self { sort_by: query.sort_by, descending: query.descending, number, text, key })
    }

    fn token(&self) -> String {
        cursor::encode(self)
    }

    /// The position in a token, if it belongs to a list in the same order.
    fn read(query: &ListQuery, token: &str) -> Result<Self, Error> {
        let position: Self = cursor::decode(token)?;
        let same = position.sort_by == query.sort_by && position.descending == query.descending;
        if same { Ok(position) } else { Err(Error::Cursor) }
    }
}

/// The statement for one page.
struct Select {
    sql: String,
    arguments: Vec<Value>,
}

impl Select {
    fn new<T: Record>(query: &ListQuery) -> Result<Self, Error> {
        let mut select = Self {
            sql: "SELECT key, body, created, modified, status FROM records WHERE kind = ?"
                .to_owned(),
            arguments: vec![Value::Text(T::KIND.to_owned())],
        };
        select.filter(query);
        select.start(query)?;
        select.order(query);
        Ok(select)
    }

    fn and(&mut self, condition: &str, argument: Option<impl Into<Value>>) {
        if let Some(argument) = argument {
            self.sql.push_str(" AND ");
            self.sql.push_str(condition);
            self.arguments.push(argument.into());
        }
    }

    fn filter(&mut self, query: &ListQuery) {
        self.and("instr(key, ?) > 0", query.name_contains.clone());
        self.and("created >= ?", query.created_after.map(Timestamp::epoch_ms));
        self.and("created < ?", query.created_before.map(Timestamp::epoch_ms));
        self.and("modified >= ?", query.modified_after.map(Timestamp::epoch_ms));
        self.and("modified < ?", query.modified_before.map(Timestamp::epoch_ms));
        self.and("status = ?", query.status.clone());
    }

    fn start(&mut self, query: &ListQuery) -> Result<(), Error> {
        let Some(token) = &query.after else { return Ok(()) };
        let position = Position::read(query, token)?;
        let beyond = if query.descending { '<' } else { '>' };
        let value = match query.sort_by {
            SortBy::Name => {
                self.and(&format!("key {beyond} ?"), Some(position.key));
                return Ok(());
            }
            SortBy::Created | SortBy::Modified => Value::Integer(position.number),
            SortBy::Status => Value::Text(position.text),
        };
        self.and(&format!("({}, key) {beyond} (?, ?)", column(query.sort_by)), Some(value));
        self.arguments.push(Value::Text(position.key));
        Ok(())
    }

    fn order(&mut self, query: &ListQuery) {
        let way = if query.descending { "DESC" } else { "ASC" };
        let by = column(query.sort_by);
        let _ = write!(self.sql, " ORDER BY {by} {way}, key {way} LIMIT ?");
        // One more than asked for tells whether there is a next page.
        self.arguments.push(Value::Integer(query.limit.saturating_add(1) as i64));
    }
}

const fn column(sort_by: SortBy) -> &'static str {
    match sort_by {
        SortBy::Name => "key",
        SortBy::Created => "created",
        SortBy::Modified => "modified",
        SortBy::Status => "status",
    }
}
