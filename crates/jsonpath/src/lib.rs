//! JSON paths with the semantics of Jayway's Java library, which Amazon API Gateway uses, over any
//! JSON tree.
//!
//! ```
//! use jsonpath::{Found, Options, Path};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), jsonpath::Error> {
//! let store = json!({"books": [
//!     {"title": "Sayings", "price": 8.95},
//!     {"title": "Sword", "price": 12.99},
//! ]});
//!
//! // A definite path finds one value, or none.
//! let first = Path::parse("$.books[0].title", &Options::jayway())?;
//! assert_eq!(first.find(&store)?, Found::One(&json!("Sayings")));
//! assert_eq!(Path::parse("$.films", &Options::jayway())?.find(&store)?, Found::Nothing);
//!
//! // Any other finds a list, which may be empty.
//! let cheap = Path::parse("$.books[?(@.price < 10)].title", &Options::jayway())?;
//! assert_eq!(cheap.find(&store)?, Found::Many(vec![&json!("Sayings")]));
//!
//! let count = Path::parse("$.books.length()", &Options::jayway())?;
//! assert_eq!(count.find(&store)?, Found::Int(2));
//! # Ok(())
//! # }
//! ```
//!
//! # The language
//!
//! | Write | for |
//! |---|---|
//! | `$.a`, `$['a']`, `$["a"]` | a member |
//! | `$['a','b']` | an object of some members, at the end of a path; each of them before it |
//! | `$[0]`, `$[-1]`, `$[0,2]`, `$[1:3]`, `$[:-1]` | items, counted from the end if negative |
//! | `.*`, `[*]` | all members or items |
//! | `..a`, `..*`, `..[0]` | at any depth |
//! | `[?(@.a == 'x' && @.b)]` | items for which the filter holds |
//! | `.length()`, `.size()`, `.keys()`, `.min()`, `.max()`, `.avg()`, `.sum()`, `.stddev()`, `.first()`, `.last()`, `.index(0)`, `.concat('x', @.a)` | functions |
//!
//! Filters know `== != < <= > >= =~ in nin contains size empty subsetof anyof noneof`, `&& || !` and
//! parentheses, paths from `@` and `$`, and literals. Patterns of `=~` are those of the `regex-lite`
//! crate, which has no look-around.
//!
//! # Limits
//!
//! A path is at most [`Options::path_bytes`] long, nests at most [`Options::nesting`] filters, and
//! visits at most [`Options::visits`] values: `$..*..*..*` on a large document is an error, not a stall.

mod error;
mod eval;
mod node;
mod options;
mod parse;
mod path;

pub use error::{Error, ErrorKind};
pub use eval::Found;
pub use node::{Kind, Node};
pub use options::{Options, Subset};
pub use path::Path;
