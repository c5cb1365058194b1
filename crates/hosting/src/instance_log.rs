//! The log stream of one instance: what a container would print goes to its endpoint's group.

use std::sync::Arc;

use engine_api::LogSink;
use resources::Clock;
use telemetry::LogWriter;

/// Appends to one stream, with the time at which a line came.
#[derive(Debug)]
pub(crate) struct InstanceLog {
    pub(crate) writer: LogWriter,
    pub(crate) clock: Arc<Clock>,
}

impl LogSink for InstanceLog {
    fn line(&self, text: &str) {
        self.writer.append(self.clock.now(), text);
    }
}
