//! Room for bodies in memory: one account for the whole server, to which large ones are charged
//! from their first byte to their last owner. Small ones are not: they lie in their connection's
//! buffer, and there is a bound on connections.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use super::Metrics;

/// What a body takes of the server's memory, until it is dropped.
#[derive(Debug)]
pub struct Charge {
    metrics: Arc<Metrics>,
    bytes: usize,
    bytes_max: usize,
}

/// All bodies together would take more than they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom {
    /// Bytes that they may have.
    pub bytes_max: usize,
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bodies in memory have {} bytes already", self.bytes_max)
    }
}

impl std::error::Error for NoRoom {}

impl Charge {
    /// What is charged at a time. A body of no more is not charged at all.
    pub const FREE_BYTES: usize = 64 * 1024;

    /// None yet, of the so many bytes that all may have together.
    pub fn none(metrics: &Arc<Metrics>, bytes_max: usize) -> Self {
        Self { metrics: Arc::clone(metrics), bytes: 0, bytes_max }
    }

    /// Charges what is new of `bytes`, in steps, so that a trickle does not cost an exchange each.
    pub fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if bytes <= self.bytes.max(Self::FREE_BYTES) {
            return Ok(());
        }
        let more = bytes.next_multiple_of(Self::FREE_BYTES) - self.bytes;
        let in_flight = &self.metrics.server.bodies_in_flight_bytes;
        if in_flight.add(more) > self.bytes_max {
            in_flight.take(more);
            return Err(NoRoom { bytes_max: self.bytes_max });
        }
        self.bytes += more;
        Ok(())
    }

    /// The bytes, with which the charge goes.
    pub fn to(self, bytes: Bytes) -> Bytes {
        if self.bytes == 0 { bytes } else { Bytes::from_owner(Charged { bytes, _charge: self }) }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.metrics.server.bodies_in_flight_bytes.take(self.bytes);
    }
}

struct Charged {
    bytes: Bytes,
    _charge: Charge,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_grows_in_steps_and_goes_with_the_last_owner() {
        let metrics = Arc::new(Metrics::new());
        let in_flight = || metrics.server.bodies_in_flight_bytes.value();
        let mut charge = Charge::none(&metrics, 3 * Charge::FREE_BYTES);
        charge.grow(Charge::FREE_BYTES).expect("small ones are free");
        assert_eq!(in_flight(), 0);
        charge.grow(Charge::FREE_BYTES + 1).expect("there is room");
        charge.grow(2 * Charge::FREE_BYTES).expect("it is paid for");
        assert_eq!(in_flight(), 2 * Charge::FREE_BYTES);
        let mut other = Charge::none(&metrics, 3 * Charge::FREE_BYTES);
        other.grow(Charge::FREE_BYTES + 1).expect_err("there is no room for two more");
        assert_eq!(in_flight(), 2 * Charge::FREE_BYTES, "what is refused is not charged");
        let bytes = charge.to(Bytes::from_static(b"body"));
        let part = bytes.slice(1..);
        drop(bytes);
        assert_eq!(in_flight(), 2 * Charge::FREE_BYTES);
        assert_eq!(&*part, b"ody");
        drop(part);
        assert_eq!(in_flight(), 0);
    }
}
