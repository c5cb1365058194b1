//! Owns the choices a template is compiled and rendered with: which Velocity, and how much of it.

/// What a reference that has no value stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nulls {
    /// Null: it is written as it stands in the template, and is false. This is Velocity's way.
    AsWritten,
    /// The empty string, which is written as nothing, is true, and equals `""`. API Gateway's way,
    /// as recordings show.
    Empty,
}

/// How a list that comes from parsed JSON is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonLists {
    /// As Java writes a list: `[a, b]`.
    Java,
    /// As JSON: `["a","b"]`. API Gateway's way, as recordings show.
    Json,
}

/// The dialect and the limits. Start from [`velocity_1_7`](Self::velocity_1_7) or
/// [`api_gateway`](Self::api_gateway) and change what you need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What a reference without a value stands for.
    pub nulls: Nulls,
    /// How lists of parsed JSON are written.
    pub json_lists: JsonLists,
    /// What a template may use up.
    pub limits: Limits,
}

impl Options {
    /// Apache Velocity 1.7 with its default configuration.
    pub fn velocity_1_7() -> Self {
        Self { nulls: Nulls::AsWritten, json_lists: JsonLists::Java, limits: Limits::default() }
    }

    /// Amazon API Gateway's mapping templates.
    pub fn api_gateway() -> Self {
        Self { nulls: Nulls::Empty, json_lists: JsonLists::Json, limits: Limits::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::velocity_1_7()
    }
}

/// What one template may use up. Reaching a limit is an error of kind
/// [`Limit`](crate::ErrorKind::Limit), except for `loop_iterations`, which ends the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of template text, 300 KB on API Gateway.
    pub template_bytes: usize,
    /// How deep directives and expressions may be nested in the text, and rendering in itself.
    pub nesting: usize,
    /// Bytes of output.
    pub output_bytes: usize,
    /// Steps of work; a directive, a reference, an operand, a regex step and 64 bytes of copied text
    /// are each about one.
    pub steps: u64,
    /// Bytes of strings and lists built while rendering, counted as they are made.
    pub value_bytes: usize,
    /// After how many rounds a `#foreach` ends, as Velocity's `directive.foreach.maxloops`.
    pub loop_iterations: usize,
    /// How deep macros may call each other, as Velocity's `velocimacro.max.depth`.
    pub macro_depth: usize,
    /// How deep `#evaluate` may be nested.
    pub evaluate_depth: usize,
}

impl Default for Limits {
    /// API Gateway's published limits, and generous ones where it publishes none.
    fn default() -> Self {
        Self {
            template_bytes: 300 * 1024,
            nesting: 100,
            output_bytes: 16 << 20,
            steps: 20_000_000,
            value_bytes: 64 << 20,
            loop_iterations: 1000,
            macro_depth: 20,
            evaluate_depth: 10,
        }
    }
}
