//! Damaged and hostile files of every format, and the very words with which each is refused
//! (`tests/fixtures/refusals.txt`).

use std::{fs, path::PathBuf};

use trees::{Explainer, Model, Rows};

/// How often a file that is too deep goes a level deeper.
const LEVELS: usize = 100_000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Resolves the escapes of Rust's byte strings.
fn bytes(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let (byte, length) = match after.as_bytes()[0] {
            b'x' => (u8::from_str_radix(&after[1..3], 16).expect("two digits"), 3),
            b'n' => (b'\n', 1),
            b'r' => (b'\r', 1),
            b't' => (b'\t', 1),
            other => (other, 1),
        };
        bytes.push(byte);
        rest = &after[length..];
    }
    bytes.extend(rest.bytes());
    bytes
}

/// A fixture after what a line tells to do with it.
fn damaged(mut file: Vec<u8>, line: &str) -> Vec<u8> {
    let (what, how) = line.split_once(' ').expect("what and how");
    match what {
        "cut" => file.truncate(how.parse().expect("a length")),
        "instead" => file = bytes(how),
        "patch" => {
            let (place, patch) = how.split_once(' ').expect("where and what");
            let (place, patch) = (place.parse::<usize>().expect("a place"), bytes(patch));
            file[place..][..patch.len()].copy_from_slice(&patch);
        }
        "edit" => {
            let (from, to) = how.split_once(" => ").expect("from and to");
            let from = bytes(from);
            let at = file.windows(from.len()).position(|part| part == from);
            let at = at.unwrap_or_else(|| panic!("nothing to replace: {line}"));
            file.splice(at..at + from.len(), bytes(to));
        }
        "deep" => {
            let (start, level) = how.split_once(" | ").expect("a start and a level");
            file = [bytes(start), bytes(level).repeat(LEVELS)].concat();
        }
        other => panic!("`{other}` is nothing to do to a file"),
    }
    file
}

/// The words of the refusal.
fn refused(file: &[u8]) -> String {
    let error = match Model::from_bytes(file) {
        Ok(model) => return format!("read: {model:?}"),
        Err(error) => error,
    };
    assert!(error.offset().is_some_and(|at| at <= file.len()), "{error}");
    assert!(Explainer::from_bytes(file).is_err(), "{error}");
    assert!(Explainer::against(file, Rows::new(&[0.0], 1)).is_err(), "{error}");
    error.to_string()
}

#[test]
fn every_damage_is_refused_in_words_that_say_what_is_wrong() {
    let table = fs::read_to_string(folder().join("refusals.txt")).expect("the table");
    let (mut differences, mut checked) = (Vec::new(), 0);
    for case in table.split("\n\n").skip(1) {
        let [fixture, damage, words] = case.trim_end().splitn(3, '\n').collect::<Vec<_>>()[..]
        else {
            panic!("not three lines: {case}");
        };
        let file = fs::read(folder().join(fixture)).expect("a fixture");
        let found = refused(&damaged(file, damage));
        if words.strip_prefix("= ") != Some(&found[..]) {
            differences.push(format!("{fixture}\n{damage}\n= {found}\n"));
        }
        checked += 1;
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(checked > 110, "{checked}");
}

/// Calls within calls, to no end or to one far away.
#[test]
fn calls_around_bytes_are_not_followed_for_long() {
    let nested =
        [b"cbuiltins\nbytes\n".repeat(LEVELS), b"U\x01a".to_vec(), b"\x85R".repeat(LEVELS)];
    let nested = [&b"\x80\x02}U\x06handle"[..], &nested.concat(), b"s."].concat();
    assert!(refused(&nested).contains("has no `Booster`"));
}

/// A list of a hundred thousand times the same long name.
#[test]
fn names_are_not_copied_beyond_what_a_pickle_holds() {
    let json = fs::read(folder().join("goldens/squarederror-3.2.model.json")).expect("a fixture");
    let name = "n".repeat(LEVELS);
    let mut pickle = b"\x80\x02}U\x06handleB".to_vec();
    pickle.extend((json.len() as u32).to_le_bytes());
    pickle.extend(&json);
    pickle.extend(b"sU\x0dfeature_names](X");
    pickle.extend((name.len() as u32).to_le_bytes());
    pickle.extend(name.bytes());
    pickle.extend(b"q\x01");
    pickle.extend(b"h\x01".repeat(LEVELS));
    pickle.extend(b"es.");
    assert!(Model::from_bytes(&pickle).expect("a model").feature_names().is_empty());
}
