//! Owns functions: what is computed from what a path found.

use super::{Found, Walk, item};
use crate::error::{Error, ErrorKind};
use crate::node::{Kind, Node};
use crate::path::{Function, FunctionName, Literal, Path, Step, Term};

impl<'j, N: Node<'j>> Walk<'_, N> {
    pub(super) fn function(
        &mut self,
        path: &Path,
        function: &Function,
        from: N,
    ) -> Result<Found<'j, N>, Error> {
        let found = self.values(path, from)?;
        match found {
            Found::One(node) => self.of_node(function, node, from),
            // Behind `..` a function takes all that was found as one list.
            Found::Many(nodes) if path.steps.iter().any(|step| matches!(step, Step::Deep(_))) => {
                self.of_list(function, &nodes, from)
            }
            Found::Many(nodes) => {
                let each = nodes.into_iter().map(|node| self.of_node(function, node, from));
                each.collect::<Result<_, _>>().map(Found::Each)
            }
            other => Ok(other),
        }
    }

    fn of_node(&mut self, function: &Function, node: N, from: N) -> Result<Found<'j, N>, Error> {
        self.visit()?;
        match (function.name, node.kind()) {
            (FunctionName::Length, Kind::Text(text)) => Ok(int(text.encode_utf16().count())),
            (FunctionName::Length, Kind::Array(length) | Kind::Object(length)) => Ok(int(length)),
            (FunctionName::Keys, Kind::Object(_)) => {
                Ok(Found::Texts(node.members().map(|member| member.0).collect()))
            }
            (FunctionName::Concat, _) => self.concat(function, &list(node), from),
            (FunctionName::Length | FunctionName::Keys, _) => Ok(Found::Nothing),
            (FunctionName::First | FunctionName::Last | FunctionName::Index, Kind::Array(_)) => {
                let at = self.index(function, from)?;
                Ok(item(node, at).map_or(Found::Nothing, Found::One))
            }
            _ => self.of_list(function, &list(node), from),
        }
    }

    fn of_list(
        &mut self,
        function: &Function,
        nodes: &[N],
        from: N,
    ) -> Result<Found<'j, N>, Error> {
        match function.name {
            FunctionName::Length => Ok(int(nodes.len())),
            FunctionName::Concat => self.concat(function, nodes, from),
            FunctionName::Keys => Ok(Found::Nothing),
            FunctionName::First | FunctionName::Last | FunctionName::Index => {
                let at = self.index(function, from)?;
                let at = if at < 0 { at.saturating_add_unsigned(nodes.len() as u64) } else { at };
                let found = usize::try_from(at).ok().and_then(|at| nodes.get(at));
                Ok(found.map_or(Found::Nothing, |node| Found::One(*node)))
            }
            _ => self.aggregate(function, nodes, from),
        }
    }

    fn index(&mut self, function: &Function, from: N) -> Result<i64, Error> {
        match function.name {
            FunctionName::First => return Ok(0),
            FunctionName::Last => return Ok(-1),
            _ => {}
        }
        match function.arguments.first() {
            Some(Term::Literal(Literal::Int(at))) => Ok(*at),
            Some(Term::Current(path) | Term::Root(path)) => match self.find(path, from)? {
                Found::One(node) => match node.kind() {
                    Kind::Int(at) => Ok(at),
                    _ => Err(refusal(function, "`index` needs a number")),
                },
                _ => Err(refusal(function, "`index` needs a number")),
            },
            _ => Err(refusal(function, "`index` needs a number")),
        }
    }

    /// The numbers among values and arguments, which the statistics are of.
    fn aggregate(
        &mut self,
        function: &Function,
        nodes: &[N],
        from: N,
    ) -> Result<Found<'j, N>, Error> {
        let mut numbers: Vec<f64> = nodes.iter().filter_map(|node| number(node.kind())).collect();
        for argument in &function.arguments {
            match argument {
                Term::Literal(Literal::Int(value)) => numbers.push(*value as f64),
                Term::Literal(Literal::Double(value)) => numbers.push(*value),
                Term::Current(path) => numbers.extend(self.numbers(path, from)?),
                Term::Root(path) => numbers.extend(self.numbers(path, self.root)?),
                _ => {}
            }
        }
        if numbers.is_empty() {
            return Err(refusal(function, "there are no numbers to compute with"));
        }
        Ok(Found::Double(statistic(function.name, &numbers)))
    }

    fn numbers(&mut self, path: &Path, from: N) -> Result<Vec<f64>, Error> {
        let nodes = match self.find(path, from)? {
            Found::One(node) => list(node),
            Found::Many(nodes) => nodes,
            _ => Vec::new(),
        };
        Ok(nodes.iter().filter_map(|node| number(node.kind())).collect())
    }

    fn concat(&mut self, function: &Function, nodes: &[N], from: N) -> Result<Found<'j, N>, Error> {
        let mut out = String::new();
        for node in nodes {
            push(&mut out, node.kind());
        }
        for argument in &function.arguments {
            let found = match argument {
                Term::Literal(Literal::Text(text)) => {
                    out.push_str(text);
                    continue;
                }
                Term::Current(path) => self.find(path, from)?,
                Term::Root(path) => self.find(path, self.root)?,
                _ => continue,
            };
            if let Found::One(node) = found {
                push(&mut out, node.kind());
            }
        }
        Ok(Found::Text(out))
    }
}

fn refusal(function: &Function, message: &str) -> Error {
    Error::new(ErrorKind::Function, function.offset, message)
}

fn int<'j, N>(length: usize) -> Found<'j, N> {
    Found::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

/// An array's items, or the value alone.
fn list<'j, N: Node<'j>>(node: N) -> Vec<N> {
    match node.kind() {
        Kind::Array(length) => (0..length).filter_map(|at| node.item(at)).collect(),
        _ => vec![node],
    }
}

fn number(kind: Kind<'_>) -> Option<f64> {
    match kind {
        Kind::Int(value) => Some(value as f64),
        Kind::Double(value) => Some(value),
        _ => None,
    }
}

fn push(out: &mut String, kind: Kind<'_>) {
    match kind {
        Kind::Text(text) => out.push_str(text),
        Kind::Int(value) => out.push_str(&value.to_string()),
        Kind::Double(value) => out.push_str(&value.to_string()),
        Kind::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        _ => {}
    }
}

fn statistic(name: FunctionName, numbers: &[f64]) -> f64 {
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    match name {
        FunctionName::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        FunctionName::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        FunctionName::Average => sum / count,
        FunctionName::Deviation => {
            let mean = sum / count;
            let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
            (squares / count).sqrt()
        }
        _ => sum,
    }
}
