//! Owns the compiled mapping template: the program, the paths it names, and a rendering's objects.

use vtl::{Options, Step, Value};

use super::allowance::Allowance;
use super::context::Surroundings;
use super::documents::Document;
use super::error::Error;
use super::escapes::Escapes;
use super::functions::Functions;
use super::input::{Input, Method, map};
use super::message::Message;
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
        run: impl FnOnce(&vtl::Context<'_>, &mut String) -> Result<(), vtl::Error>,
    ) -> Result<Rendered, Error> {
        let allowance = Allowance::new();
        let documents = Document::default();
        let recorder = Recorder::new(&message.overridden, &allowance);
        let mut body = String::new();
        let scene = Scene { message, allowance: &allowance, documents: &documents };
        let variables = self.variables(scene, &recorder);
        let outcome = run(&variables, &mut body);
        drop(variables);
        match outcome {
            Ok(()) => Ok(Rendered { body, overrides: recorder.into_overrides() }),
            Err(error) => Err(blame(message, error)),
        }
    }

    /// The variables that the template asks for.
    fn variables<'d, 'b: 'd>(
        &'d self,
        scene: Scene<'d, 'b>,
        recorder: &'d Recorder<'d>,
    ) -> vtl::Context<'d> {
        let Scene { message, allowance, documents } = scene;
        let mut variables = vtl::Context::new();
        let mut offer = |name: &'static str, value: &dyn Fn() -> Value<'d>| {
            if self.program.asks_for(name) {
                variables.set(name, value());
            }
        };
        offer("input", &|| Value::object(Input { message, paths: &self.paths, allowance }));
        offer("util", &|| Value::object(Functions::new(documents, allowance)));
        offer("context", &|| {
            Value::object(Surroundings { json: message.context.json(), recorder })
        });
        offer("stageVariables", &|| map(message.stage_variables));
        offer("method", &|| Value::object(Method(message)));
        offer("esc", &|| Value::object(Escapes(allowance)));
        variables
    }
}

/// What a rendering's objects work with.
#[derive(Clone, Copy, Debug)]
struct Scene<'d, 'b> {
    message: &'d Message<'b>,
    allowance: &'d Allowance,
    documents: &'d Document,
}

/// A body that a template could not read is not the template's fault.
fn blame(message: &Message<'_>, error: vtl::Error) -> Error {
    match message.body.refused() {
        Some(refusal) if error.kind() == vtl::ErrorKind::Object => Error::Body(refusal.to_owned()),
        _ => Error::Template(error),
    }
}
