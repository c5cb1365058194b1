//! What a model expects of a row: how many columns and, where known, their names.
//!
//! Owns the lookup from a name in a body to the place of its column. Which names a body holds is
//! the readers' business.

/// The columns of a model, in the order it was trained on.
#[derive(Clone, Debug)]
pub struct Columns {
    width: usize,
    names: Vec<Name>,
    /// Open addressing with linear probing, at most half full; `EMPTY` or an index into `names`.
    table: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Name {
    text: Box<str>,
    /// Written in JSON exactly as it is, so that raw bytes can be compared with it.
    plain: bool,
}

const EMPTY: u32 = u32::MAX;

impl Columns {
    /// `width` columns without names: they are told apart by position only.
    pub fn unnamed(width: usize) -> Self {
        Self { width, names: Vec::new(), table: Vec::new() }
    }

    /// One column per name. Where a name occurs twice the first one is found.
    pub fn named(names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<Name> = names.into_iter().map(Name::new).collect();
        let mut columns = Self {
            width: names.len(),
            table: vec![EMPTY; (names.len() * 2).next_power_of_two()],
            names,
        };
        for index in 0..columns.width {
            columns.enter(index);
        }
        columns
    }

    /// How many values a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether the model told its column names.
    pub fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// The name of the column at `index`, if it has one.
    pub fn name(&self, index: usize) -> Option<&str> {
        self.names.get(index).map(|name| &*name.text)
    }

    /// The place of the column called `name`.
    pub fn index_of(&self, name: &[u8]) -> Option<usize> {
        if self.table.is_empty() {
            return None;
        }
        let index = self.table[self.slot_of(name)];
        (index != EMPTY).then_some(index as usize)
    }

    /// Whether JSON text that starts after a key's opening quote is the key of column `index`;
    /// then the length of the name. May miss names that JSON can write in several ways.
    pub(crate) fn key_at(&self, index: usize, text: &[u8]) -> Option<usize> {
        let name = self.names.get(index).filter(|name| name.plain)?;
        let rest = text.strip_prefix(name.text.as_bytes())?;
        (rest.first() == Some(&b'"')).then_some(name.text.len())
    }

    fn enter(&mut self, index: usize) {
        let slot = self.slot_of(self.names[index].text.as_bytes());
        if self.table[slot] == EMPTY {
            self.table[slot] = u32::try_from(index).expect("over 4e9 columns: this is a bug");
        }
    }

    /// Where `name` stands in the table, or the empty slot where it would.
    fn slot_of(&self, name: &[u8]) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = hash(name) as usize & mask;
        while self.table[slot] != EMPTY
            && self.names[self.table[slot] as usize].text.as_bytes() != name
        {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

impl Name {
    fn new(text: String) -> Self {
        let plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        Self { text: text.into(), plain }
    }
}

/// Multiply and fold, eight bytes at a time. It needs no key: the table holds the model's names
/// only, so a client's names cannot make it degenerate.
fn hash(name: &[u8]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = name.len() as u64;
    for chunk in name.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let product = u128::from(state ^ u64::from_le_bytes(word)) * u128::from(ODD);
        state = (product >> 64) as u64 ^ product as u64;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_where_it_stands_and_no_other_is() {
        let columns = Columns::named((0..1000).map(|index| format!("Soil_Type{index}")));
        for index in 0..1000 {
            assert_eq!(columns.index_of(format!("Soil_Type{index}").as_bytes()), Some(index));
        }
        for other in ["", "Soil_Type", "Soil_Type1000", "soil_type1", "Soil_Type1 "] {
            assert_eq!(columns.index_of(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn without_names_nothing_is_found() {
        assert_eq!(Columns::unnamed(3).index_of(b"f0"), None);
        assert_eq!(Columns::named([]).index_of(b""), None);
    }

    #[test]
    fn of_two_equal_names_the_first_is_found() {
        assert_eq!(Columns::named(["a".into(), "a".into()]).index_of(b"a"), Some(0));
    }
}
