//! Tokens to rows: which lists and objects are rows, and where their values go.
//!
//! Owns the meaning of a JSON body. The grammar is `scan`'s business.

use super::scan::{Next, Scanner};
use crate::{
    Columns, Error, Matrix, Real,
    error::{list, missing, model_has_no_names, no_columns, quote, wrong_count},
    matrix::{SKIP, Scratch},
};

/// Members whose list or object holds rows.
const WRAPPERS: [&[u8]; 4] = [b"instances", b"data", b"features", b"values"];

/// How many members of a record are remembered to guess those of the next.
const REMEMBERED_MAX: usize = 4096;

/// Reads a JSON `body` into the rows of `matrix`, whatever it held before.
///
/// See the [module](super) for what is read. On an error `matrix` is empty; the error is
/// [`Malformed`](crate::ErrorKind::Malformed) for what isn't JSON, isn't one of the forms or isn't
/// a number, and [`Columns`](crate::ErrorKind::Columns) for lists that are not as wide as the
/// model and for records that lack a column of the model or have one twice.
pub fn read<V: Real>(body: &[u8], columns: &Columns, matrix: &mut Matrix<V>) -> Result<(), Error> {
    read_as(Reader::document, body, columns, matrix)
}

/// Reads a JSON Lines `body` into the rows of `matrix`, whatever it held before.
///
/// See [`jsonlines`](crate::jsonlines) for what is read. On an error `matrix` is empty; the error
/// is the one that [`read`] gives, or [`Malformed`](crate::ErrorKind::Malformed) for a line that is
/// not exactly one row.
pub fn read_lines<V: Real>(
    body: &[u8],
    columns: &Columns,
    matrix: &mut Matrix<V>,
) -> Result<(), Error> {
    read_as(Reader::lines, body, columns, matrix)
}

fn read_as<'a, V: Real>(
    rows: fn(&mut Reader<'a, V>) -> Result<(), Error>,
    body: &'a [u8],
    columns: &'a Columns,
    matrix: &'a mut Matrix<V>,
) -> Result<(), Error> {
    matrix.begin(columns.width());
    std::str::from_utf8(body)
        .map_err(|error| Error::malformed("the body is not UTF-8").at(error.valid_up_to()))?;
    let scratch = std::mem::take(&mut matrix.scratch);
    let scan = Scanner::new(body);
    let mut reader =
        Reader { scan, columns, matrix, scratch, named: false, rows_before: 0, stamp: 0 };
    let outcome = reader.body(rows);
    let Reader { matrix, scratch, .. } = reader;
    matrix.scratch = scratch;
    if outcome.is_err() {
        matrix.begin(columns.width());
    }
    outcome
}

struct Reader<'a, V: Real> {
    scan: Scanner<'a>,
    columns: &'a Columns,
    matrix: &'a mut Matrix<V>,
    scratch: Scratch<V>,
    /// Whether the body gave the order of its columns, in `scratch.order`.
    named: bool,
    /// How many rows stand before this document.
    rows_before: usize,
    /// What `scratch.seen` holds for the columns that the record being read has set.
    stamp: u32,
}

/// What a member of an object is to the rows.
enum Member {
    /// The column of the model at this index.
    Column(usize),
    /// Rows, or more objects around them.
    Wrapper,
    /// The order of the columns in lists.
    Order,
    /// The places of the values of a sparse row.
    Keys,
    /// Nothing.
    Other,
}

