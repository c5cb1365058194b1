//! Who calls: access keys and their owners.
