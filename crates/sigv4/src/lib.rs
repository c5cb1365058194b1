//! AWS Signature Version 4: sign and verify, with the clock passed in.