impl<V: Real> Reader<'_, V> {
    fn body(&mut self, rows: fn(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        if self.columns.width() == 0 {
            return Err(no_columns());
        }
        self.scratch.seen.clear();
        self.scratch.seen.resize(self.columns.width(), 0);
        rows(self)?;
        if self.matrix.row_count() == 0 {
            return Err(Error::malformed("the body holds no rows"));
        }
        Ok(())
    }

    /// One document and nothing else.
    fn document(&mut self) -> Result<(), Error> {
        self.rows(0)?;
        if self.scan.peek().is_some() {
            return Err(self.scan.unexpected("the end of the body"));
        }
        Ok(())
    }

    /// A document per line, each a row.
    fn lines(&mut self) -> Result<(), Error> {
        while self.scan.peek().is_some() {
            self.rows_before = self.matrix.row_count();
            self.named = false;
            self.row(0)?;
            if !self.scan.at_line_end() {
                return Err(self
                    .scan
                    .unexpected("the end of the line")
                    .in_row(self.rows_before + 1));
            }
        }
        Ok(())
    }

    /// Number of the row being read, from 1.
    fn row_number(&self) -> usize {
        self.matrix.row_count() + 1
    }

    /// One row, or a list of rows.
    fn rows(&mut self, depth: usize) -> Result<(), Error> {
        self.scan.deepen(depth)?;
        match self.scan.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => {
                let start = self.scan.at;
                self.scan.at += 1;
                match self.scan.peek() {
                    Some(b'[' | b'{') => self.list_of_rows(depth),
                    _ if self.scan.accept(b']') => Ok(()),
                    _ => self.list(start),
                }
            }
            _ => Err(self.scan.unexpected("a list or an object")),
        }
    }

    /// Behind the opening bracket of a list that holds lists or objects.
    fn list_of_rows(&mut self, depth: usize) -> Result<(), Error> {
        let mut next = Next::Item;
        while next == Next::Item {
            self.row(depth + 1)?;
            next = self.scan.next(b']')?;
        }
        Ok(())
    }

    /// An element of a list of rows; it must be exactly one row.
    fn row(&mut self, depth: usize) -> Result<(), Error> {
        let rows_before = self.matrix.row_count();
        match self.scan.peek() {
            Some(b'[') => {
                let start = self.scan.at;
                self.scan.at += 1;
                self.list(start)
            }
            Some(b'{') => {
                let start = self.scan.at;
                self.scan.deepen(depth)?;
                self.object(depth)?;
                match self.matrix.row_count() - rows_before {
                    1 => Ok(()),
                    rows => Err(Error::malformed(format!("found {rows} rows, expected one"))
                        .in_row(rows_before + 1)
                        .at(start)),
                }
            }
            _ => {
                let row = self.row_number();
                Err(self.scan.unexpected("a row: a list or an object").in_row(row))
            }
        }
    }
}

/// Lists of values.
impl<V: Real> Reader<'_, V> {
    /// Behind the opening bracket, which is at `start`: the values of one row.
    fn list(&mut self, start: usize) -> Result<(), Error> {
        let number = self.row_number();
        let values = self.matrix.push_row();
        let order = self.named.then_some(&*self.scratch.order);
        let expected = order.map_or(values.len(), <[u32]>::len);
        let mut found = 0;
        let mut next = self.scan.first(b']');
        while next == Next::Item {
            let place = match order {
                Some(order) => order.get(found).copied().unwrap_or(SKIP),
                None => found as u32,
            };
            match values.get_mut(place as usize) {
                Some(slot) => self.scan.scalar(&mut self.scratch.text).map(|value| *slot = value),
                None => self.scan.skip_value(0, &mut self.scratch.text),
            }
            .map_err(|error| error.in_row(number).in_column(found + 1))?;
            found += 1;
            next = self.scan.next(b']').map_err(|error| error.in_row(number))?;
        }
        if found == expected {
            return Ok(());
        }
        Err(if self.named { not_as_named(found, expected) } else { wrong_count(found, expected) }
            .in_row(number)
            .at(start))
    }

    /// The value of `columns`: the names of the columns in the order that lists will have.
    fn order(&mut self) -> Result<(), Error> {
        if self.matrix.row_count() > self.rows_before {
            return Err(Error::malformed("`columns` must stand before the rows").at(self.scan.at));
        }
        if !self.columns.has_names() {
            return Err(model_has_no_names("send lists in the model's order without `columns`"));
        }
        self.scratch.order.clear();
        self.stamp += 1;
        self.scan.at += 1;
        let mut next = self.scan.first(b']');
        while next == Next::Item {
            self.scan.string(&mut self.scratch.text)?;
            let place = self.columns.index_of(&self.scratch.text);
            if let Some(column) = place {
                self.see(column)?;
            }
            self.scratch.order.push(place.map_or(SKIP, |column| column as u32));
            next = self.scan.next(b']')?;
        }
        self.named = true;
        let complete = self.scratch.seen.iter().all(|seen| *seen == self.stamp);
        if complete { Ok(()) } else { Err(self.unseen()) }
    }
}

