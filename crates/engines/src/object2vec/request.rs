//! Bodies of requests: `{"instances": [{"in0": [tokens], "in1": [tokens]}, …]}`, or an instance per
//! line.
//!
//! Owns what an instance may be. Both inputs ask for scores, one alone for embeddings; all instances
//! of a body ask for the same. Members that are not named here are passed over.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{media::Format, network::Lists, plain};

/// The inputs of a body's instances, and the working memory for reading them.
#[derive(Debug, Default)]
pub(super) struct Instances {
    pub(super) inputs: [Lists; 2],
}

/// What the instances of a body ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Scores,
    /// Encodings by the encoder of this side.
    Embeddings(usize),
}

/// What a list of tokens may be, on each side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Tokens are below it.
    pub(super) vocabulary: usize,
    /// How many tokens of a list are kept.
    pub(super) tokens_max: usize,
}

impl Instances {
    /// Reads a body. The error says what is wrong with it, and where.
    pub(super) fn read(
        &mut self,
        body: &[u8],
        format: Format,
        bounds: [Bounds; 2],
    ) -> Result<Wanted, String> {
        self.inputs.iter_mut().for_each(Lists::clear);
        match format {
            Format::Json if plain::read(body, bounds, &mut self.inputs).is_some() => {}
            Format::Json => {
                self.inputs.iter_mut().for_each(Lists::clear);
                self.read_json(body, bounds)?;
            }
            Format::JsonLines => self.read_lines(body, bounds)?,
        }
        self.wanted()
    }

    fn read_json(&mut self, body: &[u8], bounds: [Bounds; 2]) -> Result<(), String> {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let seed = Body { into: self, bounds };
        let read = seed.deserialize(&mut reader).and_then(|()| reader.end());
        read.map_err(|error| error.to_string())
    }

    fn read_lines(&mut self, body: &[u8], bounds: [Bounds; 2]) -> Result<(), String> {
        for (number, line) in body.split(|&byte| byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let mut reader = serde_json::Deserializer::from_slice(line);
            let seed = Instance { into: self, bounds };
            let read = seed.deserialize(&mut reader).and_then(|()| reader.end());
            read.map_err(|error| format!("line {}: {error}", number + 1))?;
        }
        Ok(())
    }

    fn wanted(&self) -> Result<Wanted, String> {
        match self.inputs.each_ref().map(Lists::len) {
            [0, 0] => Err("there are no instances; send at least one".to_owned()),
            [left, right] if left == right => Ok(Wanted::Scores),
            [_, 0] => Ok(Wanted::Embeddings(0)),
            [0, _] => Ok(Wanted::Embeddings(1)),
            _ => Err("some instances have `in0` and `in1`, others only one of them; \
                 send scores and embeddings apart"
                .to_owned()),
        }
    }
}

struct Body<'a> {
    into: &'a mut Instances,
    bounds: [Bounds; 2],
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum BodyMember {
    Instances,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Body<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list `instances`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(member) = members.next_key()? {
            match member {
                BodyMember::Instances if found => {
                    return Err(A::Error::custom("`instances` is there twice"));
                }
                BodyMember::Instances => {
                    found = true;
                    let list = List { into: self.into, bounds: self.bounds };
                    members.next_value_seed(list)?;
                }
                BodyMember::Other => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        if found { Ok(()) } else { Err(A::Error::custom("there is no list `instances`")) }
    }
}

struct List<'a> {
    into: &'a mut Instances,
    bounds: [Bounds; 2],
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of instances")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let bounds = self.bounds;
        while list.next_element_seed(Instance { into: &mut *self.into, bounds })?.is_some() {}
        Ok(())
    }
}

struct Instance<'a> {
    into: &'a mut Instances,
    bounds: [Bounds; 2],
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum InstanceMember {
    In0,
    In1,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Instance<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Instance<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an instance such as {\"in0\": [1], \"in1\": [2]}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut found = [false; 2];
        while let Some(member) = members.next_key()? {
            let side = match member {
                InstanceMember::In0 => 0,
                InstanceMember::In1 => 1,
                InstanceMember::Other => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if std::mem::replace(&mut found[side], true) {
                return Err(A::Error::custom(format_args!("`in{side}` is there twice")));
            }
            let (bounds, into) = (self.bounds[side], &mut self.into.inputs[side]);
            members.next_value_seed(Tokens { side, bounds, into })?;
        }
        if found == [false; 2] {
            return Err(A::Error::custom("an instance has neither `in0` nor `in1`"));
        }
        Ok(())
    }
}

struct Tokens<'a> {
    side: usize,
    bounds: Bounds,
    into: &'a mut Lists,
}

