//! Owns the compiled mapping template: the program, the paths it names, and a rendering's objects.

use vtl::{Options, Step, Value, Variables};

use super::allowance::Allowance;
use super::context::Surroundings;
use super::documents::Document;
use super::error::Error;
use super::escapes::Escapes;
use super::functions::Functions;
use super::input::{Input, Method, map};
use super::message::{Message, Pairs};
use super::overrides::{Overrides, Recorder};
use super::queries::Paths;

/// A mapping template, compiled once and rendered often, from any thread.
#[derive(Clone, Debug)]
pub struct Template {
    program: vtl::Template,
    paths: Paths,
}

/// What a template leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The new body.
    pub body: String,
    /// What is to be overridden.
    pub overrides: Overrides,
}

impl Template {
    /// Compiles a template. The error knows its line and column.
    pub fn compile(source: &str) -> Result<Self, vtl::Error> {
        let program = vtl::Template::compile(source, &Options::api_gateway())?;
        let paths = Paths::among(program.strings());
        Ok(Self { program, paths })
    }

    /// Renders the template for a message.
    pub fn render(&self, message: &Message<'_>) -> Result<Rendered, Error> {
        self.render_by(message, |variables, body| self.program.render_to(body, variables))
    }

    /// Renders the template and tells `watch` of each reference and directive as it comes.
    pub fn render_traced(
        &self,
        message: &Message<'_>,
        watch: &mut dyn FnMut(Step),
    ) -> Result<Rendered, Error> {
        self.render_by(message, |variables, body| {
            self.program.render_traced(body, variables, watch)
        })
    }

    fn render_by(
        &self,
        message: &Message<'_>,
        run: impl FnOnce(&Scene<'_, '_>, &mut String) -> Result<(), vtl::Error>,
    ) -> Result<Rendered, Error> {
        let allowance = Allowance::new();
        let documents = Document::default();
        let recorder = Recorder::new(&message.overridden, &allowance);
        let mut body = String::new();
        let objects = Objects {
            input: Input { message, paths: &self.paths, allowance: &allowance },
            util: Functions::new(&documents, &allowance),
            context: Surroundings { context: &message.context, recorder: &recorder },
            method: Method(message),
            esc: Escapes(&allowance),
        };
        let scene = Scene { objects: &objects, stage_variables: message.stage_variables };
        let outcome = run(&scene, &mut body);
        match outcome {
            Ok(()) => Ok(Rendered { body, overrides: recorder.into_overrides() }),
            Err(error) => Err(blame(message, error)),
        }
    }
}

/// What a rendering shows its template. None of it does anything before the template asks.
#[derive(Debug)]
struct Objects<'d, 'b> {
    input: Input<'d, 'b>,
    util: Functions<'d>,
    context: Surroundings<'d, 'b>,
    method: Method<'d, 'b>,
    esc: Escapes<'d>,
}

/// The names of it.
#[derive(Debug)]
struct Scene<'d, 'b> {
    objects: &'d Objects<'d, 'b>,
    stage_variables: Pairs<'b>,
}

impl<'d, 'b: 'd> Variables<'d> for Scene<'d, 'b> {
    fn variable(&self, name: &str) -> Option<Value<'d>> {
        let &Self { objects, stage_variables } = self;
        Some(match name {
            "input" => Value::borrowed(&objects.input),
            "util" => Value::borrowed(&objects.util),
            "context" => Value::borrowed(&objects.context),
            "stageVariables" => map(stage_variables),
            "method" => Value::borrowed(&objects.method),
            "esc" => Value::borrowed(&objects.esc),
            _ => return None,
        })
    }
}

/// A body that a template could not read is not the template's fault.
fn blame(message: &Message<'_>, error: vtl::Error) -> Error {
    match message.body.refused() {
        Some(refusal) if error.kind() == vtl::ErrorKind::Object => Error::Body(refusal.to_owned()),
        _ => Error::Template(error),
    }
}