/// Objects: records of named values, and what may stand around rows.
impl<V: Real> Reader<'_, V> {
    fn object(&mut self, depth: usize) -> Result<(), Error> {
        let start = self.scan.at;
        let number = self.row_number();
        self.scan.at += 1;
        let (mut columns, mut wrappers, mut position, mut sparse) = (0, 0, 0, false);
        let mut next = self.scan.first(b'}');
        while next == Next::Item {
            match self.member(position)? {
                Member::Column(index) => {
                    self.column(index, columns == 0).map_err(|error| error.in_row(number))?;
                    columns += 1;
                }
                Member::Wrapper => {
                    self.rows(depth + 1)?;
                    wrappers += 1;
                }
                Member::Order => self.order()?,
                member => {
                    sparse |= matches!(member, Member::Keys);
                    self.scan.skip_value(depth + 1, &mut self.scratch.text)?;
                }
            }
            position += 1;
            next = self.scan.next(b'}')?;
        }
        match (columns, wrappers) {
            (0, 1) if sparse => Err(Error::malformed(
                "an object gives `keys` for its values; sparse rows are not read from JSON, send \
                 libsvm or RecordIO",
            )
            .at(start)),
            (0, 1) => Ok(()),
            (_, 0) => self.complete(columns).map_err(|error| error.in_row(number).at(start)),
            (0, _) => Err(Error::malformed("an object holds rows in two members").at(start)),
            _ => Err(Error::malformed("an object holds both columns and rows").at(start)),
        }
    }

    /// Reads the key of the member at `position` and moves to its value.
    ///
    /// Records of one body, and of one client, name their columns in the same order. So the name
    /// that stood at this position in the last record is tried first.
    #[inline]
    fn member(&mut self, position: usize) -> Result<Member, Error> {
        let start = self.scan;
        if let Some(index) = self.guess(position)
            && self.scan.accept(b':')
            && !self.at_container()
        {
            return Ok(Member::Column(index));
        }
        self.scan = start;
        self.any_member(position)
    }

    /// Moves behind the key, if it is the one that stood here in the last record.
    #[inline]
    fn guess(&mut self, position: usize) -> Option<usize> {
        let index = *self.scratch.order.get(position)? as usize;
        self.scan.accept(b'"').then_some(())?;
        self.scan.at += self.columns.key_at(index, self.scan.rest())? + 1;
        Some(index)
    }

    #[inline]
    fn at_container(&mut self) -> bool {
        matches!(self.scan.peek(), Some(b'[' | b'{'))
    }

    fn any_member(&mut self, position: usize) -> Result<Member, Error> {
        self.scan.string(&mut self.scratch.text)?;
        self.scan.colon()?;
        let at_container = self.at_container();
        let name = &*self.scratch.text;
        if name == b"columns" && self.scan.peek() == Some(b'[') {
            return Ok(Member::Order);
        }
        if WRAPPERS.contains(&name) && at_container {
            return Ok(Member::Wrapper);
        }
        let column = self.columns.index_of(name);
        let other = if name == b"keys" && at_container { Member::Keys } else { Member::Other };
        if !self.named {
            self.remember(position, column);
        }
        Ok(column.map_or(other, Member::Column))
    }

    fn remember(&mut self, position: usize, column: Option<usize>) {
        let order = &mut self.scratch.order;
        if position >= order.len() {
            if position >= REMEMBERED_MAX {
                return;
            }
            order.resize(position + 1, SKIP);
        }
        order[position] = column.map_or(SKIP, |column| column as u32);
    }

    fn column(&mut self, index: usize, first: bool) -> Result<(), Error> {
        if first {
            self.matrix.push_row();
            self.stamp += 1;
        }
        self.see(index)?;
        match self.scan.scalar(&mut self.scratch.text) {
            Ok(value) => self.matrix.last_row()[index] = value,
            Err(error) => return Err(self.in_column(error, index)),
        }
        Ok(())
    }

    #[cold]
    fn in_column(&self, mut error: Error, index: usize) -> Error {
        let name = self.columns.name(index).unwrap_or_default();
        error.message = format!("column {}: {}", quote(name.as_bytes()), error.message);
        error
    }

    /// Whether the record that ends here has set every column; `columns` says how many it has set.
    fn complete(&mut self, columns: usize) -> Result<(), Error> {
        if columns == self.columns.width() {
            return Ok(());
        }
        if !self.columns.has_names() {
            return Err(model_has_no_names("send lists of values in the model's order"));
        }
        self.stamp += u32::from(columns == 0);
        Err(self.unseen())
    }
}

/// Which columns a record has set.
impl<V: Real> Reader<'_, V> {
    /// Marks a column as set.
    #[inline]
    fn see(&mut self, index: usize) -> Result<(), Error> {
        let seen = std::mem::replace(&mut self.scratch.seen[index], self.stamp);
        if seen == self.stamp { Err(self.twice(index)) } else { Ok(()) }
    }

    #[cold]
    fn twice(&self, index: usize) -> Error {
        let name = list(self.columns, [index]);
        Error::columns(format!("the column {name} stands there twice")).at(self.scan.at)
    }

    #[cold]
    fn unseen(&self) -> Error {
        let seen = &self.scratch.seen;
        missing(self.columns, (0..seen.len()).filter(|index| seen[*index] != self.stamp))
    }
}

#[cold]
fn not_as_named(found: usize, expected: usize) -> Error {
    Error::malformed(format!("found {found} values, but `columns` names {expected}"))
}