impl<'de> DeserializeSeed<'de> for Tokens<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Tokens<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of tokens as `in{}`", self.side)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { side, bounds: Bounds { vocabulary, tokens_max }, into } = self;
        let start = into.tokens.len();
        while let Some(token) = list.next_element::<u64>()? {
            if token >= vocabulary as u64 {
                return Err(A::Error::custom(format_args!(
                    "token {token} in `in{side}` is not in the vocabulary, which ends at {}",
                    vocabulary - 1
                )));
            }
            if into.tokens.len() - start < tokens_max {
                into.tokens.push(token as u32);
            }
        }
        if into.tokens.len() == start {
            return Err(A::Error::custom(format_args!(
                "`in{side}` is empty; an instance needs one token at least"
            )));
        }
        into.ends.push(into.tokens.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [Bounds; 2] =
        [Bounds { vocabulary: 400, tokens_max: 2 }, Bounds { vocabulary: 50, tokens_max: 9 }];

    fn inputs(read: impl FnOnce(&mut Instances) -> bool) -> Option<[(Vec<u32>, Vec<usize>); 2]> {
        let mut instances = Instances::default();
        let read = read(&mut instances);
        read.then(|| instances.inputs.map(|lists| (lists.tokens, lists.ends)))
    }

    fn plainly(body: &str) -> Option<[(Vec<u32>, Vec<usize>); 2]> {
        inputs(|into| plain::read(body.as_bytes(), BOUNDS, &mut into.inputs).is_some())
    }

    fn carefully(body: &str) -> Option<[(Vec<u32>, Vec<usize>); 2]> {
        inputs(|into| into.read_json(body.as_bytes(), BOUNDS).is_ok())
    }

    #[test]
    fn plain_bodies_are_read_at_once_to_the_same_inputs() {
        for body in [
            r#"{"instances":[{"in0":[321],"in1":[7]}]}"#,
            " {\t\"instances\" : [ { \"in1\" :[ 7 , 0 ],\r\n\"in0\": [1,2,3] } , {\"in0\":[0]}\n] } ",
            r#"{"instances":[{"in1":[49]},{"in1":[48,49]}]}"#,
        ] {
            assert!(plainly(body).is_some(), "{body}");
            assert_eq!(plainly(body), carefully(body), "{body}");
        }
    }

    #[test]
    fn other_bodies_are_left_to_the_careful_reader() {
        for body in [
            "",
            "{}",
            r#"{"instances":[]}"#,
            r#"{"instances":[{}]}"#,
            r#"{"instances":[{"in0":[]}]}"#,
            r#"{"instances":[{"in0":[400]}]}"#,
            r#"{"instances":[{"in0":[1],"in0":[2]}]}"#,
            r#"{"instances":[{"in0":[1],}]}"#,
            r#"{"instances":[{"in0":[01]}]}"#,
            r#"{"instances":[{"in0":[1.0]}]}"#,
            r#"{"instances":[{"in0":[-1]}]}"#,
            r#"{"instances":[{"in0":[4294967297]}]}"#,
            r#"{"instances":[{"in0":[99999999999999999999]}]}"#,
            r#"{"instances":[{"in 0":[1]}]}"#,
            r#"{"instances":[{"in0 ":[1]}]}"#,
            r#"{"instances":[{"in2":[1]}]}"#,
            r#"{"instances":[{"in0":[1]}],"more":1}"#,
            r#"{"instances":[{"in0":[1]}]}}"#,
            r#"{"instances":[{"in0":[1]}"#,
        ] {
            assert_eq!(plainly(body), None, "{body}");
        }
        assert!(carefully(r#"{"instances":[{"in0":[1]}],"more":1}"#).is_some());
    }
}
