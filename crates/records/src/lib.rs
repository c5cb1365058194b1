//! Request and reply bodies to and from rows of numbers.
