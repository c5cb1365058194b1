//! Python pickles of XGBoost's and LightGBM's `Booster` and of their scikit-learn classes: finds the
//! model's bytes in them, and the labels of a classifier. Opcodes are parsed, nothing is ever looked up or called: classes stay names, and their
//! arguments and states stay values beside them.
//!
//! The format is that of Python's `pickletools`, protocols 0 to 5. Each opcode makes at most one
//! value, and values refer to each other by number, so that memory is linear in the bytes however
//! often a value is repeated.

use std::collections::HashMap;

use super::{
    document::Placed,
    held::{Held, place_of},
    pickled_array,
};
use crate::{Error, Label};

/// How many dictionaries that could be what is looked for are looked into: each may refer to the same
/// long value.
const CANDIDATES_MAX: usize = 64;
/// How many calls are seen through to find bytes: values may refer to each other in a circle.
const LAYERS_MAX: u32 = 4;

/// Where values refer to others.
type Id = u32;

#[derive(Debug)]
enum Value<'a> {
    /// What nothing here can be made of: `None`, sets, numbers of unusual forms.
    Plain,
    Number(f64),
    Truth(bool),
    Text(&'a str),
    Bytes(&'a [u8]),
    Global(&'a str),
    Items(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A call that was not made: what would have been called, and with which arguments.
    Call(Id, Id),
}

/// What the state of a pickled booster tells.
#[derive(Debug)]
pub(super) struct Booster<'a> {
    /// XGBoost's `handle`: a model in one of its own formats.
    pub(super) model: Held<'a>,
    /// Empty if there are none.
    pub(super) feature_names: Placed<Vec<String>>,
    /// The labels of a classifier around the booster; empty if there is none.
    pub(super) classes: Vec<Label>,
    /// What stands for a missing value beside `NaN`.
    pub(super) missing: Option<f32>,
}

/// The first booster in a pickle.
pub(super) fn booster(bytes: &[u8]) -> Result<Booster<'_>, Error> {
    let mut machine = Machine { bytes, ..Machine::default() };
    machine.run().map_err(|error| error.at(machine.at))?;
    machine.booster().ok_or_else(|| {
        Error::unsupported(
            "the pickle has no `Booster` of XGBoost or LightGBM with its model in it",
        )
        .at(machine.at)
    })
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    /// Objects that were given a state.
    states: HashMap<Id, Id>,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<(), Error> {
        loop {
            match self.take(1)?[0] {
                b'.' => return Ok(()),
                opcode => self.step(opcode)?,
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), Error> {
        match opcode {
            0x80 => self.take(1).map(drop),
            0x95 => self.take(8).map(drop),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.pop_mark().map(drop),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            b'N' | b'J' | b'K' | b'M' | b'I' | b'L' | b'F' | b'G' | 0x88..=0x8b => {
                self.plain(opcode)
            }
            b'X' | b'V' | b'B' | b'C' | b'T' | b'U' | b'S' | 0x8c..=0x8e | 0x96 => {
                self.string(opcode)
            }
            b'c' | b'R' | b'o' | b'i' | b'b' | 0x81 | 0x92 | 0x93 => self.object(opcode),
            b'h' | b'j' | b'g' | b'q' | b'r' | b'p' | 0x94 => self.remember(opcode),
            _ => self.container(opcode),
        }
    }

    fn plain(&mut self, opcode: u8) -> Result<(), Error> {
        let value = match opcode {
            b'J' => Value::Number(f64::from(self.number(4)? as u32 as i32)),
            b'K' => Value::Number(self.number(1)? as f64),
            b'M' => Value::Number(self.number(2)? as f64),
            b'G' => {
                let bytes = self.take(8)?.try_into().expect("eight bytes: this is a bug");
                Value::Number(f64::from_be_bytes(bytes))
            }
            b'I' | b'L' | b'F' => self.written()?,
            0x8a => self.counted(1).map(|_| Value::Plain)?,
            0x8b => self.counted(4).map(|_| Value::Plain)?,
            0x88 | 0x89 => Value::Truth(opcode == 0x88),
            _ => Value::Plain,
        };
        self.push(value);
        Ok(())
    }

    /// A number in digits; protocol 0 also writes truth values so.
    fn written(&mut self) -> Result<Value<'a>, Error> {
        let line = text(self.line()?)?;
        Ok(match line {
            "00" => Value::Truth(false),
            "01" => Value::Truth(true),
            _ => line.trim_end_matches('L').parse().map_or(Value::Plain, Value::Number),
        })
    }

    fn string(&mut self, opcode: u8) -> Result<(), Error> {
        let value = match opcode {
            b'X' => Value::Text(text(self.counted(4)?)?),
            0x8c => Value::Text(text(self.counted(1)?)?),
            0x8d => Value::Text(text(self.counted(8)?)?),
            b'V' | b'S' => Value::Text(text(self.line()?)?),
            b'B' | b'T' => Value::Bytes(self.counted(4)?),
            b'C' | b'U' => Value::Bytes(self.counted(1)?),
            _ => Value::Bytes(self.counted(8)?),
        };
        self.push(value);
        Ok(())
    }

    fn container(&mut self, opcode: u8) -> Result<(), Error> {
        match opcode {
            b']' | b')' => self.push(Value::Items(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            0x8f => self.push(Value::Plain),
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let start = self.stack.len().checked_sub(count).ok_or_else(too_short)?;
                let items = self.stack.split_off(start);
                self.push(Value::Items(items));
            }
            b't' | b'l' => {
                let items = self.pop_mark()?;
                self.push(Value::Items(items));
            }
            b'd' => {
                let items = self.pop_mark()?;
                self.push(Value::Dict(pairs(&items)));
            }
            0x91 => {
                self.pop_mark()?;
                self.push(Value::Plain);
            }
            b'a' | b'e' | b's' | b'u' | 0x90 => self.extend(opcode)?,
            _ => {
                let message =
                    format!("the pickle has opcode {opcode:#04x}, which is not supported");
                return Err(Error::unsupported(message));
            }
        }
        Ok(())
    }

    /// Items for the container below them; what is no plain container does not keep them.
    fn extend(&mut self, opcode: u8) -> Result<(), Error> {
        let items = match opcode {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let target = self.top()?;
        match &mut self.values[target as usize] {
            Value::Items(list) => list.extend(items),
            Value::Dict(dict) => dict.extend(pairs(&items)),
            _ => {}
        }
        Ok(())
    }

    fn object(&mut self, opcode: u8) -> Result<(), Error> {
        match opcode {
            b'c' | b'i' => {
                self.line()?;
                let name = text(self.line()?)?;
                if opcode == b'i' {
                    self.pop_mark()?;
                }
                self.push(Value::Global(name));
            }
            0x93 => {
                let (name, _module) = (self.pop()?, self.pop()?);
                let Value::Text(name) = self.values[name as usize] else {
                    return Err(Error::malformed("a class without a name"));
                };
                self.push(Value::Global(name));
            }
            b'o' => {
                self.pop_mark()?;
                self.push(Value::Plain);
            }
            b'b' => {
                let state = self.pop()?;
                self.states.insert(self.top()?, state);
            }
            _ => {
                if opcode == 0x92 {
                    self.pop()?;
                }
                let (arguments, called) = (self.pop()?, self.pop()?);
                self.push(Value::Call(called, arguments));
            }
        }
        Ok(())
    }

    fn remember(&mut self, opcode: u8) -> Result<(), Error> {
        let key = match opcode {
            b'h' | b'q' => self.number(1)?,
            b'j' | b'r' => self.number(4)?,
            b'g' | b'p' => {
                let line = text(self.line()?)?;
                line.parse().map_err(|_| Error::malformed("a memo that is no number"))?
            }
            _ => self.memo.len() as u64,
        };
        if matches!(opcode, b'h' | b'j' | b'g') {
            let id = self.memo.get(&key).copied();
            self.stack.push(id.ok_or_else(|| Error::malformed(format!("no memo {key}")))?);
        } else {
            self.memo.insert(key, self.top()?);
        }
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) {
        self.values.push(value);
        self.stack.push(self.values.len() as Id - 1);
    }

    fn pop(&mut self) -> Result<Id, Error> {
        self.stack.pop().ok_or_else(too_short)
    }

    fn top(&self) -> Result<Id, Error> {
        self.stack.last().copied().ok_or_else(too_short)
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, Error> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or_else(too_short)?))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let taken = self.bytes[self.at..].get(..length);
        let taken = taken.ok_or_else(|| Error::malformed("the pickle ends too early"))?;
        self.at += length;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<u64, Error> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// As many bytes as a number of some width says.
    fn counted(&mut self, width: usize) -> Result<&'a [u8], Error> {
        let length = self.number(width)?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Result<&'a [u8], Error> {
        let length = self.bytes[self.at..].iter().position(|byte| *byte == b'\n');
        let line = self.take(length.unwrap_or(usize::MAX))?;
        self.at += 1;
        Ok(line)
    }

    /// The first dictionary that has bytes for the key `handle`.
    fn booster(&self) -> Option<Booster<'a>> {
        // LightGBM calls it `_handle` since 4.0.
        let mut booster = self.candidates("handle", "_handle").find_map(|(state, handle)| {
            let model = self.as_bytes(handle, LAYERS_MAX)?;
            let feature_names = self.feature_names(state);
            Some(Booster { model, feature_names, classes: Vec::new(), missing: None })
        })?;
        booster.classes = self.classes();
        booster.missing = self.missing();
        Some(booster)
    }

    fn dicts(&self) -> impl Iterator<Item = &[(Id, Id)]> {
        self.values.iter().filter_map(|value| match value {
            Value::Dict(dict) => Some(&dict[..]),
            _ => None,
        })
    }

    /// The first dictionaries that have a member of either name, and the member.
    fn candidates(&self, name: &str, other: &str) -> impl Iterator<Item = (&[(Id, Id)], Id)> {
        let found = self.dicts().filter_map(move |dict| {
            let member = self.member(dict, name).or_else(|| self.member(dict, other))?;
            Some((dict, member))
        });
        found.take(CANDIDATES_MAX)
    }

    /// Those of a label encoder, or of the classifier itself.
    fn classes(&self) -> Vec<Label> {
        let mut lists = self.candidates("classes_", "_classes");
        lists.find_map(|(_, list)| self.labels(list)).unwrap_or_default()
    }

    /// What a scikit-learn class was told to take for missing, if that is not just `NaN`.
    fn missing(&self) -> Option<f32> {
        let mut wrappers =
            self.dicts().filter(|state| self.member(state, "n_estimators").is_some());
        let missing = wrappers.find_map(|state| self.member(state, "missing"))?;
        match self.values[missing as usize] {
            Value::Number(number) if !number.is_nan() => Some(number as f32),
            _ => None,
        }
    }

    /// A list of labels, or an array of NumPy's: `_reconstruct`ed with a state, or `_frombuffer`.
    fn labels(&self, id: Id) -> Option<Vec<Label>> {
        let (called, arguments) = match &self.values[id as usize] {
            Value::Items(items) => return self.label_list(items),
            Value::Call(called, arguments) => (*called, *arguments),
            _ => return None,
        };
        let (kind, values) = match self.values[called as usize] {
            Value::Global("_reconstruct") => match &self.values[*self.states.get(&id)? as usize] {
                Value::Items(state) => (*state.get(2)?, *state.get(4)?),
                _ => return None,
            },
            Value::Global("_frombuffer") => match &self.values[arguments as usize] {
                Value::Items(arguments) => (*arguments.get(1)?, *arguments.first()?),
                _ => return None,
            },
            _ => return None,
        };
        if let Value::Items(objects) = &self.values[values as usize] {
            return self.label_list(objects);
        }
        pickled_array::labels(self.array_type(kind)?, &self.encoded(values, LAYERS_MAX)?.bytes)
    }

    /// What `dtype` is told: a letter and a width, as in `i8` or `U3`.
    fn array_type(&self, id: Id) -> Option<&'a str> {
        let Value::Call(called, arguments) = self.values[id as usize] else { return None };
        let Value::Global("dtype") = self.values[called as usize] else { return None };
        let Value::Items(arguments) = &self.values[arguments as usize] else { return None };
        match self.values[*arguments.first()? as usize] {
            Value::Text(name) => Some(name),
            Value::Bytes(name) => std::str::from_utf8(name).ok(),
            _ => None,
        }
    }

    fn label_list(&self, items: &[Id]) -> Option<Vec<Label>> {
        if !self.could_hold(items) {
            return None;
        }
        items.iter().map(|item| self.label(*item)).collect()
    }

    /// Whether texts that are to be copied are no longer together than the pickle: a list may refer to
    /// one text any number of times.
    fn could_hold(&self, items: &[Id]) -> bool {
        let lengths = items.iter().map(|item| match self.values[*item as usize] {
            Value::Text(text) => text.len(),
            _ => 0,
        });
        lengths.sum::<usize>() <= self.bytes.len()
    }

    fn label(&self, id: Id) -> Option<Label> {
        Some(match self.values[id as usize] {
            Value::Text(name) => Label::Text(name.to_owned()),
            Value::Truth(value) => Label::Truth(value),
            Value::Number(number) => pickled_array::number(number),
            _ => return None,
        })
    }

    fn member(&self, dict: &[(Id, Id)], name: &str) -> Option<Id> {
        let is_named = |key: &Id| match &self.values[*key as usize] {
            Value::Text(key) => *key == name,
            Value::Bytes(key) => *key == name.as_bytes(),
            _ => false,
        };
        dict.iter().find(|(key, _)| is_named(key)).map(|(_, value)| *value)
    }

    fn feature_names(&self, state: &[(Id, Id)]) -> Placed<Vec<String>> {
        let names = self.member(state, "feature_names").map(|id| &self.values[id as usize]);
        let Some(Value::Items(names)) = names else { return Placed::default() };
        if !self.could_hold(names) {
            return Placed::default();
        }
        let texts = names.iter().map(|name| match self.values[*name as usize] {
            Value::Text(name) => Some(name),
            _ => None,
        });
        let names: Vec<_> = texts.collect::<Option<_>>().unwrap_or_default();
        let at = names.first().map_or(0, |name| place_of(name.as_bytes(), self.bytes));
        Placed { value: names.into_iter().map(str::to_owned).collect(), at }
    }

    /// Bytes, or a `bytearray` of bytes, of Latin-1 text or of such text encoded: the forms that
    /// different protocols give it.
    fn as_bytes(&self, id: Id, layers: u32) -> Option<Held<'a>> {
        match &self.values[id as usize] {
            Value::Bytes(bytes) => Some(Held::plainly(bytes)),
            // LightGBM's handle is its text.
            Value::Text(text) => Some(Held::plainly(text.as_bytes())),
            Value::Call(called, arguments) => {
                let Value::Global("bytearray" | "bytes") = self.values[*called as usize] else {
                    return None;
                };
                let Value::Items(arguments) = &self.values[*arguments as usize] else {
                    return None;
                };
                self.encoded(*arguments.first()?, layers.checked_sub(1)?)
            }
            _ => None,
        }
    }

    fn encoded(&self, id: Id, layers: u32) -> Option<Held<'a>> {
        match &self.values[id as usize] {
            Value::Bytes(bytes) => Some(Held::plainly(bytes)),
            Value::Text(text) => Held::as_letters(text),
            Value::Call(called, arguments) => {
                let Value::Global("encode") = self.values[*called as usize] else {
                    return self.as_bytes(id, layers);
                };
                let Value::Items(arguments) = &self.values[*arguments as usize] else {
                    return None;
                };
                match self.values[*arguments.first()? as usize] {
                    Value::Text(text) => Held::as_letters(text),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    items.as_chunks().0.iter().map(|[key, value]| (*key, *value)).collect()
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::malformed("a text that is not UTF-8"))
}

fn too_short() -> Error {
    Error::malformed("the pickle takes more than it put on its stack")
}
