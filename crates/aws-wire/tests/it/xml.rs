//! XML as a tree that can be compared: names and texts, without attributes, space between
//! elements, and what only a running server knows.

use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};

/// The tree of a document, as nested arrays `[name, text, [child, …]]`. Texts of one name keep their
/// order, as a list has one; all else is sorted, as maps and structures have none.
pub(crate) fn tree(document: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(document);
    let mut open = vec![(String::new(), String::new(), Vec::new())];
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                open.push((name, String::new(), Vec::new()));
            }
            Event::End(_) => close(&mut open)?,
            Event::Empty(tag) => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                open.push((name, String::new(), Vec::new()));
                close(&mut open)?;
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|e| e.to_string())?;
                last(&mut open)?.1.push_str(&text);
            }
            Event::GeneralRef(entity) => {
                let entity = entity.decode().map_err(|e| e.to_string())?;
                last(&mut open)?.1.extend(["&", &entity, ";"]);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let (_, _, mut roots) = open.pop().ok_or("nothing is open")?;
    roots.pop().filter(|_| open.is_empty()).ok_or_else(|| format!("not a document: {document}"))
}

type Open = (String, String, Vec<Value>);

fn last(open: &mut [Open]) -> Result<&mut Open, String> {
    open.last_mut().ok_or_else(|| "nothing is open".to_owned())
}

fn close(open: &mut Vec<Open>) -> Result<(), String> {
    let (name, text, mut children) = open.pop().ok_or("nothing is open")?;
    children.sort_by_key(|child| (child[0].to_string(), inner(child)));
    let text = if children.is_empty() { text.as_str() } else { text.trim() };
    let text = if text.trim().is_empty() { "" } else { text };
    last(open)?.2.push(json!([name, text, children]));
    Ok(())
}

/// What a child holds that holds more than a text.
fn inner(child: &Value) -> String {
    if child[2] == json!([]) { String::new() } else { child[2].to_string() }
}

/// The child of that name, taken out.
pub(crate) fn take(tree: &mut Value, name: &str) -> Option<Value> {
    let children = tree[2].as_array_mut()?;
    let at = children.iter().position(|child| child[0] == name)?;
    Some(children.remove(at))
}
