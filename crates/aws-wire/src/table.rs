//! The form of the shape tables: what a service's operations look like on the wire.
//!
//! The tables themselves are generated (`cargo xtask shapes`); the codecs only read them.

/// The index of a shape in its service's [`Service::shapes`].
pub type ShapeId = u16;

/// A service as far as it is served, and the names of all that it has.
#[derive(Debug)]
pub struct Service {
    /// The SDKs' name: `sagemaker`, `sagemaker-runtime`, `logs`.
    pub name: &'static str,
    /// The service in a credential's scope.
    pub signing_name: &'static str,
    /// How it speaks.
    pub protocol: Protocol,
    /// The code of the error that a violated constraint gives.
    pub validation_code: &'static str,
    /// The operations that are served, sorted by name.
    pub operations: &'static [Operation],
    /// All operations that the service has, sorted by name.
    pub known: &'static [Known],
    /// Every shape that the served operations reach.
    pub shapes: &'static [Shape],
}

/// A wire protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `X-Amz-Target: {target_prefix}.{operation}` and a JSON body.
    Json {
        /// `1.0` or `1.1`, as in the content type.
        version: &'static str,
        /// What stands before the operation's name.
        target_prefix: &'static str,
    },
    /// The operation is chosen by method and path; members are bound to parts of the request.
    RestJson,
    /// A form with the operation in `Action`, answered in XML.
    Query {
        /// What a form gives as `Version`.
        version: &'static str,
        /// The namespace of every reply.
        namespace: &'static str,
    },
}

/// An operation that exists, served or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// The method; `POST` where the path does not tell operations apart.
    pub method: &'static str,
    /// The path's template; `/` where it does not tell operations apart.
    pub uri: &'static str,
}

/// An operation that is served.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path's template: `/endpoints/{EndpointName}/invocations`.
    pub uri: &'static str,
    /// The status of a good reply.
    pub status: u16,
    /// The structure of its parameters.
    pub input: Option<ShapeId>,
    /// The structure of its reply.
    pub output: Option<ShapeId>,
    /// The errors that its model names.
    pub errors: &'static [ShapeId],
}

/// A type, with its constraints.
#[derive(Debug)]
#[must_use]
pub struct Shape {
    /// Its name in the model.
    pub name: &'static str,
    /// What it is made of.
    pub kind: Kind,
    /// Least length (characters, bytes, elements) or value.
    pub min: Option<i64>,
    /// Greatest length or value.
    pub max: Option<i64>,
    /// A Java regular expression for the whole text.
    pub pattern: Option<&'static str>,
    /// The only values allowed; all if empty.
    pub values: &'static [&'static str],
    /// How [`Protocol::Query`] names what a list or map holds.
    pub elements: Elements,
    /// For errors: the code on the wire, where it is not the shape's name.
    pub code: Option<&'static str>,
}

/// The names, in forms and in XML, of what a list or map holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elements {
    /// A list's elements; if none is given, `member`.
    pub item: Option<&'static str>,
    /// A map's keys.
    pub key: &'static str,
    /// A map's values.
    pub value: &'static str,
}

impl Elements {
    /// The names that are used unless the model gives others.
    pub const PLAIN: Self = Self { item: None, key: "key", value: "value" };
}

/// What a shape is made of.
#[derive(Debug)]
pub enum Kind {
    /// Named members.
    Structure(Structure),
    /// Elements of one shape.
    List(ShapeId),
    /// Text keys, and values of one shape.
    Map(ShapeId, ShapeId),
    /// Text.
    String,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    /// A number, `"NaN"`, `"Infinity"` or `"-Infinity"`.
    Float,
    /// As [`Kind::Float`], in 64 bits.
    Double,
    /// `true` or `false`.
    Boolean,
    /// A moment, in the shape's own format if it has one.
    Timestamp(Option<TimestampFormat>),
    /// Bytes; base64 inside of JSON.
    Blob,
    /// Any JSON.
    Document,
}

/// A structure's members.
#[derive(Debug)]
pub struct Structure {
    /// In the model's order.
    pub members: &'static [Member],
    /// The member that is the whole body.
    pub payload: Option<&'static str>,
    /// For errors: the HTTP status.
    pub error_status: Option<u16>,
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Member {
    /// Its name in the model.
    pub name: &'static str,
    /// Its name on the wire.
    pub wire_name: &'static str,
    /// Where it stands.
    pub location: Location,
    /// Its type.
    pub shape: ShapeId,
    /// Whether it must be there.
    pub required: bool,
    /// The format, for a timestamp whose format differs from its shape's.
    pub timestamp: Option<TimestampFormat>,
    /// Text that is itself JSON, which a header carries in base64.
    pub json_text: bool,
    /// In forms and in XML: whether what a list or map holds stands where it would itself.
    pub flattened: bool,
}

/// Where a member stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the body.
    Body,
    /// In the header `wire_name`.
    Header,
    /// A map over all headers that start with `wire_name`.
    Headers,
    /// In the query.
    Query,
    /// In the path's template.
    Uri,
    /// The reply's status.
    StatusCode,
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// `2015-08-30T12:36:00Z`
    Iso8601,
    /// `Sun, 30 Aug 2015 12:36:00 GMT`
    HttpDate,
    /// Seconds since 1970, possibly with a fraction.
    EpochSeconds,
}

