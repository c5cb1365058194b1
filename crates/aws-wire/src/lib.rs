//! AWS wire protocols over shape tables: decode, validate, encode.
