//! What paths find in the document that the descriptions of JSON paths use, as Jayway's library
//! finds it.

use jsonpath::{Found, Options, Path};
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "store": {
            "book": [
                {"category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95},
                {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99},
                {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99},
                {"category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8", "price": 22.99}
            ],
            "bicycle": {"color": "red", "price": 19.95}
        },
        "expensive": 10,
        "numbers": [1, 2.5, -3, 4],
        "text": "ünï",
        "none": null,
        "odd.name": {"a b": "c'd"},
        "tags": [["a", "b"], ["c"], []],
        "code": "7"
    })
}

/// What was found, as JSON.
fn plain(found: Found<'_, &Value>) -> Value {
    match found {
        Found::Nothing => json!("(nothing)"),
        Found::One(value) => value.clone(),
        Found::Many(values) => values.into_iter().cloned().collect(),
        Found::Members(members) => {
            members.into_iter().map(|(name, value)| (name, value.clone())).collect()
        }
        Found::Int(value) => json!(value),
        Found::Double(value) => json!(value),
        Found::Text(text) => json!(text),
        Found::Texts(texts) => json!(texts),
        Found::Each(each) => each.into_iter().map(plain).collect(),
        _ => panic!("a new kind of find"),
    }
}

#[test]
fn finds_what_jayway_finds() {
    let authors = json!(["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"]);
    let document = document();
    let cases = [
        ("$", document.clone()),
        ("$.store.bicycle.color", json!("red")),
        ("store.bicycle.color", json!("red")),
        ("$['store']['bicycle'][\"color\"]", json!("red")),
        ("$.store.bicycle.size", json!("(nothing)")),
        ("$.store.book.title", json!("(nothing)")),
        ("$.none", Value::Null),
        ("$.none.a", json!("(nothing)")),
        ("$['odd.name']['a b']", json!("c'd")),
        ("$.store.book[0].author", json!("Nigel Rees")),
        ("$.store.book[-1].title", json!("The Lord of the Rings")),
        ("$.store.book[9]", json!("(nothing)")),
        ("$.store.book[*].author", authors.clone()),
        ("$..author", authors),
        ("$.store.*.color", json!(["red"])),
        ("$.store..price", json!([19.95, 8.95, 12.99, 8.99, 22.99])),
        ("$..book[2].title", json!(["Moby Dick"])),
        ("$..book[0,1].price", json!([8.95, 12.99])),
        ("$..book[:2].price", json!([8.95, 12.99])),
        ("$..book[1:2].price", json!([12.99])),
        ("$..book[-2:].price", json!([8.99, 22.99])),
        ("$..book[2:].price", json!([8.99, 22.99])),
        ("$.numbers[1:-1]", json!([2.5, -3])),
        ("$.numbers[5:]", json!([])),
        ("$..book[?(@.isbn)].title", json!(["Moby Dick", "The Lord of the Rings"])),
        ("$.store.book[?(@.price < 10)].title", json!(["Sayings of the Century", "Moby Dick"])),
        ("$..book[?(@.price <= $['expensive'])].price", json!([8.95, 8.99])),
        ("$..book[?(@.author =~ /.*rees/i)].price", json!([8.95])),
        ("$..book[?(@.author =~ /rees/i)].price", json!([])),
        ("$..book[?(@.category == 'fiction' && @.price > 20)].price", json!([22.99])),
        ("$..book[?(@.price < 8.97 || @.price > 20)].price", json!([8.95, 22.99])),
        ("$..book[?(!(@.category == 'fiction'))].price", json!([8.95])),
        ("$..book[?(!@.isbn)].price", json!([8.95, 12.99])),
        ("$..book[?(@.category in ['reference', 'poetry'])].price", json!([8.95])),
        ("$..book[?(@.category nin ['fiction'])].price", json!([8.95])),
        ("$..book[?(@.title contains 'of')].price", json!([8.95, 12.99, 22.99])),
        ("$..book[?(@.title size 9)].price", json!([8.99])),
        ("$.tags[?(@ contains 'a')]", json!([["a", "b"]])),
        ("$.tags[?(@ empty true)]", json!([[]])),
        ("$.tags[?(@ subsetof ['a', 'b', 'c'])]", json!([["a", "b"], ["c"], []])),
        ("$.tags[?(@ anyof ['a', 'c'])]", json!([["a", "b"], ["c"]])),
        ("$.tags[?(@ noneof ['a', 'c'])]", json!([[]])),
        ("$.tags[?(@.length() > 1)]", json!([["a", "b"]])),
        ("$[?(@.code == 7)].code", json!(["7"])),
        ("$[?(@.code === 7)].code", json!([])),
        ("$[?(@.none == null)].code", json!(["7"])),
        ("$.numbers[?(@ > 2)]", json!([2.5, 4])),
        ("$.store.bicycle['color','price']", json!({"color": "red", "price": 19.95})),
        ("$.store['book','bicycle'].price", json!([19.95])),
        ("$.numbers.length()", json!(4)),
        ("$.text.length()", json!(3)),
        ("$.store.size()", json!(2)),
        ("$.numbers.min()", json!(-3.0)),
        ("$.numbers.max()", json!(4.0)),
        ("$.numbers.sum()", json!(4.5)),
        ("$.numbers.avg()", json!(1.125)),
        ("$.numbers.first()", json!(1)),
        ("$.numbers.last()", json!(4)),
        ("$.numbers.index(1)", json!(2.5)),
        ("$..price.max()", json!(22.99)),
        ("$.sum(1, 2)", json!(3.0)),
        ("$.store.bicycle.keys()", json!(["color", "price"])),
        ("$.text.concat('-', $.code)", json!("ünï-7")),
        ("$.tags[*].length()", json!([2, 1, 0])),
        ("$.tags..length()", json!("(unknown)")),
        ("$.missing.length()", json!("(nothing)")),
    ];
    for (text, wanted) in cases {
        let path = Path::parse(text, &Options::jayway());
        if wanted == json!("(unknown)") {
            assert!(path.is_err(), "{text}");
            continue;
        }
        let path = path.unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = path.find(&document).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(plain(found), wanted, "{text}");
    }
}

#[test]
fn knows_which_paths_are_definite() {
    for (text, definite) in [
        ("$.a.b[0]['c']", true),
        ("$['a','b']", true),
        ("$['a','b'].c", false),
        ("$.a[*]", false),
        ("$..a", false),
        ("$.a[0:1]", false),
        ("$.a[0,1]", false),
        ("$.a[?(@.b)]", false),
    ] {
        let path = Path::parse(text, &Options::jayway()).expect(text);
        assert_eq!(path.is_definite(), definite, "{text}");
    }
}

#[test]
fn fields_find_one_value() {
    let document = document();
    let path = Path::parse("store.book[1].title", &Options::fields()).expect("names and indexes");
    assert_eq!(path.find(&document).expect("it finds"), Found::One(&json!("Sword of Honour")));
}