impl Service {
    /// The served operation of that name.
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.binary_search_by_key(&name, |o| o.name).ok().map(|i| &self.operations[i])
    }

    /// Whether the service has an operation of that name, served or not.
    pub fn knows(&self, name: &str) -> bool {
        self.known.binary_search_by_key(&name, |known| known.name).is_ok()
    }

    /// The shape with that index.
    pub fn shape(&self, id: ShapeId) -> &'static Shape {
        &self.shapes[usize::from(id)]
    }

    /// The structure with that index; of any other shape, a structure without members.
    pub(crate) fn structure(&self, id: Option<ShapeId>) -> &'static Structure {
        static EMPTY: Structure = Structure { members: &[], payload: None, error_status: None };
        match id.map(|id| &self.shape(id).kind) {
            Some(Kind::Structure(structure)) => structure,
            _ => &EMPTY,
        }
    }

    /// The modelled error with that code.
    pub(crate) fn error(&self, name: &str) -> Option<&'static Structure> {
        let named = |shape: &&Shape| shape.code.unwrap_or(shape.name) == name;
        self.shapes.iter().find(named).and_then(|shape| match &shape.kind {
            Kind::Structure(structure) if structure.error_status.is_some() => Some(structure),
            _ => None,
        })
    }
}

impl Known {
    /// An operation of a service in [`Protocol::Query`].
    pub const fn query(name: &'static str) -> Self {
        Self { name, method: "POST", uri: "/" }
    }

    /// An operation of a service in [`Protocol::Json`].
    pub const fn json(name: &'static str) -> Self {
        Self { name, method: "POST", uri: "/" }
    }
}

impl Shape {
    /// A shape without constraints.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            min: None,
            max: None,
            pattern: None,
            values: &[],
            elements: Elements::PLAIN,
            code: None,
        }
    }

    /// A structure that is neither an error nor has a payload member.
    pub const fn structure(name: &'static str, members: &'static [Member]) -> Self {
        Self::new(name, Kind::Structure(Structure { members, payload: None, error_status: None }))
    }

    /// A structure one of whose members is the whole body.
    pub const fn with_payload(
        name: &'static str,
        payload: &'static str,
        members: &'static [Member],
    ) -> Self {
        let payload = Some(payload);
        Self::new(name, Kind::Structure(Structure { members, payload, error_status: None }))
    }

    /// An error.
    pub const fn error(name: &'static str, status: u16, members: &'static [Member]) -> Self {
        let error_status = Some(status);
        Self::new(name, Kind::Structure(Structure { members, payload: None, error_status }))
    }

    /// Sets an error's code.
    pub const fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    /// Sets the least length or value.
    pub const fn min(self, min: i64) -> Self {
        Self { min: Some(min), ..self }
    }

    /// Sets the greatest length or value.
    pub const fn max(self, max: i64) -> Self {
        Self { max: Some(max), ..self }
    }

    /// Sets the pattern.
    pub const fn pattern(self, pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..self }
    }

    /// Sets the only values allowed.
    pub const fn values(self, values: &'static [&'static str]) -> Self {
        Self { values, ..self }
    }
}

impl Member {
    /// An optional member in the body whose name on the wire is its own.
    pub const fn new(name: &'static str, shape: ShapeId) -> Self {
        Self {
            name,
            wire_name: name,
            location: Location::Body,
            shape,
            required: false,
            timestamp: None,
            json_text: false,
            flattened: false,
        }
    }

    /// Makes it required.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Sets the name on the wire.
    pub const fn wire_name(self, wire_name: &'static str) -> Self {
        Self { wire_name, ..self }
    }

    /// Sets where it stands.
    pub const fn at(self, location: Location) -> Self {
        Self { location, ..self }
    }

    /// Sets the timestamp's format.
    pub const fn timestamp(self, format: TimestampFormat) -> Self {
        Self { timestamp: Some(format), ..self }
    }

    /// Says that the text is itself JSON.
    pub const fn json_text(self) -> Self {
        Self { json_text: true, ..self }
    }
}
