//! What the schema reader takes and refuses, on hand-written models.
